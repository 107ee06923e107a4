"""The decorators of a script: what they say is for Kale, to Python they change nothing.

``step`` and ``pipeline`` give back the function that they are given, so that a script is plain
Python and its functions can be tested and called as any others. Kale reads their options from the
file's text, which is why options are literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar, overload

P = ParamSpec("P")
R = TypeVar("R")
Items = TypeVar("Items")

#: Text of resources, labels and variables; numbers and booleans are written as text.
Texts = Mapping[str, str | int | float | bool]


class Decorator(Protocol):
    """What a decorator with options gives: a function of a function, of the same signature."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """The function itself."""


def _unchanged(function: Callable[P, R], /) -> Callable[P, R]:
    return function


@overload
def step(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def step(
    *,
    name: str = ...,
    image: str = ...,
    packages: Sequence[str] = ...,
    limits: Texts = ...,
    requests: Texts = ...,
    labels: Texts = ...,
    annotations: Texts = ...,
    retry_count: int = ...,
    retry_interval: int | str = ...,
    retry_factor: float = ...,
    retry_max_interval: int | str = ...,
    timeout: int = ...,
    cache: bool = ...,
    report: bool = ...,
    files: Sequence[str] = ...,
    secrets: Mapping[str, str] | Sequence[str] = ...,
    env: Texts = ...,
    volumes: Mapping[str, str] | Sequence[str] = ...,
    node_selectors: Texts = ...,
    tolerations: Sequence[str] = ...,
    image_pull_secrets: Sequence[str] = ...,
    image_pull_policy: str = ...,
    run_as_user: int = ...,
    run_as_group: int = ...,
    run_as_non_root: bool = ...,
) -> Decorator: ...
def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:  # noqa: ARG001 - Kale reads them in the file
    """Make a function a step of pipelines; called anywhere else, it is the plain function.

    ``name`` is by default that of the function. ``limits`` and ``requests`` map ``cpu``,
    ``memory`` or ``nvidia.com/gpu`` to quantities; ``timeout`` is in seconds, ``retry_interval``
    too, or ``30s``, ``2m``, ``1h``; ``secrets`` maps variables to ``SECRET:KEY``, ``volumes``
    claims to the paths that they are mounted at; ``tolerations`` are ``KEY:VALUE:EFFECT``.
    """
    return _unchanged if function is None else function


@overload
def pipeline(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def pipeline(
    *,
    name: str = ...,
    experiment: str = ...,
    description: str = ...,
    image: str = ...,
    docker_image: str = ...,
    steps_defaults: Sequence[str] | Mapping[str, Any] = ...,
    volumes: Sequence[Mapping[str, Any]] = ...,
    marshal_volume: bool | str | Mapping[str, Any] = ...,
    marshal_volume_size: str | int = ...,
    marshal_path: str = ...,
    storage_class_name: str = ...,
    volume_access_mode: str = ...,
    workspace: bool | str | Mapping[str, Any] = ...,
    workspace_size: str | int = ...,
    snapshot_volumes: bool = ...,
    autosnapshot: bool = ...,
    timeout: int = ...,
    cache: bool = ...,
    service_account: str = ...,
    image_pull_secrets: Sequence[str] = ...,
    image_pull_policy: str = ...,
    security_context: Mapping[str, Any] = ...,
    no_pickle: bool = ...,
    pickler: str = ...,
    kfp_host: str = ...,
    katib_run: bool = ...,
    katib_metadata: Mapping[str, Any] = ...,
) -> Decorator: ...
def pipeline(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:  # noqa: ARG001 - Kale reads them in the file
    """Make a function, whose body calls steps, a pipeline; its arguments are the parameters.

    ``name`` is by default that of the function, ``description`` its docstring. The others are the
    settings of a notebook's metadata: ``image`` is the default of all steps, ``steps_defaults``
    their other options, ``cache`` whether they are cached on a cluster. Called, the function runs
    its body as plain Python.
    """
    return _unchanged if function is None else function


@contextmanager
def exit_handler(step: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[None]:
    """Run ``step`` when the ``with`` block ends, also when one of its steps fails.

    Its arguments are parameters of the pipeline and literals.
    """
    try:
        yield
    finally:
        step(*args, **kwargs)


def parallel(items: Items, /, parallelism: int) -> Items:  # noqa: ARG001 - Kale reads it in the file
    """``items``, of which a pipeline works on at most ``parallelism`` at the same time."""
    return items
