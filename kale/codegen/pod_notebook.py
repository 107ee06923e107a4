"""A step's notebook as a pod runs it: no lines that install, and what its pod shows the code."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from kale.codegen.literals import python_literal
from kale.codegen.step_notebook import notebook_json, step_cell
from kale.ir import Pairs, StepOptions, Volumes

_NONE = Volumes()


@functools.lru_cache(maxsize=1024)
def pod_notebook(
    notebook: bytes,
    options: StepOptions,
    volumes: Volumes = _NONE,
    logged: Pairs | None = None,
    tells: Pairs | None = None,
    shows: tuple[tuple[str, str, str], ...] = (),
) -> bytes:
    """``notebook`` with a comment in the place of each install line; the lines stay as many.

    ``metadata.kale.installs`` of a cell names them: the first and last line of each, from 1.
    The pod has installed what they ask for, as the packages of its step, before it starts.

    ``metadata.kale.sees`` says which variables, secrets and volumes the code sees: those of
    ``options``, and ``volumes`` of the pipeline. ``metadata.kale.on_volume`` is the folder of a
    volume that the values go through, if they do, and ``metadata.kale.logged`` is ``logged``: the
    outputs of files that the step logs, by their names, if it may log anything.
    ``metadata.kale.told`` maps loops and conditions to the output parameters that tell of them,
    and is there for all that concerns them. The last cell notes the results that ``shows`` has,
    each an output parameter, a variable and a type.
    Kubeflow Pipelines has only image, command and arguments of a container in its cache's key, so
    a changed variable has to change the arguments, or the outputs of the old one would be taken.
    The other way round, the numbers and ids of the author's cells are left out: with them, a
    paragraph more at the top of a notebook would run every step again; :func:`cell_numbers` gives
    the numbers.
    """
    document = json.loads(notebook)
    sees = {
        "env": options.env,
        "secrets": [(secret.secret, secret.key, secret.env) for secret in options.secrets],
        "volumes": [(volume.claim, volume.mount_path) for volume in options.volumes],
        "mounted": [
            (volume.kind, volume.name, volume.mount_path, volume.sub_path, volume.snapshot)
            for volume in volumes.mounted
        ],
    }
    if found := {kind: value for kind, value in sees.items() if value}:
        document["metadata"]["kale"]["sees"] = found
    if volumes.marshal:
        document["metadata"]["kale"]["on_volume"] = volumes.marshal
    if logged is not None:
        document["metadata"]["kale"]["logged"] = dict(logged)
    document["metadata"]["kale"].pop("shown", None)
    if tells is not None:
        document["metadata"]["kale"]["told"] = dict(tells)
    if shows:
        document["metadata"]["kale"]["shows"] = shows
        document["cells"].append(_show(len(document["cells"]) + 1, shows))
    for cell in document["cells"]:
        for place in ("cell", "cell_id"):
            cell["metadata"]["kale"].pop(place, None)
        for first, last in cell["metadata"]["kale"].pop("installs", ()):
            lines = cell["source"][first - 1 : last]
            cell["source"][first - 1 : last] = [
                _comment(lines[0], first=True),
                *map(_comment, lines[1:]),
            ]
    return notebook_json(document)


@functools.lru_cache(maxsize=1024)
def cell_numbers(notebook: bytes) -> str:
    """The number of each cell in the author's notebook, in order; 0 for a cell of Kale's own."""
    cells = json.loads(notebook)["cells"]
    return " ".join(str(cell["metadata"]["kale"].get("cell", 0)) for cell in cells)


def _show(number: int, shows: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    told = f"__import__({python_literal('kale_pod.told')}).told"
    code = f"{told}.show(globals(), {python_literal([*shows])})"
    return step_cell(number, {"role": "show"}, code)


def _comment(line: str, *, first: bool = False) -> str:
    """The line as a comment; an indented one may be all that a block holds."""
    indent, text = re.fullmatch(r"([ \t]*)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    if not first:
        return f"{indent}# {text}"
    return f"{indent}{'pass  ' if indent else ''}# installed before the step starts: {text}"
