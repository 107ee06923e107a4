"""Code and names that no static reading can follow: text that is run, names by their text, input.

Known gap: the same under another name (``run = exec``), and inside of imported code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.survey import Sight, Survey
from kale.static_analysis.facts import SHARED

_UNSEEN = "names that Kale cannot see; no step hands them on"

#: By code: the calls, and what is said of them.
_CODE = frozenset(
    "exec eval runpy.run_path runpy.run_module %run %load %macro %rerun %recall "
    "get_ipython().run_cell get_ipython().ex".split()
)
_NAMESPACES = frozenset(
    "globals locals vars get_ipython().user_ns get_ipython().user_ns[] get_ipython().push "
    "get_ipython().user_ns.get get_ipython().user_ns.update get_ipython().user_ns.pop".split()
)
_QUESTIONS = frozenset({"input", "getpass.getpass", "builtins.input"})


def out_of_sight(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of code and names out of sight, where another step may rely on them."""
    several = len(survey.last) > 1
    for sight in survey.sights:
        if sight.name in _QUESTIONS and sight.verb is Verb.CALL and sight.runs:
            yield diagnose(
                "KALE343",
                f"`{sight.text}` waits for an answer, and nobody answers a step; it fails there",
                at=sight.at,
                hint="take the value from a `pipeline-parameters` cell or the environment",
            )
        elif several and any(run.owner != SHARED for run in sight.runs):
            yield from _unseen(sight)


def _unseen(sight: Sight) -> Iterator[Diagnostic]:
    name = sight.name
    runs_code = name in _CODE or _is_marked(sight, "unseen")
    if runs_code and sight.verb is Verb.CALL and not _is_read_anyway(sight):
        verb = "may read or bind" if name != "eval" else "may read"
        yield diagnose(
            "KALE330",
            f"`{sight.text}` {verb} {_UNSEEN}",
            at=sight.at,
            hint="import what is needed, or use plain assignments for what other steps read",
        )
    elif name in _NAMESPACES and not _has_own_scope(sight):
        yield diagnose(
            "KALE334",
            f"`{sight.text}` may read or bind {_UNSEEN}",
            at=sight.at,
            hint="use a dictionary of your own for names that are computed",
        )
    elif name == "%store":
        yield diagnose(
            "KALE335",
            "`%store` keeps values in IPython's own files, which no step hands on",
            at=sight.at,
            hint="take it away; what other steps read travels by itself",
        )


def _is_read_anyway(sight: Sight) -> bool:
    """Whether the code that is run stands there as text, and the analysis has read it."""
    call = sight.node
    if sight.name == "%run":
        return _is_marked(sight, "seen")
    if not isinstance(call, ast.Call) or sight.name != "eval" or not call.args:
        return False
    return isinstance(call.args[0], ast.Constant)


def _is_marked(sight: Sight, mark: str) -> bool:
    """Whether the reader of the notebook marked a magic: its names are ``seen``, or ``unseen``."""
    call = sight.node
    return isinstance(call, ast.Call) and any(one.arg == mark for one in call.keywords)


def _has_own_scope(sight: Sight) -> bool:
    """Whether ``vars(x)``, or ``locals()`` in a function, is no view of the notebook's names."""
    call = sight.node
    if sight.name == "vars" and isinstance(call, ast.Call) and call.args:
        return True
    return sight.name in {"locals", "vars"} and bool(sight.within)
