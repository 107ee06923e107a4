"""The notebook server's own volumes: what of a pod is work, and what is not."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from cluster.deploys import only
from cluster.kubeconfigs import CANARY, connected, write_kubeconfig
from cluster.kubernetes_server import KubernetesServer

from kale.cluster.kubernetes_api import Kubernetes
from kale.cluster.notebook_server import mounted_claims
from kale.errors import ClusterError
from kale.volumes import Volumes, with_clones

NOTEBOOK = {"labels": {"notebook-name": "nb", "app": "nb"}}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    server = KubernetesServer()
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "kubeconfig", server.url)))
    yield server
    server.close()


def container(*mounts, name="nb", variable="NB_PREFIX"):
    return {
        "name": name,
        "env": [{"name": variable, "value": "/notebook/team/nb"}],
        "volumeMounts": [
            {"name": volume, "mountPath": path, **more}
            for volume, path, more in ((*each, {})[:3] for each in mounts)
        ],
    }


def claim(name, **more):
    return {"name": f"v-{name}", "persistentVolumeClaim": {"claimName": name, **more}}


WORKSPACE = ("v-workspace", "/home/jovyan")


def found(cluster, volumes, *containers, metadata=NOTEBOOK, in_pod=True, **more):
    """The claims that are found and what was told."""
    spec = {"volumes": volumes, "containers": list(containers)}
    cluster.add("pods", "nb-0", spec, metadata=metadata)
    told = []
    return mounted_claims(connected(in_pod=in_pod), told.append, pod="nb-0", **more), told


@pytest.mark.parametrize(
    ("volumes", "mounts", "claims", "told"),
    [
        pytest.param(
            [claim("workspace"), claim("data")], [WORKSPACE, ("v-data", "/data")],
            (("workspace", "/home/jovyan", ""), ("data", "/data", "")), [],
            id="every claim, in the order of the mounts"),
        pytest.param(
            [claim("workspace")], [("v-workspace", "/home", {"subPath": "me"})],
            (("workspace", "/home", "me"),), [], id="a folder of a claim"),
        pytest.param(
            [claim("workspace"), claim("unused")], [WORKSPACE],
            (("workspace", "/home/jovyan", ""),), [],
            id="a claim that another container mounts is not the notebook's"),
        pytest.param(
            [claim("workspace"), {"name": "shm", "emptyDir": {"medium": "Memory"}},
             {"name": "s", "secret": {}}, {"name": "t", "projected": {}}, {"name": "c", "configMap": {}}],
            [WORKSPACE, ("shm", "/dev/shm"), ("s", "/secret"), ("t", "/var/run/x"), ("c", "/etc/x")],
            (("workspace", "/home/jovyan", ""),), [], id="no memory and no secrets"),
        pytest.param(
            [claim("workspace"), claim("corpus")],
            [WORKSPACE, ("v-corpus", "/corpus", {"readOnly": True})],
            (("workspace", "/home/jovyan", ""),),
            ["/corpus is not copied: it is mounted for reading alone; list the claim corpus to mount it"],
            id="no claim that is mounted for reading alone, and it is told"),
        pytest.param(
            [claim("workspace"), claim("corpus", readOnly=True)], [WORKSPACE, ("v-corpus", "/corpus")],
            (("workspace", "/home/jovyan", ""),),
            ["/corpus is not copied: it is mounted for reading alone; list the claim corpus to mount it"],
            id="no claim that the pod holds for reading alone, and it is told"),
        pytest.param(
            [claim("workspace"), {"name": "n", "nfs": {"server": "x"}}, {"name": "e", "emptyDir": {}}],
            [WORKSPACE, ("n", "/nfs"), ("e", "/scratch\x1b[2J")],
            (("workspace", "/home/jovyan", ""),),
            ["/nfs is not copied: it is no claim", "/scratch\\x1b[2J is not copied: it is no claim"],
            id="what cannot be copied is told"),
        pytest.param(
            [claim("workspace"), claim("data")],
            [WORKSPACE, ("v-data", "/data", {"subPathExpr": "$(POD)"})],
            (("workspace", "/home/jovyan", ""),),
            ["/data is not copied: its folder on the claim is known to the pod alone"],
            id="a folder that only the pod knows is told"),
        pytest.param(
            [{"name": "scratch", "ephemeral": {}}], [("scratch", "/scratch")],
            (("nb-0-scratch", "/scratch", ""),), [], id="a volume that lives as long as the pod"),
    ],
)  # fmt: skip
def test_of_a_pod_are_copied(cluster, volumes, mounts, claims, told):
    assert found(cluster, volumes, container(*mounts)) == (claims, told)


def test_a_mesh_container_before_the_notebook_is_not_taken_for_it(cluster):
    mesh = container(("v-other", "/other"), name="istio-proxy", variable="ISTIO")
    volumes = [claim("other"), claim("workspace")]
    claims, _ = found(cluster, volumes, mesh, container(WORKSPACE))
    assert claims == (("workspace", "/home/jovyan", ""),)


def test_without_the_controllers_mark_the_first_container_is_the_notebooks(cluster):
    plain = container(WORKSPACE, variable="OTHER")
    claims, _ = found(cluster, [claim("workspace")], plain, container(name="side", variable="X"))
    assert claims == (("workspace", "/home/jovyan", ""),)


def test_they_become_volumes_of_the_pipeline(cluster):
    claims, _ = found(cluster, [claim("workspace")], container(WORKSPACE))
    (volume,) = with_clones(Volumes(snapshot=True), claims, ()).clones
    assert (volume.name, volume.mount_path) == ("workspace", "/home/jovyan")
    assert volume.parameter


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        pytest.param({"in_pod": False}, "KALE635", "this is not a pod of a cluster", id="a laptop"),
        pytest.param({"metadata": {"labels": {"app": "runner"}}}, "KALE635",
                     "the pod nb-0 is not one of Kubeflow's", id="a pod of a CI job"),
        pytest.param({"metadata": {}}, "KALE635", "is not one of Kubeflow's", id="a pod of no label"),
        pytest.param({"namespace": "other"}, "KALE635",
                     "whose namespace is team; a run in other cannot mount copies of them",
                     id="a run in another namespace"),
    ],
)  # fmt: skip
def test_elsewhere_nothing_is_found(cluster, more, code, words):
    with pytest.raises(ClusterError) as caught:
        found(cluster, [claim("workspace")], container(WORKSPACE), **more)
    assert (caught.value.code, words in caught.value.message) == (code, True)


def test_a_pod_that_kubernetes_does_not_know_is_no_notebook_server(cluster):
    with pytest.raises(ClusterError, match="the pod nb-0 is not one of Kubeflow's"):
        mounted_claims(connected(in_pod=True), print, pod="nb-0")


def test_a_server_without_claims_has_nothing_to_copy(cluster):
    with pytest.raises(ClusterError) as caught:
        found(cluster, [{"name": "shm", "emptyDir": {}}], container(("shm", "/dev/shm")))
    assert caught.value.code == "KALE634"


def test_without_the_right_to_read_pods_the_command_is_named(cluster):
    cluster.denied.add(("get", "pods"))
    with pytest.raises(ClusterError) as caught:
        mounted_claims(connected(in_pod=True), print, pod="nb-0")
    assert "kubectl create role kale-pods --namespace team --verb=get --resource=pods" in (
        caught.value.hint
    )


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 and its key, by an authority of this test's own."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here to make a certificate with")
    paths = tmp_path / "ca.crt", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=kubernetes", "-out", str(paths[0])]
    command += ["-keyout", str(paths[1]), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return paths


def run_in(server, mount):
    """Let the notebook server's pod have its workspace there."""
    spec = {"volumes": [claim("workspace")], "containers": [container(mount)]}
    server.add("pods", "nb-0", spec, metadata=NOTEBOOK)


