"""Which step of a run a task of KFP's is: in a loop there is one for each item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kale.decisions import decided
from kale.ir import Plan, PortKind
from kale.runners.expansion import Expansion, Node, loops_of
from kale.runners.result import StepResult


def index_keys(plan: Plan) -> dict[str, list[str]]:
    """The inputs of each step that hold the numbers of its items, the outermost loop's first."""
    return {
        task.name: [
            port.key
            for loop in loops_of(task)
            for port in task.inputs
            if port.kind is PortKind.PARAMETER and port.source and port.source[0] == loop.key
        ]
        for task in plan.tasks
    }


def of_what(node: Node) -> dict[str, Any]:
    """What the result of a step says of the loops that it stands in."""
    return {"step": node.task.name, "index": node.index} if node.index else {}


def skipped(node: Node, failed: tuple[str, ...]) -> StepResult:
    """The result of a step that did not run: it need not, or others have failed."""
    blocked = () if node.left_out else failed
    return StepResult(node.name, "skipped", blocked_by=blocked, why=node.left_out, **of_what(node))


def decided_by(
    expansion: Expansion, name: str, output: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """Take note of what a step has told in its executor output: what its followers have become.

    Raises:
        RunError: it is not what it should be.
    """
    values = output.get("parameterValues", {})
    told = {key: decided(key, values) for key, _ in expansion[name].task.decides}
    return expansion.decide(name, expansion.check(name, told)) if told else {}
