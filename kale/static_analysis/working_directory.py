"""The working directory: a step that changes it changes it for itself alone.

Known gap: relative paths that a library makes up itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.code_walk import Verb
from kale.static_analysis.facts import SHARED
from kale.static_analysis.file_calls import file_uses
from kale.static_analysis.survey import Sight, Survey

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
    readers: dict[str, int] = {}
    for sight in survey.sights:
        if _depends(sight, survey):
            for run in sight.runs:
                if run.owner in survey.last:
                    readers[run.owner] = max(readers.get(run.owner, 0), run.cell)
    for change in changes:
        # Known imprecision: a step that goes elsewhere itself may read a path before it does.
        own = {run.owner for one in changes if one.name == change.name for run in one.runs}
        if SHARED in own:
            continue
        for run in change.runs:
            later = (s for s, cell in readers.items() if cell > run.cell and s not in own)
            step = next(later, None)
            if step is not None:
                yield diagnose(
                    "KALE337",
                    f"step `{run.owner}` changes the working directory; step `{step}`, which "
                    "depends on it, runs in a process of its own and does not see the change",
                    at=change.at,
                    hint="make the change in a cell tagged `imports`, which every step runs, or "
                    "use full paths",
                )
                break


def _depends(sight: Sight, survey: Survey) -> bool:
    """Whether a call depends on the working directory."""
    if sight.verb is not Verb.CALL:
        return False
    if sight.name in _READS or sight.name.startswith(("subprocess.", "%%")):
        return True
    return any(use.relative for use in file_uses(sight, survey.names))
