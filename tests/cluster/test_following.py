"""Following a run: what is told, once each; what passes and what does not; why a step failed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cluster.kfp_server import KfpServer
from cluster.pod_reports import LINES, LOG, report
from cluster.workflows import WorkflowServer, pod, specification, started, step, workflow

from kale.cluster import following
from kale.cluster.api import Api, Patience
from kale.cluster.connection import Connection
from kale.cluster.following import StepFailure, follow
from kale.cluster.run_state import StepState
from kale.cluster.secret import SecretFile
from kale.errors import ClusterError, RunError

QUICK = Patience(attempts=2, first_wait=0.001)
SPEC = specification(load=[], train=["load"], eval=["train"])


@pytest.fixture
def server():
    with WorkflowServer() as found:
        yield found


class Watched:
    """A run that is followed: what was told of it, and its end."""

    def __init__(self, server, run, *manifests, **options):
        self.told, self.notes = [], []
        if manifests:
            server.story += [lambda one=one: server.set_workflow(run, one) for one in manifests]
        connection = options.pop("connection", None) or Connection(server.url)
        options = {"interval": 0.001, **options}
        self.outcome = follow(
            Api(connection, QUICK), run, tell=self._tell, note=self.notes.append, **options
        )

    def _tell(self, one):
        self.told.append(f"{one.step}: {one.state}" + (f": {one.detail}" if one.detail else ""))


def looks(server):
    return [each for each in server.sent("GET /apis/v2beta1/runs/") if each.query]


# ------------------------------------------------------------------------------- what is told


def test_each_change_is_told_once(server):
    run = started(server, SPEC)
    going = workflow(step("load", "Running"), phase="Running")
    loaded = workflow(step("load", "Succeeded"), step("train", "Running"), phase="Running")
    done = workflow(
        step("load", "Succeeded"), step("train", "Succeeded"), step("eval", "Succeeded"),
        phase="Succeeded",
    )  # fmt: skip
    seen = Watched(server, run, going, going, going, loaded, loaded, done)
    assert seen.told == [
        "load: running",
        "load: succeeded",
        "train: running",
        "train: succeeded",
        "eval: succeeded",
    ]
    assert seen.outcome.succeeded
    assert seen.outcome.steps == tuple(StepState(s, "succeeded") for s in ("load", "train", "eval"))
    assert (seen.outcome.failures, seen.outcome.error, seen.notes) == ((), "", [])


def test_a_look_takes_one_request_and_two_when_a_step_has_ended(server):
    run = started(server, SPEC)
    going = workflow(step("load", "Running"), phase="Running")
    loaded = workflow(step("load", "Succeeded"), step("train", "Running"), phase="Running")
    done = workflow(*(step(s, "Succeeded") for s in ("load", "train", "eval")), phase="Succeeded")
    Watched(server, run, going, going, loaded, loaded, loaded, done)
    assert len(looks(server)) == 6
    assert len(server.sent("/versions/")) == 1
    assert len(server.sent("/apis/v1beta1")) == 2


def test_steps_from_the_cache_and_steps_that_come_no_more(server):
    run = started(server, SPEC)
    failed = workflow(
        step("load", "Succeeded", cached=True), step("train", "Failed"), step("eval", "Omitted")
    )
    server.pod_logs[pod(failed, "train.executor")] = LOG
    seen = Watched(server, run, failed)
    assert seen.told == ["load: cached", f"train: failed: {LINES[0]}", "eval: skipped"]
    assert not seen.outcome.succeeded
    assert seen.outcome.failures == (StepFailure("train", LINES),)


def test_a_step_that_was_retried_has_the_log_of_its_last_attempt(server):
    run = started(server, SPEC)
    failed = workflow(step("load", "Succeeded"), step("train", "Failed", attempts=3))
    server.pod_logs[pod(failed, "train.executor(0)")] = report(ValueError("first"))
    server.pod_logs[pod(failed, "train.executor(2)")] = LOG
    assert Watched(server, run, failed).outcome.failures == (StepFailure("train", LINES),)


def test_the_log_is_read_when_the_step_fails_and_not_when_the_run_ends(server):
    run = started(server, SPEC)
    steps = [step("load", "Failed"), step("train", "Omitted")]
    failing = workflow(*steps, step("eval", "Running"), phase="Running")
    name = pod(failing, "load.executor")
    server.pod_logs[name] = LOG
    failed = workflow(*steps, step("eval", "Succeeded"))
    server.story = [
        lambda: server.set_workflow(run, failing),
        server.pod_logs.clear,
        lambda: server.set_workflow(run, failed),
    ]
    seen = Watched(server, run)
    assert seen.outcome.failures == (StepFailure("load", LINES),)
    assert len(server.sent("/k8s/pod/logs")) == 1


def test_what_a_step_waits_for(server, monkeypatch):
    monkeypatch.setattr(following, "_STILL", 0.0)
    run = started(server, SPEC)
    message = 'ImagePullBackOff: Back-off pulling image "x"\n\x1b[2J'
    waiting = workflow(step("load", "Running", message=message), phase="Running")
    done = workflow(*(step(s, "Succeeded") for s in ("load", "train", "eval")), phase="Succeeded")
    seen = Watched(server, run, waiting, waiting, waiting, done)
    shown = 'load: running: ImagePullBackOff: Back-off pulling image "x" \\x1b[2J'
    assert seen.told.count(shown) == 1
    assert [line for line in seen.told if line.startswith("load")][-2:] == [
        shown,
        "load: succeeded",
    ]


def test_tasks_that_are_no_steps_are_told_of_when_they_fail(server):
    run = started(server, specification(createpvc=[], load=["createpvc"]))
    nodes = [("createpvc", "Pod", "system-container-driver", "Succeeded", {})]
    fine = Watched(
        server, run, workflow(nodes, step("load", "Succeeded"), phase="Succeeded")
    )  # fmt: skip
    assert fine.told == ["load: succeeded"]
    nodes = [("createpvc", "Pod", "system-container-driver", "Failed", {"message": "no quota"})]
    run = started(server, specification(createpvc=[], load=["createpvc"]))
    seen = Watched(server, run, workflow(nodes, step("load", "Omitted")))
    assert seen.told[0].startswith("createpvc: failed: no quota (the pod")
    assert [one.step for one in seen.outcome.steps] == ["createpvc", "load"]


def test_names_and_words_from_the_server_are_printable(server):
    spec = specification(load=[])
    spec["root"]["dag"]["tasks"]["load"]["taskInfo"]["name"] = "lo\x1b[2Jad\u202e"
    run = started(server, spec)
    seen = Watched(server, run, workflow(step("load", "Failed", message="a\x07\nb" + "c" * 1000)))
    failure = seen.outcome.failures[0]
    assert failure.step == "lo\\x1b[2Jad\\u202e"
    assert failure.missing.startswith("a\\x07 bccc")
    assert len(failure.missing) < 500


# ------------------------------------------------------------------------- nothing to read


@pytest.mark.parametrize(
    ("log", "missing", "hint"),
    [
        pytest.param(None, "OOMKilled (exit code 137) (the pod `{}` is gone", "executor-logs", id="gone"),
        pytest.param(
            b"epoch 1\n", "OOMKilled (exit code 137) (its log does not say why)", "kubectl logs {} -c main",
            id="the pod was killed",
        ),
    ],
)  # fmt: skip
def test_a_pod_that_says_nothing(server, log, missing, hint):
    run = started(server, SPEC)
    failed = workflow(step("load", "Failed", message="OOMKilled (exit code 137)"))
    name = pod(failed, "load.executor")
    if log:
        server.pod_logs[name] = log
    failure = Watched(server, run, failed).outcome.failures[0]
    assert failure.lines == ()
    assert failure.missing.startswith(missing.format(name))
    assert hint.format(name) in failure.hint


def test_a_server_that_gives_out_no_workflows():
    with KfpServer() as server:
        run = started(server, SPEC)
        server.finish(run, "FAILED", {"load": "SUCCEEDED", "train": "FAILED"}, pods={"train": "p"})
        server.pod_logs["p"] = LOG
        seen = Watched(server, run)
    assert seen.told == ["load: succeeded", f"train: failed: {LINES[0]}", "eval: skipped"]


def test_a_server_that_does_not_say_which_pod_it_was(server):
    run = started(server, SPEC)
    server.set_workflow(run, workflow(step("load", "Failed")))
    server.workflows.clear()
    failure = Watched(server, run).outcome.failures[0]
    assert failure.missing == "the server does not say which pod ran it"
    assert failure.hint == f"kubectl get pods -l pipeline/runid={run} shows the run's pods"


def test_a_server_whose_older_api_is_broken(server):
    run = started(server, SPEC)
    done = workflow(*(step(s, "Succeeded") for s in ("load", "train", "eval")), phase="Succeeded")
    server.fault("/apis/v1beta1", "500", times=100)
    seen = Watched(server, run, workflow(step("load", "Running"), phase="Running"), done)
    assert seen.outcome.succeeded
    assert seen.told[-3:] == ["load: succeeded", "train: succeeded", "eval: succeeded"]


def test_a_server_that_has_no_specification(server):
    run = started(server, SPEC)
    server.fault("/versions/", "404", times=1)
    seen = Watched(server, run, workflow(step("train", "Succeeded"), phase="Succeeded"))
    assert seen.told == ["train: succeeded"]


def test_a_server_of_3_0(server):
    run = started(server, SPEC)
    server.runs[run] |= {
        "state": "FAILED",
        "task_count": 2,
        "tasks": [
            {"name": "load", "type": "RUNTIME", "state": "CACHED"},
            {
                "name": "train",
                "type": "RUNTIME",
                "state": "FAILED",
                "pods": [{"name": "p", "type": "EXECUTOR"}],
            },
        ],
    }
    server.log_paths = ["/apis/v2beta1"]
    server.pod_logs["p"] = LOG
    seen = Watched(server, run)
    assert seen.told == ["load: cached", f"train: failed: {LINES[0]}", "eval: skipped"]
    assert looks(server)[0].query == {"view": "FULL"}
    assert server.sent("/apis/v1beta1") == []


def test_where_pods_are_when_there_are_several_users(server):
    server.multi_user = True
    server.experiments["e"] = {"experiment_id": "e", "namespace": "team"}
    run = started(server, SPEC)
    server.finish(run, "FAILED", {"load": "FAILED"}, pods={"load": "p"})
    server.pod_logs["p"] = LOG
    Watched(server, run, connection=Connection(server.url, namespace="mine"))
    assert server.sent("/k8s/pod/logs")[0].query["podnamespace"] == "mine"


# ---------------------------------------------------------------------------- whole runs


def test_a_run_that_fails_before_any_step(server):
    run = started(server, SPEC)
    seen = Watched(server, run, workflow(phase="Failed", message="no service account\n`x`"))
    assert (seen.outcome.state, seen.outcome.failures) == ("failed", ())
    assert seen.outcome.error == "no service account `x`"
    assert {one.state for one in seen.outcome.steps} == {"skipped"}


def test_a_run_that_somebody_stops(server):
    run = started(server, SPEC)
    going = workflow(step("load", "Running"), phase="Running")
    stopped = workflow(
        step("load", "Failed", message="workflow shutdown with strategy:  Terminate"),
        step("train", "Omitted"),
    )

    def stop():
        server.set_workflow(run, stopped)
        server.set_state(server.runs[run], "CANCELED")

    server.story = [lambda: server.set_workflow(run, going), stop]
    seen = Watched(server, run)
    assert seen.outcome.state == "canceled"
    assert seen.told == ["load: running", "load: canceled", "train: skipped", "eval: skipped"]
    assert server.sent("/k8s/pod/logs") == []


# ------------------------------------------------------------------- servers that fail


DONE = workflow(*(step(s, "Succeeded") for s in ("load", "train", "eval")), phase="Succeeded")
GOING = workflow(step("load", "Running"), phase="Running")


@pytest.mark.parametrize(
    "kind", ["500", "503", "503-later", "429", "drop", "cut", "badjson", "nojson", "expired", "login", "403"]
)  # fmt: skip
def test_trouble_that_passes(server, kind):
    run = started(server, SPEC)

    def trouble():
        server.set_workflow(run, GOING)
        server.fault(f"GET /apis/v2beta1/runs/{run}", kind, times=3)

    server.story = [trouble]
    seen = Watched(server, run, GOING, DONE)
    assert seen.outcome.succeeded
    assert len(seen.notes) == 1
    assert seen.notes[0].startswith("nothing is heard of the run, which goes on: ")


def test_a_token_that_is_renewed(server, tmp_path):
    run = started(server, SPEC)
    path = tmp_path / "token"
    path.write_text("first")
    server.require_token("first")
    server.story = [
        lambda: server.set_workflow(run, GOING),
        lambda: server.require_token("second"),
        lambda: path.write_text("second"),
        lambda: server.set_workflow(run, DONE),
    ]
    connection = Connection(server.url, token=SecretFile(str(path)))
    seen = Watched(server, run, connection=connection)
    assert seen.outcome.succeeded
    assert len(seen.notes) == 1
    assert "second" not in repr(seen.notes)


@pytest.mark.parametrize(
    ("kind", "patience"),
    [
        pytest.param("503", "_PATIENCE", id="it does not answer"),
        pytest.param("expired", "_PATIENCE_WITH_CREDENTIALS", id="the token has ended"),
    ],
)
def test_trouble_that_does_not_pass(server, monkeypatch, kind, patience):
    monkeypatch.setattr(following, patience, 0.05)
    run = started(server, SPEC)

    def trouble():
        server.set_workflow(run, GOING)
        server.fault(f"GET /apis/v2beta1/runs/{run}", kind, times=1_000_000)

    server.story = [trouble]
    with pytest.raises(ClusterError) as lost:
        Watched(server, run)
    assert lost.value.code == "KALE620"
    assert lost.value.message.startswith(f"the run `{run}` cannot be followed any more: ")
    assert lost.value.hint.startswith(f"it goes on; kale deploy --follow {run} looks again.")


@pytest.mark.parametrize(
    ("kind", "code"), [("expired", "KALE606"), ("503", "KALE609"), ("drop", "KALE604")]
)
def test_trouble_at_the_first_look_is_an_error(server, kind, code):
    run = started(server, SPEC)
    server.fault(f"GET /apis/v2beta1/runs/{run}", kind, times=10)
    with pytest.raises(ClusterError) as refused:
        Watched(server, run)
    assert refused.value.code == code
    assert len(looks(server)) <= 2


def test_trouble_at_the_first_look_at_a_run_that_has_just_begun_passes(server):
    run = started(server, SPEC)
    server.fault(f"GET /apis/v2beta1/runs/{run}", "expired", times=1)
    server.story = [lambda: server.finish(run, "SUCCEEDED", {})]
    assert Watched(server, run, just_begun=True).outcome.succeeded


def test_no_such_run(server):
    with pytest.raises(ClusterError) as refused:
        Watched(server, "8c1e2d7a-31f5-4c4b-9c3e-0f6b1a2d3e4f")
    assert refused.value.code == "KALE623"
    assert refused.value.message.endswith(f"at {server.url}")


def test_a_run_that_is_deleted_meanwhile(server):
    run = started(server, SPEC)
    server.story = [lambda: None, lambda: server.runs.pop(run)]
    with pytest.raises(ClusterError) as refused:
        Watched(server, run)
    assert refused.value.code == "KALE623"


def test_a_run_that_takes_longer(server):
    run = started(server, SPEC)
    with pytest.raises(RunError) as over:
        Watched(server, run, timeout=0.02)
    assert over.value.code == "KALE621"
    assert over.value.message == f"the run `{run}` has not ended within 0.02 seconds"


def test_waits_grow_while_nothing_happens_and_not_for_ever(server, monkeypatch):
    waits = []
    monkeypatch.setattr(following.time, "sleep", waits.append)
    run = started(server, SPEC)
    Watched(server, run, *[GOING] * 20, DONE, interval=2.0)
    assert waits[0] == 2.0
    assert all(later >= before for before, later in pairwise(waits[1:]))
    assert max(waits) == 10.0
