"""The logs of pods, by the ways that servers have for them, and what a failed step says there.

The user interface's server has a pod's log, or what Argo has archived of it, at ``/k8s/pod/logs``,
the API's own at ``/apis/v1alpha1/runs/RUN/nodes/POD/log``, from 3.0 on below ``/apis/v2beta1``.
Nobody says which of them stands behind an address. When the pod is gone and nothing is archived,
the user interface may have the artifact ``executor-logs``, where the launcher writes one.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable, printed_line

if TYPE_CHECKING:
    from kale.cluster.api import Api

#: Bytes of the end of a log that are kept: a step's report is the last that it prints.
_KEPT = 16 * 1024 * 1024

#: Lines of a message, and characters of one, that are shown.
_LINES, _WIDEST = 20, 500

#: How the last words of a step's report begin.
_FAILED = re.compile(r"step `[a-z0-9_-]{1,63}` failed: ")

#: Where the report shows the author's line: a place, and the line indented below it.
_PLACE = re.compile(r"cell \d+(, line \d+)?( of .*)?:")

#: How servers say that there is no such pod any more.
_GONE = re.compile(r'(?i)pods? "[^"]*" not found|pod not found|unable to (find|retrieve)')

#: What Kubeflow's launcher and Argo print after the step has ended.
_AFTERWARDS = re.compile(r"[IWEF]\d{4} \d\d:|time=|\d{4}[-/]\d\d[-/]\d\d[ T]|Error: exit status")


@dataclass(frozen=True, slots=True)
class PodLog:
    """Where a pod's log is; ``day`` is that of the run, as 2026-11-23, ``kept`` an artifact."""

    run_id: str
    pod: str
    namespace: str = ""
    day: str = ""
    kept: str = ""


def read_log(api: Api, log: PodLog) -> bytes:
    """The end of a pod's log, 16 MiB at most.

    Raises:
        ClusterError: no way leads to it (KALE622); the message says whether the pod is gone.
    """
    errors = []
    for path, query in _ways(log):
        try:
            content = _end(api.lines(path, **query))
        except ClusterError as error:
            errors.append(error)
        else:
            if content.strip():
                return content
    raise _unread(log, errors)


def _ways(log: PodLog) -> Iterator[tuple[str, dict[str, str]]]:
    """The paths that a log may be at, and what to ask there."""
    query = {
        "podname": log.pod,
        "runid": log.run_id,
        "podnamespace": log.namespace,
        "createdat": log.day,
    }
    yield "/k8s/pod/logs", {name: value for name, value in query.items() if value}
    node = f"runs/{quote(log.run_id, safe='')}/nodes/{quote(log.pod, safe='')}/log"
    yield f"/apis/v1alpha1/{node}", {}
    yield f"/apis/v2beta1/{node}", {}
    if log.kept:
        place = urlsplit(log.kept)
        query = {"source": {"gs": "gcs"}.get(place.scheme, place.scheme), "bucket": place.netloc}
        query |= {"key": place.path.lstrip("/"), "namespace": log.namespace}
        yield "/artifacts/get", {name: value for name, value in query.items() if value}


def _end(lines: Iterable[bytes]) -> bytes:
    kept: deque[bytes] = deque()
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line) + 1
        while size > _KEPT:
            size -= len(kept.popleft()) + 1
    return b"\n".join(kept)


def _unread(log: PodLog, errors: list[ClusterError]) -> ClusterError:
    pod = printable(log.pod)
    kubectl = f"kubectl logs {pod} -c main" + (f" -n {log.namespace}" if log.namespace else "")
    if any(map(_GONE.search, (error.message for error in errors))):
        return ClusterError(
            "KALE622",
            f"the pod `{pod}` is gone, and its log with it",
            hint="the run's page may have the log still, as the step's artifact executor-logs; so "
            "may the log service of your cluster",
            status=404,
        )
    told = [error for error in errors if error.status != 404]
    why = f": {told[0].message}" if told else ", not from here" if errors else ": it is empty"
    return ClusterError(
        "KALE622",
        f"the log of pod `{pod}` cannot be read{why}",
        hint=f"{printable(kubectl)} > pod.log, and then kale logs pod.log",
        status=told[0].status if told else None,
    )


def failure_lines(log: bytes) -> tuple[str, ...]:
    """What a failed step said last: where and why, more of the message, then the author's line.

    Empty where the log has no such report: the pod was stopped, or it is no step of Kale's.
    """
    rows = [printed_line(row) for row in log.decode("utf-8", "replace").split("\n")]
    last = next((k for k in reversed(range(len(rows))) if _FAILED.match(rows[k])), len(rows))
    lines = [_FAILED.sub("", row, count=1) for row in rows[last : last + 1]]
    for row in rows[last + 1 : last + _LINES]:
        if _AFTERWARDS.match(row):
            break
        lines.append(row)
    while lines and not lines[-1].strip():
        lines.pop()
    return tuple(line[:_WIDEST] for line in [*lines, *(_source(rows[:last]) if lines else ())])


def _source(rows: list[str]) -> list[str]:
    """The author's line, and the caret that IPython gave, where the report shows them last."""
    return next((rows[-n:] for n in (1, 2) if len(rows) > n and _PLACE.match(rows[-n - 1])), [])


def as_file(log: bytes) -> io.BufferedReader:
    """A log as the file that ``kale.pod_logs`` reads."""
    return io.BufferedReader(io.BytesIO(log))
