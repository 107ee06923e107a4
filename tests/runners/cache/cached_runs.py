"""Runs of a plan with its cache, one step after the other, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale.ir import Files, Plan
from kale.marshal.manifest import read_manifest
from kale.marshal.values import load
from kale.runners import default_run_dir
from kale.runners.cache.keeper import Keeper
from kale.runners.cache.recall import Recall
from kale.runners.cache.records import StepRecord
from kale.runners.cache.step_keys import StepKeys
from kale.runners.contexts import StepContexts
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory, write_json
from kale.runners.value_places import value_folders


@dataclass
class Outcome:
    """What a run did: the steps it took and those it ran, with what was amiss; and its records."""

    directory: RunDirectory
    plan: Plan
    taken: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    misses: dict[str, str] = field(default_factory=dict)
    records: dict[str, StepRecord] = field(default_factory=dict)

    def value(self, step: str, name: str) -> Any:
        folders = value_folders(port.name for port in self.plan.task(step).outputs)
        folder = self.directory.values(step) / folders[name]
        return load(folder, read_manifest(folder, name), {})


class StepServer:
    """The process that runs the steps."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("step_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, job: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Project:
    """A folder with a notebook, whose plans are run again and again."""

    def __init__(self, folder: Path, server: StepServer, runtime: Files) -> None:
        self.folder, self._server, self._runtime = folder, server, runtime

    def run(
        self,
        plan: Plan,
        *,
        parameters: Mapping[str, Any] = {},
        resume: Mapping[str, StepRecord] = {},
        use_cache: bool = True,
        finish: bool = True,
    ) -> Outcome:
        directory = RunDirectory(default_run_dir(self.folder, plan.pipeline.name))
        for part in ("runtime", "steps", "contexts", "notebooks", "values", "logs"):
            (directory.root / part).mkdir()
        for path, content in self._runtime.items():
            target = directory.runtime / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        keys = StepKeys(
            plan,
            directory=directory,
            cwd=self.folder,
            parameters=parameters,
            runtime=str(len(self._runtime)),
        )
        recall, keeper, outcome = (
            Recall(directory, keys),
            Keeper(directory.root),
            Outcome(directory, plan),
        )
        for task in plan.tasks:
            key = keys.key(task)
            found = recall.find_in(resume[task.name], key) if task.name in resume else None
            if (found is None or found.record is None) and use_cache:
                found = recall.find(key)
            if found is not None and found.record is not None:
                taken = recall.restore(found.record)
                assert taken is not None
                outcome.taken.append(task.name)
                outcome.records[task.name] = taken
                continue
            outcome.ran.append(task.name)
            if found is not None:
                outcome.misses[task.name] = found.miss
            directory.step_notebook(task.name).write_bytes(task.notebook)
            write_json(directory.context(task.name), StepContexts(plan, directory).of(task))
            env = {
                **os.environ,
                **dict(task.options.env),
                "KALE_STEP_CONTEXT": str(directory.context(task.name)),
                "PYTHONPATH": os.pathsep.join(
                    [str(directory.runtime), *filter(None, [os.environ.get("PYTHONPATH")])]
                ),
            }
            done = self._server.run(
                {
                    "notebook": str(directory.step_notebook(task.name)),
                    "output": str(directory.executed_notebook(task.name)),
                    "log": str(directory.log(task.name)),
                    "cwd": str(self.folder),
                    "env": env,
                    "parameters": task_parameters(task, parameters),
                    "probe": keys.probe(task),
                }
            )
            assert done["error"] is None, directory.log(task.name).read_text()
            record = recall.remember(key, task, 0.1, done["probe"])
            outcome.records[task.name] = record
            keeper.keep(task.name, record)
        if finish:
            assert keeper.finish(lambda: False) is None
            write_json(directory.result, {})
        keys.close()
        return outcome
