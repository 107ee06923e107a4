"""What each step's process is given: its files, its environment and its orders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kale.ir import Files, Plan, Task
from kale.runners.contexts import StepContexts
from kale.runners.engines.child import Child
from kale.runners.engines.first_imports import first_imports
from kale.runners.engines.templates import Templates
from kale.runners.failures.probe_source import value_probe_source
from kale.runners.logged import forget_logged
from kale.runners.options import EngineName
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory, write_json


class Launcher:
    """Starts the processes of one run; a context that ends with all that serves them.

    ``cwd`` is the folder that steps run in; ``scratch`` holds the kernels' sockets and has a
    short path. ``watch`` gives the probe that notes a step's files.
    """

    def __init__(
        self,
        plan: Plan,
        directory: RunDirectory,
        scratch: Path,
        cwd: Path,
        parameters: Mapping[str, Any],
        *,
        runtime: Files,
        engine: EngineName,
        watch: Callable[[Task], Mapping[str, Any]],
    ) -> None:
        self.plan, self.directory = plan, directory
        self._scratch, self._cwd, self._parameters = scratch, cwd, parameters
        self._files, self._engine, self._watch = runtime, engine, watch
        self._templates: Templates | None = None
        self._contexts = StepContexts(plan, directory)
        self._launched = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._templates is not None:
            self._templates.close()

    @property
    def runtime(self) -> Path:
        """The folder for PYTHONPATH, which cannot take a path that holds its separator."""
        proper = self.directory.runtime
        return self._scratch / "runtime" if os.pathsep in str(proper) else proper

    def _write_runtime(self) -> None:
        """Put the step runtime where the kernels will find it."""
        for path, content in self._files.items():
            target = self.runtime / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def launch(self, task: Task, *, hold: bool = False) -> Child:
        """Start a process for ``task``; with ``hold`` it waits before the first cell.

        Raises:
            OSError: a file cannot be written, or no process be started.
            ValueError: the step's environment cannot be expressed.
        """
        if self._templates is None:
            # Not before a step has to run: where all is known, nothing of it is needed.
            self._write_runtime()
            imports = [source.code for source in self.plan.pipeline.imports]
            env = self._common_environment()
            self._templates = Templates(
                env, self._cwd, first_imports(imports), runtime=self.runtime
            )
        self._launched += 1
        directory, step = self.directory, task.name
        # A failed attempt must leave nothing that the next one could be taken for.
        shutil.rmtree(directory.values(step), ignore_errors=True)
        directory.executed_notebook(step).unlink(missing_ok=True)
        directory.metrics_of(step).unlink(missing_ok=True)
        directory.decisions_of(step).unlink(missing_ok=True)
        forget_logged(directory.logged(step))
        directory.step_notebook(step).write_bytes(task.notebook)
        write_json(directory.context(step), self._contexts.of(task))
        job = {
            "notebook": str(directory.step_notebook(step)),
            "output": str(directory.executed_notebook(step)),
            "cwd": str(self._cwd),
            "parameters": task_parameters(task, self._parameters),
            "connection_file": str(self._scratch / f"{self._launched}.json"),
            "engine": self._engine,
            "probes": {"files": self._watch(task), "values": _values_probe(task)},
        }
        return Child(
            job,
            directory.job(step),
            log=directory.log(step),
            env=self._environment(task),
            templates=self._templates,
            hold=hold,
        )

    def _common_environment(self) -> dict[str, str]:
        """What all steps have: this process's environment, and where the runtime is."""
        env = dict(os.environ)
        inherited = env.get("PYTHONPATH")
        paths = [str(self.runtime), *([inherited] if inherited else [])]
        return {**env, "PYTHONPATH": os.pathsep.join(paths)}

    def _environment(self, task: Task) -> dict[str, str]:
        """The environment of a step: what all have, and its own."""
        env = self._common_environment()
        own = dict(task.options.env)
        if "PYTHONPATH" in own:
            own["PYTHONPATH"] = os.pathsep.join([str(self.runtime), own["PYTHONPATH"]])
        return {**env, **own, "KALE_STEP_CONTEXT": str(self.directory.context(task.name))}


def _values_probe(task: Task) -> dict[str, Any]:
    """The probe that tells the values of names where a cell fails."""
    secrets = [secret.env for secret in task.options.secrets]
    return {"source": value_probe_source(), "arguments": {"secrets": secrets}}
