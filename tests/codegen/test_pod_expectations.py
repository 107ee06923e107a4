"""What a user asks of pods by tags and in the metadata, as the package says it.

The fixture holds each package equal to what the official compiler makes of its script.
"""

from __future__ import annotations

import pytest


def name(secret):
    return {
        "secretName": secret,
        "secretNameParameter": {"runtimeValue": {"constant": secret}},
    }


def test_nothing_is_asked_of_a_pod(compiled):
    assert compiled("limit:cpu:1").pods == {}


@pytest.mark.parametrize(
    ("tags", "pod"),
    [
        pytest.param("pull-secret:a", {"imagePullSecret": [name("a")]}, id="a pull secret"),
        pytest.param(
            "pull-secret:b pull-secret:a",
            {"imagePullSecret": [name("b"), name("a")]},
            id="two, tried in this order",
        ),
        pytest.param("pull-policy:Always", {"imagePullPolicy": "Always"}, id="a pull policy"),
        pytest.param("pull-policy:Never", {"imagePullPolicy": "Never"}, id="no pulling"),
        pytest.param(
            "run-as-user:1000 run-as-group:100",
            {"securityContext": {"runAsUser": "1000", "runAsGroup": "100"}},
            id="a user and a group",
        ),
        pytest.param("run-as-user:0", {"securityContext": {"runAsUser": "0"}}, id="root"),
        pytest.param("run-as-group:0", {"securityContext": {"runAsGroup": "0"}}, id="root's group"),
        pytest.param(
            "run-as-non-root:true", {"securityContext": {"runAsNonRoot": True}}, id="not as root"
        ),
        pytest.param(
            "run-as-non-root:false", {"securityContext": {"runAsNonRoot": False}}, id="as anybody"
        ),
        pytest.param(
            "timeout:60 pull-policy:IfNotPresent node:disk:ssd",
            {
                "activeDeadlineSeconds": "60",
                "imagePullPolicy": "IfNotPresent",
                "nodeSelector": {"labels": {"disk": "ssd"}},
            },
            id="beside other things",
        ),
        pytest.param(
            "toleration:nvidia.com/gpu::NoSchedule node:cloud.google.com/gke-accelerator:a100",
            {
                "nodeSelector": {"labels": {"cloud.google.com/gke-accelerator": "a100"}},
                "tolerations": [
                    {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
                ],
            },
            id="where the devices are",
        ),
    ],
)
def test_a_tag_reaches_the_pod(compiled, tags, pod):
    assert compiled(tags).pod() == pod


@pytest.mark.parametrize(
    ("metadata", "pod"),
    [
        pytest.param({"image_pull_secrets": []}, {}, id="no secrets"),
        pytest.param({"security_context": {}}, {}, id="no context"),
        pytest.param({"service_account": "team-a"}, {}, id="a run's account is no pod's"),
        pytest.param(
            {"image_pull_secrets": ["a", "b"]},
            {"imagePullSecret": [name("a"), name("b")]},
            id="pull secrets",
        ),
        pytest.param(
            {"image_pull_policy": "Always"}, {"imagePullPolicy": "Always"}, id="a pull policy"
        ),
        pytest.param(
            {
                "security_context": {
                    "enabled": True,
                    "run_as_user": 65534,
                    "run_as_group": 0,
                    "run_as_non_root": True,
                }
            },
            {"securityContext": {"runAsUser": "65534", "runAsGroup": "0", "runAsNonRoot": True}},
            id="a security context as Kale 2 wrote it",
        ),
        pytest.param(
            {"security_context": {"runAsUser": 1}},
            {"securityContext": {"runAsUser": "1"}},
            id="and as Kubernetes writes it",
        ),
        pytest.param(
            {"steps_defaults": ["pull-secret:a", "run-as-group:7"]},
            {"imagePullSecret": [name("a")], "securityContext": {"runAsGroup": "7"}},
            id="defaults as tags",
        ),
        pytest.param(
            {
                "steps_defaults": {
                    "image_pull_secrets": ["a"],
                    "image_pull_policy": "Never",
                    "security_context": {"run_as_group": 7},
                }
            },
            {
                "imagePullPolicy": "Never",
                "imagePullSecret": [name("a")],
                "securityContext": {"runAsGroup": "7"},
            },
            id="defaults as an object",
        ),
    ],
)
def test_metadata_reach_every_pod(compiled, metadata, pod):
    cells = [("block:load", "x = 1"), ("block:fit prev:load", "print(x)")]
    made = compiled(cells=cells, metadata=metadata)
    assert made.pods == ({"exec-load": pod, "exec-fit": pod} if pod else {})


def test_a_step_of_its_own_mind(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load run-as-user:2", "print(x)")]
    made = compiled(
        cells=cells, metadata={"security_context": {"run_as_user": 1, "run_as_group": 3}}
    )
    contexts = [made.pod(step)["securityContext"] for step in ("load", "fit")]
    assert contexts == [
        {"runAsUser": "1", "runAsGroup": "3"},
        {"runAsUser": "2", "runAsGroup": "3"},
    ]


@pytest.mark.parametrize(
    "device",
    [
        "nvidia.com/gpu",
        "nvidia.com/mig-1g.5gb",
        "amd.com/gpu",
        "habana.ai/gaudi",
        "google.com/tpu",
        "aws.amazon.com/neuron",
        "gpu.intel.com/i915",
    ],
)
def test_devices_of_all_vendors(compiled, device):
    for tags in (f"limit:{device}:8", f"request:{device}:8 limit:{device}:8"):
        assert compiled(tags).container()["resources"]["accelerator"] == {
            "count": "8",
            "resourceCount": "8",
            "resourceType": device,
            "type": device,
        }


@pytest.mark.parametrize(
    ("tags", "metadata", "count", "pause"),
    [
        pytest.param("retry:2", {}, 2, "0s", id="at once"),
        pytest.param("retry:2:0", {}, 2, "0s", id="at once, as asked"),
        pytest.param("retry:2:30", {}, 2, "30s", id="after a pause"),
        pytest.param(
            "", {"retries": 3, "retry_interval": "2m"}, 3, "120s", id="as Kale's SDK says"
        ),
    ],
)
def test_a_pause_before_each_attempt(compiled, tags, metadata, count, pause):
    policy = compiled(tags, metadata={"steps_defaults": metadata}).task()["retryPolicy"]
    assert (policy["maxRetryCount"], policy["backoffDuration"]) == (count, pause)
    assert policy["backoffFactor"] == 1.0


def test_the_account_of_the_runs_is_the_default_of_the_script(compiled, tmp_path):
    compiled(metadata={"service_account": "team-a"})
    script = (tmp_path / "nb.kfp.py").read_text("utf-8")
    assert """add_argument("--service-account", default="team-a",""" in script


def test_what_only_says_how_a_pod_starts_changes_no_key_of_the_cache(compiled):
    """Kubeflow's key has image, command, arguments and ports; these stay, so that outputs do."""
    plain, asked = compiled(), compiled("pull-policy:Always run-as-user:5 pull-secret:a retry:1")
    assert plain.container() == asked.container()


def test_an_older_cluster_is_told_what_it_knows(compiled):
    tags = "pull-policy:Always pull-secret:a run-as-user:5"
    assert compiled(tags, "--kfp-version", "2.4").pod() == {
        "imagePullPolicy": "Always",
        "imagePullSecret": [{"secretName": "a"}],
    }
    assert compiled(tags, "--kfp-version", "2.0").pod() == {}
