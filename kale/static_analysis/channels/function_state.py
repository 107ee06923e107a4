"""What functions keep between their calls: caches, and variables that closures share.

Known gaps: closures that share a variable by way of a cell of the notebook's own making; caches
that are made otherwise than by ``functools`` or ``cachetools``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import FunctionNode, Verb
from kale.static_analysis.channels.survey import Sight, Survey
from kale.static_analysis.reaching import Flow

_CACHES = frozenset(
    "functools.lru_cache functools.cache functools.lru_cache() cachetools.cached() "
    "cachetools.func.lru_cache() cachetools.func.ttl_cache()".split()
)
#: Methods by which a body leaves a trace outside.
_TRACES = frozenset(
    "add append appendleft clear discard extend insert pop popitem remove setdefault update write "
    "write_text write_bytes writelines".split()
)


def caches(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of cached functions that do more than return a value, run by several steps."""
    cached = {
        name
        for name, found in survey.functions.items()
        if any(survey.names.of(d) in _CACHES for d in found[-1][1].decorator_list)
    }
    if not cached:
        return
    traces: dict[str, Sight] = {}
    for sight in survey.sights:
        if sight.within in cached and _leaves_a_trace(sight):
            traces.setdefault(sight.within, sight)
    for name, trace in traces.items():
        cell, node = survey.functions[name][-1]
        steps = list(dict.fromkeys(run.owner for run in trace.runs if run.owner in survey.last))
        if len(steps) > 1:
            yield diagnose(
                "KALE344",
                f"`{name}` starts with an empty cache in step `{steps[1]}`, so that its body runs "
                f"again there, with `{trace.text}`; in the notebook the results of step "
                f"`{steps[0]}` are still there",
                at=cell.place(node),
                hint="let the function do nothing but return its result, or keep the results in a "
                "dictionary, which travels",
            )


def _leaves_a_trace(sight: Sight) -> bool:
    """Whether a call or store in a body changes something outside of it."""
    name = sight.name
    if sight.verb is Verb.CALL:
        method = name.rpartition(".")[2]
        return name == "print" or (name.startswith("@") and "." in name and method in _TRACES)
    return sight.verb is Verb.STORE and name.startswith("@") and ("[" in name or "." in name)


def closures(survey: Survey, flow: Flow) -> Iterator[Diagnostic]:
    """Warnings of functions that share a variable of the function they are made in, and travel."""
    makers = {
        name: variable
        for name, found in survey.nested.items()
        if (variable := _shared_variable(found)) is not None
    }
    if not makers:
        return
    travels = {wire.name for wire in flow.wires}
    for sight in survey.sights:
        maker = sight.name.removeprefix("@")
        statement = sight.statement
        if sight.verb is not Verb.CALL or maker not in makers or sight.within:
            continue
        if not isinstance(statement, ast.Assign):
            continue
        target = statement.targets[0]
        # One of the functions alone has nobody to share with.
        least = 2 if isinstance(target, ast.Tuple | ast.List) else 1
        if len({n.id for n in ast.walk(target) if isinstance(n, ast.Name)} & travels) >= least:
            yield diagnose(
                "KALE345",
                f"the functions that `{maker}` makes share its variable `{makers[maker]}`; saved "
                "for another step, each gets a variable of its own",
                at=sight.at,
                hint="make them methods of a class that keeps the variable in `self`",
            )


def _shared_variable(inner: tuple[ast.AST, ...]) -> str | None:
    """A variable that one inner function rebinds and another one mentions."""
    rebound = {
        name: function
        for function in inner
        if isinstance(function, FunctionNode)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Nonlocal)
        for name in statement.names
    }
    for function in inner if rebound else ():
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and rebound.get(node.id, function) is not function:
                return node.id
    return None
