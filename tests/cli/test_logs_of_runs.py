"""``kale logs RUN`` of a run on a cluster: its failed steps' notebooks, or why there are none."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from cluster.conftest import nothing_said  # noqa: F401 - a fixture, for each test
from cluster.pod_reports import BOOK, LINES, LOG, report
from cluster.workflows import WorkflowServer, pod, specification, started, step, workflow
from pod.executed import notebook

NO_RUN = "8c1e2d7a-31f5-4c4b-9c3e-0f6b1a2d3e4f"
SPEC = specification(**{"load-data": [], "train": ["load-data"], "eval": []})
FAILED = workflow(
    step("load-data", "Succeeded"), step("train", "Failed", message="Error (exit code 1)"),
    step("eval", "Failed", message="OOMKilled (exit code 137)"),
)  # fmt: skip


@pytest.fixture
def server():
    with WorkflowServer() as found:
        yield found


@pytest.fixture
def logs(kale, server, tmp_path, monkeypatch):
    """Run `kale logs` in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda *arguments: kale("logs", *arguments, "--host", server.url)


def failed_run(server, manifest=FAILED):
    run = started(server, SPEC)
    server.set_workflow(run, manifest)
    server.pod_logs[pod(manifest, "train.executor")] = LOG
    return run


def written():
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


# ------------------------------------------------------------------------- nothing is written


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        pytest.param([NO_RUN], 3, "KALE623: there is no run `8c1e2d7a-", id="no such run"),
        pytest.param(["train.log"], 2, "`train.log` is no identifier of a run", id="no identifier"),
        pytest.param(["{run}", "--step", "trian"], 2, "has no step `trian`", id="no such step"),
        pytest.param(
            ["{run}", "--step", "load_data"],
            1,
            "KALE516: step `load_data` is succeeded: only a step that fails",
            id="a step that ended well",
        ),
        pytest.param(["{run}", "--token", ""], 2, "it is empty", id="an empty token"),
        pytest.param(
            ["{run}", "--token", "-", "--cookies", "-"], 2, "cannot be both", id="- for two options"
        ),
    ],
)
def test_refused(logs, server, arguments, code, error):
    run = failed_run(server)
    found, out, err = logs(*(argument.format(run=run) for argument in arguments))
    assert (found, out) == (code, "")
    assert error in err
    assert written() == []


def test_no_cluster_is_known(kale, logs):
    code, out, err = kale("logs", NO_RUN)
    assert (code, out) == (2, "")
    assert f"KALE515: there is no log and no run `{NO_RUN}` here, and nothing says where" in err
    assert "hint: give --host https://…" in err
    assert "KALE601" in kale("logs", NO_RUN, "--host", "ftp://x")[2]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param(workflow(step("train", "Running"), phase="Running"), "is running", id="runs"),
        pytest.param(
            workflow(step("train", "Succeeded"), phase="Succeeded"), "is succeeded", id="went well"
        ),
        pytest.param(
            workflow(phase="Failed", message="no\x1bquota"), "is failed: no\\x1bquota", id="no step"
        ),
    ],
)
def test_a_run_without_a_failed_step(logs, server, manifest, words):
    run = started(server, SPEC)
    server.set_workflow(run, manifest)
    code, _, err = logs(run)
    assert code == 1
    assert f"KALE516: no step of the run `{run}` has failed; the run {words}\n" in err
    assert "executed_notebook" in err


def test_the_token_is_refused_and_not_shown(logs, server, monkeypatch):
    server.require_token("right")
    monkeypatch.setenv("KALE_KFP_TOKEN", "canary-5f3a9c")
    code, out, err = logs(failed_run(server))
    assert code == 3
    assert "KALE606" in err
    assert "canary" not in out + err


# ------------------------------------------------------------------------------ notebooks


def test_the_notebooks_of_failed_steps(logs, server):
    run = failed_run(server)
    code, out, err = logs(run, "-o", "out")
    name = pod(FAILED, "eval.executor")
    assert (code, out) == (3, "out/train.ipynb\n")
    assert json.loads(Path("out/train.ipynb").read_text()) == BOOK
    assert err.splitlines()[:2] == [
        "step `train` failed: cell 14, line 2: ZeroDivisionError: division by zero",
        "      y = x / 0",
    ]
    assert f"KALE622: step `eval`: the pod `{name}` is gone, and its log with it" in err


@pytest.mark.parametrize("named", ["eval", "train"])
def test_one_step(logs, server, named):
    run = failed_run(server)
    server.pod_logs[pod(FAILED, "eval.executor")] = report(ValueError("no"), step="eval")
    assert logs(run, "--step", named)[:2] == (0, f"{named}.ipynb\n")
    assert len(server.sent("/k8s/pod/logs")) == 1


def test_a_pod_that_was_killed_before_it_could_say_anything(logs, server):
    run = failed_run(server)
    server.pod_logs[pod(FAILED, "eval.executor")] = b"epoch 1\n"
    code, _, err = logs(run, "--step", "eval")
    assert code == 1
    assert (
        "KALE516: no executed notebook is in the log of step `eval`, which says: "
        "OOMKilled (exit code 137)\n" in err
    )


def test_files_are_not_written_over(logs, server):
    run = failed_run(server)
    Path("train.ipynb").write_text("mine")
    code, out, err = logs(run, "--step", "train")
    assert (code, out) == (2, "")
    assert "KALE518" in err
    assert Path("train.ipynb").read_text() == "mine"
    assert logs(run, "--step", "train", "--force")[:2] == (0, "train.ipynb\n")


def test_json(logs, server):
    code, out, err = logs(failed_run(server), "--json")
    assert (code, err) == (3, "")
    told = json.loads(out)
    assert told["notebooks"] == {"train": "train.ipynb"}
    assert told["failures"] == [
        {
            "step": "train",
            "lines": [*LINES],
            "missing": "",
            "hint": "",
        }
    ]
    assert [finding["code"] for finding in told["diagnostics"]] == ["KALE622"]


def test_a_token_from_standard_input(logs, server, monkeypatch):
    server.require_token("right")
    monkeypatch.setattr("sys.stdin", io.StringIO("right\n"))
    assert logs(failed_run(server), "--step", "train", "--token", "-")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = logs(NO_RUN, "--token", "-")
    assert code == 2
    assert "`--token -` found nothing on standard input" in err


# ----------------------------------------------------------------------- files and local runs


def test_a_file_that_is_named_like_a_run_is_that_file(logs, kale, server):
    Path(NO_RUN).write_bytes(LOG)
    assert kale("logs", NO_RUN) == (0, "train.ipynb\n", "")
    assert server.requests == []


def test_one_step_of_a_file(kale, logs):
    Path("pods.log").write_bytes(LOG + report(ValueError("no"), notebook(), "load"))
    assert kale("logs", "pods.log", "--step", "train")[:2] == (0, "train.ipynb\n")
    code, _, err = kale("logs", "pods.log", "--step", "eval", "--step", "fit")
    assert code == 1
    assert "KALE516: no executed notebook of `eval`, `fit` is in `pods.log`\n" in err
    assert "hint: there is one of `train`, `load`" in err
