"""IPython's syntax as plain Python, line for line, so that analyses and places stay right."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Callable, Container, Sequence
from typing import Any

from kale.nbparser.magic_names import AUTOMAGICS, PYTHON, STRICT
from kale.nbparser.magics import (
    Surroundings,
    cell_magic_as_python,
    command_as_python,
    is_class_body,
    operand,
)
from kale.nbparser.syntax import needs_await, parse_quietly

#: Whether a cell that is not Python can be IPython; only then is IPython imported (0.1 s).
_MAY_BE_IPYTHON = re.compile(
    r"^[ \t]*(?:[%!?,;/]|>>>|In \[)|\?[ \t]*$|=\s*[%!]|\A\s*^[ \t]+\S", re.MULTILINE
)

#: A pasted prompt, which is an annotated assignment to Python.
_PROMPT = re.compile(r"\s*In \[\d+\]: ")

#: A cell of one line that begins with a word; IPython takes the word for a magic when there is
#: one of that name and no variable.
_AUTOMAGIC = re.compile(r"(\s*)([^\W\d]\w*)(?:[ \t]+(?![=,])[^\n]*)?\n?")


def to_python(
    code: str,
    known: Container[str] | None = None,
    run: Callable[[str], str | None] = lambda _: None,
) -> str:
    """``code`` as Python of as many lines; never run, only read.

    Magics and shell commands become calls on ``get_ipython()`` that read the names they
    interpolate, as ``x is None``; those whose operand is Python (``%time x = f()``) become
    that operand. ``known`` holds the names that the notebook binds: ``$HOME`` in a shell
    command reads a variable only if there is one, else the shell does. Without it, each counts.
    ``run`` gives the Python that stands for ``%run`` with these arguments, if it can. A call
    with ``unseen=True`` may bind names that nobody knows of.

    Code that is neither Python nor IPython comes back as far as it could be read, as does a
    command that would fail whenever it runs.
    """
    return as_python(code, Surroundings(known, run))


def as_python(code: str, around: Surroundings) -> str:
    """:func:`to_python` for code that stands within other code."""
    line = _AUTOMAGIC.fullmatch(code)
    if line and line[2] in AUTOMAGICS and (around.known is None or line[2] not in around.known):
        code = f"{line[1]}%{code[line.start(2) :]}"
    if (_is_python(code) and not _PROMPT.match(code)) or not _MAY_BE_IPYTHON.search(code):
        return code
    from IPython.core import inputtransformer2 as ipython  # see above

    lines = _split(code if code.endswith("\n") else code + "\n")
    for clean in (ipython.leading_indent, ipython.classic_prompt, ipython.ipython_prompt):
        lines = _split("".join(clean(lines)))
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if re.match(r"%%(?!\w+\?)\S", lines[first]):
        lines = _cell_magic(lines, first, around)
    else:
        lines = _commands(lines, around, ipython)
    text = "".join(lines)
    return text if code.endswith("\n") else text[:-1]


@functools.lru_cache(maxsize=4096)
def _is_python(code: str) -> bool:
    return parse_quietly(code) is not None


def _split(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as in an editor and in Python."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _cell_magic(lines: list[str], first: int, around: Surroundings) -> list[str]:
    name, _, argument = lines[first][2:].strip().partition(" ")
    body = "".join(lines[first + 1 :])
    if not body:  # IPython runs none without a body
        return lines
    if name not in PYTHON:
        call = cell_magic_as_python(name, argument, body, around)
        return [*lines[:first], *(f"{line}\n" for line in call[: len(lines) - first])]
    python = as_python(body, around)
    if name in STRICT and _is_python(python) and needs_await(python):
        return lines
    if name == "time" and operand(name, argument):  # its statement stands below, never beside it
        return lines
    head, python = _python_cell(name, argument, body, python, around)
    return [*lines[:first], f"{head}\n", *_split(python)]


def _python_cell(
    name: str, argument: str, body: str, python: str, around: Surroundings
) -> tuple[str, str]:
    """The line that stands for ``%%name argument``, and the body below it.

    ``%%timeit`` runs its body as a function: what it binds is gone afterwards. A class body
    has just these scopes, and runs where it stands.
    """
    call = f"get_ipython().run_cell_magic({name!r}, {argument!r}, '')"
    if name == "capture":
        return _captured(argument, call, body, python), python
    setup = as_python(operand(name, argument), around) if operand(name, argument) else ""
    # An import that shares its line travels without the magic in front of it.
    beside = f"get_ipython(); {setup}" if setup else call
    if name != "timeit":
        return (beside if _is_python(beside) else call), python
    lines = _split(python)
    if setup:
        # The line above is the class's own.
        lines = [f"{setup}; {lines[0]}", *lines[1:]]
        if not _is_python("".join(lines)):
            return beside, python
    indented = "".join(" " + line for line in lines)
    head = "class __timeit__:"
    return (head, indented) if is_class_body(f"{head}\n{indented}") else ("", "".join(lines))


def _captured(argument: str, call: str, body: str, python: str) -> str:
    """``%%capture name`` binds the name when its body has run, unless that ends with ``;``."""
    names = [word for word in argument.split() if word.isidentifier()][:1]
    if not names or _is_silenced(body):
        return call
    tree = parse_quietly(python)
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name)] if tree is not None else []
    earlier = {n.id for n in nodes if isinstance(n.ctx, ast.Load)}
    earlier -= {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
    looks = "".join(f"{name} is None; " for name in names if name in earlier)
    return f"{looks}{names[0]} = {call}"


def _is_silenced(code: str) -> bool:
    """Whether code ends with a semicolon, comments aside: then IPython keeps quiet about it."""
    silent = {tokenize.COMMENT, tokenize.ENDMARKER, tokenize.NEWLINE, tokenize.NL}
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, tokenize.TokenError):
        return False
    return [token.string for token in tokens if token.type not in silent][-1:] == [";"]


def _commands(lines: list[str], around: Surroundings, ipython: Any) -> list[str]:
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
        changed = next(filter(None, (_replace(lines, one, around) for one in found)), None)
        if changed is None:
            break
        lines = changed
    return lines


def _replace(lines: list[str], command: Any, around: Surroundings) -> list[str] | None:
    """The lines with one command replaced and blank lines for those it went on over."""
    try:
        replaced: Sequence[str] = command.transform(lines)
    except SyntaxError:
        return None
    at = command.start_line
    head = lines[at][: command.start_col]
    call = replaced[at][len(head) :].strip()
    tree = parse_quietly(call)
    python = call if tree is None else _call_as_python(call, tree, bool(head.strip()), around)
    if python is None:
        return None
    blank = ["\n"] * (len(lines) - len(replaced))
    return [*replaced[:at], f"{head}{python or 'pass'}\n", *blank, *replaced[at + 1 :]]


def _call_as_python(call: str, tree: Any, assigned: bool, around: Surroundings) -> str | None:
    """``call`` as IPython wrote it, ``get_ipython().method('…')``, in our words."""
    try:
        [statement] = tree.body
        method = statement.value.func.attr
        arguments = tuple(constant.value for constant in statement.value.args)
    except (AttributeError, ValueError):
        return call  # `/f x` and its like: a call of the user's own function
    if not arguments or arguments[0] in {"pinfo", "pinfo2", "psearch"}:
        return call
    return command_as_python(method, arguments, around, assigned=assigned)
