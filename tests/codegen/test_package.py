"""The package as parsed YAML: options, text, limits, and what is refused."""

from __future__ import annotations

import ast
import itertools
import json
import re
import sys
import time
import zlib
from base64 import b64decode

import pytest
import yaml
from codegen.builders import compiled, container, errors_of, one, package, parameter, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from kale.codegen import check_package, emit_files, emit_package, emit_script, gen_kfp_code
from kale.codegen.container import DEFAULT_IMAGE
from kale.diagnostics import CATALOGUE
from kale.errors import KaleError
from kale.ir import SecretEnv, StepOptions, Toleration, VolumeMount


def task(made, key="train"):
    return package(made)[0]["root"]["dag"]["tasks"][key]


def pod(made):
    """What the platform specification says of step ``train``."""
    platform = package(made)[1]["platforms"]["kubernetes"]
    return platform["deploymentSpec"]["executors"]["exec-train"]


# ------------------------------------------------------------------ options


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
    assert zlib.decompress(b64decode(notebook)) == made.task("train").notebook


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


@pytest.mark.parametrize(
    ("caching", "expected"),
    [(None, {"enableCache": True}), (True, {"enableCache": True}), (False, {})],
)
def test_caching(caching, expected):
    assert task(one(StepOptions(caching=caching)))["cachingOptions"] == expected


def test_retries():
    assert task(one(StepOptions(retries=2)))["retryPolicy"] == {
        "backoffDuration": "0s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "3600s",
        "maxRetryCount": 2,
    }


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


# ------------------------------------------------------------------ interface


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
    artifact = {"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}
    metrics = {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}}
    assert spec["components"] == {
        "comp-load": {
            "executorLabel": "exec-load",
            "outputDefinitions": {"artifacts": {"out_x": artifact}},
        },
        "comp-train": {
            "executorLabel": "exec-train",
            "inputDefinitions": {
                "artifacts": {"in_x": artifact},
                "parameters": {"alpha": {"parameterType": "NUMBER_INTEGER"}},
            },
            "outputDefinitions": {"artifacts": {"metrics": metrics}},
        },
    }
    assert task(made)["dependentTasks"] == ["load"]
    assert task(made)["inputs"] == {
        "artifacts": {
            "in_x": {"taskOutputArtifact": {"outputArtifactKey": "out_x", "producerTask": "load"}}
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


# ------------------------------------------------------------------ text


def strings(value):
    match value:
        case str():
            yield value
        case list():
            yield from itertools.chain.from_iterable(map(strings, value))
        case dict():
            yield from itertools.chain.from_iterable(map(strings, [*value, *value.values()]))


BRACES = "{{$}} {{workflow.name}} {{$.inputs.parameters['x']}} f'{{{x}}}' {% raw %}"


def test_nothing_but_the_placeholder_holds_doubled_braces():
    made = plan(
        ("train", BRACES),
        imports=[BRACES],
        parameters=[parameter("a", BRACES)],
        reads={"train": ["a"]},
    )
    doubled = [text for text in strings(package(made)) if "{{" in text]
    assert doubled == ["{{$}}"]
    assert compiled(made) == package(made)


# Titles and descriptions are never part of a pod, so that doubled braces do no harm there.
anything = st.text(st.characters(exclude_categories=["Cs"]))
in_a_pod = anything.filter(lambda text: "{{" not in text and "\0" not in text)


@settings(deadline=None, max_examples=30)
@given(anything, anything, in_a_pod, in_a_pod, in_a_pod, anything, anything)
def test_any_text_arrives(title, description, image, note, value, code, default):
    made = plan(
        ("train", code),
        title=title,
        description=description,
        options={
            "train": StepOptions(
                image=image or None, annotations=(("a", note),), env=(("A", value),)
            )
        },
        parameters=[parameter("text", default)],
        reads={"train": ["text"]},
    )
    spec, _platform = package(made)
    info = spec["pipelineInfo"]
    assert (info.get("displayName", ""), info.get("description", "")) == (title, description)
    assert container(made)["image"] == (image or DEFAULT_IMAGE)
    assert container(made)["env"][0].get("value", "") == value
    assert pod(made)["podMetadata"]["annotations"] == {"a": note}
    shown = spec["root"]["inputDefinitions"]["parameters"]["text"].get("defaultValue", default)
    assert shown == default
    *_, cell = json.loads(zlib.decompress(b64decode(container(made)["args"][2])))["cells"]
    assert "".join(cell["source"]) == code
    ast.parse(emit_script(made))


@settings(deadline=None, max_examples=10)
@given(anything, anything, in_a_pod, anything, anything)
def test_any_text_compiles_to_the_same(title, description, value, code, default):
    options = {"train": StepOptions(env=(("A", value),), annotations=(("a", value),))}
    made = plan(
        ("train", code),
        title=title,
        description=description,
        options=options,
        parameters=[parameter("text", default)],
        reads={"train": ["text"]},
    )
    assert compiled(made) == package(made)


def test_the_header_stays_a_comment():
    made = plan(
        "train",
        description="one\ntwo\x00: [\u2028",
        parameters=[parameter("text", "a\nroot: {}"), parameter("none", None, "int")],
    )
    head = emit_package(made).decode().split("components:")[0]
    assert head == (
        "# PIPELINE DEFINITION\n# Name: iris\n# Description: one\n"
        "#              two\\x00: [\\u2028\n# Inputs:\n#    none: int\n"
        "#    text: str [Default: 'a\\nroot: {}']\n"
    )


# ------------------------------------------------------------------ refusals


def refused(made):
    with pytest.raises(KaleError) as caught:
        emit_package(made)
    with pytest.raises(KaleError) as again:
        emit_script(made)
    assert errors_of(caught.value) == errors_of(again.value)
    return errors_of(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 129, f"`{'a' * 129}` (129 characters)"),
        ("My Pipeline", "`My Pipeline`"),
        ("-x", "`-x`"),
        ("", "``"),
    ],
)
def test_names_that_are_refused(name, shown):
    assert refused(plan("train", name=name)) == [
        (
            "KALE403",
            "iris.ipynb",
            f"{shown} is no name of a Kubeflow pipeline",
            "use at most 128 lower-case letters, digits and dashes, no dash at the start",
        ),
    ]


