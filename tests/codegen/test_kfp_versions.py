"""Packages for back ends of Kubeflow Pipelines that do not know all that a package may say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codegen.builders import compiled, container, one, package, parameter, plan, pod, refused, task

from kale.codegen import check_package
from kale.ir import (
    Environment,
    PackageOptions,
    SecretEnv,
    SecurityContext,
    StepOptions,
    Toleration,
    VolumeMount,
)

OPTIONS = StepOptions(
    limits=(("cpu", "500m"), ("memory", "1G"), ("nvidia.com/gpu", "1")),
    timeout=60,
    labels=(("team", "a"),),
    secrets=(SecretEnv("db", "password", "P"),),
    tolerations=(Toleration("spot", "", ""),),
    volumes=(VolumeMount("data", "/data"),),
    pull_secrets=("registry",),
    pull_policy="Always",
    security_context=SecurityContext(run_as_user=1000),
)


def made_for(version, made):
    options = PackageOptions(kfp_version=version)
    return replace(made, environment=Environment(options=options))


def fields(made):
    """What a package says in fields that some back end does not know."""
    asked, kube = container(made)["resources"], pod(made)
    told = [*asked, *asked["accelerator"], *kube, *kube["secretAsEnv"][0], *kube["pvcMount"][0]]
    return {name for name in told if name in NEW}


#: By the first release that knows them.
SINCE = {
    "2.1": {
        "podMetadata",
        "tolerations",
        "activeDeadlineSeconds",
        "imagePullPolicy",
        "imagePullSecret",
    },
    "2.4": {"resourceCpuLimit", "resourceMemoryLimit", "resourceType", "resourceCount"},
    "2.5": {"secretNameParameter", "pvcNameParameter"},
    "2.15": {"optional"},
    "2.16": {"securityContext"},
}
NEW = set().union(*SINCE.values())


@pytest.mark.parametrize(
    ("version", "known"),
    [
        pytest.param("", NEW, id="this Kale's own"),
        pytest.param("2.17.3", NEW, id="a patch of it"),
        pytest.param("2.16", NEW, id="2.16"),
        pytest.param("2.15", NEW - SINCE["2.16"], id="2.15"),
        pytest.param("v2.14.0", NEW - SINCE["2.16"] - SINCE["2.15"], id="2.14"),
        pytest.param("2.5", NEW - SINCE["2.16"] - SINCE["2.15"], id="2.5"),
        pytest.param("2.4", SINCE["2.1"] | SINCE["2.4"], id="2.4"),
        pytest.param("2.1", SINCE["2.1"], id="2.1"),
        pytest.param("2.0", set(), id="2.0"),
    ],
)
def test_fields_that_a_release_does_not_know_are_left_out(version, known):
    made = made_for(version, one(OPTIONS))
    assert fields(made) == known
    assert compiled(made) == package(made)


def test_what_stays_says_the_same():
    made = made_for("2.0", one(OPTIONS))
    assert container(made)["resources"] == {
        "cpuLimit": 0.5,
        "memoryLimit": 1.0,
        "accelerator": {"count": "1", "type": "nvidia.com/gpu"},
    }
    assert pod(made) == {
        "secretAsEnv": [
            {"keyToEnv": [{"envVar": "P", "secretKey": "password"}], "secretName": "db"}
        ],
        "pvcMount": [{"constant": "data", "mountPath": "/data"}],
    }


@pytest.mark.parametrize(("version", "name"), [("2.5", "a-b"), ("2.14", "a_b")])
def test_a_back_end_that_loses_the_outputs_of_renamed_tasks_gets_none(version, name):
    made = made_for(version, plan("a_b", "c", wires=[("x", "a_b", "c")]))
    assert task(made, "a-b")["taskInfo"] == {"name": name}
    assert container(made, "a-b")["args"][1] == "a_b"
    assert compiled(made) == package(made)


def test_a_name_that_stands_there_twice_stays_once():
    told = {
        version: sorted(pod(made_for(version, one(OPTIONS)))["imagePullSecret"][0])
        for version in ("2.1", "2.4", "2.5")
    }
    both = ["secretName", "secretNameParameter"]
    assert told == {"2.1": ["secretName"], "2.4": ["secretName"], "2.5": both}


def test_what_cannot_be_said_is_a_warning():
    made = made_for("2.0", one(OPTIONS))
    assert [(found.code, str(found.at), found.message, found.hint) for found in check_package(made)] == [
        (
            "KALE413",
            "iris.ipynb: cell 10 (train), line 1",
            f"Kubeflow Pipelines 2.0 knows no {option} of a step; the package leaves that out",
            f"drop the option, or run on {since} or later",
        )
        for option, since in (
            ("labels", "2.1"), ("tolerations", "2.1"), ("timeout", "2.1"), ("pull_policy", "2.1"),
            ("pull_secrets", "2.1"), ("security_context", "2.16"),
        )
    ]  # fmt: skip
    assert [found.code for found in check_package(made_for("2.1", one(OPTIONS)))] == ["KALE413"]
    assert check_package(made_for("2.16", one(OPTIONS))) == ()


@pytest.mark.parametrize("version", ["2.0", "2.15"])
def test_root_is_a_user_that_a_release_is_not_told_of(version):
    """Its number is 0, which says something."""
    made = made_for(version, one(StepOptions(security_context=SecurityContext(run_as_user=0))))
    assert [found.code for found in check_package(made)] == ["KALE413"]
    assert compiled(made) == package(made)


def test_a_parameter_without_a_default_is_a_warning():
    made = plan("train", parameters=[parameter("a", None, "int")], reads={"train": ["a"]})
    (found,) = check_package(made_for("2.4", made))
    assert (found.code, found.message, found.hint) == (
        "KALE414",
        "parameter `a` has no default in the package, and Kubeflow Pipelines 2.4 fails at a run"
        " that gives it no value",
        "give it a value in each run, or a default that the package can hold",
    )
    assert check_package(made_for("2.5", made)) == ()


@pytest.mark.parametrize("version", ["1.8", "2.6", "2.18", "3", "latest", "2.0\n", "2.٣"])
def test_a_release_that_is_not_known_is_refused(version):
    ((code, _, message, hint),) = refused(made_for(version, plan("train")))
    assert (code, message) == ("KALE412", f"Kale knows no Kubeflow Pipelines {version}")
    assert hint == (
        "it knows 2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.14, 2.15, 2.16, 2.17; name the last of them that"
        " is not newer than the cluster's"
    )
