"""Steps as processes: each a script of its own that loads, runs and saves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HEAD = "from kale.marshal import load_inputs, save_outputs, record_metrics, MarshalError\n"


class Steps:
    """Runs steps in a folder; values lie in ``values/<step>/<variable>``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, list[str]] = {}

    def value(self, step: str, name: str) -> Path:
        return self.folder / "values" / step / name

    def run(self, step, code, *, loads=(), saves=(), candidates=None, unchanged=None, head=""):
        """Run a step, and give back its last line as JSON, or its error's last line as text.

        An input comes from the last step that saved it, or from those in ``candidates``.
        """
        origin = {name: [self.made[name][-1]] for name in loads if name in self.made}
        origin |= candidates or {}
        context = {
            "step": step,
            "inputs": {n: [str(self.value(s, n)) for s in steps] for n, steps in origin.items()},
            "outputs": {name: str(self.value(step, name)) for name in saves},
            "metrics": str(self.folder / "metrics.json"),
        }
        path = self.folder / f"{step}.json"
        path.write_text(json.dumps(context), encoding="utf-8")
        names, guards = [*loads], unchanged or {}
        script = HEAD + textwrap.dedent(head) + "\n"
        if names:
            script += f"load_inputs(globals(), {names!r}, unchanged={guards!r})\n"
        script += textwrap.dedent(code)
        if saves or guards:
            script += f"\nsave_outputs(globals(), {list(saves)!r})\n"
        for name in saves:
            self.made.setdefault(name, []).append(step)
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "KALE_STEP_CONTEXT": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip().split("manifest.MarshalError: ")[-1]
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else done.stderr


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step that loads and saves ``x`` and ``y`` in one place."""
    places = {name: str(tmp_path / name) for name in ("x", "y")}
    content = {
        "step": "train",
        "inputs": {name: [place] for name, place in places.items()},
        "outputs": places,
        "metrics": str(tmp_path / "results" / "metrics.json"),
    }
    path = tmp_path / "context.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("KALE_STEP_CONTEXT", str(path))
    return tmp_path
