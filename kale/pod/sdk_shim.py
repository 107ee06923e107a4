"""What stands for ``kale.sdk`` in a pod without Kale: decorators that do nothing, and the logging.

It travels as ``kale/sdk/__init__.py``, beside :mod:`kale.sdk.tracking`, where code imports Kale.
"""

from __future__ import annotations

from typing import Any

from .tracking import (  # type: ignore[import-not-found] # where it travels to
    log_artifact,
    log_figure,
    log_metric,
)

__all__ = [
    "ContainerStep", "exit_handler", "log_artifact", "log_figure", "log_metric", "parallel",
    "pipeline", "step",
]  # fmt: skip


def step(function: Any = None, /, **_options: Any) -> Any:
    """The function itself: with options, what takes the function."""
    return (lambda decorated: decorated) if function is None else function


def parallel(items: Any, *_options: Any, **_more: Any) -> Any:
    """The items."""
    return items


#: Bodies of pipelines do not run in pods.
pipeline = exit_handler = step


class ContainerStep:
    """What can be made at the top of a module, and called in the body of a pipeline alone."""

    def __init__(self, **_options: Any) -> None:
        pass

    def __call__(self, *_values: Any, **_named: Any) -> Any:
        """Refuse: a step's pod starts no containers."""
        raise RuntimeError("call a container step in the body of a pipeline, not in a step")
