"""A pipeline's volumes in its script: what makes them, mounts them and deletes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kale.codegen.literals import python_literal
from kale.codegen.script_text import called
from kale.codegen.volume_tasks import (
    CLAIM_INPUT,
    CLAIM_OUTPUT,
    Mount,
    VolumeTask,
    workspace_patch,
)
from kale.volumes import Workspace


def volume_step(task: VolumeTask, names: Mapping[str, str]) -> dict[str, Any]:
    """The task as :func:`kale.codegen.script_text.pipeline_lines` takes one."""
    variable = names[f"task {task.key}"]
    arguments = [f"{name}={python_literal(value)}" for name, value in task.constants.items()]
    calls = []
    if task.claim_of:
        arguments.append(f"{CLAIM_INPUT}={_claim(task.claim_of, names)}")
        waits = (names[f"task {key}"] for key in task.after if key != task.claim_of)
        calls.append(f"{variable}.after({', '.join(waits)})")
    return {
        "arguments": lambda: arguments,
        "assignment": f"{variable} = ",
        "calls": [*calls, f"{variable}.set_caching_options(False)"],
        "function": names[f"step {task.key}"],
    }


def volume_lines(task: VolumeTask, names: Mapping[str, str]) -> Iterator[str]:
    """The component of a task."""
    dsl = names["dsl"]
    yield from ("", "", f"# {task.about}", f"@{dsl}.container_component")
    yield f"@named({python_literal(task.key)})"
    ports = [f"{name}: {kind.__name__}" for name, kind in task.parameters.items()]
    if not task.claim_of:
        ports.append(f"{CLAIM_OUTPUT}: {dsl}.OutputPath(str)")
    yield from called(f"def {names[f'step {task.key}']}", ports, 0, ":")
    image, key = python_literal(task.image), python_literal(task.key)
    yield f"    return {dsl}.ContainerSpec(image={image}, args=[{key}])"


def mount_call(mount: Mount, variable: str, names: Mapping[str, str]) -> str:
    """How the task in ``variable`` mounts a volume."""
    claim = mount.parameter or python_literal(mount.claim)
    if mount.task:
        claim = _claim(mount.task, names)
    folder = f", {python_literal(mount.sub_path)}" if mount.sub_path else ""
    return f"mount_pvc({variable}, {claim}, {python_literal(mount.path)}{folder})"


def workspace_argument(workspace: Workspace, dsl: str) -> list[str]:
    """What the pipeline's decorator says of its workspace, line by line."""
    patch = workspace_patch(workspace)
    lines = [
        f"    pipeline_config={dsl}.PipelineConfig(",
        f"        workspace={dsl}.WorkspaceConfig(",
    ]
    lines.append(f"            size={python_literal(workspace.size)},")
    if patch:
        kubernetes = f"{dsl}.KubernetesWorkspaceConfig(pvcSpecPatch={python_literal(patch)})"
        lines.append(f"            kubernetes={kubernetes},")
    return [*lines, "        ),", "    ),"]


def _claim(task: str, names: Mapping[str, str]) -> str:
    return f"{names[f'task {task}']}.outputs[{python_literal(CLAIM_OUTPUT)}]"
