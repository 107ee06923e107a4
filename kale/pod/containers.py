"""What the tasks before and after a container do: values become texts, and texts values.

Both functions are called in a step's kernel.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: What does not arrive as it is in an argument, and the most that does.
_EXPANDED = re.compile(r"\{\{|\$[$(]|\$[^\0-\x7f]|\0")
_LONGEST = 10_000


def give(
    scope: dict[str, Any], values: Mapping[str, Any], direct: Sequence[str], files: Sequence[str]
) -> None:
    """Make texts of values: variables for those that are arguments, files for others.

    Raises:
        ValueError: a text would not arrive in an argument as it is.
    """
    from kale.sdk import log_artifact

    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if name in direct:
            if len(text) > _LONGEST or _EXPANDED.search(text):
                raise ValueError(
                    f"input `{name}` is too long for an argument, or holds what a cluster expands;"
                    f" hand it over as a file, {{inputs.{name}.path}}"
                )
            scope[f"kale_input_{name}"] = text
        if name in files:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "text")
                path.write_text(text, encoding="utf-8", newline="")
                log_artifact(path, f"kale_file_{name}")


def take(scope: dict[str, Any], kinds: Mapping[str, str]) -> None:
    """Bind variables to what a container has written; ``kinds`` are their types.

    Raises:
        ValueError: a file is not there, or holds no value of that type.
    """
    files = json.loads(Path(os.environ["KALE_STEP_CONTEXT"]).read_bytes())["files"]
    for name, kind in kinds.items():
        path = Path(files[name])
        if not path.is_file():
            raise ValueError(f"the container has not written `{name}`")
        scope[name] = _value(name, path.read_bytes().decode(), kind)


def _value(name: str, text: str, kind: str) -> Any:
    if kind == "str":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value).__name__ != kind:
        raise ValueError(f"`{name}` is no {kind} in JSON: {text[:60]!r}")
    return value
