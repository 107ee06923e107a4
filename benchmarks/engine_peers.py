"""What a user would pick instead, really run: papermill, kubeflow-kale, Ploomber."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from engine_notebooks import three, write

#: Run by kubeflow-kale's Python: its output, in KFP's local runner. Arguments: the package, a
#: folder for outputs, and whether each task gets a new virtual environment.
_KFP_LOCAL = """
import sys, tempfile
from kfp import components, local
package, folder, fresh = sys.argv[1:]
local.init(
    local.SubprocessRunner(use_venv=fresh == "fresh"),
    pipeline_root=folder, workspace_root=tempfile.mkdtemp(),
)
components.load_component_from_file(package)()
"""


def seconds(command: list[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Wall seconds of a command.

    Raises:
        RuntimeError: it fails, so that the time would mean nothing.
    """
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(env or {})},
        check=False,
    )
    took = time.perf_counter() - start
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)} failed: {said[-3000:]}")
    return took


def papermill(run: Path, scratch: Path) -> float:
    """Wall seconds of papermill's command on all step notebooks of a run of Kale's, one by one.

    They load and save as in that run, in a copy of its folder.
    """
    if scratch.exists():
        shutil.rmtree(scratch)
    shutil.copytree(run, scratch)
    for context in (scratch / "contexts").glob("*.json"):
        context.write_text(context.read_text().replace(str(run), str(scratch)))
    total = 0.0
    notebooks = sorted((scratch / "steps").glob("*.ipynb"), key=lambda p: int(p.stem[1:]))
    for notebook in notebooks:
        shutil.rmtree(scratch / "values" / notebook.stem, ignore_errors=True)
        total += seconds(
            [sys.executable, "-m", "papermill", str(notebook), str(scratch / "out.ipynb")],
            scratch,
            {
                "PYTHONPATH": str(scratch / "runtime"),
                "KALE_STEP_CONTEXT": str(scratch / "contexts" / f"{notebook.stem}.json"),
            },
        )
    return total


class KubeflowKale:
    """kubeflow-kale's output of the notebook :func:`engine_notebooks.three`, in KFP's local runner.

    Without ``fresh`` environments its steps find all that they want installed there: pip looks,
    and installs nothing.
    """

    steps = 3

    def __init__(self, python: Path, folder: Path, *, fresh: bool) -> None:
        self._python, self._folder, self._fresh = python, folder, fresh
        self._runs = 0
        folder.mkdir()
        notebook = write(folder / "three.ipynb", three(), steps_as="step")
        seconds([str(python.parent / "kale"), "--nb", notebook.name], folder)
        (self._package,) = (folder / ".kale").glob("*.yaml")

    def run(self) -> float:
        """Wall seconds of a run."""
        self._runs += 1
        folder = self._folder / f"out-{self._runs}"
        kind = "fresh" if self._fresh else "here"
        command = [str(self._python), "-c", _KFP_LOCAL, str(self._package), str(folder), kind]
        # KFP's command for a task asks the path for pip.
        path = os.pathsep.join([str(self._python.parent), os.environ["PATH"]])
        return seconds(command, self._folder, {"PATH": path})


class Ploomber:
    """A Ploomber pipeline of so many notebooks in ten chains, built once."""

    def __init__(self, python: Path, folder: Path, steps: int, wide: int = 10) -> None:
        self._ploomber, self._folder = str(python.parent / "ploomber"), folder
        folder.mkdir()
        tasks = []
        for number in range(steps):
            upstream = f"['s{number - wide}']" if number >= wide else "None"
            head = f'# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n'
            (folder / f"s{number}.py").write_text(f"{head}\n# %%\npass\n")
            tasks.append(f"  - source: s{number}.py\n    product: out/s{number}.ipynb\n")
        # The fastest way to build; a build with nothing to do is the same for all.
        text = "executor:\n  dotted_path: ploomber.executors.Parallel\n"
        (folder / "pipeline.yaml").write_text(f"{text}tasks:\n{''.join(tasks)}")
        self.built = self.run()

    def run(self) -> float:
        """Wall seconds of ``ploomber build``."""
        env = {"PLOOMBER_STATS_ENABLED": "false", "PLOOMBER_VERSION_CHECK_DISABLED": "true"}
        return seconds([self._ploomber, "build"], self._folder, env)
