"""Quantities in Kubernetes' notation, in the part of it that Kubeflow Pipelines takes."""

from __future__ import annotations

import pytest
from codegen.builders import errors_of

from kale.codegen.resources import (
    Resources,
    cpu_quantity,
    memory_number,
    memory_quantity,
    resources_of,
    unsupported,
)
from kale.errors import KaleError, Location
from kale.ir import StepOptions

AT = Location("iris.ipynb", 10, 1, step="train")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("512Mi", "512Mi", id="a whole number stays"),
        pytest.param("4G", "4G", id="a decimal unit stays"),
        pytest.param("1000", "1000", id="bytes stay"),
        pytest.param("1.5Gi", "1536Mi", id="one and a half Gi"),
        pytest.param("0.5G", "500M", id="half a G"),
        pytest.param("1.0Gi", "1Gi", id="a whole number in disguise"),
        pytest.param("2.Gi", "2Gi", id="a point at the end"),
        pytest.param("0.1Gi", "107374183", id="parts of a byte count as one"),
        pytest.param("1.5Ki", "1536", id="nothing is smaller than Ki"),
        pytest.param("100k", "100000", id="KFP and Kubernetes spell the thousand differently"),
        pytest.param("2K", "2000", id="KFP's thousand"),
        pytest.param("1e9", "1000000000", id="an exponent"),
        pytest.param("2000m", "2", id="thousandths"),
    ],
)
def test_memory(text, expected):
    assert memory_quantity(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2", "2", id="cores"),
        pytest.param("0.5", "0.5", id="part of a core"),
        pytest.param(".5", ".5", id="a point at the start"),
        pytest.param("500m", "500m", id="thousandths"),
        pytest.param("2.", "2", id="a point at the end"),
        pytest.param("1e1", "10", id="an exponent"),
        pytest.param("0.5e0", "500m", id="an exponent and part of a core"),
        pytest.param("1k", "1000", id="thousands"),
        pytest.param("100u", "1m", id="the least that Kubernetes counts"),
        pytest.param("1500.5m", "1501m", id="part of a thousandth"),
    ],
)
def test_cpu(text, expected):
    assert cpu_quantity(text) == expected


@pytest.mark.parametrize(
    "text", ["", "abc", "1.5GiB", "-1", "0", "1 Gi", "1e", "Gi", "0x10", "1Zi"]
)
def test_no_quantity(text):
    with pytest.raises(ValueError, match="^" + text.replace(".", r"\.") + "$"):
        memory_quantity(text)


def test_memory_in_the_compilers_unit():
    assert [memory_number(q) for q in ("1G", "1536Mi", "500")] == [1.0, 1.610612736, 5e-07]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(StepOptions(), Resources(), id="nothing asked"),
        pytest.param(
            StepOptions(limits=(("nvidia.com/gpu", "0"),)), Resources(), id="no accelerators"
        ),
        pytest.param(
            StepOptions(limits=(("ephemeral-storage", "1Gi"),)), Resources(), id="no field for it"
        ),
        pytest.param(
            StepOptions(requests=(("amd.com/gpu", "2"),)),
            Resources(accelerator=("amd.com/gpu", 2)),
            id="a request for accelerators is a limit",
        ),
        pytest.param(
            StepOptions(requests=(("a/gpu", "1"), ("cpu", "1")), limits=(("a/gpu", "1"),)),
            Resources(cpu_request="1", accelerator=("a/gpu", 1)),
            id="request and limit agree",
        ),
    ],
)
def test_resources(options, expected):
    assert resources_of(options, AT) == expected


def test_what_cannot_be_asked_for():
    options = StepOptions(
        limits=(("cpu", "two"), ("nvidia.com/gpu", "1"), ("amd.com/gpu", "1")),
        requests=(("memory", "4 gigs"),),
    )
    with pytest.raises(KaleError) as caught:
        resources_of(options, AT)
    place = "iris.ipynb: cell 10 (train), line 1"
    assert errors_of(caught.value) == [
        (
            "KALE404",
            place,
            "the memory request `4 gigs` is no quantity",
            "write it as 512Mi, 1.5Gi or 2G",
        ),
        ("KALE404", place, "the cpu limit `two` is no quantity", "write it as 2, 0.5 or 500m"),
        (
            "KALE405",
            place,
            (
                "a step of a package has one kind of accelerator, and this one asks for"
                " `amd.com/gpu` and `nvidia.com/gpu`"
            ),
            "keep one of them, or split the step",
        ),
    ]


@pytest.mark.parametrize("count", ["1.5", "many"])
def test_part_of_an_accelerator(count):
    with pytest.raises(KaleError) as caught:
        resources_of(StepOptions(limits=(("nvidia.com/gpu", count),)), AT)
    assert errors_of(caught.value)[0][2:] == (
        f"the nvidia.com/gpu limit `{count}` is no quantity",
        "write it as a whole number",
    )


def test_a_request_that_is_not_the_limit():
    options = StepOptions(requests=(("nvidia.com/gpu", "1"),), limits=(("nvidia.com/gpu", "2"),))
    with pytest.raises(KaleError) as caught:
        resources_of(options, AT)
    assert errors_of(caught.value)[0][2:] == (
        "the request for `nvidia.com/gpu` (1) is not its limit (2)",
        "Kubernetes wants them equal; keep the limit alone",
    )


def test_a_resource_without_a_field_is_a_warning():
    options = StepOptions(
        requests=(("ephemeral-storage", "1Gi"), ("cpu", "1")),
        limits=(("ephemeral-storage", "1Gi"),),
    )
    assert [(d.code, d.message, d.hint) for d in unsupported(options, AT)] == [
        (
            "KALE409",
            (
                "Kubeflow Pipelines has no field for resource `ephemeral-storage`; the package"
                " leaves it out"
            ),
            "set it with a LimitRange of the namespace, or drop the tag",
        ),
    ]
