"""``ContainerStep(…)``: read from the file's text, as the options of decorators are."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from kale.dataclass import dataclass
from kale.errors import KaleError, Location, NotebookError
from kale.sdk.lowering.options import STEP_OPTIONS, read_options
from kale.sdk.lowering.script import Script

_OWN = frozenset({"image", "command", "args", "inputs", "outputs"})


@dataclass(frozen=True, slots=True)
class Container:
    """What a container step runs; ``inputs`` and ``outputs`` map names to types, in order."""

    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def read_container(
    script: Script, variable: str, call: ast.Call
) -> tuple[Container, dict[str, tuple[Any, Location]], list[KaleError]]:
    """A container step, its options as those of a step, and what is wrong with it.

    Errors: KALE706.
    """
    from kale.sdk.container_step import faults, typed  # which most scripts do not need

    errors: list[KaleError] = []
    ports = {k.arg or "": _ports(k.value) for k in call.keywords if k.arg in {"inputs", "outputs"}}
    others = [k for k in call.keywords if ports.get(k.arg or "") is None]
    plain = ast.copy_location(ast.Call(call.func, call.args, others), call)
    options = read_options(script, plain, STEP_OPTIONS | _OWN, errors)
    own = {key: options.pop(key)[0] for key in _OWN & options.keys() if key != "image"}
    image = options.get("image", ("", None))[0]
    container = Container(
        image if isinstance(image, str) else "",
        _texts(own.get("command", ())),
        _texts(own.get("args", ())),
        typed(ports.get("inputs") or own.get("inputs", ())),
        typed(ports.get("outputs") or own.get("outputs", ())),
    )
    found = faults(
        container.image,
        (*container.command, *container.args),
        container.inputs,
        container.outputs,
    )
    if not errors:
        errors += [
            NotebookError(
                "KALE706",
                f"the container step `{variable}`: {fault}",
                at=script.at(call),
                hint="correct the arguments of `ContainerStep`",
            )
            for fault in found
        ]
    return container, options, errors


def _ports(node: ast.expr) -> dict[str, type] | None:
    """Inputs or outputs with their types, which are names and no literals."""
    from kale.sdk.container_step import TYPES

    if not isinstance(node, ast.Dict):
        return None
    kinds = {kind.__name__: kind for kind in TYPES}
    found: dict[str, type] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(value, ast.Name):
            return None
        found[str(key.value)] = kinds.get(value.id, object)
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()
