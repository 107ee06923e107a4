"""``kale compile`` and its classic form hand on how a package is made."""

from __future__ import annotations

import json

import pytest
import yaml
from codegen.builders import without_cell_numbers

CELLS = (("block:a", "import numpy\nx = 1"), (["block:b", "prev:a"], "import yaml\nprint(x)"))


@pytest.fixture
def containers(kale, notebook, tmp_path):
    """Compile with these options; the containers by executor."""

    def containers(*options, command=("compile",)):
        code, _, err = kale(*command, notebook(*CELLS), *options)
        assert (code, err) == (0, "")
        spec, *_ = yaml.safe_load_all((tmp_path / "nb.yaml").read_text(encoding="utf-8"))
        executors = spec["deploymentSpec"]["executors"]
        return {name: one["container"] for name, one in executors.items()}

    return containers


def words(container):
    """The names of the requirements, explicit and inferred."""
    found = [word.partition("==")[0] for word in container["args"][3:]]
    cut = found.index("--if-missing") if "--if-missing" in found else len(found)
    return found[:cut], found[cut + 1 :]


@pytest.mark.parametrize("command", [("compile",), ("--nb",)])
def test_imports_call_for_packages(containers, command):
    found = containers(command=command)
    assert words(found["exec-a"]) == ([], ["numpy"])
    assert words(found["exec-b"]) == ([], ["numpy", "PyYAML"])


@pytest.mark.parametrize("command", [("compile",), ("--nb",)])
def test_options_reach_the_package(containers, tmp_path, command):
    listed = tmp_path / "listed.txt"
    listed.write_text("numpy==2.0.0\n", encoding="utf-8")
    found = containers(
        "--requirements", listed, "--index-url", "https://h/s", "--extra-index-url", "https://i/s",
        "--extra-index-url", "https://j/s", "--trusted-host", "h", command=command,
    )["exec-b"]  # fmt: skip
    assert words(found) == (["numpy"], ["PyYAML"])
    assert {one["name"]: one["value"] for one in without_cell_numbers(found)["env"]} == {
        "PIP_INDEX_URL": "https://h/s",
        "PIP_EXTRA_INDEX_URL": "https://i/s https://j/s",
        "PIP_TRUSTED_HOST": "h",
    }


def test_nothing_is_installed_in_images_that_have_all(containers):
    found = containers("--no-install")
    assert [one["args"][3:] for one in found.values()] == [["--no-install"]] * len(found)


def test_a_lock_is_written_beside_the_package(kale, notebook, tmp_path):
    code, out, err = kale("compile", notebook(*CELLS), "--lock")
    assert (code, err) == (0, "")
    assert f"lock      {tmp_path / 'nb.requirements.txt'}\n" in out
    text = (tmp_path / "nb.requirements.txt").read_text(encoding="utf-8")
    assert [line.partition("==")[0] for line in text.splitlines()[1:]] == ["numpy", "PyYAML"]
    assert str(tmp_path) not in text


def test_without_the_option_there_is_no_lock(kale, notebook, tmp_path):
    code, out, _ = kale("compile", notebook(*CELLS), "--json")
    assert (code, "lock" in json.loads(out)["files"]) == (0, False)
    assert not [*tmp_path.glob("*.requirements.txt")]


def test_a_missing_module_is_a_warning_and_an_error_if_asked_for(kale, notebook, tmp_path):
    path = notebook(("block:a", "x = 1\nimport nowhere_to_be_found"))
    code, _, err = kale("compile", path)
    assert code == 0
    assert err.startswith(f"{path}: cell 1 (a), line 2: warning KALE421: `nowhere_to_be_found` is")
    code, _, err = kale("compile", path, "--strict", "-o", tmp_path / "other")
    assert (code, "error KALE421" in err) == (1, True)
    assert not (tmp_path / "other").exists()
    assert kale("compile", path, "--strict", "--ignore", "KALE421")[0] == 0


def test_a_wrong_file_of_requirements_writes_nothing(kale, notebook, tmp_path):
    listed = tmp_path / "listed.txt"
    listed.write_text("numpy\n--index-url https://me:hunter2@h/s\n", encoding="utf-8")
    code, out, err = kale("compile", notebook(*CELLS), "--requirements", listed)
    assert (code, out) == (2, "")
    assert err.startswith(f"{listed}:2: error KALE420: `--index-url` is an option")
    assert "hunter2" not in err
    assert not (tmp_path / "nb.yaml").exists()


@pytest.mark.parametrize("option", ["--requirements", "--index-url", "--kfp-version"])
def test_an_unset_variable_of_the_shell_is_no_option(kale, notebook, tmp_path, option):
    code, _, err = kale("compile", notebook(*CELLS), option, "")
    assert (code, "it is empty" in err) == (2, True)
    assert not (tmp_path / "nb.yaml").exists()


def test_a_release_that_is_not_known_is_wrong_use(kale, notebook, tmp_path):
    code, out, err = kale("compile", notebook(*CELLS), "--kfp-version", "1.8")
    assert (code, out) == (2, "")
    assert err.startswith("error KALE412: Kale knows no Kubeflow Pipelines 1.8\n")
    assert not (tmp_path / "nb.yaml").exists()


@pytest.mark.parametrize("command", [("compile",), ("compile", "--json"), ("check",)])
def test_nothing_shows_who_logs_in_to_an_index(kale, notebook, command):
    path = notebook(("block:a", "%pip install --index-url https://me:hunter2@h/simple numpy"))
    code, out, err = kale(*command, path)
    assert (code, "KALE119" in out + err) == (0, True)
    assert "hunter2" not in out + err
    assert "https://<hidden>@h/simple" in out + err


def test_a_contradiction_is_told_without_who_logs_in(kale, notebook):
    tags = [f"packages:a @ git+https://me:{word}@e.org/a.git" for word in ("hunter2", "hunter3")]
    for options in ([], ["--debug"]):
        code, out, err = kale("compile", notebook((["block:a", *tags], "x = 1")), *options)
        assert (code, out, "hunter" in err) == (1, "", False)
