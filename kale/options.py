"""What an author may ask for one step: resources, environment, placement, retries."""

from __future__ import annotations

from dataclasses import dataclass

#: Ordered (key, value) pairs, one a key: a mapping that can be hashed.
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SecretEnv:
    """Environment variable ``env`` filled from key ``key`` of the Kubernetes secret ``secret``."""

    secret: str
    key: str
    env: str


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint that the step's pod tolerates; ``effect`` is Kubernetes' word, as ``NoSchedule``."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """An existing persistent volume claim and the absolute path it is mounted at."""

    claim: str
    mount_path: str


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What tags and ``steps_defaults`` ask for one step; ``None`` and empty mean "not said".

    ``limits`` and ``requests`` map Kubernetes resource names to quantities (``memory`` to
    ``1.5Gi``); ``timeout`` is in seconds; ``retries`` counts attempts after a failure.
    """

    image: str | None = None
    packages: tuple[str, ...] = ()
    limits: Pairs = ()
    requests: Pairs = ()
    retries: int | None = None
    timeout: int | None = None
    caching: bool | None = None
    report: bool | None = None
    env: Pairs = ()
    secrets: tuple[SecretEnv, ...] = ()
    labels: Pairs = ()
    annotations: Pairs = ()
    node_selectors: Pairs = ()
    tolerations: tuple[Toleration, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