BRACED = "write one brace, or build the text in a cell"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            StepOptions(image="{{x}}"),
            ("the image `{{x}}` holds `{{`, which Kubeflow Pipelines would expand"),
            BRACED,
        ),
        (
            StepOptions(env=(("A", "{{x}}"),)),
            (
                "the environment variable `A={{x}}` holds `{{`, which"
                " Kubeflow Pipelines would expand"
            ),
            BRACED,
        ),
        (
            StepOptions(packages=("{{x}}",)),
            ("the package `{{x}}` holds `{{`, which Kubeflow Pipelines would expand"),
            BRACED,
        ),
        (
            StepOptions(secrets=(SecretEnv("{{a", "b", "C"),)),
            ("the secret `{{a:b:C` holds `{{`, which Kubeflow Pipelines would expand"),
            BRACED,
        ),
        (
            StepOptions(volumes=(VolumeMount("a", "/{{b"),)),
            ("the volume `a:/{{b` holds `{{`, which Kubeflow Pipelines would expand"),
            BRACED,
        ),
        (
            StepOptions(tolerations=(Toleration("a", "{{", "c"),)),
            ("the toleration `a:{{:c` holds `{{`, which Kubeflow Pipelines would expand"),
            BRACED,
        ),
        (
            StepOptions(labels=(("a", "\ud800"),)),
            ("the label `a=\\ud800` holds a character that no pod can be given"),
            "delete that character",
        ),
        (
            StepOptions(annotations=(("a", "x\0"),)),
            ("the annotation `a=x\\0` holds a character that no pod can be given"),
            "delete that character",
        ),
    ],
)
def test_text_that_is_refused(options, message, hint):
    place = "iris.ipynb: cell 10 (train), line 1"
    assert refused(one(options)) == [("KALE406", place, message, hint)]


def test_text_of_the_pipeline_that_is_refused():
    made = plan("train", title="\ud800", description="\udfff", image="{{x}}")
    assert [error[2] for error in refused(made)] == [
        "the pipeline's title holds half of a surrogate pair, which no YAML file can",
        "the pipeline's description holds half of a surrogate pair, which no YAML file can",
        "the image `{{x}}` holds `{{`, which Kubeflow Pipelines would expand",
    ]


def test_all_errors_come_together():
    made = plan(
        "a",
        "b",
        options={"a": StepOptions(limits=(("cpu", "x"),)), "b": StepOptions(env=(("A", "{{"),))},
        name="-",
    )
    assert [error[0] for error in refused(made)] == ["KALE403", "KALE404", "KALE406"]


