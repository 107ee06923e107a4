"""Manifests for GitOps say what the official compiler's say, under names that Kubernetes takes."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
import yaml
from codegen.builders import one, parameter, plan

from kale.codegen import emit_files, emit_script
from kale.codegen.manifests import as_manifests
from kale.errors import KaleError
from kale.ir import StepOptions, Toleration, VolumeMount
from kale.packaging import Environment, PackageOptions

FILE = PurePosixPath("iris.kubernetes.yaml")


def manifests(made, namespace=""):
    """The resources, and the findings about them."""
    files, found = as_manifests(made, emit_files(made), namespace)
    return list(yaml.safe_load_all(files[FILE])), found


def official(made, folder, version, namespace):
    """What the SDK makes of the script of the same plan."""
    names = {"__name__": "script"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(emit_script(made), "script.py", "exec", dont_inherit=True), names)
        from kfp.compiler import Compiler
        from kfp.compiler.compiler_utils import KubernetesManifestOptions

        options = KubernetesManifestOptions(
            pipeline_display_name=made.pipeline.title,
            pipeline_version_name=version,
            namespace=namespace or None,
            include_pipeline_manifest=True,
        )
        Compiler().compile(
            names["pipeline"],
            str(folder / "official.yaml"),
            kubernetes_manifest_format=True,
            kubernetes_manifest_options=options,
        )
    return list(yaml.safe_load_all((folder / "official.yaml").read_text("utf-8")))


@pytest.mark.parametrize("namespace", ["", "team-a"])
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(plan("train"), id="one step"),
        pytest.param(
            plan(
                "load",
                "train",
                wires=[("x", "load", "train")],
                description="two\n\n  lines: {}",
                title="Größe & Gewicht",
                parameters=[parameter("alpha", 0.5), parameter("n", 3), parameter("on", True)],
                reads={"train": ["alpha", "n", "on"]},
            ),
            id="a description, a title and parameters",
        ),
        pytest.param(
            one(
                StepOptions(
                    limits=(("memory", "2Gi"), ("nvidia.com/gpu", "1")),
                    tolerations=(Toleration("gpu", "yes", "NoSchedule"),),
                    volumes=(VolumeMount("data", "/data"),),
                    timeout=60,
                )
            ),
            id="options of the pod",
        ),
    ],
)
def test_they_are_what_the_official_compiler_writes(made, namespace, tmp_path):
    (pipeline, version), found = manifests(made, namespace)
    assert found == ()
    theirs = official(made, tmp_path, version["metadata"]["name"], namespace)
    theirs[1]["spec"]["pipelineSpec"].pop("sdkVersion")
    version["spec"]["pipelineSpec"].pop("sdkVersion")
    assert [pipeline, version] == theirs


def test_they_stand_in_the_place_of_the_package():
    made = plan("train")
    files, _ = as_manifests(made, emit_files(made))
    assert {*files} == {*emit_files(made), FILE} - {PurePosixPath("iris.yaml")}


def test_the_same_notebook_gives_the_same_bytes_and_another_one_another_version():
    first, again = (as_manifests(plan("a"), emit_files(plan("a")))[0] for _ in range(2))
    assert first == again
    names = {
        manifests(made)[0][1]["metadata"]["name"]
        for made in (
            plan("a"),
            plan("b"),
            plan("a", description="another"),
            plan("a", title="Another"),
        )
    }
    assert len(names) == 4
    assert all(re.fullmatch("iris-[0-9a-f]{12}", name) for name in names)


@pytest.mark.parametrize("length", [1, 62, 63, 64, 113, 114, 115, 128])
def test_names_are_those_that_kubernetes_takes(length):
    made = plan("a", name="n" * length)
    files, _ = as_manifests(made, emit_files(made))
    text = files[PurePosixPath(f"{'n' * length}.kubernetes.yaml")]
    pipeline, version = yaml.safe_load_all(text)
    assert pipeline["metadata"]["name"] == version["spec"]["pipelineName"] == "n" * length
    assert re.fullmatch("n+-[0-9a-f]{12}", version["metadata"]["name"])
    assert len(version["metadata"]["name"]) <= 127


def test_a_cut_name_has_one_dash_before_its_digits():
    name = "n" * 113 + "-" + "n" * 10
    made = plan("a", name=name)
    files, _ = as_manifests(made, emit_files(made))
    version = [*yaml.safe_load_all(files[PurePosixPath(f"{name}.kubernetes.yaml")])][1]
    assert re.fullmatch("n{113}-[0-9a-f]{12}", version["metadata"]["name"])


def aimed_at(version, made=None):
    options = PackageOptions(kfp_version=version)
    return replace(made or plan("a"), environment=Environment(options=options))


def refusal(made, namespace=""):
    with pytest.raises(KaleError) as caught:
        as_manifests(made, emit_files(made), namespace)
    return caught.value


@pytest.mark.parametrize(
    ("made", "namespace", "code", "words"),
    [
        pytest.param(plan("a"), "Team", "KALE446", "`Team` is no name", id="capitals in it"),
        pytest.param(plan("a"), "team-", "KALE446", "`team-` is no name", id="a dash at its end"),
        pytest.param(plan("a"), "a" * 64, "KALE446", "is no name", id="64 characters"),
        pytest.param(plan("a"), "a.b", "KALE446", "is no name", id="a dot"),
        pytest.param(plan("a"), "a\n", "KALE446", "is no name", id="a line break"),
        pytest.param(aimed_at("2.5"), "", "KALE446", "2.5 takes no manifests", id="an old release"),
        pytest.param(
            plan("a", name="n" * 62 + "-n"), "", "KALE444", "dash at the end", id="a label's dash"
        ),
    ],
)
def test_what_kubernetes_would_refuse_is_refused(made, namespace, code, words):
    error = refusal(made, namespace)
    assert (error.code, words in error.message, bool(error.hint)) == (code, True, True)


def test_an_older_release_that_takes_them_gets_what_it_knows():
    made = one(StepOptions(limits=(("memory", "2Gi"),)))
    (_, known), _ = manifests(aimed_at("2.14", made))
    assert known["spec"]["pipelineSpec"]["schemaVersion"]


def heavy(steps):
    # Text that no compression makes small: each step has its own.
    from hashlib import sha512

    def noise(seed):
        parts = (sha512(f"{seed} {n}".encode()).hexdigest() for n in range(240))
        return f"x = '{''.join(parts)}'"

    return plan(*((f"s{number}", noise(number)) for number in range(steps)))


def test_what_kubectl_cannot_note_is_said():
    _, found = manifests(heavy(12))
    assert [finding.code for finding in found] == ["KALE445"]
    assert "server-side" in found[0].hint


def test_what_the_database_has_no_room_for_is_refused():
    error = refusal(heavy(75))
    assert (error.code, "has room for 1520" in error.message) == ("KALE444", True)
