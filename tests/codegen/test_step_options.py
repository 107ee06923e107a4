"""What tags ask for a step, as the package says it."""

from __future__ import annotations

import zlib
from base64 import b64decode
from dataclasses import fields

import pytest
from codegen.builders import compiled, container, one, package, pod, task

from kale.codegen import emit_package
from kale.codegen.package_layout import DEFAULT_IMAGE
from kale.codegen.pod_notebook import pod_notebook
from kale.ir import SecretEnv, SecurityContext, StepOptions, Toleration, VolumeMount


def test_no_option_leaves_no_trace():
    made = one(StepOptions())
    assert len(package(made)) == 1
    assert sorted(container(made)) == ["args", "command", "image"]
    assert task(made) == {
        "cachingOptions": {"enableCache": True},
        "componentRef": {"name": "comp-train"},
        "taskInfo": {"name": "train"},
    }


@pytest.mark.parametrize(
    ("options", "image", "expected"),
    [
        pytest.param(StepOptions(), None, DEFAULT_IMAGE, id="nobody named one"),
        pytest.param(StepOptions(), "a:1", "a:1", id="the pipeline's"),
        pytest.param(StepOptions(image="b:2"), "a:1", "b:2", id="the step's own"),
    ],
)
def test_image(options, image, expected):
    assert container(one(options, image=image))["image"] == expected


def test_the_arguments():
    made = one(StepOptions(packages=("a==1", "b; python_version > '3'")))
    placeholder, name, notebook, *packages = container(made)["args"]
    assert (placeholder, name, packages) == ("{{$}}", "train", ["a==1", "b; python_version > '3'"])
    (task,) = made.tasks
    assert zlib.decompress(b64decode(notebook)) == pod_notebook(task.notebook, task.options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            StepOptions(limits=(("cpu", "1500m"),)),
            {"cpuLimit": 1.5, "resourceCpuLimit": "1500m"},
            id="a cpu limit",
        ),
        pytest.param(
            StepOptions(requests=(("cpu", "2"), ("memory", "1.5Gi"))),
            {
                "cpuRequest": 2.0,
                "resourceCpuRequest": "2",
                "memoryRequest": 1.610612736,
                "resourceMemoryRequest": "1536Mi",
            },
            id="cpu and memory requests",
        ),
        pytest.param(
            StepOptions(limits=(("memory", "2G"),)),
            {"memoryLimit": 2.0, "resourceMemoryLimit": "2G"},
            id="a memory limit",
        ),
        pytest.param(
            StepOptions(limits=(("nvidia.com/gpu", "2"),)),
            {
                "accelerator": {
                    "count": "2",
                    "resourceCount": "2",
                    "type": "nvidia.com/gpu",
                    "resourceType": "nvidia.com/gpu",
                }
            },
            id="a gpu limit sets its type",
        ),
    ],
)
def test_resources(options, expected):
    assert container(one(options))["resources"] == expected


def test_environment():
    made = one(StepOptions(env=(("A", "1"), ("B", ""))))
    assert container(made)["env"] == [{"name": "A", "value": "1"}, {"name": "B"}]


DATA = (VolumeMount("data", "/data"),)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(StepOptions(), {"enableCache": True}, id="not said"),
        pytest.param(StepOptions(caching=True), {"enableCache": True}, id="on"),
        pytest.param(StepOptions(caching=False), {}, id="off"),
        pytest.param(StepOptions(volumes=DATA), {}, id="a volume may hold anything"),
        pytest.param(
            StepOptions(volumes=DATA, caching=True), {"enableCache": True}, id="but as you say"
        ),
    ],
)
def test_caching(options, expected):
    assert task(one(options))["cachingOptions"] == expected


