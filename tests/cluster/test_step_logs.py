"""Logs of pods, by each of the ways that servers have, and what of a log is shown."""

from __future__ import annotations

import pytest
from cluster.pod_reports import FRAME, report
from cluster.workflows import WorkflowServer, started
from pod.executed import CellError, notebook

from kale.cluster import step_logs
from kale.cluster.api import Api, Patience
from kale.cluster.connection import Connection
from kale.cluster.step_logs import PodLog, failure_lines, read_log
from kale.errors import ClusterError

QUICK = Patience(attempts=2, first_wait=0.001)


@pytest.fixture
def server():
    with WorkflowServer() as found:
        yield found


def api(server):
    return Api(Connection(server.url), QUICK)


# ------------------------------------------------------------------------------ the ways

WAYS = {
    "/k8s/pod/logs": "the user interface",
    "/apis/v1alpha1": "the API's own server",
    "/apis/v2beta1": "a server of 3.0",
}


@pytest.mark.parametrize("path", [pytest.param(path, id=name) for path, name in WAYS.items()])
def test_a_log(server, path):
    run = started(server)
    server.log_paths = [path]
    server.pod_logs["pod-1"] = "first\nlast é\n".encode()
    log = PodLog(run, "pod-1", "team", "2026-11-23")
    assert read_log(api(server), log) == "first\nlast é".encode()
    asked = server.sent("/log")
    assert [each.path.partition("/runs")[0] for each in asked] == [*WAYS][: len(asked)]
    assert asked[0].query == {
        "podname": "pod-1",
        "runid": run,
        "podnamespace": "team",
        "createdat": "2026-11-23",
    }


def test_an_empty_log_is_looked_for_elsewhere(server):
    run = started(server)
    server.pod_logs["pod-1"] = b"\n"
    with pytest.raises(ClusterError) as refused:
        read_log(api(server), PodLog(run, "pod-1"))
    assert refused.value.code == "KALE622"
    assert len(server.sent("/log")) == 3


def test_of_a_long_log_the_end_is_kept(server, monkeypatch):
    monkeypatch.setattr(step_logs, "_KEPT", 1000)
    run = started(server)
    server.pod_logs["pod-1"] = b"".join(b"line %d\n" % number for number in range(10_000))
    found = read_log(api(server), PodLog(run, "pod-1"))
    assert len(found) <= 1000
    assert found.endswith(b"\nline 9998\nline 9999")


KEPT = {
    "minio://mlpipeline/v2/iris/1/executor-logs": {"source": "minio", "bucket": "mlpipeline"},
    "gs://b/v2/iris/1/executor-logs": {"source": "gcs", "bucket": "b"},
    "s3://b/v2/iris/1/executor-logs": {"source": "s3", "bucket": "b"},
}


@pytest.mark.parametrize("kept", KEPT)
def test_the_log_of_a_pod_that_is_gone_may_be_an_artifact(server, kept):
    run = started(server)
    server.artifacts["v2/iris/1/executor-logs"] = b"kept"
    assert read_log(api(server), PodLog(run, "pod-1", "team", kept=kept)) == b"kept"
    assert server.sent("/artifacts")[0].query == {
        **KEPT[kept],
        "key": "v2/iris/1/executor-logs",
        "namespace": "team",
    }


# -------------------------------------------------------------------------------- no way


def test_a_pod_that_is_gone(server):
    with pytest.raises(ClusterError) as refused:
        read_log(api(server), PodLog(started(server), "pod-1", "team"))
    assert refused.value.message == "the pod `pod-1` is gone, and its log with it"
    assert "executor-logs" in refused.value.hint


def test_a_server_that_has_no_logs(server):
    server.log_paths = []
    with pytest.raises(ClusterError) as refused:
        read_log(api(server), PodLog(started(server), "pod-1", "team"))
    assert refused.value.message == "the log of pod `pod-1` cannot be read, not from here"
    assert refused.value.hint.startswith("kubectl logs pod-1 -c main -n team > pod.log, and then")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param("403", 403, id="it is not allowed"),
        pytest.param("expired", 401, id="the token has ended"),
        pytest.param("500", 500, id="the server is broken"),
        pytest.param("drop", None, id="the connection ends"),
        pytest.param("cut", None, id="the connection ends midway"),
        pytest.param("login", 200, id="a page to log in"),
    ],
)
def test_a_fault(server, kind, status):
    run = started(server)
    server.pod_logs["pod-1"] = b"secret words\n" * 1000
    server.fault("/log", kind, times=20)
    with pytest.raises(ClusterError) as refused:
        read_log(api(server), PodLog(run, "pod-1", "team"))
    assert refused.value.status == status
    assert refused.value.message.startswith("the log of pod `pod-1` cannot be read: ")
    assert "secret words" not in str(refused.value)


def test_a_fault_that_passes(server):
    run = started(server)
    server.pod_logs["pod-1"] = b"here"
    server.fault("/k8s", "503", times=1)
    assert read_log(api(server), PodLog(run, "pod-1")) == b"here"


def test_names_from_the_server_are_no_paths(server):
    run = started(server)
    with pytest.raises(ClusterError):
        read_log(api(server), PodLog(run, "../../../x\n\x1b[2J?a=b"))
    paths = [each.path for each in server.sent("/apis")]
    assert all("/nodes/..%2F..%2F..%2Fx%0A%1B%5B2J%3Fa%3Db/log" in path for path in paths)


# ------------------------------------------------------------------------------ what it says


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(b"", (), id="an empty log"),
        pytest.param(b"epoch 1\nKilled\n", (), id="a log without a report"),
        pytest.param(b"I said: step `a` failed: no", (), id="words of the author's"),
        pytest.param(b"step `a` failed: x: \x1b[31mred\x1b[0m\r\n", ("x: red",), id="colours"),
        pytest.param(b"step `a` failed: \x1b]0;title\x07", ("\\x1b]0;title\\x07",), id="escapes"),
        pytest.param(b"step `a` failed: \xff", ("�",), id="no UTF-8"),
        pytest.param(
            report(CellError("ZeroDivisionError", "division by zero", FRAME)),
            ("cell 14, line 2: ZeroDivisionError: division by zero", "    y = x / 0"),
            id="a cell has failed",
        ),
        pytest.param(
            report(CellError("ValueError", "1 error\n  field x\n", FRAME)),
            ("cell 14, line 2: ValueError: 1 error", "  field x", "    y = x / 0"),
            id="a message of several lines",
        ),
        pytest.param(
            report(ValueError("no place"), notebook()), ("ValueError: no place",), id="no place"
        ),
    ],
)
def test_what_a_failed_step_said(log, expected):
    assert failure_lines(log) == expected


def test_a_long_message_is_cut():
    lines = failure_lines(b"step `a` failed: " + b"\n".join([b"x" * 10_000] * 1000))
    assert len(lines) == 20
    assert max(map(len, lines)) == 500
