"""How the tags of loops and conditions are read: Python's own parser judges what they hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import NoReturn

from kale.credentials import without_credentials
from kale.errors import NotebookError
from kale.nbparser.commas import from_tag
from kale.nbparser.syntax import parse_quietly
from kale.nbparser.tag_kinds import ControlTag, LoopTag, ParallelismTag, WhenTag

_LOOP = "write `loop:NAME in ITEMS`, as in `loop:x in xs` or `loop:i; x in enumerate(xs)`"
_WHEN = "write `when:CONDITION`, as in `when:score > 0.8`, `when:elif CONDITION` or `when:else`"

#: What an expression of a tag may not hold: it would bind names, or wait.
_NO_PLAIN_VALUE = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def _malformed(text: str, hint: str) -> NoReturn:
    text = without_credentials(text)
    raise NotebookError("KALE101", f"the tag `{text}` is malformed", hint=hint)


def _parsed(code: str, rest: str) -> list[ast.stmt]:
    """The statements of the code made of ``rest``; none where that is no text for a tag."""
    tree = parse_quietly(code) if rest.isprintable() else None
    if tree is None or any(isinstance(node, _NO_PLAIN_VALUE) for node in ast.walk(tree)):
        return []
    return tree.body


def _loop(rest: str) -> LoopTag:
    match _parsed(f"for {from_tag(rest.strip())}:\n pass", rest):
        case [ast.For(target=target, iter=items, body=[ast.Pass()], orelse=[])] if _binds(target):
            text, over = _text(target), _text(items)
            bare = isinstance(target, ast.Tuple) and len(target.elts) > 1
            if text and over:
                return LoopTag(text[1:-1] if bare and text[0] == "(" else text, over)
    _malformed(f"loop:{rest}", _LOOP)


def _text(node: ast.expr) -> str:
    """An expression as Python writes it; empty where it cannot."""
    try:
        text = ast.unparse(node)
    except (RecursionError, ValueError):  # too deep, or a number of too many digits
        return ""
    return text if parse_quietly(text) is not None else ""


def _binds(target: ast.expr) -> bool:
    """Whether a target is made of names alone."""
    match target:
        case ast.Name():
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(map(_binds, parts))
        case ast.Starred(value=inner):
            return _binds(inner)
    return False


def _when(rest: str) -> WhenTag:
    text = from_tag(rest.strip())
    if text == "else":
        return WhenTag("", otherwise=True)
    test = text.removeprefix("elif ")
    match _parsed(test.strip(), rest):
        case [ast.Expr(value=value)] if not isinstance(value, ast.GeneratorExp | ast.Tuple):
            if plain := _text(value):
                return WhenTag(plain, otherwise=test != text)
    _malformed(f"when:{rest}", _WHEN)


def _parallelism(rest: str) -> ParallelismTag:
    if not re.fullmatch("[0-9]{1,5}", rest) or int(rest) == 0:
        _malformed(
            f"parallelism:{rest}",
            "write `parallelism:N` with a whole number from 1, as in `parallelism:4`",
        )
    return ParallelismTag(int(rest))


#: The functions that read what follows the keyword and the colon, by keyword.
CONTROL_PARSERS: dict[str, Callable[[str], ControlTag]] = {
    "loop": _loop,
    "when": _when,
    "parallelism": _parallelism,
}

#: What belongs after the keyword and the colon, as told to the user.
CONTROL_FORMS = {"loop": "NAME in ITEMS", "when": "CONDITION", "parallelism": "N"}
