"""The working directory: a step that changes it changes it for itself alone.

Known gap: relative paths that a library makes up itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.file_calls import file_uses
from kale.static_analysis.channels.survey import Sight, Survey, latest_users
from kale.static_analysis.facts import SHARED

_CHANGES = frozenset({"os.chdir", "os.fchdir", "%cd", "%pushd", "%popd"})
_READS = frozenset(
    "os.getcwd os.getcwdb pathlib.Path.cwd pathlib.Path().absolute pathlib.Path().resolve "
    "os.path.abspath os.path.realpath os.system os.popen os.listdir os.scandir os.walk glob.glob "
    "glob.iglob ! %run %pwd %ls".split()
)


def working_directory(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of a working directory changed in one step that a later one depends on."""
    changes = [s for s in survey.sights if s.name in _CHANGES and s.verb is Verb.CALL]
    if not changes:
        return
    found = latest_users(survey, lambda s: "reader" if _depends(s, survey) else "")
    readers = found.get("reader", [])
    for name in dict.fromkeys(change.name for change in changes):
        same = [change for change in changes if change.name == name]
        # Known imprecision: a step that goes elsewhere itself may read a path before it does.
        own = {run.owner for change in same for run in change.runs}
        reader = next((run for run in readers if run.owner not in own), None)
        if reader is None or SHARED in own:
            continue
        for change in same:
            if change.runs and change.runs[0].cell < reader.cell:
                yield diagnose(
                    "KALE337",
                    f"step `{change.runs[0].owner}` changes the working directory; step "
                    f"`{reader.owner}`, which depends on it, runs in a process of its own and does "
                    "not see the change",
                    at=change.at,
                    hint="make the change in a cell tagged `imports`, which every step runs, or "
                    "use full paths",
                )


def _depends(sight: Sight, survey: Survey) -> bool:
    """Whether a call depends on the working directory."""
    if sight.verb is not Verb.CALL:
        return False
    if sight.name in _READS or sight.name.startswith(("subprocess.", "%%")):
        return True
    return any(use.relative for use in file_uses(sight, survey.names))
