"""What each step's process is given: its files, its environment and its orders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.ir import Files, Plan, Task
from kale.runners.engines.child import Child
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory, step_context, write_json


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts the processes of one run.

    ``cwd`` is the folder that steps run in; ``scratch`` holds the kernels' sockets and has a
    short path.
    """

    plan: Plan
    directory: RunDirectory
    scratch: Path
    cwd: Path
    parameters: Mapping[str, Any]

    @property
    def runtime(self) -> Path:
        """The folder for PYTHONPATH, which cannot take a path that holds its separator."""
        proper = self.directory.runtime
        return self.scratch / "runtime" if os.pathsep in str(proper) else proper

    def write_runtime(self, files: Files) -> None:
        """Put the step runtime where the kernels will find it."""
        for path, content in files.items():
            target = self.runtime / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def launch(self, task: Task, number: int) -> Child:
        """Start a process for ``task``; ``number`` is another one at each call.

        Raises:
            OSError: a file cannot be written, or no process be started.
            ValueError: the step's environment cannot be expressed.
        """
        directory, step = self.directory, task.name
        # A failed attempt must leave nothing that the next one could be taken for.
        shutil.rmtree(directory.values(step), ignore_errors=True)
        directory.executed_notebook(step).unlink(missing_ok=True)
        directory.metrics_of(step).unlink(missing_ok=True)
        directory.step_notebook(step).write_bytes(task.notebook)
        write_json(directory.context(step), step_context(self.plan, task, directory))
        job = {
            "notebook": str(directory.step_notebook(step)),
            "output": str(directory.executed_notebook(step)),
            "cwd": str(self.cwd),
            "parameters": task_parameters(task, self.parameters),
            "connection_file": str(self.scratch / f"{number}.json"),
        }
        log, env = directory.log(step), self._environment(task)
        return Child(job, directory.job(step), log=log, env=env)

    def _environment(self, task: Task) -> dict[str, str]:
        """The environment of a step: this process's, the step's own, and the runtime's."""
        env = {**os.environ, **dict(task.options.env)}
        inherited = env.get("PYTHONPATH")
        paths = [str(self.runtime), *([inherited] if inherited else [])]
        env["PYTHONPATH"] = os.pathsep.join(paths)
        env["KALE_STEP_CONTEXT"] = str(self.directory.context(task.name))
        return env
