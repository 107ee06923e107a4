"""Copies of volumes that a deploy makes for its run: of which volumes, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kale.errors import ClusterError, Location, UsageError, raise_all
from kale.ir import Plan

if TYPE_CHECKING:
    from kale.cluster.deployed import DeployOptions
    from kale.cluster.snapshots import Clones

#: Hears lines of progress.
Say = Callable[[str], None]


def with_copies(
    planned: Plan, options: DeployOptions, namespace: str, say: Say, *, offline: bool
) -> Plan:
    """The plan with copies of the notebook server's volumes, if it names none itself.

    ``namespace`` is where the run will be, if that was said; nothing is looked up ``offline``.

    Raises:
        UsageError: the copies would be for many runs (KALE616).
        ClusterError: this is no notebook server, or Kubernetes cannot be asked.
    """
    pipeline = planned.pipeline
    if options.cron:
        raise UsageError(
            "KALE616",
            "volumes are copied for one run, and a recurring run has many",
            at=Location(pipeline.path),
            hint="take `snapshot_volumes` out of the notebook's metadata, and mount volumes that "
            "are there or made for each run",
        )
    if pipeline.volumes.clones:
        return planned
    if offline:
        say("the volumes of this notebook server would be copied; they are not looked up")
        return planned
    from kale.cluster.kubernetes_api import Kubernetes
    from kale.cluster.notebook_server import mounted_claims
    from kale.volumes import with_clones

    claims = mounted_claims(Kubernetes.connect(), say, namespace=namespace)
    raise_all(_wrong_places(claims, pipeline.path))
    taken = {parameter.name for parameter in pipeline.parameters}
    volumes = with_clones(pipeline.volumes, claims, taken)
    return replace(planned, pipeline=replace(pipeline, volumes=volumes))


def _wrong_places(claims: Iterable[tuple[str, str, str]], notebook: str) -> Iterator[UsageError]:
    """Volumes of the notebook server that a step cannot mount where the server has them."""
    from kale.nbparser.mount_paths import mount_problem

    for claim, path, _ in claims:
        if problem := mount_problem(path):
            yield UsageError(
                "KALE125",
                f"a step cannot mount `{claim}` at `{path}`, where this notebook server has it: "
                f"{problem}",
                at=Location(notebook),
                hint="list the volumes to copy in the notebook's metadata, each with another "
                "`mount_point`",
            )


def give_back(clones: Clones, error: BaseException, say: Say) -> None:
    """Delete copies of volumes that no run uses; name those that one may use."""
    from kale.cluster.deployment import is_refusal

    if is_refusal(error):
        try:
            clones.delete()
        except ClusterError as left:
            say(f"{left.message}; {left.hint}")
        return
    for command in clones.commands():
        say(f"there may be a run that uses the copies of volumes; if not, remove them: {command}")