# ------------------------------------------------------------------ sizes


def incompressible(size, seed=1):
    """Text of about ``size`` bytes once compressed and encoded."""
    numbers, x = [], seed
    for _ in range(size // 4):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers.append(f"{x >> 40:06x}")
    return "".join(numbers)


def test_a_small_step_is_no_finding():
    assert check_package(plan(("train", "x = 1" * 20_000))) == ()


def test_a_large_step_is_a_warning():
    made = plan(
        ("train", f"x = '{incompressible(60 * 1024)}'"),
        imports=["import math"],
        parameters=[parameter("a", 1)],
        reads={"train": ["a"]},
        options={"train": StepOptions(env=(("A", "b" * 100),), packages=("c",))},
    )
    (found,) = check_package(made)
    size, rest = found.message.removeprefix("step `train` takes ").split(" KiB", 1)
    assert 64 <= int(size) < 120
    assert (found.code, rest) == (
        "KALE407",
        (" of its package; clusters with Argo before 3.7 may refuse more than 64 KiB"),
    )
    assert found.hint == (
        "the heaviest parts before compression are cell 10 (90 KiB), option `A` (0 KiB), cell 3"
        " (0 KiB); read data from a file, or move code into a module of the image"
    )


def test_a_step_too_large_is_refused():
    made = plan(("train", f"x = '{incompressible(130 * 1024)}'"))
    ((code, place, message, hint),) = refused(made)
    assert (code, place) == ("KALE408", "iris.ipynb: cell 10 (train), line 1")
    assert message.startswith("step `train` takes 1")
    assert message.endswith(" KiB of its package; a cluster takes 120 KiB")
    assert hint == (
        "the heaviest parts before compression are cell 10 (195 KiB); read data from a file, or"
        " move code into a module of the image"
    )


def test_a_pipeline_of_many_large_steps_is_a_warning():
    code = f"x = '{incompressible(40 * 1024)}'"
    (found,) = check_package(plan(*((f"step-{number}", code) for number in range(20))))
    before, size, after = re.split("([0-9]+) KiB t", found.message)
    assert 1024 < int(size) < 1500
    assert (found.code, str(found.at), before, after, found.hint) == (
        "KALE411",
        "iris.ipynb",
        "the 20 steps take ",
        "ogether; a cluster may refuse a run of more than 1500 KiB",
        "merge small steps into one, or move code into a module of the image",
    )


def test_the_size_counts_what_go_escapes():
    few = plan("train", options={"train": StepOptions(env=(("A", "a" * 12_000),))})
    many = plan("train", options={"train": StepOptions(env=(("A", "<" * 12_000),))})
    assert check_package(few) == ()
    assert [d.code for d in check_package(many)] == ["KALE407"]


# ------------------------------------------------------------------ the rest


def test_the_codes_are_in_the_catalogue():
    assert [code for code in CATALOGUE if code.startswith("KALE4")] == [
        f"KALE4{number:02}" for number in range(1, 12)
    ]


def test_files():
    made = plan("a_b", "c")
    files = {str(path): content for path, content in emit_files(made).items()}
    assert sorted(files) == [
        "iris.kfp.py",
        "iris.steps/a_b.ipynb",
        "iris.steps/c.ipynb",
        "iris.yaml",
    ]
    assert files["iris.steps/c.ipynb"] == made.task("c").notebook
    assert gen_kfp_code(made).encode() == files["iris.kfp.py"]


def test_the_original_name_takes_an_analysed_pipeline_too():
    from codegen.builders import analyzed

    assert gen_kfp_code(analyzed("a")).encode() == emit_script(plan("a"))


def test_the_dumper_of_pure_python_writes_the_same(monkeypatch):
    made = plan("load", "train", wires=[("x", "load", "train")], description="größe\n\u2028 x")
    expected = package(made)
    monkeypatch.delattr(yaml, "CSafeDumper", raising=False)
    assert package(made) == expected


def test_a_hundred_steps_are_quick():
    names = [f"step-{number}" for number in range(100)]
    wires = [("x", before, after) for before, after in itertools.pairwise(names)]
    steps = [(name, f"x = {name!r}\n" * 10) for name in names]
    emit_package(plan("warm"))
    start = time.process_time()
    made = plan(*steps, wires=wires)
    emit_package(made)
    # Measured at a fifth of this; the rest is for slow machines and coverage.
    assert time.process_time() - start < (1.0 if sys.gettrace() is None else 10)
