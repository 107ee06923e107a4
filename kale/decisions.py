"""What a step in a pod tells of loops and conditions: the names and forms of output parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kale.control import Branch, Loop


def told_key(context: Loop | Branch) -> str:
    """The output of the step that decides: the numbers of a loop's items, or that of the branch.

    What follows the number keeps apart what KFP's compiler looks for by parts of names.
    """
    return f"{_stem(context.key)}{'branch' if isinstance(context, Branch) else 'items'}"


def decided(key: str, values: Mapping[str, Any]) -> int | None:
    """How many items the loop ``key`` has, or which branch is taken, by what a task told."""
    items, branch = values.get(f"{_stem(key)}items"), values.get(f"{_stem(key)}branch")
    if isinstance(items, list):
        return len(items)
    return None if branch is None else int(branch)


def _stem(key: str) -> str:
    return f"kale_{re.sub('[^0-9A-Za-z_]', '_', key)}_"
