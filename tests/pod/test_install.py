"""What a pod installs: which requirements reach pip, where its packages go, and what is said."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from kale.pod.install import install

HERE = importlib.metadata.version("pyyaml")
OTHERS = f"kale: step s: uses what its image holds: pyyaml {HERE} (not 0.1).\n"
LACKS = (
    "kale: step s: pip could not install nothing. Use an image that holds them, or give the pod"
    " a package index that it can reach.\n"
)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch):
    """The commands that pip was started with, which end with 0, or with 1 for ``nothing``."""
    commands: list[list[str]] = []

    def run(command, **_):
        commands.append(command[command.index("--") + 1 :])
        return subprocess.CompletedProcess(command, int("nothing" in command))

    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.mark.parametrize(
    ("words", "asked", "said"),
    [
        pytest.param([], [], "", id="what runs a notebook is there"),
        pytest.param(["pyyaml", f"PyYAML=={HERE}"], [], "", id="what is asked for is there"),
        pytest.param(["--if-missing", f"pyyaml=={HERE}"], [], "", id="what is imported is there"),
        pytest.param(
            ["--if-missing", "pyyaml==0.1"], [], OTHERS, id="the image has another version"
        ),
        pytest.param(["--no-install"], [], "", id="nothing may be installed"),
        pytest.param(["pyyaml==0.1"], [["pyyaml==0.1"]], "", id="another version is asked for"),
        pytest.param(["pyyaml>=1"], [["pyyaml>=1"]], "", id="pip decides on a range"),
        pytest.param(
            ["a[b]==1", "--if-missing", "c==2", "pyyaml==0.1"],
            [["a[b]==1", "c==2"]],
            OTHERS,
            id="both kinds are missing",
        ),
        pytest.param(
            ["a; echo $(b) `c`", "-r/d"],
            [["a; echo $(b) `c`", "-r/d"]],
            "",
            id="shells and options",
        ),
        pytest.param(["nothing"], [["nothing"]], LACKS, id="pip fails"),
    ],
)
def test_what_is_installed(pip, tmp_path, capsys, words, asked, said):
    assert install("s", words, tmp_path) is (said != LACKS)
    assert pip == asked
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param([], ["papermill==2.7.0", "cloudpickle==3.1.2"], id="as Kale pins it"),
        pytest.param(
            ["Papermill>=2.4,<3"], ["Papermill>=2.4,<3", "cloudpickle==3.1.2"], id="as asked for"
        ),
        pytest.param(
            ["--if-missing", "cloudpickle==2.0"],
            ["cloudpickle==2.0", "papermill==2.7.0"],
            id="as where it was compiled",
        ),
    ],
)
def test_what_runs_a_notebook_is_installed(pip, tmp_path, monkeypatch, words, asked):
    """That it is missing shows in the modules, so that a path to them is enough."""
    version = importlib.metadata.version
    hidden = {"papermill", "Papermill", "cloudpickle"}

    def find(name):
        if name in hidden:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", find)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in hidden else found(name)
    )
    assert install("s", words, tmp_path)
    assert pip == [asked]


def test_an_image_without_pip(pip, tmp_path, capsys, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "pip" else found(n))
    assert not install("s", ["nothing"], tmp_path)
    assert capsys.readouterr().err == (
        "kale: step s: pip could not install nothing. Its image has no pip: use one that holds"
        " them, or one with pip.\n"
    )


def test_packages_that_cannot_go_to_the_image_are_found_all_the_same(tmp_path, monkeypatch):
    """As under a read-only root; pip for real, on a wheel made here."""
    wheel = tmp_path / "tinything-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        head = "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n"
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr("tinything.py", "")
        file.writestr("tinything-1.0.dist-info/METADATA", head)
        file.writestr("tinything-1.0.dist-info/WHEEL", tags)
        file.writestr("tinything-1.0.dist-info/RECORD", "")
    paths, path = sysconfig.get_path, [*sys.path]
    monkeypatch.setattr(
        sysconfig, "get_path", lambda name: os.devnull if name == "purelib" else paths(name)
    )
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setenv("PYTHONPATH", "/before")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert install("s", [f"tinything @ {wheel.as_uri()}"], tmp_path)
    (module,) = tmp_path.rglob("tinything.py")
    assert Path(path[0]) == module.parent
    assert os.environ["PYTHONPATH"] == f"{module.parent}{os.pathsep}/before"