@pytest.fixture
def server(certificate, tmp_path, monkeypatch):
    """The cluster of the notebook server that this process runs in, as far as it can see."""
    server = KubernetesServer(certificate=certificate)
    server.token = CANARY
    server.storage_class("fast")
    server.snapshot_class("usual")
    server.claim("workspace")
    run_in(server, WORKSPACE)
    (tmp_path / "token").write_text(CANARY, encoding="utf-8")
    (tmp_path / "namespace").write_text("team", encoding="utf-8")
    monkeypatch.setattr("kale.cluster.kubernetes_login.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "nb-0")
    monkeypatch.setattr("os.sync", lambda: None)  # the whole machine's disks
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    yield server
    server.close()


def test_a_pod_logs_in_with_its_service_account_over_tls(server):
    kubernetes = Kubernetes.connect()
    assert mounted_claims(kubernetes, print) == (("workspace", "/home/jovyan", ""),)
    assert CANARY not in repr(kubernetes)


def test_a_deploy_in_a_notebook_server_runs_on_a_copy_of_its_volume(server, kfp, kale, notebook):
    settings = {"snapshot_volumes": True}
    path = notebook(("block:a", "print(1)"), metadata={"kubeflow_notebook": settings})
    code, out, err = kale("deploy", path, "--host", kfp.url)
    assert code == 0, err
    (copy,) = only(kfp.runs)["runtime_config"]["parameters"].values()
    assert server.names("volumesnapshots") == [copy]
    assert server.names("persistentvolumeclaims") == sorted(["workspace", copy])
    assert f"copy of workspace: {copy}, 10Gi, for /home/jovyan" in err
    assert CANARY not in out + err


def test_a_volume_where_no_step_can_have_one_is_refused(server, kfp, kale, notebook):
    run_in(server, ("v-workspace", "/home"))
    settings = {"snapshot_volumes": True}
    path = notebook(("block:a", "print(1)"), metadata={"kubeflow_notebook": settings})
    code, _, err = kale("deploy", path, "--host", kfp.url)
    assert (code, kfp.requests, server.names("volumesnapshots")) == (2, [], [])
    assert err.startswith(f"{path}: error KALE125: a step cannot mount `workspace` at `/home`,")
