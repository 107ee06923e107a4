"""What a package asks for and KFP's local runner does not do, by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location
from kale.ir import Pairs, Plan, StepOptions

#: KFP's runners: each task in a container, or in a process of this machine's Python.
RunnerName = Literal["docker", "subprocess"]


def unmet(plan: Plan, runner: RunnerName) -> tuple[Diagnostic, ...]:
    """A notice (KALE511) for each step that asks for something that ``runner`` leaves out."""
    places = {step.name: step.at for step in plan.pipeline.steps}
    found = []
    for task in plan.tasks:
        left_out = [*_left_out(task.options)]
        image = task.options.image or plan.pipeline.image
        if runner == "subprocess" and image:
            left_out.insert(0, f"its image `{image}`")
        if left_out:
            found.append(
                diagnose(
                    "KALE511",
                    f"KFP's local runner runs step `{task.name}` without {_listed(left_out)}",
                    at=places.get(task.name, Location(plan.pipeline.path, step=task.name)),
                    hint="a cluster gives the step what it asks for; here it does without",
                )
            )
    return tuple(found)


def _left_out(options: StepOptions) -> Iterator[str]:
    """What both runners leave out: all that only Kubernetes does, and KFP's bounds of resources."""
    for kind, pairs in (("request", options.requests), ("limit", options.limits)):
        for name, quantity in pairs:
            yield f"its {name} {kind} of {quantity}"
    if options.timeout:
        yield f"its timeout of {options.timeout} s"
    for secret in options.secrets:
        yield f"the secret `{secret.secret}` in `{secret.env}`"
    for volume in options.volumes:
        yield f"the volume `{volume.claim}` at `{volume.mount_path}`"
    if options.node_selectors:
        yield f"its node selector {_names(options.node_selectors)}"
    if options.tolerations:
        yield f"its tolerations of {_quoted(t.key for t in options.tolerations)}"
    if options.labels:
        yield f"its labels {_names(options.labels)}"
    if options.annotations:
        yield f"its annotations {_names(options.annotations)}"


def _names(pairs: Pairs) -> str:
    return _quoted(name for name, _ in pairs)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _listed(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
