"""``kale image``: what it writes, what it leaves alone, and what a package made after it leaves out."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

CELLS = (
    ("imports", "import helpers"),
    ("block:load", "x = helpers.read('data.csv')\nprint(open('data.csv').read())"),
    ("pipeline-metrics", "print(x)"),
)


@pytest.fixture
def here(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook(*CELLS)
    Path("helpers.py").write_text("def read(path):\n    return len(open(path).read())\n")
    Path("data.csv").write_text("1,2\n" * 100_000)
    return tmp_path


def folder_of(document):
    return Path(shlex.split(document["build"])[-1])


def test_it_writes_a_folder_to_build_in_and_says_how(kale, here):
    code, out, err = kale("image", "nb.ipynb", "--include", "data.csv")
    assert (code, err) == (0, "")
    said = dict(re.findall(r"(?m)^(build|compile)\s+(.*)$", out))
    folder = Path("nb.image")
    assert shlex.split(said["build"])[:3] == ["docker", "build", "-t"]
    assert Path(shlex.split(said["build"])[-1]) == folder
    (copied,) = folder.glob("files-*")
    assert sorted(path.name for path in copied.iterdir()) == ["data.csv", "helpers.py"]
    assert sorted(path.name for path in folder.iterdir()) == [
        ".dockerignore", "Dockerfile", "constraints.txt", copied.name, "requirements.txt",
    ]  # fmt: skip


def test_the_command_that_it_prints_makes_a_package_without_what_the_image_holds(kale, here):
    _, out, _ = kale(
        "image", "nb.ipynb", "--include", "data.csv", "--name", "host:5000/me/nb", "--json"
    )
    made = json.loads(out)
    code, _, err = kale(*shlex.split(made["compile"])[1:])
    assert (code, err) == (0, "")
    package = Path("nb.yaml").read_text()
    (image,) = {
        one["container"]["image"]
        for one in yaml.safe_load(package)["deploymentSpec"]["executors"].values()
    }
    assert image == made["image"]
    assert image.startswith("host:5000/me/nb:kale-")


def test_a_module_that_has_changed_since_travels_and_is_told(kale, here):
    made = json.loads(kale("image", "nb.ipynb", "--json")[1])
    Path("data.csv").unlink()
    assert kale(*shlex.split(made["compile"])[1:])[0::2] == (0, "")
    Path("helpers.py").write_text("def read(path):\n    return 7\n")
    code, _, err = kale(*shlex.split(made["compile"])[1:])
    assert code == 0
    assert re.search(r"KALE429.*was made of other files", err)


def test_it_writes_the_same_twice_and_removes_what_it_copied_before(kale, here):
    made = json.loads(kale("image", "nb.ipynb", "--json")[1])
    assert json.loads(kale("image", "nb.ipynb", "--json")[1]) == made
    Path("helpers.py").write_text("def read(path):\n    return 7\n")
    other = json.loads(kale("image", "nb.ipynb", "--json")[1])
    assert other["image"] != made["image"]
    assert len(list(folder_of(other).glob("files-*"))) == 1


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.txt", ".dockerignore"])
def test_files_of_somebody_else_stay_as_they_are(name, kale, here):
    Path(name).write_text("mine\n")
    code, out, err = kale("image", "nb.ipynb", "-o", ".")
    assert (code, out) == (2, "")
    assert "KALE011" in err
    assert "`--force`" in err
    assert Path(name).read_text() == "mine\n"
    assert not list(Path().glob("files-*"))
    assert kale("image", "nb.ipynb", "-o", ".", "--force")[0] == 0
    assert Path(name).read_text() != "mine\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--base", "python:3.11\nRUN touch canary"], id="a base of two lines"),
        pytest.param(["--base", "--platform=x python"], id="a base that is an option"),
        pytest.param(["--base", ""], id="no base"),
        pytest.param(["--base", "https://me:pw@h/a"], id="a base that is an address"),
        pytest.param(["--base", "a..b//"], id="a base that no registry takes"),
        pytest.param(["--name", "nb;touch canary"], id="a name that a shell would read otherwise"),
        pytest.param(["--name", "host:5000/nb:1"], id="a name with a tag"),
        pytest.param(["--name", "Host/NB"], id="a name that no registry takes"),
        pytest.param(["--include", "../x"], id="a file outside of the folder"),
        pytest.param(["-o", ""], id="no folder"),
    ],
)
def test_wrong_use_writes_nothing(arguments, kale, here):
    before = sorted(Path().iterdir())
    code, out, _ = kale("image", "nb.ipynb", *arguments)
    assert (code, out) == (2, "")
    assert sorted(Path().iterdir()) == before


def test_what_is_wrong_is_in_the_json_document(kale, here):
    code, out, _ = kale("image", "nb.ipynb", "--include", "none", "--json")
    found = json.loads(out)
    assert (code, found["image"], found["diagnostics"][0]["code"]) == (2, None, "KALE430")


def test_findings_are_told_and_strict_refuses_them(kale, here):
    code, _, err = kale("image", "nb.ipynb")
    assert (code, "KALE429" in err) == (0, True)
    assert kale("image", "nb.ipynb", "--strict")[0] == 1
    assert kale("image", "nb.ipynb", "--ignore", "KALE429")[2] == ""
