"""What compiling a notebook comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling a notebook left on disk: paths that exist, and the findings on the way.

    ``notebooks`` maps each step, in topological order, to its notebook.
    """

    pipeline: str
    script: Path
    package: Path
    notebooks: Mapping[str, Path]
    diagnostics: tuple[Diagnostic, ...]

    def as_json(self) -> dict[str, Any]:
        """The compilation as ``kale compile --json`` prints it."""
        return {
            "pipeline": self.pipeline,
            "files": {
                "script": str(self.script),
                "package": str(self.package),
                "notebooks": {step: str(path) for step, path in self.notebooks.items()},
            },
            "diagnostics": [finding.as_json() for finding in self.diagnostics],
        }
