"""``kale compile --format``: the package, or custom resources in its place."""

from __future__ import annotations

import json

import pytest
import yaml

CELLS = (("block:a", "x = 1"), ("block:b prev:a", "y = x"))


def test_custom_resources_are_written_in_the_place_of_the_package(kale, notebook, tmp_path):
    code, out, err = kale("compile", notebook(*CELLS), "--format", "kubernetes", "--namespace", "t")
    assert (code, err) == (0, "")
    assert f"manifests {tmp_path / 'nb.kubernetes.yaml'}\n" in out
    assert not (tmp_path / "nb.yaml").exists()
    made = [*yaml.safe_load_all((tmp_path / "nb.kubernetes.yaml").read_text("utf-8"))]
    assert [(one["kind"], one["metadata"]["namespace"]) for one in made] == [
        ("Pipeline", "t"),
        ("PipelineVersion", "t"),
    ]


def test_the_document_names_the_manifests(kale, notebook, tmp_path):
    code, out, _ = kale("compile", notebook(*CELLS), "--format", "kubernetes", "--lock", "--json")
    files = json.loads(out)["files"]
    assert code == 0
    assert {*files} == {"script", "manifests", "notebooks", "lock"}
    assert files["manifests"] == str(tmp_path / "nb.kubernetes.yaml")
    assert {*files["notebooks"]} == {"a", "b"}


def test_without_the_option_there_is_the_package_alone(kale, notebook, tmp_path):
    code, out, _ = kale("compile", notebook(*CELLS), "--json")
    assert (code, [*json.loads(out)["files"]]) == (0, ["script", "package", "notebooks"])
    assert not (tmp_path / "nb.kubernetes.yaml").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(("--namespace", "t"), "is for `--format kubernetes`", id="for no manifests"),
        pytest.param(("--format", "kubernetes", "--namespace", ""), "it is empty", id="empty"),
        pytest.param(("--format", "kubernetes", "--namespace", "T"), "KALE446", id="no name"),
        pytest.param(("--format", "argo"), "'argo' is not one of", id="no format"),
        pytest.param(
            ("--format", "kubernetes", "--kfp-version", "2.3"), "KALE446", id="an old cluster"
        ),
    ],
)
def test_wrong_use_writes_nothing(kale, notebook, tmp_path, options, words):
    path = notebook(*CELLS)
    code, out, err = kale("compile", path, *options)
    assert (code, out) == (2, "")
    assert words in err
    assert [*tmp_path.iterdir()] == [path]


def test_a_step_named_like_the_pipeline_keeps_its_notebook(kale, notebook, tmp_path):
    path = notebook(("block:nb", "x = 1"), ("block:yaml prev:nb", "y = x"))
    code, out, _ = kale("compile", path, "--json")
    found = json.loads(out)["files"]["notebooks"]
    assert (code, found["nb"]) == (0, str(tmp_path / "nb.steps" / "nb.ipynb"))
