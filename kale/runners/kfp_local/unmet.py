"""What a package asks for and KFP's local runner does not do, by step."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from typing import Literal

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, UsageError
from kale.ir import Pairs, Plan, StepOptions

#: KFP's runners: each task in a container, or in a process of this machine's Python.
RunnerName = Literal["docker", "subprocess"]


def check_runnable(plan: Plan) -> None:
    """See that KFP's local runner is there, and can run all steps.

    Raises:
        UsageError: the package ``kfp`` is not installed (KALE512), a step is a container (KALE765).
    """
    if importlib.util.find_spec("kfp") is None:
        raise UsageError(
            "KALE512",
            "KFP's local runner needs the package `kfp`, which is not installed here",
            hint="run `pip install 'kale[kfp]'`, or leave `--engine kfp-local` out",
        )
    for step in plan.pipeline.steps:
        if step.container:
            raise UsageError(
                "KALE765",
                f"step `{step.name}` is a container, which KFP's local runner is not given",
                at=step.at,
                hint="leave `--engine kfp-local` out; Kale runs it with Docker or Podman",
            )


def unmet(plan: Plan, runner: RunnerName) -> tuple[Diagnostic, ...]:
    """A notice (KALE511) for each step that asks for something that ``runner`` leaves out."""
    places = {step.name: step.at for step in plan.pipeline.steps}
    found = []
    for task in plan.tasks:
        left_out = [*_left_out(task.options)]
        mounted = plan.pipeline.volumes.mounts
        left_out += [f"the volume `{v.claim or 'workspace'}` at `{v.mount_path}`" for v in mounted]
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
    for what, names in (
        ("node selector", _keys(options.node_selectors)),
        ("tolerations of", [toleration.key for toleration in options.tolerations]),
        ("pull secrets", options.pull_secrets),
        ("pull policy", [options.pull_policy] if options.pull_policy else []),
        ("labels", _keys(options.labels)),
        ("annotations", _keys(options.annotations)),
    ):
        if names:
            yield f"its {what} {_quoted(names)}"
    if options.security_context:
        yield "its security context"


def _keys(pairs: Pairs) -> list[str]:
    return [key for key, _ in pairs]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _listed(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
