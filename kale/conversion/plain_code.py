"""The code of cells as text for a file: what IPython alone understands is left out or refused."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace

from kale.errors import KaleError, Location, NotebookError
from kale.ir import Source
from kale.nbparser.syntax import needs_await, parse_quietly

#: Magics that change how a notebook looks, or how its code is loaded, and no value.
_IDLE = re.compile(
    r"%(matplotlib|config|load_ext|reload_ext|autoreload|precision)\b|%%(time|capture)\b"
)

#: What a function's body cannot say as a cell does: there, these look at the notebook's names.
_NAMESPACE = frozenset({"globals", "locals", "exec", "get_ipython"})


def cannot(what: str, at: Location, hint: str) -> NotebookError:
    """KALE780: the notebook holds what a script cannot say."""
    return NotebookError("KALE780", what, at=at, hint=hint)


def plain_code(source: Source, errors: list[KaleError]) -> str:
    """A cell's code as Python, without install lines and magics that change no value.

    Errors: KALE780, a line that is no Python.
    """
    lines: list[str] = []
    installs = {n for first, last in source.installs for n in range(first, last + 1)}
    pairs = zip(source.code.split("\n"), source.python.split("\n"), strict=False)
    for number, (code, python) in enumerate(pairs, 1):
        if number in installs:
            continue
        if code.strip() == python.strip() or re.match(r"\s*%time\s", code):
            lines.append(python)
        elif _IDLE.match(code.strip()):
            lines.append(f"# {code.strip()}")
        else:
            errors.append(
                cannot(
                    f"`{code.strip()}` is no Python, and a script has no IPython",
                    replace(source.at, line=(source.at.line or 1) + number - 1),
                    "say it in Python, as by `subprocess.run`, or tag the cell `skip`",
                )
            )
            return ""
    return "\n".join(lines).strip("\n")


def check_body(code: str, at: Location, errors: list[KaleError]) -> None:
    """Note what the code of a cell would not mean any more as a function's body (KALE780)."""
    tree = parse_quietly(code)
    if tree is None or needs_await(code):
        errors.append(
            cannot(
                "the cell awaits something at its top level, which a function cannot",
                at,
                "put it into an `async` function, and call that by `asyncio.run`",
            )
        )
        return
    for node in ast.walk(tree):
        what = hint = ""
        match node:
            case ast.Global(names=names):
                what = f"`global {', '.join(names)}` would set another variable than the step's"
                hint = "return the value instead"
            case ast.Call(func=ast.Name(id=name)) if name in _NAMESPACE:
                what = (
                    f"`{name}` looks at the notebook's variables, which a script's steps share not"
                )
                hint = "name the variables themselves"
            case ast.ImportFrom(module=module, names=[ast.alias(name="*")]):
                what = f"`from {module} import *` cannot stand in a function"
                hint = "move it to a cell tagged `imports`"
        if what:
            line = (at.line or 1) + getattr(node, "lineno", 1) - 1
            errors.append(cannot(what, replace(at, line=line), hint))


def indented(code: str) -> str:
    """Code moved in by four blanks, the inside of its strings left as it is."""
    inside = set(_inside_strings(code))
    return "\n".join(
        line if number in inside or not line.strip() else f"    {line}"
        for number, line in enumerate(code.split("\n"), 1)
    )


def _inside_strings(code: str) -> Iterator[int]:
    """The lines that begin in the midst of a string."""
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            yield from range(token.start[0] + 1, token.end[0] + 1)
        elif name.endswith("STRING_START"):
            starts.append(token.start[0])
        elif name.endswith("STRING_END"):
            yield from range(starts.pop() + 1, token.end[0] + 1)
