"""A plan with loops and conditions run in this process: each instance of a step with only its ports.

As in `stepwise`, the step notebooks, the runtime and the saved values are the real ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from stepwise import _main, _run, _run_directory, _runtime

from kale.ir import Plan, Task
from kale.runners.contexts import StepContexts
from kale.runners.expansion import Expansion
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory


def run_instances(plan: Plan, parameters: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What each instance of a step prints, by its name, in the order in which they ran.

    Raises:
        AssertionError: some instances wait for what never ends.
        Exception: whatever a cell raises.
    """
    printed: dict[str, str] = {}
    with _run_directory() as directory:
        expansion = Expansion(plan)
        contexts = StepContexts(expansion.plan, directory)
        ended: set[str] = set()
        while ready := _ready(expansion, ended):
            for name in ready:
                ended.add(name)
                if expansion[name].left_out:
                    continue
                task = expansion.task(name)
                printed[name] = _run_instance(task, contexts, directory, parameters or {})
                if task.decides:
                    told = json.loads(directory.decisions_of(name).read_text("utf-8"))
                    expansion.decide(name, expansion.check(name, told))
        assert ended.issuperset(expansion.names), f"{ {*expansion.names} - ended } never ran"
    return printed


def _ready(expansion: Expansion, ended: set[str]) -> list[str]:
    return [
        name
        for name in expansion.names
        if name not in ended
        and not expansion[name].open
        and ended.issuperset((*expansion.after(name), *expansion.after_any(name)))
    ]


def _run_instance(
    task: Task, contexts: StepContexts, directory: RunDirectory, parameters: Mapping[str, Any]
) -> str:
    context = directory.context(task.name)
    context.write_text(json.dumps(contexts.of(task)), encoding="utf-8")
    os.environ["KALE_STEP_CONTEXT"] = str(context)
    printed = ""
    with _main() as namespace, _runtime():
        for cell in json.loads(task.notebook)["cells"]:
            role = cell["metadata"]["kale"]["role"]
            found = _run("".join(cell["source"]), namespace)
            if role == "parameters":
                namespace.update(task_parameters(task, parameters))
            printed += found if role == "step" else ""
    return printed
