"""What steps have logged: the metrics and files that :mod:`kale.sdk.tracking` leaves in a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class LoggedArtifact:
    """A file or a folder at ``path`` that a step has logged; ``type`` is as KFP calls it."""

    name: str
    type: str
    path: Path

    def as_json(self) -> dict[str, Any]:
        """The artifact as ``kale run --json`` prints it."""
        return {"name": self.name, "type": self.type, "path": str(self.path)}


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Logged:
    """All that one step has logged, in the order of the first call for each name."""

    metrics: Mapping[str, Any] = field(default_factory=_nothing)
    artifacts: tuple[LoggedArtifact, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What there is, as ``kale run --json`` prints it of the step."""
        artifacts = [artifact.as_json() for artifact in self.artifacts]
        found = {"metrics": dict(self.metrics), "artifacts": artifacts}
        return {kind: value for kind, value in found.items() if value}


def read_logged(folder: Path) -> Logged:
    """What a step has logged to ``folder``; what its own code broke of that is left out."""
    metrics: dict[str, Any] = {}
    artifacts: dict[str, LoggedArtifact] = {}
    try:
        lines = index_of(folder).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return Logged()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        match entry:
            case {"metric": str(name), "value": int() | float() | str() as value}:
                metrics[name] = value
            case {"artifact": str(name), "file": str(file), "type": str(kind)}:
                path = folder / file
                # Not one that leads out of the folder.
                if PurePath(file).name == file and not path.is_symlink() and path.exists():
                    artifacts[name] = LoggedArtifact(name, kind, path)
    return Logged(metrics, tuple(artifacts.values()))


def pod_logged(folder: Path, metrics: Mapping[str, Any]) -> Logged:
    """What a task has logged whose outputs lie in ``folder``, those of its files that it names."""
    try:
        written = json.loads((folder / "executor_output.json").read_bytes())["artifacts"]
    except (OSError, ValueError, KeyError):
        return Logged(metrics)
    artifacts = []
    for output in written.values():
        for one in output["artifacts"]:
            # No other outputs have a name for people.
            if name := one.get("metadata", {}).get("display_name"):
                kind = one["type"]["schemaTitle"].removeprefix("system.")
                artifacts.append(LoggedArtifact(name, kind, Path(one["uri"])))
    return Logged(metrics, tuple(artifacts))


def index_of(folder: Path) -> Path:
    """The file that says what a step has logged to ``folder``."""
    return folder.with_name(f"{folder.name}.jsonl")


def logged_files(folder: Path) -> list[Path]:
    """All files that a step has logged to ``folder``, and the list of them, sorted."""
    return [index_of(folder), *sorted(path for path in folder.rglob("*") if path.is_file())]


def forget_logged(folder: Path) -> None:
    """Remove all that a step has logged to ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    index_of(folder).unlink(missing_ok=True)


class _Step(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def logged(self) -> Logged: ...


def run_metrics(steps: Iterable[_Step]) -> dict[str, Any]:
    """The metrics that the steps of a run have logged which ended well, by name.

    A metric of several steps, or of one item of a loop, is called ``STEP/NAME``.
    """
    well = [step for step in steps if step.status == "succeeded"]
    logging: dict[str, list[_Step]] = {}
    for step in well:
        for name in step.logged.metrics:
            logging.setdefault(name, []).append(step)
    return {
        # The dot stands before the number of the item; no name of a step has one.
        name if len(logging[name]) == 1 and "." not in step.name else f"{step.name}/{name}": value
        for step in well
        for name, value in step.logged.metrics.items()
    }
