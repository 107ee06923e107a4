"""Notebooks whose volumes are copied for the run: what the run is given, and what is left."""

from functools import partial

import pytest
import yaml
from cluster.deploys import changes, only
from cluster.kubeconfigs import CANARY, write_kubeconfig
from cluster.kubernetes_server import KubernetesServer

from kale.cluster.snapshot_waiting import Waiting

CLAIMS, SNAPSHOTS = "persistentvolumeclaims", "volumesnapshots"
CELLS = (("pipeline-parameters", "n = 3"), ("block:a", "print(n, open('/data/x').read())"))
COPIED = {
    "snapshot_volumes": True,
    "volumes": [{"type": "clone", "name": "data", "mount_point": "/data"}],
}


@pytest.fixture
def kubernetes(tmp_path, monkeypatch):
    server = KubernetesServer()
    server.token = CANARY
    server.storage_class("fast")
    server.snapshot_class("usual")
    server.claim("data", size="50Gi")
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "kubeconfig", server.url)))
    at_once = partial(Waiting, sleep=lambda _: None)
    monkeypatch.setattr("kale.cluster.snapshots.Waiting", at_once)
    yield server
    server.close()


@pytest.fixture
def deploy(kale, kfp, notebook, kubernetes):
    def go(*options, settings=COPIED):
        path = notebook(*CELLS, metadata={"kubeflow_notebook": settings})
        return kale("deploy", path, "--host", kfp.url, "--ignore", "KALE429", *options)

    return go


def copies(kubernetes):
    return [name for name in kubernetes.names(CLAIMS) if name != "data"]


def test_the_run_is_given_the_copies(deploy, kfp, kubernetes):
    code, out, err = deploy("-p", "n=4")
    assert code == 0, err
    (copy,) = copies(kubernetes)
    parameters = only(kfp.runs)["runtime_config"]["parameters"]
    assert parameters.pop("n") == 4
    assert [*parameters.values()] == [copy]
    package = next(yaml.safe_load_all(kfp.sent("upload_version")[0].body[1]))
    assert {*parameters, "n"} == {*package["root"]["inputDefinitions"]["parameters"]}
    assert len(changes(kfp)) == 4
    assert out.count("(was there)") == 0
    (line,) = [line for line in err.splitlines() if "kubectl delete" in line]
    assert line.startswith("the copies of volumes stay for the run")
    assert CANARY not in out + err


def test_nothing_is_copied_for_an_upload(deploy, kfp, kubernetes):
    code, _, err = deploy("--upload-only")
    assert code == 0, err
    assert (copies(kubernetes), kfp.runs) == ([], {})


def test_nothing_is_copied_or_asked_in_a_dry_run(deploy, kfp, kubernetes):
    assert deploy("--dry-run")[0] == 0
    assert (kubernetes.made(), kfp.requests) == ([], [])


def test_a_recurring_run_has_no_copies(deploy, kfp, kubernetes):
    code, _, err = deploy("--recurring", "@daily")
    assert (code, kfp.requests, kubernetes.made()) == (2, [], [])
    assert "error KALE616" in err


def test_copies_that_no_run_uses_go(deploy, kfp, kubernetes):
    kfp.fault("POST /apis/v2beta1/runs", "403")
    code, _, err = deploy()
    assert code == 3
    assert copies(kubernetes) == []
    assert kubernetes.names(SNAPSHOTS) == []
    assert "error KALE607" in err


@pytest.mark.parametrize("kind", ["cut", "500"])
def test_copies_that_a_run_may_use_are_named(deploy, kfp, kubernetes, kind):
    kfp.fault("POST /apis/v2beta1/runs", kind)
    code, _, err = deploy()
    assert code == 3
    assert len(copies(kubernetes)) == 1
    assert "there may be a run that uses the copies of volumes; if not, remove them: kubectl" in err


def test_a_volume_that_cannot_be_copied(deploy, kfp, kubernetes):
    settings = {**COPIED, "volumes": [{"type": "clone", "name": "other", "mount_point": "/data"}]}
    code, _, err = deploy(settings=settings)
    assert (code, kfp.runs, copies(kubernetes)) == (3, {}, [])
    assert "error KALE634" in err
    assert "made before that: version" in err


def test_the_volumes_of_a_notebook_server_outside_of_one(deploy, kfp, kubernetes):
    code, _, err = deploy(settings={"snapshot_volumes": True})
    assert (code, kfp.requests) == (3, [])
    assert "error KALE635" in err
    code, _, err = deploy("--dry-run", settings={"snapshot_volumes": True})
    assert code == 0
    assert "would be copied; they are not looked up" in err


def test_copies_are_where_the_run_is_also_on_a_server_for_one_user(deploy, kfp, kubernetes):
    code, _, err = deploy("--namespace", "elsewhere")
    assert code == 0, err
    (line,) = [line for line in err.splitlines() if "kubectl delete" in line]
    assert " elsewhere" in line
