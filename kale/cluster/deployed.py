"""What to do with a package on a cluster, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from kale.dataclass import dataclass

#: The experiment of runs for which nobody named one; the server's own word.
DEFAULT_EXPERIMENT = "Default"


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """What to do with a package; empty texts are not said.

    ``parameters`` are the run's, by their keys in the package. ``cron`` has six fields, and asks
    for a recurring run in the place of one; ``replace`` for it to take the place of those of its
    name. ``upload_only`` runs nothing.
    """

    experiment: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    run_name: str = ""
    service_account: str = ""
    pipeline_root: str = ""
    cron: str = ""
    recurring_name: str = ""
    replace: bool = False
    upload_only: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """Something on a cluster; ``new`` if this deploy made it. Its ``id`` is the server's word."""

    name: str
    id: str
    link: str
    new: bool = True

    def as_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return {"name": self.name, "id": self.id, "link": self.link, "new": self.new}


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy found or made so far.

    ``replaced`` are the ids of recurring runs that are gone now, ``notes`` what else is to be said.
    """

    pipeline: Resource | None = None
    version: Resource | None = None
    experiment: Resource | None = None
    run: Resource | None = None
    recurring_run: Resource | None = None
    replaced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def made(self) -> tuple[tuple[str, Resource], ...]:
        """What this deploy made, each with what it is."""
        return tuple((kind, one) for kind, one in self.all() if one.new)

    def all(self) -> tuple[tuple[str, Resource], ...]:
        """All that there is, each with what it is."""
        return tuple((kind, one) for kind, one in self._kinds() if one is not None)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values; what there is not is ``None``."""
        found = {kind: one and one.as_json() for kind, one in self._kinds()}
        return {**found, "replaced": [*self.replaced], "notes": [*self.notes]}

    def _kinds(self) -> tuple[tuple[str, Resource | None], ...]:
        return (
            ("pipeline", self.pipeline),
            ("version", self.version),
            ("experiment", self.experiment),
            ("run", self.run),
            ("recurring_run", self.recurring_run),
        )
