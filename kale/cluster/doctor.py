"""Whether a cluster can be worked with: each thing that a deployment needs, as far as one can ask.

Nothing is made or changed there. No check shows a secret: it tells where one comes from.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from kale.checkup import Check, Status, failed
from kale.cluster.address import is_overheard
from kale.cluster.api import Api
from kale.cluster.config_file import config_path, read_clusters
from kale.cluster.connection import Connection, ConnectionOptions, find_connection
from kale.cluster.secret import Secret
from kale.cluster.session import Patience
from kale.errors import ClusterError, KaleError, UsageError
from kale.options import ENVIRONMENT_PREFIX
from kale.printable import printable

#: A release of Kubeflow Pipelines, without its last number.
Release = tuple[int, int]

#: Who waits for a doctor does not wait for long: seconds for an answer, and for a second attempt.
_TIMEOUT = 10.0
_PATIENCE = Patience(attempts=2, first_wait=0.3, longest_wait=3.0)

#: So many of the newest runs are looked at.
_RUNS = "20"


def check_cluster(
    said: ConnectionOptions, releases: Sequence[Release], target: Release
) -> Iterator[Check]:
    """The checks of the cluster that the options, the environment or a file name, as they are made.

    ``releases`` are those of Kubeflow Pipelines that Kale knows, in ascending order, ``target``
    the one that packages are made for. One failure, and what comes after it is skipped.
    """
    if is_unnamed(said):
        remedy = "give --host https://…, set KALE_KFP_HOST, or write host into the configuration"
        yield Check("address", Status.SKIPPED, "nothing says which cluster to look at", remedy)
        return
    visit = _Visit(said, releases, target)
    stages = visit.stages()
    for number, (what, look) in enumerate(stages):
        try:
            yield look(what)
        except KaleError as error:
            yield failed(what, error)
            for rest, _ in stages[number + 1 :]:
                yield Check(rest, Status.SKIPPED, f"not looked at, as `{what}` has failed")
            return


def is_unnamed(said: ConnectionOptions) -> bool:
    """Whether nothing names a cluster; a file that cannot be used may name one."""
    names = (f"{ENVIRONMENT_PREFIX}KFP_HOST", "KF_PIPELINES_ENDPOINT", "KUBERNETES_SERVICE_HOST")
    if said.host or any(os.environ.get(name) for name in names):
        return False
    try:
        return not read_clusters(config_path()).all
    except UsageError:
        return False


def check_snapshots() -> Check:
    """Whether Kubernetes can be asked for snapshots of volumes, and has a class of them."""
    from kale.cluster.kubernetes_api import Kubernetes
    from kale.cluster.kubernetes_resources import SNAPSHOT_CLASSES

    what = "snapshots"
    try:
        found = Kubernetes.connect().every(SNAPSHOT_CLASSES)
    except KaleError as error:
        check = failed(what, error)
        # Who may not list the classes gets the one that the cluster takes by default.
        return replace(check, status=Status.WARNING) if error.code == "KALE632" else check
    names = [str(one.get("metadata", {}).get("name", "")) for one in found]
    if not names:
        return Check(
            what,
            Status.FAILED,
            "the cluster has no VolumeSnapshotClass",
            "ask who runs it for one, or set snapshot_volumes to false",
        )
    return Check(what, Status.OK, f"classes {', '.join(sorted(map(printable, names)))}")


class _Visit:
    """One visit to a cluster; the later looks use what the earlier ones have found."""

    def __init__(
        self, said: ConnectionOptions, releases: Sequence[Release], target: Release
    ) -> None:
        self._said = said
        self._releases = releases
        self._target = target
        self._connection = Connection("")
        self._api = Api(self._connection)

    def stages(self) -> Sequence[tuple[str, Callable[[str], Check]]]:
        """What is looked at, in order."""
        return (
            ("address", self._address),
            ("credentials", self._credentials),
            ("server", self._server),
            ("version", self._version),
            ("namespace", self._namespace),
            ("reading", self._reading),
            ("writing", self._writing),
            ("artifact store", self._artifacts),
        )

    def _address(self, what: str) -> Check:
        found = find_connection(self._said)
        self._connection = replace(found, timeout=min(found.timeout, _TIMEOUT))
        self._api = Api(self._connection, _PATIENCE)
        detail = f"{found.host}, from {found.source}"
        if not found.host.startswith("https:"):
            if is_overheard(found.host):
                remedy = "use an address that begins with https"
                unsafe = f"{detail}; others on the way can read and change what is sent"
                return Check(what, Status.WARNING, unsafe, remedy)
            detail += "; unencrypted, within this machine or its cluster"
        return Check(what, Status.OK, detail)

    def _credentials(self, what: str) -> Check:
        self._connection.headers()  # can they be read, and sent?
        given = [one for one in (self._connection.token, self._connection.cookies) if one]
        if not given:
            return Check(what, Status.OK, "none are given")
        detail = " and ".join(one.source for one in given)
        end = _end(self._connection.token)
        if end is None:
            return Check(what, Status.OK, detail)
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(end))
        if end < time.time():
            remedy = "get a new one; the clock of this machine may be wrong, too"
            return Check(
                what, Status.WARNING, f"{detail}; the token expired on {when}", remedy, "KALE606"
            )
        return Check(what, Status.OK, f"{detail}; the token is valid until {when}")

    def _server(self, what: str) -> Check:
        health = self._api.health()
        users = "several users" if health.multi_user else "one user"
        detail = f"{self._api.base}, for {users}"
        if self._api.base.startswith("https:"):
            detail += "; its certificate is valid"
        if health.store == "kubernetes":
            detail += "; it takes what kale compile --format kubernetes writes"
        return Check(what, Status.OK, detail)

    def _version(self, what: str) -> Check:
        text = self._api.health().version
        found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?!\d)", text)
        if found is None:
            says = f"it calls itself {printable(text[:50])}" if text else "it does not say which"
            remedy = "ask who runs it; for one older than this Kale, compile with --kfp-version"
            return Check(what, Status.SKIPPED, says, remedy)
        release, newest = (int(found[1]), int(found[2])), self._releases[-1]
        detail = f"Kubeflow Pipelines {printable(text[:50])}"
        if release < self._target:
            fitting = max((one for one in self._releases if one <= release), default=None)
            if fitting is None:
                raise ClusterError("KALE608", f"{detail} is older than all that Kale knows")
            return Check(
                what,
                Status.WARNING,
                f"{detail}; packages are made for {_spelled(self._target)}, of which it may refuse"
                " parts",
                f"compile and deploy with --kfp-version {_spelled(fitting)}, or set kfp_version in"
                " [tool.kale]",
                "KALE644",
            )
        if release > newest:
            detail += f", newer than what this Kale knows ({_spelled(newest)})"
        return Check(what, Status.OK, f"{detail}; packages are made for {_spelled(self._target)}")

    def _namespace(self, what: str) -> Check:
        if not self._api.health().multi_user:
            extra = ", so the one that was named is not used" if self._connection.namespace else ""
            return Check(what, Status.OK, f"the server has none for its one user{extra}")
        if not self._api.namespace:
            raise UsageError(
                "KALE645",
                "the server has several users, and nothing says whose namespace is meant",
                hint="give --namespace NAME, set KALE_KFP_NAMESPACE, or write namespace into the"
                " configuration",
            )
        return Check(what, Status.OK, printable(self._api.namespace))

    def _reading(self, what: str) -> Check:
        for kind in ("experiments", "pipelines", "runs"):
            self._list(kind, page_size="1")
        return Check(what, Status.OK, "you may list experiments, pipelines and runs")

    def _writing(self, what: str) -> Check:
        return Check(
            what,
            Status.SKIPPED,
            "no way to ask whether you may upload and start runs, but to do it",
        )

    def _artifacts(self, what: str) -> Check:
        detail = "the API does not tell where values are kept, nor whether that can be reached"
        runs = self._list("runs", page_size=_RUNS, sort_by="created_at desc").get("runs")
        ends = [
            str(run.get("finished_at"))
            for run in (runs if isinstance(runs, list) else [])
            if isinstance(run, dict) and run.get("state") == "SUCCEEDED" and run.get("finished_at")
        ]
        if ends:
            detail += f"; the last run that succeeded ended at {printable(max(ends)[:40])}"
        return Check(what, Status.SKIPPED, detail)

    def _list(self, kind: str, **query: str) -> dict[str, Any]:
        if namespace := self._api.namespace:
            query["namespace"] = namespace
        return self._api.get(f"/apis/v2beta1/{kind}", **query)


def _end(token: Secret | None) -> float | None:
    """When a token ends, in seconds since 1970, if it says so; its signature is not looked at."""
    if token is None:
        return None
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None  # no JSON Web Token
    end = claims.get("exp") if isinstance(claims, dict) else None
    return float(end) if isinstance(end, (int, float)) and 0 < end < 2**33 else None


def _spelled(release: Release) -> str:
    return f"{release[0]}.{release[1]}"
