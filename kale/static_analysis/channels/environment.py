"""Environment variables that one step sets and a later one may read.

Libraries other than the usual ones for data may read any variable. Known gap: a variable that the
usual ones read (``OMP_NUM_THREADS``), or that a function of the notebook's own packages reads
when it is called through a value that travels.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Run, Verb
from kale.static_analysis.channels.survey import Sight, Survey
from kale.static_analysis.facts import SHARED

#: Calls that set variables; the first argument is the variable, or tells several.
_SETTERS = frozenset(
    "os.putenv os.unsetenv os.environ.update os.environ.setdefault os.environ.pop os.environ.clear "
    "dotenv.load_dotenv %env %set_env".split()
)
#: Calls that give the whole environment to something.
_INHERITED = ("subprocess.", "os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn", "!")
#: Calls that may read any variable.
_READERS = frozenset("os.path.expandvars os.path.expanduser os.environ os.environb".split())
#: Libraries that read no variable that an author would set for a result.
_INDIFFERENT = sys.stdlib_module_names | frozenset(
    "IPython PIL matplotlib numpy pandas plotly polars scipy seaborn sklearn statsmodels "
    "tqdm".split()
)
_ANY = ""


def environment(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of environment variables set in one step and perhaps read in a later one."""
    setters = [(s, variable) for s in survey.sights for variable in _set_by(s, survey)]
    if not setters:
        return
    reads: dict[str, dict[str, int]] = defaultdict(dict)
    for sight in survey.sights:
        read = _read_by(sight, survey)
        if read is not None:
            for run in (run for run in sight.runs if run.owner in survey.last):
                reads[read][run.owner] = max(reads[read].get(run.owner, 0), run.cell)
    setting: dict[str, set[str]] = defaultdict(set)
    for sight, variable in setters:
        setting[variable].update(run.owner for run in sight.runs)
    last = {v: _last_reader(v, reads, steps) for v, steps in setting.items()}
    for sight, variable in setters:
        reader = last[variable]
        # What every step sets anew holds in every step.
        if reader is None or not sight.runs or SHARED in setting[variable]:
            continue
        setter = sight.runs[0]
        if setter.cell < reader.cell:
            yield _unset(sight, variable, setter.owner, reader.owner)


def _last_reader(
    variable: str, reads: Mapping[str, Mapping[str, int]], setters: Container[str]
) -> Run | None:
    """The last cell that may read a variable, of a step that does not set it itself."""
    asked = reads if variable == _ANY else [v for v in (variable, _ANY) if v in reads]
    found = [
        (cell, step) for read in asked for step, cell in reads[read].items() if step not in setters
    ]
    cell, step = max(found, default=(0, ""))
    return Run(step, cell) if step else None


def _set_by(sight: Sight, survey: Survey) -> list[str]:
    """The variables that a call or store sets; ``_ANY`` where that cannot be told."""
    node = sight.node
    if sight.verb is Verb.STORE and sight.name == "os.environ[]":
        assert isinstance(node, ast.Subscript)
        return [survey.names.text(node.slice) or _ANY]
    if sight.verb is not Verb.CALL or sight.name not in _SETTERS or not isinstance(node, ast.Call):
        return []
    if sight.name.startswith("%"):
        words = (survey.names.text(node.args[1]) or "").replace("=", " ").split()
        return words[:1] if len(words) > 1 else []
    if sight.name == "os.environ.update":
        return _updated(node, survey)
    return [(survey.names.text(node.args[0]) if node.args else None) or _ANY]


def _updated(node: ast.Call, survey: Survey) -> list[str]:
    """The variables in ``os.environ.update({"A": …}, B=…)``."""
    keys: list[str] = [keyword.arg or _ANY for keyword in node.keywords]
    for argument in node.args:
        given = argument.keys if isinstance(argument, ast.Dict) else [None]
        keys += [survey.names.text(key) or _ANY for key in given]
    return keys


def _read_by(sight: Sight, survey: Survey) -> str | None:
    """The variable that a call or read asks for, ``_ANY`` for all of them, or ``None``."""
    name, node = sight.name, sight.node
    if name in _SETTERS:
        return None
    if name in {"os.getenv", "os.environ.get"} and isinstance(node, ast.Call) and node.args:
        return survey.names.text(node.args[0]) or _ANY
    if name.startswith("os.environ[]"):
        key = _key(node)
        return None if sight.verb is Verb.STORE else (survey.names.text(key) or _ANY)
    if name in _READERS or name.startswith(("os.environ.", *_INHERITED, "%%")):
        return _ANY
    if name.startswith("%env"):
        return _ANY
    head = name.partition(".")[0]
    if sight.verb is Verb.CALL and sight.direct and head not in _INDIFFERENT:
        return _ANY
    return None


def _key(node: ast.expr) -> ast.expr | None:
    """The key in a chain that begins with ``os.environ[key]``."""
    key = None
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        key = node.slice if isinstance(node, ast.Subscript) else key
        node = node.func if isinstance(node, ast.Call) else node.value
    return key


def _unset(sight: Sight, variable: str, setter: str, reader: str) -> Diagnostic:
    what = f"environment variable `{variable}`" if variable else "environment variables"
    tag = f"env:{variable}=…" if variable else "env:NAME=…"
    return diagnose(
        "KALE336",
        f"step `{setter}` sets the {what}; step `{reader}`, which may read "
        f"{'it' if variable else 'them'}, runs in a process of its own and does not see it",
        at=sight.at,
        hint="set it in a cell tagged `imports`, which every step runs, or tag a cell of "
        f"`{reader}` with `{tag}`",
    )
