"""The process that KFP's local runner works in: ``python -m`` this module and a JOB.

KFP keeps its settings in a global, replaces ``print`` and the root logger, and removes its
workspace when it is done: all that stays in here. JOB is a JSON file: ``package``, ``root`` (a
folder for what tasks leave), ``scratch`` (a folder that the caller removes), ``logs`` (each task's
own, by step; a task that is no step's has none), ``indices`` (of each step the inputs with the
numbers of its items), ``cwd``, ``arguments`` (``[task, input, value]``), ``parent`` (the process
that must live on) and ``events`` (an open descriptor). To that it writes lines of JSON:
``{"runner": "docker" | "subprocess"}``; ``{"began": step, "index": [number]}`` for each attempt;
``{"ended": step, "index": [number], "succeeded": bool, "output": path}``, the path of the executor
output; and last ``{"done": null}``, or what KFP itself failed at.

Kale's steps are container components, which KFP's SubprocessRunner refuses; but a container of
Kale's is a Python command that finds all it needs in its arguments. So the class that runs a task
is replaced by one derived from it, in this process alone; the rest of KFP is as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kale.runners.engines.kernel import die_with_parent
from kale.runners.expansion import instance_name
from kale.runners.kfp_local.arguments import leave_out, pipeline_arguments
from kale.runners.kfp_local.mended import mend
from kale.runners.kfp_local.task_processes import TaskProcesses

#: Where a package's container has them: its command, in four parts, and its arguments.
_EXECUTOR_INPUT, _STEP = 4, 5

_Send = Callable[[Mapping[str, Any]], None]


def main(job_file: str) -> None:
    """Run the package as ``job_file`` says; see the module."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    events = int(job["events"])
    os.set_inheritable(events, False)

    def send(event: Mapping[str, Any]) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    processes = TaskProcesses()
    signal.signal(signal.SIGTERM, processes.stop)
    die_with_parent(signal.SIGTERM)()
    if os.getppid() != job["parent"]:
        return
    try:
        _run(job, processes, send)
    except Exception as error:  # noqa: BLE001 - KFP fails in many ways, and the run must tell it
        send({"done": f"{type(error).__name__}: {error}"})
    else:
        send({"done": None})


def _run(job: Mapping[str, Any], processes: TaskProcesses, send: _Send) -> None:
    """Have KFP run the package.

    Raises:
        Exception: what KFP failed at, outside of any task.
    """
    import yaml
    from kfp import components, local
    from kfp.local import subprocess_task_handler, task_dispatcher

    runner: local.SubprocessRunner | local.DockerRunner
    # The second document, for Kubernetes alone, is nothing that KFP runs locally.
    package = next(iter(yaml.safe_load_all(Path(job["package"]).read_bytes())))
    mend()
    given = pipeline_arguments(package, job["arguments"])
    leave_out(package, given)
    if _docker_is_there():
        runner = local.DockerRunner()
        handler = task_dispatcher.docker_task_handler
        handler.DockerTaskHandler = _docker_handler(handler.DockerTaskHandler, job, send)
        send({"runner": "docker"})
    else:
        runner = local.SubprocessRunner(use_venv=False)
        subprocess_task_handler.SubprocessTaskHandler = _subprocess_handler(
            subprocess_task_handler.SubprocessTaskHandler, job, processes, send
        )
        send({"runner": "subprocess"})
    # KFP removes the folder of the workspace after the run, whatever it holds.
    workspace = Path(job["scratch"], "workspace")
    workspace.mkdir()
    local.init(
        runner,
        pipeline_root=job["root"],
        workspace_root=str(workspace),
        raise_on_error=False,
        enable_caching=False,
    )
    pipeline = components.load_component_from_text(yaml.safe_dump(package))
    pipeline(**given)


def _docker_is_there() -> bool:
    """Whether KFP's DockerRunner can work: Docker's Python package, and a daemon that answers."""
    try:
        import docker

        client = docker.from_env(timeout=10)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except Exception:  # noqa: BLE001 - not installed, no daemon, no permission: in any case, no
        return False


def _subprocess_handler(
    base: Any, job: Mapping[str, Any], processes: TaskProcesses, send: _Send
) -> Any:
    """KFP's class for tasks in processes, able to run the containers of a package of Kale's."""
    from kfp.local.status import Status

    class StepTaskHandler(base):  # type: ignore[misc]  # KFP has no types
        def validate_image(self, image: str) -> None:
            """Kale has said that no image is used."""

        def validate_not_container_component(self, full_command: list[str]) -> None:
            """Container components are what the class is for."""

        def run(self) -> Status:
            step = self.full_command[_STEP]
            about = _about(job, self.full_command)
            send({"began": step, **about})
            # What a step wants installed goes to a folder of the run's, not to the user's Python.
            packages = str(Path(job["scratch"], f"packages-{step}"))
            env = {**os.environ, **self.env_vars, "PIP_TARGET": packages}
            env["PYTHONPATH"] = os.pathsep.join(filter(None, [packages, env.get("PYTHONPATH")]))
            with _log(job, step, about["index"]).open("ab") as log:
                status = processes.run(
                    # `-P`: the author's folder may hold a `json.py`.
                    [sys.executable, "-P", *self.full_command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=env,
                    cwd=job["cwd"],
                )
            send({"ended": step, **about, "succeeded": status == 0})
            return Status.SUCCESS if status == 0 else Status.FAILURE

    return StepTaskHandler


def _docker_handler(base: Any, job: Mapping[str, Any], send: _Send) -> Any:
    """KFP's class for tasks in containers, its output in the step's log."""
    from kfp.local.status import Status

    class StepTaskHandler(base):  # type: ignore[misc]  # KFP has no types
        def run(self) -> Status:
            step = self.full_command[_STEP]
            about = _about(job, self.full_command)
            send({"began": step, **about})
            with (
                _log(job, step, about["index"]).open("a", encoding="utf-8") as log,
                contextlib.redirect_stdout(log),
            ):
                status: Status = super().run()
            send({"ended": step, **about, "succeeded": status == Status.SUCCESS})
            return status

    return StepTaskHandler


def _about(job: Mapping[str, Any], command: list[str]) -> dict[str, Any]:
    """Which items of loops a task works on, and where its executor output is to be."""
    given = json.loads(command[_EXECUTOR_INPUT])
    values = given.get("inputs", {}).get("parameterValues", {})
    index = [int(values[key]) for key in job["indices"].get(command[_STEP], ())]
    return {"index": index, "output": given["outputs"]["outputFile"]}


def _log(job: Mapping[str, Any], step: str, index: Sequence[int]) -> Path:
    if step not in job["logs"]:
        return Path(job["root"]).with_name(f"{step}.log")
    path = Path(job["logs"][step])
    return path.with_name(f"{instance_name(step, tuple(index))}{path.suffix}")


if __name__ == "__main__":
    main(sys.argv[1])