@pytest.mark.parametrize(
    ("pause", "written"),
    [
        pytest.param(None, "0s", id="at once"),
        pytest.param(0, "0s", id="at once, as asked"),
        pytest.param(30, "30s", id="after a pause"),
    ],
)
def test_retries(pause, written):
    """Argo kills the attempt that runs when the longest time is over: it is a year."""
    made = one(StepOptions(retries=2, retry_pause=pause))
    assert task(made)["retryPolicy"] == {
        "backoffDuration": written,
        "backoffFactor": 1.0,
        "backoffMaxDuration": "31536000s",
        "maxRetryCount": 2,
    }
    assert compiled(made) == package(made)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(StepOptions(timeout=90), {"activeDeadlineSeconds": "90"}, id="timeout"),
        pytest.param(
            StepOptions(labels=(("a", "b"),)), {"podMetadata": {"labels": {"a": "b"}}}, id="label"
        ),
        pytest.param(
            StepOptions(annotations=(("a", "b:c"),)),
            {"podMetadata": {"annotations": {"a": "b:c"}}},
            id="annotation",
        ),
        pytest.param(
            StepOptions(node_selectors=(("disk", "ssd"),)),
            {"nodeSelector": {"labels": {"disk": "ssd"}}},
            id="node selector",
        ),
        pytest.param(
            StepOptions(tolerations=(Toleration("gpu", "yes", "NoSchedule"),)),
            {
                "tolerations": [
                    {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
                ]
            },
            id="toleration of a value",
        ),
        pytest.param(
            StepOptions(tolerations=(Toleration("gpu", "", ""),)),
            {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
            id="toleration of all values and effects",
        ),
        pytest.param(
            StepOptions(volumes=(VolumeMount("data", "/data"),)),
            {
                "pvcMount": [
                    {
                        "constant": "data",
                        "mountPath": "/data",
                        "pvcNameParameter": {"runtimeValue": {"constant": "data"}},
                    }
                ]
            },
            id="volume",
        ),
        pytest.param(
            StepOptions(secrets=(SecretEnv("db", "password", "PASSWORD"),)),
            {
                "secretAsEnv": [
                    {
                        "secretName": "db",
                        "optional": False,
                        "secretNameParameter": {"runtimeValue": {"constant": "db"}},
                        "keyToEnv": [{"secretKey": "password", "envVar": "PASSWORD"}],
                    }
                ]
            },
            id="secret",
        ),
    ],
)
def test_pod(options, expected):
    assert pod(one(options)) == expected


#: One value for each field of ``StepOptions``, and a text of it that the package holds.
EVERY_FIELD = {
    "image": ("example.org/a:1", "example.org/a:1"),
    "packages": (("polars==1.0",), "polars==1.0"),
    "limits": ((("memory", "3Gi"),), "3Gi"),
    "requests": ((("cpu", "750m"),), "750m"),
    "retries": (7, "maxRetryCount: 7"),
    "retry_pause": (77, "77s"),
    "timeout": (4321, "activeDeadlineSeconds"),
    "caching": (False, "cachingOptions: {}"),
    "env": ((("MODE", "quick"),), "value: quick"),
    "secrets": ((SecretEnv("vault", "token", "TOKEN"),), "secretName: vault"),
    "labels": ((("team", "weather"),), "team: weather"),
    "annotations": ((("note", "of-mine"),), "note: of-mine"),
    "node_selectors": ((("disk", "nvme"),), "disk: nvme"),
    "tolerations": ((Toleration("spot", "yes", "NoExecute"),), "effect: NoExecute"),
    "volumes": ((VolumeMount("claim-1", "/mnt/x"),), "/mnt/x"),
    "pull_secrets": (("registry-1",), "secretName: registry-1"),
    "pull_policy": ("Never", "imagePullPolicy: Never"),
    "security_context": (SecurityContext(run_as_user=65534), "65534"),
}

#: Of the local run's cache, which a cluster does not have; and what an output less says.
LOCAL_FIELDS = {"files", "report"}

#: What an option says nothing without.
NEEDS = {"retry_pause": {"retries": 1}}


def test_every_option_has_a_row_here():
    assert EVERY_FIELD.keys() | LOCAL_FIELDS == {field.name for field in fields(StepOptions)}


@pytest.mark.parametrize(("field", "value", "text"), [(k, *v) for k, v in EVERY_FIELD.items()])
def test_every_option_reaches_the_package_and_the_script(field, value, text):
    needs = NEEDS.get(field, {})
    made = one(StepOptions(**{**needs, field: value}))
    assert text in emit_package(made).decode()
    assert text not in emit_package(one(StepOptions(**needs))).decode()
    assert compiled(made) == package(made)
