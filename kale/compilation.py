"""What compiling a notebook comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling a notebook left on disk: paths that exist, and the findings on the way.

    ``package`` is the package or, if ``native``, the custom resources of Kubernetes that say the
    same. ``notebooks`` maps each step, in topological order, to its notebook. ``lock`` is the
    file of what the steps install, if one was asked for.
    """

    pipeline: str
    script: Path
    package: Path
    notebooks: Mapping[str, Path]
    diagnostics: tuple[Diagnostic, ...]
    lock: Path | None = None
    native: bool = False

    def as_json(self) -> dict[str, Any]:
        """The compilation as ``kale compile --json`` prints it."""
        lock = {} if self.lock is None else {"lock": str(self.lock)}
        return {
            "pipeline": self.pipeline,
            "files": {
                "script": str(self.script),
                "manifests" if self.native else "package": str(self.package),
                "notebooks": {step: str(path) for step, path in self.notebooks.items()},
                **lock,
            },
            "diagnostics": [finding.as_json() for finding in self.diagnostics],
        }


def compilation(
    pipeline: str,
    steps: Iterable[str],
    files: Iterable[PurePath],
    folder: Path,
    diagnostics: tuple[Diagnostic, ...],
) -> Compilation:
    """What has been written: ``files`` are relative to ``folder`` and named by Kale."""
    written = {path.as_posix(): folder / path for path in files}
    native = written.get(f"{pipeline}.kubernetes.yaml")
    return Compilation(
        pipeline,
        script=written[f"{pipeline}.kfp.py"],
        package=native or written[f"{pipeline}.yaml"],
        notebooks={step: written[f"{pipeline}.steps/{step}.ipynb"] for step in steps},
        diagnostics=diagnostics,
        lock=written.get(f"{pipeline}.requirements.txt"),
        native=native is not None,
    )
