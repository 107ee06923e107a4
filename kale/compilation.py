"""What compiling a notebook comes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling a notebook left on disk: paths that exist, and the findings on the way.

    ``notebooks`` maps each step, in topological order, to its notebook. ``lock`` is the file of
    what the steps install, if one was asked for.
    """

    pipeline: str
    script: Path
    package: Path
    notebooks: Mapping[str, Path]
    diagnostics: tuple[Diagnostic, ...]
    lock: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The compilation as ``kale compile --json`` prints it."""
        lock = {} if self.lock is None else {"lock": str(self.lock)}
        return {
            "pipeline": self.pipeline,
            "files": {
                "script": str(self.script),
                "package": str(self.package),
                "notebooks": {step: str(path) for step, path in self.notebooks.items()},
                **lock,
            },
            "diagnostics": [finding.as_json() for finding in self.diagnostics],
        }
