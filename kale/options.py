"""What an author may ask for: of one step, resources, placement, retries; of all, how to pickle."""

from __future__ import annotations

from typing import Any

from kale.dataclass import dataclass

#: Ordered (key, value) pairs, one a key: a mapping that can be hashed.
Pairs = tuple[tuple[str, str], ...]

#: What may save the values that no library's own format holds; the first one, if nobody asks.
PICKLERS = ("cloudpickle", "dill", "joblib")

#: What the name of an environment variable that sets something starts with.
ENVIRONMENT_PREFIX = "KALE_"

#: Settings that are on or off, by their key in the notebook metadata.
FLAGS = frozenset({"no_pickle"})


@dataclass(frozen=True, slots=True)
class Pickling:
    """How steps save and load what only a pickle can hold: not at all, or by which package."""

    no_pickle: bool = False
    pickler: str = PICKLERS[0]

    def as_json(self) -> dict[str, Any]:
        """What is asked for beyond the defaults, as the step runtime reads it."""
        asked: dict[str, Any] = {"no_pickle": True} if self.no_pickle else {}
        return asked if self.pickler == PICKLERS[0] else {**asked, "pickler": self.pickler}


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
class SecurityContext:
    """Whom a step's container runs as, in numbers; ``None`` leaves it to image and cluster."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """An existing persistent volume claim and the absolute path it is mounted at."""

    claim: str
    mount_path: str


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What tags and ``steps_defaults`` ask for one step; ``None`` and empty mean "not said".

    ``limits`` and ``requests`` map Kubernetes resource names to quantities (``memory`` to
    ``1.5Gi``); ``timeout`` is in seconds; ``retries`` counts attempts after a failure, with
    ``retry_pause`` seconds before each. ``pull_secrets`` name Kubernetes secrets and
    ``pull_policy`` is Kubernetes' word, as ``Always``.
    ``files`` are paths or patterns, relative to the notebook, of what the step reads.
    """

    image: str | None = None
    packages: tuple[str, ...] = ()
    limits: Pairs = ()
    requests: Pairs = ()
    retries: int | None = None
    retry_pause: int | None = None
    timeout: int | None = None
    caching: bool | None = None
    report: bool | None = None
    files: tuple[str, ...] = ()
    env: Pairs = ()
    secrets: tuple[SecretEnv, ...] = ()
    labels: Pairs = ()
    annotations: Pairs = ()
    node_selectors: Pairs = ()
    tolerations: tuple[Toleration, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    pull_policy: str | None = None
    security_context: SecurityContext | None = None
