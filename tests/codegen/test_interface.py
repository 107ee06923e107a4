"""The package's interface: ports, wires, parameters and their defaults."""

from __future__ import annotations

import json

import pytest
from codegen.builders import package, parameter, plan, pod, task

from kale.codegen import check_package
from kale.ir import SecretEnv, StepOptions, Toleration, VolumeMount


def test_ports_and_wires():
    made = plan(
        "load",
        "train",
        wires=[("x", "load", "train")],
        metrics=("train", ["x"]),
        parameters=[parameter("alpha", 1)],
        reads={"train": ["alpha"]},
    )
    spec = package(made)[0]
    artifact, metrics, page = (
        {"artifactType": {"schemaTitle": f"system.{kind}", "schemaVersion": "0.0.1"}}
        for kind in ("Artifact", "Metrics", "HTML")
    )
    shown = {"executed_notebook": artifact, "html_report": page}
    assert spec["components"] == {
        "comp-load": {
            "executorLabel": "exec-load",
            "outputDefinitions": {
                "artifacts": {"out_x": artifact, "kale_runtime": artifact, **shown}
            },
        },
        "comp-train": {
            "executorLabel": "exec-train",
            "inputDefinitions": {
                "artifacts": {"in_x": artifact, "kale_runtime": artifact},
                "parameters": {"alpha": {"parameterType": "NUMBER_INTEGER"}},
            },
            "outputDefinitions": {"artifacts": {"metrics": metrics, **shown}},
        },
    }
    assert task(made)["dependentTasks"] == ["load"]
    assert task(made)["inputs"] == {
        "artifacts": {
            key: {"taskOutputArtifact": {"outputArtifactKey": output, "producerTask": "load"}}
            for key, output in (("in_x", "out_x"), ("kale_runtime", "kale_runtime"))
        },
        "parameters": {"alpha": {"componentInputParameter": "alpha"}},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            parameter("a", "x"), {"parameterType": "STRING", "defaultValue": "x"}, id="str"
        ),
        pytest.param(
            parameter("a", 3), {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0}, id="int"
        ),
        pytest.param(
            parameter("a", 2**53),
            {"parameterType": "NUMBER_INTEGER", "defaultValue": 2.0**53},
            id="the largest int that a double holds",
        ),
        pytest.param(
            parameter("a", 2**53 + 1), {"parameterType": "NUMBER_INTEGER"}, id="beyond it"
        ),
        pytest.param(
            parameter("a", False), {"parameterType": "BOOLEAN", "defaultValue": False}, id="bool"
        ),
        pytest.param(
            parameter("a", [1]), {"parameterType": "LIST", "defaultValue": [1.0]}, id="list"
        ),
        pytest.param(
            parameter("a", {"b": 1}),
            {"parameterType": "STRUCT", "defaultValue": {"b": 1.0}},
            id="dict",
        ),
        pytest.param(parameter("a", None, "float"), {"parameterType": "NUMBER_DOUBLE"}, id="None"),
        pytest.param(parameter("a", "{{x}}"), {"parameterType": "STRING"}, id="doubled braces"),
        pytest.param(
            parameter("a", "x", "int"), {"parameterType": "NUMBER_INTEGER"}, id="a misfit"
        ),
        pytest.param(parameter("a", [(1,)]), {"parameterType": "LIST"}, id="a tuple inside"),
        pytest.param(
            parameter("a", eval("[" * 31 + "]" * 31)), {"parameterType": "LIST"}, id="too deep"
        ),
        pytest.param(
            parameter("a", {"b": eval("{'c':" * 29 + "[]" + "}" * 29)}),
            {"parameterType": "STRUCT"},
            id="too deep through dicts",
        ),
    ],
)
def test_defaults(given, expected):
    made = plan("train", parameters=[given], reads={"train": ["a"]})
    spec = package(made)[0]
    assert spec["root"]["inputDefinitions"]["parameters"]["a"] == {"isOptional": True, **expected}
    inner = spec["components"]["comp-train"]["inputDefinitions"]["parameters"]["a"]
    assert inner.get("isOptional", False) == ("defaultValue" not in expected)


def test_a_default_that_stays_in_the_notebook_is_a_notice():
    made = plan("train", parameters=[parameter("a", "{{x}}"), parameter("b", None, "int")])
    assert [(d.code, d.severity.value, d.message, d.hint) for d in check_package(made)] == [
        (
            "KALE410",
            "notice",
            (
                "Kubeflow Pipelines cannot hold the default of parameter `a` exactly;"
                " the package shows none, and the steps use it from the notebook"
            ),
            "nothing to do, unless the default should be seen in the user interface",
        ),
    ]


def test_equal_steps_have_different_containers():
    names = [f"fit-{number}" for number in range(20)]
    made = plan(
        "load", *((name, "same") for name in names), wires=[("x", "load", n) for n in names]
    )
    executors = package(made)[0]["deploymentSpec"]["executors"].values()
    containers = [json.dumps(executor, sort_keys=True) for executor in executors]
    assert len(set(containers)) == len(containers)


def test_the_package_is_a_pipeline_specification():
    from google.protobuf import json_format
    from kfp.kubernetes import kubernetes_executor_config_pb2
    from kfp.pipeline_spec import pipeline_spec_pb2

    options = StepOptions(
        limits=(("cpu", "1"), ("memory", "1Gi"), ("nvidia.com/gpu", "1")),
        retries=1,
        timeout=9,
        env=(("A", "1"),),
        secrets=(SecretEnv("a", "b", "C"),),
        labels=(("a", "b"),),
        tolerations=(Toleration("a", "b", "NoSchedule"),),
        volumes=(VolumeMount("a", "/a"),),
        node_selectors=(("a", "b"),),
        annotations=(("a", "b"),),
    )
    made = plan(
        "load",
        "train",
        wires=[("x", "load", "train")],
        options={"train": options},
        parameters=[parameter("a", [1])],
        reads={"train": ["a"]},
    )
    spec, platform = package(made)
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    json_format.ParseDict(pod(made), kubernetes_executor_config_pb2.KubernetesExecutorConfig())
