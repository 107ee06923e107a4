"""Ctrl-C during an upload and while a run is followed, a reader that goes away, and proxies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster.deploys import only

CELLS = (("block:a", "print(1)"),)

#: Seconds after which a test has failed; nothing takes as long.
PATIENCE = 60


@pytest.fixture
def start(kfp):
    """Start ``kale`` with the server's address as a process of its own, which tests then end."""
    started = []

    def go(*arguments, **more):
        process = subprocess.Popen(
            [sys.executable, "-m", "kale", *map(str, arguments), "--host", kfp.url],
            text=True, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )  # fmt: skip
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def interrupted(process, by=signal.SIGINT):
    process.send_signal(by)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    return out, err


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_during_an_upload(start, notebook, kfp, by):
    kfp.fault("upload_version", "slow", times=99)
    process = start("deploy", notebook(*CELLS))
    wait_for(lambda: kfp.sent("upload_version"))
    out, err = interrupted(process, by)
    assert out == ""
    told = [line for line in err.splitlines() if line]
    assert told[-1] == "interrupted"
    assert told[-2].startswith("under way was: uploads version nb-")
    assert told[-2].endswith("the same command goes on from what is there")
    assert told[-3].startswith("made before that: pipeline")
    assert only(kfp.pipelines)["pipeline_id"] in told[-3]


def test_before_anything_is_made(start, notebook, kfp):
    kfp.fault("names/nb", "slow", times=99)
    process = start("deploy", notebook(*CELLS), "--json")
    wait_for(lambda: kfp.sent("names/nb"))
    out, err = interrupted(process)
    assert "nothing was changed on the cluster" in err
    document = json.loads(out)
    assert (document["interrupted"], document["pipeline"]) == (True, None)


def test_while_the_run_is_followed_it_goes_on(start, notebook, kfp):
    process = start("deploy", notebook(*CELLS), "--wait")
    wait_for(lambda: kfp.sent("GET /apis/v2beta1/runs/"))
    out, err = interrupted(process)
    key = only(kfp.runs)["run_id"]
    assert key in out
    assert [line for line in err.splitlines() if line][-2:] == [
        f"the run goes on; to follow it again: kale deploy --follow {key} --host {kfp.url}",
        "interrupted",
    ]
    assert only(kfp.runs)["state"] == "PENDING"
    assert not kfp.sent(":terminate")


def test_json_while_the_run_is_followed(start, notebook, kfp):
    process = start("deploy", notebook(*CELLS), "--wait", "--json")
    wait_for(lambda: kfp.sent("GET /apis/v2beta1/runs/"))
    document = json.loads(interrupted(process)[0])
    assert document["interrupted"] is True
    assert document["run"]["id"] == only(kfp.runs)["run_id"]


@pytest.mark.parametrize(
    "stderr",
    [pytest.param(subprocess.PIPE, id="what is printed"), pytest.param(None, id="anything")],
)
def test_nobody_reads_and_the_run_is_followed_all_the_same(
    start, notebook, kfp, monkeypatch, stderr
):
    find = kfp.run

    def ended(key, query):
        kfp.finish(key, "SUCCEEDED", {"a": "SUCCEEDED"})
        return find(key, query)

    monkeypatch.setattr(kfp, "run", ended)
    reading, writing = os.pipe()
    process = start("deploy", notebook(*CELLS), "--wait", stdout=writing, stderr=stderr or writing)
    os.close(writing)
    os.close(reading)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert kfp.sent("GET /apis/v2beta1/runs/")


def test_nobody_reads_the_json_and_the_run_has_begun_all_the_same(start, notebook, kfp):
    reading, writing = os.pipe()
    process = start("deploy", notebook(*CELLS), "--json", stdout=writing)
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert len(kfp.runs) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_the_disk_is_full_and_the_run_is_named(start, notebook, kfp):
    with Path("/dev/full").open("w") as full:
        process = start("deploy", notebook(*CELLS), stdout=full)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"/#/runs/details/{only(kfp.runs)['run_id']}" in err


def test_no_proxy_is_asked_for_this_machine(start, notebook, kfp):
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
    process = start("deploy", notebook(*CELLS), env={**os.environ, **proxy})
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert len(kfp.runs) == 1


def test_a_proxy_that_refuses(kale, notebook, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://me:canary-of-the-proxy@127.0.0.1:1")
    monkeypatch.setattr("kale.cluster.session.time.sleep", lambda _: None)
    code, out, err = kale("deploy", notebook(*CELLS), "--host", "https://kf.example.org")
    assert (code, out) == (3, "")
    assert "error KALE604: the proxy" in err
    assert "canary" not in err


def test_no_network_is_needed_to_say_what_would_be_done(kale, notebook, monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    options = ["--dry-run", "--host", "https://kf.example.org", "--recurring", "@daily"]
    assert kale("deploy", notebook(*CELLS), *options)[0] == 0
