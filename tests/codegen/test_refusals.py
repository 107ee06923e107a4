"""What a cluster would refuse, said before anything is written."""

from __future__ import annotations

import pytest
from codegen.builders import one, plan, refused

from kale.ir import SecretEnv, StepOptions, Toleration, VolumeMount


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
            StepOptions(env=(("A", "5 $$"),)),
            "the environment variable `A=5 $$` holds `$$`, which Kubernetes would expand",
            "build the text in a cell",
        ),
        (
            StepOptions(packages=("a; extra == '$(B)'",)),
            "the package `a; extra == '$(B)'` holds `$(`, which Kubernetes would expand",
            "build the text in a cell",
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
