"""Plain Python functions as pipelines: the names that a script imports.

Run as a script, a file with these decorators is plain Python; Kale reads the same file, and never
runs it, to make a pipeline of it (:mod:`kale.sdk.lowering`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kale.sdk.container_step import ContainerStep as ContainerStep
    from kale.sdk.decorators import exit_handler as exit_handler
    from kale.sdk.decorators import parallel as parallel
    from kale.sdk.decorators import pipeline as pipeline
    from kale.sdk.decorators import step as step
    from kale.sdk.tracking import log_artifact as log_artifact
    from kale.sdk.tracking import log_figure as log_figure
    from kale.sdk.tracking import log_metric as log_metric

#: The public names, by the module that each stands in.
_HOMES = {
    "ContainerStep": "kale.sdk.container_step",
    "exit_handler": "kale.sdk.decorators",
    "log_artifact": "kale.sdk.tracking",
    "log_figure": "kale.sdk.tracking",
    "log_metric": "kale.sdk.tracking",
    "parallel": "kale.sdk.decorators",
    "pipeline": "kale.sdk.decorators",
    "step": "kale.sdk.decorators",
}

__all__ = [
    "ContainerStep",
    "exit_handler",
    "log_artifact",
    "log_figure",
    "log_metric",
    "parallel",
    "pipeline",
    "step",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kale.sdk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
