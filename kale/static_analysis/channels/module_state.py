"""State that a module keeps: each step imports the module anew, as it was before any change.

A change is an attribute or item that is set, or a call of a method that is known to change what
it is called on. Known gap: functions of a module that change its state without a word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Run, Verb
from kale.static_analysis.channels.process_settings import is_setting
from kale.static_analysis.channels.survey import Sight, Survey, latest_users
from kale.static_analysis.facts import SHARED

#: Methods by which a container that a module holds is changed.
_CHANGING = frozenset(
    "add append appendleft clear discard extend insert pop popitem remove register reverse "
    "setdefault sort update".split()
)
#: Those of them that are called for their result as well.
_TAKING = frozenset({"pop", "popitem", "setdefault"})
_BY_NAME = frozenset({"setattr", "delattr"})

#: Modules whose state has rules of its own, or is a stream.
_ELSEWHERE = frozenset({"os", "warnings", "logging", "decimal"})


def module_state(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of modules that one step changes and a later one uses."""
    changed = [(sight, name) for sight in survey.sights if (name := _changed_module(sight, survey))]
    if not changed:
        return
    heads = {_head(name) for _, name in changed}
    users = latest_users(
        survey, lambda s: _head(s.name) if s.direct and _head(s.name) in heads else ""
    )
    for sight, name in changed:
        if not sight.runs or any(run.owner == SHARED for run in sight.runs):
            continue
        run = sight.runs[0]
        user = next((u for u in users.get(_head(name), ()) if u.owner != run.owner), None)
        if user is not None and user.cell > run.cell:
            yield _state(sight, name, run, user.owner)


def _head(name: str) -> str:
    """The package that a full name begins with."""
    return name.partition(".")[0]


def _changed_module(sight: Sight, survey: Survey) -> str | None:
    """The full name of what a call or store changes, if it belongs to a module."""
    name = sight.name
    if sight.verb is Verb.CALL and name in _BY_NAME:
        return _set_by_name(sight, survey)
    if sight.verb is Verb.CALL and name.startswith("@"):
        return _handed_over(sight, survey)
    head, _, rest = name.partition(".")
    if not rest or head[0] in "@?%" or head in _ELSEWHERE or "()" in name or is_setting(sight):
        return None
    if sight.verb is Verb.STORE:
        return name
    if sight.verb is Verb.CALL:
        owner, _, method = name.rpartition(".")
        # `m.add(x)` is a function of a module, and so is `a.b.add(x)` where the result is used.
        alone = isinstance(sight.statement, ast.Expr) and sight.statement.value is sight.node
        if "." in owner and method in (_CHANGING if alone else _TAKING):
            return owner
    return None


def _set_by_name(sight: Sight, survey: Survey) -> str | None:
    """``m.x`` of ``setattr(m, "x", …)``, if ``m`` is a module."""
    call = sight.node
    if not isinstance(call, ast.Call) or len(call.args) < 2:
        return None
    owner, direct = survey.names.trace(call.args[0])
    attribute = survey.names.text(call.args[1])
    return f"{owner}.{attribute or '…'}" if direct and "()" not in owner else None


def _handed_over(sight: Sight, survey: Survey) -> str | None:
    """A module that a call of the notebook's own function surely changes."""
    changes = sight.cell.effects.mutations
    for node in sight.node.args if isinstance(sight.node, ast.Call) else ():
        if isinstance(node, ast.Name) and node.id in changes and changes[node.id][1]:
            return survey.names.modules.get(node.id)
    return None


def _state(sight: Sight, name: str, run: Run, step: str) -> Diagnostic:
    written = sight.text if sight.verb is Verb.STORE else name
    if sight.verb is Verb.STORE or sight.name in _BY_NAME or sight.name.startswith("@"):
        return diagnose(
            "KALE320",
            f"step `{run.owner}` sets `{written}`, which belongs to a module; step `{step}`, which "
            "uses the module too, runs in a process of its own and does not see the change",
            at=sight.at,
            hint="make the change in a cell tagged `imports`, which every step runs",
        )
    return diagnose(
        "KALE321",
        f"step `{run.owner}` changes `{written}`, which belongs to a module; step `{step}`, which "
        "uses the module too, imports it anew and does not see the change",
        at=sight.at,
        hint="keep what changes in a variable of the notebook, which travels",
    )
