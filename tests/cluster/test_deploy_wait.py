"""``--wait`` and ``--follow``: the states of the steps as they change, and how it ends."""

import json
import threading

import pytest
from cluster.deploys import only

CELLS = (("block:load", "x = 1"), ("block:train prev:load", "1 / 0"))
FAILURE = b"step `train` failed: cell 2, line 1: ZeroDivisionError: division by zero\n"


@pytest.fixture
def deploy(kale, kfp, monkeypatch):
    """Deploy and follow, while ``acts`` happen one after the other, one at each look at the run."""
    from kale.cluster import following

    acts = []
    monkeypatch.setattr(following.time, "sleep", lambda _: None)
    find = kfp.run

    def seen(key, query):
        if acts:
            acts.pop(0)(key)
        return find(key, query)

    monkeypatch.setattr(kfp, "run", seen)

    def go(*arguments, happens=()):
        acts.extend(happens)
        return kale("deploy", *arguments, "--host", kfp.url)

    return go


def test_a_run_that_goes_well(deploy, notebook, kfp):
    code, out, err = deploy(
        notebook(*CELLS), "--wait",
        happens=[
            lambda key: None,
            lambda key: kfp.advance(key, {"load": "RUNNING"}),
            lambda key: kfp.advance(key, {"load": "SUCCEEDED", "train": "RUNNING"}),
            lambda key: kfp.finish(key, "SUCCEEDED", {"train": "SUCCEEDED"}),
        ],
    )  # fmt: skip
    assert code == 0
    told = err.splitlines()
    assert [line for line in told if line.startswith(("load", "train"))] == [
        "load: running", "load: done", "train: running", "train: done",
    ]  # fmt: skip
    assert told[-1].startswith("the run succeeded")
    assert out.splitlines()[-1].startswith("run ")


def test_a_run_that_fails_names_the_cell(deploy, notebook, kfp):
    def fails(key):
        kfp.finish(key, "FAILED", {"load": "SUCCEEDED", "train": "FAILED"}, pods={"train": "pod-1"})

    kfp.pod_logs["pod-1"] = FAILURE
    code, _, err = deploy(notebook(*CELLS), "--wait", happens=[fails])
    assert code == 1
    assert "cell 2, line 1: ZeroDivisionError: division by zero" in err
    assert "the run failed" in err


def test_json_of_a_run_that_fails(deploy, notebook, kfp):
    def fails(key):
        kfp.finish(key, "FAILED", {"load": "SUCCEEDED", "train": "FAILED"}, pods={"train": "pod-1"})

    kfp.pod_logs["pod-1"] = FAILURE
    code, out, _ = deploy(notebook(*CELLS), "--wait", "--json", happens=[fails])
    document = json.loads(out)
    assert (code, document["state"]) == (1, "failed")
    assert {each["step"]: each["state"] for each in document["steps"]} == {
        "load": "succeeded", "train": "failed",
    }  # fmt: skip
    (failure,) = document["failures"]
    assert "ZeroDivisionError" in failure["lines"][0]
    assert document["run"]["id"] == only(kfp.runs)["run_id"]


def test_a_run_that_takes_too_long_goes_on(deploy, notebook, kfp):
    code, out, err = deploy(notebook(*CELLS), "--wait", "--timeout", "0.05")
    assert code == 1
    key = only(kfp.runs)["run_id"]
    assert key in out
    assert only(kfp.runs)["state"] == "PENDING"
    assert (
        f"the run goes on; to follow it again: kale deploy --follow {key} --host {kfp.url}" in err
    )


def test_what_stands_behind_an_address_is_not_repeated(deploy, kale, notebook, kfp):
    host = f"{kfp.url}/?token=hidden-thing"
    code, out, err = kale("deploy", notebook(*CELLS), "--host", host, "--wait", "--timeout", "0.05")
    assert code == 1
    assert f"--host {kfp.url}\n" in err
    assert "hidden-thing" not in out + err


def test_follow(deploy, notebook, kfp):
    assert deploy(notebook(*CELLS))[0] == 0
    key = only(kfp.runs)["run_id"]
    sent = len(kfp.sent("POST"))
    code, out, err = deploy(
        "--follow", key, happens=[lambda key: kfp.finish(key, "SUCCEEDED", {"load": "SUCCEEDED"})]
    )
    assert (code, out) == (0, "")
    assert "load: done" in err
    assert len(kfp.sent("POST")) == sent


def test_follow_in_json(deploy, notebook, kfp):
    assert deploy(notebook(*CELLS))[0] == 0
    key = only(kfp.runs)["run_id"]
    code, out, _ = deploy(
        "--follow", key, "--json", happens=[lambda key: kfp.finish(key, "FAILED")]
    )
    document = json.loads(out)
    assert (code, document["state"], document["run"]["id"]) == (1, "failed", key)


def test_nothing_is_said_of_a_run_that_has_not_been_seen(deploy, kfp):
    kfp.fault("/runs/", "403")
    code, _, err = deploy("--follow", "0de07c53-0908-47f9-ab26-f70e7dcf9296")
    assert code == 3
    assert "KALE607" in err
    assert "goes on" not in err


def test_follow_a_run_that_is_not_there(deploy, kfp):
    code, out, err = deploy("--follow", "nothing")
    assert (code, out) == (3, "")
    assert "there is no run `nothing`" in err
    assert "goes on" not in err


def test_the_wait_survives_a_server_that_stumbles(deploy, notebook, kfp):
    done = threading.Event()

    def ends(key):
        kfp.finish(key, "SUCCEEDED", {"load": "SUCCEEDED", "train": "SUCCEEDED"})
        done.set()

    def stumbles(_):
        kfp.fault("GET /apis/v2beta1/runs", "503", times=9)

    code, _, _ = deploy(notebook(*CELLS), "--wait", happens=[stumbles, ends])
    assert (code, done.is_set()) == (0, True)
