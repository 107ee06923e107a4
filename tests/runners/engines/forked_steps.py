"""Steps run one after the other by the processes that a run forks for them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runners.plans import cell, notebook

from kale.runners.engines.child import Child
from kale.runners.engines.templates import Templates


class Steps:
    """Runs steps in ``folder``; ``ran`` is what the last one's process said."""

    def __init__(
        self,
        folder: Path,
        modules: Iterable[str] = (),
        *,
        runtime: Path | None = None,
        **env: str,
    ) -> None:
        self.folder, self._env = folder, {**os.environ, **env}
        self.templates = Templates(self._env, folder, [*modules], runtime)
        self.ran: dict[str, Any] | None = None
        self.status = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.templates.close()

    def await_preload(self) -> dict[str, str]:
        """Wait until the modules are imported; what was not, and why."""
        deadline = time.monotonic() + 120
        while self.templates._loaded_server() is None:  # noqa: SLF001 - no run waits for it
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self.templates.refused

    def begin(
        self, *cells: str, env: Mapping[str, str] = {}, hold: bool = False, **job: Any
    ) -> Child:
        """Start a step with these cells."""
        path = self.folder / "step.ipynb"
        path.write_bytes(notebook([cell(source) for source in cells]))
        (self.folder / "out.ipynb").unlink(missing_ok=True)
        (self.folder / "log").unlink(missing_ok=True)
        order = {
            "notebook": str(path),
            "output": str(self.folder / "out.ipynb"),
            "cwd": str(self.folder),
            "parameters": {},
            "connection_file": str(self.folder / "k.json"),
            **job,
        }
        return Child(
            order,
            self.folder / "step.json",
            log=self.folder / "log",
            env={**self._env, "KALE_STEP_CONTEXT": "c", **env},
            templates=self.templates,
            hold=hold,
        )

    def end(self, child: Child) -> list[list[dict[str, Any]]]:
        """Wait for a step; the outputs of its cells."""
        while not child.read()[0]:
            pass
        self.status = child.close()
        self.ran = child.done
        out = json.loads((self.folder / "out.ipynb").read_text(encoding="utf-8"))
        return [c["outputs"] for c in out["cells"] if c["cell_type"] == "code"]

    def run(self, *cells: str, **options: Any) -> list[list[dict[str, Any]]]:
        """Run a step with these cells; their outputs."""
        return self.end(self.begin(*cells, **options))

    def value(self, expression: str, *before: str, **options: Any) -> Any:
        """What an expression, of JSON values, is in a new step; ``before`` are cells above it."""
        outputs = self.run(*before, f"import json; print(json.dumps({expression}))", **options)
        assert self.ran is not None
        assert self.ran["error"] is None, outputs
        assert self.ran["engine"] == "fast"
        return json.loads("".join(outputs[-1][0]["text"]))
