"""IPython's syntax as plain Python, line for line, so that analyses and places stay right."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Any

from kale.nbparser.magics import (
    AUTOMAGICS,
    command_as_python,
    is_class_body,
    is_python_cell_magic,
    python_cell_magic,
)
from kale.nbparser.syntax import parse_quietly

#: Whether a cell that is not Python can be IPython; only then is IPython imported (0.1 s).
_MAY_BE_IPYTHON = re.compile(
    r"^[ \t]*(?:[%!?,;/]|>>>|In \[)|\?[ \t]*$|=\s*[%!]|\A\s*^[ \t]+\S", re.MULTILINE
)

#: A pasted prompt, which is an annotated assignment to Python.
_PROMPT = re.compile(r"\s*In \[\d+\]: ")

#: A cell of one line that begins with a word; IPython takes the word for a magic when there is
#: one of that name and no variable.
_AUTOMAGIC = re.compile(r"(\s*)([^\W\d]\w*)(?:[ \t]+(?![=,])[^\n]*)?\s*")


def to_python(code: str, known: Container[str] | None = None) -> str:
    """``code`` as Python of as many lines; never run, only read.

    Magics and shell commands become calls on ``get_ipython()`` that read the names they
    interpolate, as ``x is None``; those whose operand is Python (``%time x = f()``) become
    that operand. ``known`` holds the names that the notebook binds: ``$HOME`` in a shell
    command reads a variable only if there is one, else the shell does. Without it, each counts.

    Code that is neither Python nor IPython comes back as far as it could be read.
    """
    line = _AUTOMAGIC.fullmatch(code)
    if line and line[2] in AUTOMAGICS and (known is None or line[2] not in known):
        code = f"{line[1]}%{code[line.start(2) :]}"
    plain = parse_quietly(code) is not None and not _PROMPT.match(code)
    if plain or not _MAY_BE_IPYTHON.search(code):
        return code
    from IPython.core import inputtransformer2 as ipython  # see above

    lines = _split(code if code.endswith("\n") else code + "\n")
    for clean in (ipython.leading_indent, ipython.classic_prompt, ipython.ipython_prompt):
        lines = _split("".join(clean(lines)))
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if re.match(r"%%\w+(?!\w*\?)", lines[first]):
        lines = _cell_magic(lines, first, known)
    else:
        lines = _commands(lines, known, ipython)
    text = "".join(lines)
    return text if code.endswith("\n") else text[:-1]


def _split(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as in an editor and in Python."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _cell_magic(lines: list[str], first: int, known: Container[str] | None) -> list[str]:
    name, _, argument = lines[first][2:].strip().partition(" ")
    body = "".join(lines[first + 1 :])
    if not is_python_cell_magic(name):
        call = command_as_python("run_cell_magic", (name, argument, body), known)
        return [*lines[:first], f"{call}\n", *("\n" for _ in lines[first + 1 :])]
    head, indent = python_cell_magic(name, argument)
    python = to_python(body, known)
    if indent:
        indented = "".join(indent + line for line in _split(python))
        if not is_class_body(f"{head}\n{indented}"):
            head, indented = "", python
        python = indented
    return [*lines[:first], f"{head}\n", *_split(python)]


def _commands(lines: list[str], known: Container[str] | None, ipython: Any) -> list[str]:
    """Replace each magic line, shell command and help line; IPython finds where they are."""
    kinds = (ipython.MagicAssign, ipython.SystemAssign, ipython.EscapedCommand, ipython.HelpEnd)
    # Each turn replaces one command, and one begins on a line of its own.
    for _ in range(len(lines)):
        try:
            tokens = ipython.make_tokens_by_line(lines)
        except SyntaxError:  # bad indentation: what is left is no Python
            break
        found = sorted(
            filter(None, (kind.find(tokens) for kind in kinds)),
            key=ipython.TokenTransformBase.sortby,
        )
        changed = next(filter(None, (_replace(lines, one, known) for one in found)), None)
        if changed is None:
            break
        lines = changed
    return lines


def _replace(lines: list[str], command: Any, known: Container[str] | None) -> list[str] | None:
    """The lines with one command replaced and blank lines for those it went on over."""
    try:
        replaced: Sequence[str] = command.transform(lines)
    except SyntaxError:
        return None
    at = command.start_line
    head = lines[at][: command.start_col]
    call = replaced[at][len(head) :].strip()
    tree = parse_quietly(call)
    python = call if tree is None else _call_as_python(call, tree, bool(head.strip()), known)
    blank = ["\n"] * (len(lines) - len(replaced))
    return [*replaced[:at], f"{head}{python or 'pass'}\n", *blank, *replaced[at + 1 :]]


def _call_as_python(call: str, tree: Any, assigned: bool, known: Container[str] | None) -> str:
    """``call`` as IPython wrote it, ``get_ipython().method('…')``, in our words."""
    try:
        [statement] = tree.body
        method = statement.value.func.attr
        arguments = tuple(constant.value for constant in statement.value.args)
    except (AttributeError, ValueError):
        return call  # `/f x` and its like: a call of the user's own function
    if not arguments or arguments[0] in {"pinfo", "pinfo2", "psearch"}:
        return call
    return command_as_python(method, arguments, known, assigned=assigned)
