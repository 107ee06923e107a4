"""A step's notebook as a pod runs it: without the lines that install what is there already."""

from __future__ import annotations

import functools
import json
import re

from kale.codegen.step_notebook import notebook_json


@functools.lru_cache(maxsize=1024)
def pod_notebook(notebook: bytes) -> bytes:
    """``notebook`` with a comment in the place of each install line; the lines stay as many.

    ``metadata.kale.installs`` of a cell names them: the first and last line of each, from 1.
    The pod has installed what they ask for, as the packages of its step, before it starts.
    """
    document = json.loads(notebook)
    changed = False
    for cell in document["cells"]:
        for first, last in cell["metadata"]["kale"].pop("installs", ()):
            lines = cell["source"][first - 1 : last]
            cell["source"][first - 1 : last] = [
                _comment(lines[0], first=True),
                *map(_comment, lines[1:]),
            ]
            changed = True
    return notebook_json(document) if changed else notebook


def _comment(line: str, *, first: bool = False) -> str:
    """The line as a comment; an indented one may be all that a block holds."""
    indent, text = re.fullmatch(r"([ \t]*)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    if not first:
        return f"{indent}# {text}"
    return f"{indent}{'pass  ' if indent else ''}# installed before the step starts: {text}"
