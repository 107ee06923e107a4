"""From the log of a failed pod to the failing line of the author's notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kale.errors import Location
from kale.ir import Task
from kale.runners.result import StepError

#: Bytes at the end of a log in which a pod's last words are looked for.
_TAIL = 65536

#: The last words of the step runtime (``driver.py``), at the start of a line: the place, if
#: the author's code raised, then the exception. Its message may have several lines.
_PLACE = r"(?:cell (?P<cell>\d+)(?:, line (?P<line>\d+))?: )?"
_EXCEPTION = r"(?P<type>[^\W\d][\w.]*)(?:: ?(?P<message>.*))?"

_NO_CAUSE = "its pod ended with an error and did not say why"


def pod_failure(log: Path, task: Task, at: Location) -> StepError:
    """The failure of a step, as the pod's last words in ``log`` tell it.

    ``at`` has the author's path and the step.
    """
    text = _tail(log)
    said = rf"^step `{re.escape(task.name)}` failed: {_PLACE}{_EXCEPTION}\Z"
    # The last place where such words begin: what the step printed may look the same.
    starts = [match.start() for match in re.finditer(r"^step `", text, re.MULTILINE)]
    for start in reversed(starts):
        if found := re.match(said, text[start:].rstrip(), re.DOTALL):
            cell, line = _number(found["cell"]), _number(found["line"])
            place = Location(at.path, cell, line, step=task.name)
            message = found["message"] or ""
            return StepError(found["type"], message, place, _source(task, cell, line))
    refused = re.search(rf"^kale: step {re.escape(task.name)}: (.*)\Z", text.rstrip(), re.M | re.S)
    return StepError(
        "RunError", refused[1] if refused else _NO_CAUSE, at, hint="the step's log may tell more"
    )


def _source(task: Task, cell: int | None, line: int | None) -> str:
    """The text of a line of the author's notebook, as far as the step's notebook has it."""
    if cell is None or line is None:
        return ""
    for own in json.loads(task.notebook)["cells"]:
        place = own["metadata"].get("kale", {})
        lines = "".join(own["source"]).split("\n")
        number = line - place.get("line", 1)
        if place.get("cell") == cell and 0 <= number < len(lines):
            text: str = lines[number]
            return text
    return ""


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _TAIL, 0))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
