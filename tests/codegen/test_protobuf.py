"""Packages are messages of the specification, read without ignoring anything; no wire is loose."""

from __future__ import annotations

from pathlib import Path

import pytest
from codegen.builders import one, package, parameter, plan
from codegen.protobuf_messages import check_messages, check_wires
from google.protobuf.json_format import ParseError

from kale.core import plan as plan_of_notebook
from kale.ir import METRICS_STEP, SecretEnv, StepOptions, Toleration, VolumeMount

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/*.ipynb"))

EVERY_OPTION = StepOptions(
    image="registry.example/team/image:1.0",
    packages=("scikit-learn==1.5.0",),
    limits=(("cpu", "1500m"), ("memory", "1.5Gi"), ("nvidia.com/gpu", "2")),
    requests=(("cpu", "0.5"), ("memory", "512M")),
    retries=3,
    timeout=3600,
    caching=False,
    report=False,
    files=("data.csv",),
    env=(("A", "1"), ("EMPTY", "")),
    secrets=(SecretEnv("db", "password", "PASSWORD"), SecretEnv("db", "user", "DB_USER")),
    labels=(("team", "a"), ("example.org/tier", "b")),
    annotations=(("note", 'a "quoted": text\n# \u2028 \U0001f600'),),
    node_selectors=(("disk", "ssd"),),
    tolerations=(Toleration("gpu", "yes", "NoSchedule"), Toleration("spot", "", "NoExecute")),
    volumes=(VolumeMount("data", "/data"),),
)

PARAMETERS = [
    parameter("text", "x"),
    parameter("empty", ""),
    parameter("count", 3),
    parameter("rate", 0.1),
    parameter("whole", 1, "float"),
    parameter("flag", True),
    parameter("off", False),
    parameter("names", ["a", 1, 1.5, [True], {"k": []}]),
    parameter("nothing", []),
    parameter("table", {"a": {"b": [1, 2]}, "": "x"}),
    parameter("optional", None, "int"),
    parameter("big", 2**53 + 1),
    parameter("größe", 1),
]

BUILT = [
    pytest.param(plan("train"), id="one step that gets and gives nothing"),
    pytest.param(one(StepOptions(limits=(("amd.com/gpu", "1"),))), id="nothing but a device"),
    pytest.param(
        plan(
            "load",
            "a",
            "b",
            METRICS_STEP,
            wires=[
                ("x", "load", "a"),
                ("x", "load", "b"),
                ("x", "a;b", METRICS_STEP),
                ("größe", "a", METRICS_STEP),
            ],
            after=[("b", "a")],
            parameters=PARAMETERS,
            reads={"a": [p.name for p in PARAMETERS], "load": ["text"]},
            metrics=(METRICS_STEP, ["x"]),
            metrics_code="print(x)",
            options={"a": EVERY_OPTION, "load": EVERY_OPTION},
            description="All of it:\n- at once",
            experiment="none",
        ),
        id="every option, every type, candidate versions and metrics",
    ),
    pytest.param(
        plan("a-b", "kale-runtime", "metrics", wires=[("metrics", "a-b", "kale-runtime")]),
        id="steps and values with names of Kale's own",
    ),
    pytest.param(
        plan(*((f"fold-{n}", "x = 1") for n in range(20)), "last", after=[("last", "fold-0")]),
        id="twenty alike steps",
    ),
]


@pytest.mark.parametrize("made", BUILT)
def test_a_package_is_a_message(made):
    check_messages(package(made))
    check_wires(package(made))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_package_of_an_example_is_a_message(path):
    documents = package(plan_of_notebook(path))
    check_messages(documents)
    check_wires(documents)


def spoil(documents, *path, value):
    """Put something into a package that does not belong there."""
    *way, last = path
    place = documents
    for key in way:
        place = place[key]
    place[last] = value


EXECUTORS = ("deploymentSpec", "executors", "exec-train")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param((0, "color"), "red", id="of the pipeline"),
        pytest.param((0, "root", "dag", "tasks", "train", "color"), "red", id="of a task"),
        pytest.param((0, *EXECUTORS, "container", "color"), "red", id="of a container"),
        pytest.param((1, "platforms", "kubernetes", *EXECUTORS, "color"), "red", id="of a pod"),
        pytest.param((0, *EXECUTORS, "container", "args"), "text", id="of another type"),
    ],
)
def test_a_field_that_is_not_in_the_specification_is_found(path, value):
    documents = package(one(EVERY_OPTION))
    check_messages(documents)
    spoil(documents, *path, value=value)
    with pytest.raises(ParseError):
        check_messages(documents)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("dependentTasks",), ["gone"], id="a task that is not there"),
        pytest.param(("inputs", "artifacts"), {}, id="an input that nothing feeds"),
        pytest.param(
            ("inputs", "artifacts", "in_x", "taskOutputArtifact", "outputArtifactKey"),
            "gone",
            id="an output that is not there",
        ),
    ],
)
def test_a_loose_wire_is_found(path, value):
    documents = package(plan("load", "train", wires=[("x", "load", "train")]))
    spoil(documents, 0, "root", "dag", "tasks", "train", *path, value=value)
    with pytest.raises((AssertionError, KeyError)):
        check_wires(documents)
