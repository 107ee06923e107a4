"""Names in constant texts that are code: ``eval("x + 1")``, ``df.query("a > @t")``."""

from __future__ import annotations

import ast
import re

from kale.static_analysis.dotted_names import dotted_name
from kale.static_analysis.purity import Purity

#: How a text that pandas evaluates names a variable of Python.
_VARIABLE = re.compile(r"@\s*([^\W\d]\w*)")

#: Calls that evaluate an expression among the names of their caller.
_EVALUATING = frozenset({"eval", "builtins.eval", "pandas.eval"})

#: Arguments that give the names to look in; what is unpacked may be one of them.
_NAMESPACES = frozenset({"globals", "locals", "local_dict", "global_dict", "resolvers", None})

#: What the text is called when it is given by keyword.
_TEXT = "expr"


def names_in_text(call: ast.Call, purity: Purity) -> frozenset[str]:
    """The names that a call may look up because they stand in the text that it is given.

    Where the call is told what the names are, only those that the notebook binds count.
    """
    text = _text_of(call)
    if text is None:
        return frozenset()
    name = dotted_name(call.func, purity.random.modules)
    if name is None and isinstance(call.func, ast.Name):
        name = call.func.id
    if name in _EVALUATING:
        names = _names_of(text)
    elif isinstance(call.func, ast.Attribute) and call.func.attr in {"eval", "query"}:
        names = frozenset(_VARIABLE.findall(text))
    else:
        return frozenset()
    return names if _sees_the_callers(call) else names & purity.bound


def _sees_the_callers(call: ast.Call) -> bool:
    """Whether the names are those of the caller, and not given by another argument."""
    return len(call.args) <= 1 and _NAMESPACES.isdisjoint(k.arg for k in call.keywords)


def _text_of(call: ast.Call) -> str | None:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == _TEXT)]
    match given:
        case [ast.Constant(value=str(text))]:
            return text
        case _:
            return None


def _names_of(text: str) -> frozenset[str]:
    try:
        tree = ast.parse(_VARIABLE.sub(r"\1", text.strip()), mode="eval")
    except SyntaxError:
        return frozenset()  # an error when it runs, in the notebook as in the step
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    bound = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    return frozenset(n.id for n in names) - bound
