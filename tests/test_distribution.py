"""What is installed: a wheel holds all that Kale reads of itself, and works from any folder."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ["setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the sources, built beside them: a build leaves files in its folder."""
    folder = tmp_path_factory.mktemp("distribution")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    for name in ("kale", "templates", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def sources(folder, pattern):
    paths = (path.relative_to(folder) for path in folder.rglob(pattern))
    return {path.as_posix() for path in paths if "__pycache__" not in path.parts}


def test_a_wheel_holds_the_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    code = {f"kale/{name}" for name in sources(ROOT / "kale", "*.py")}
    templates = {
        f"kale/templates/{name}"
        for pattern in ("*.py", "*.jinja2", "*.txt")
        for name in sources(ROOT / "templates", pattern)
    }
    assert "kale/pod/driver.py" in code
    assert "kale/templates/kfp_script.py.txt" in templates
    assert names == code | templates | {"kale/py.typed"}


def test_the_metadata_of_a_wheel(wheel):
    archive = zipfile.ZipFile(wheel)
    about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    folder = about.rpartition("/")[0]
    metadata = Parser().parsestr(archive.read(about).decode())
    assert metadata["Name"] == "kale"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    required = {text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text}
    assert not [text for text in required if text.startswith("kfp")]
    assert archive.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    entry_points = configparser.ConfigParser()
    entry_points.read_string(archive.read(f"{folder}/entry_points.txt").decode())
    assert dict(entry_points["console_scripts"]) == {"kale": "kale.cli:main"}


def test_an_installed_wheel_compiles_a_notebook(wheel, tmp_path):
    installed = tmp_path / "ein Ort" / "site-packages"
    zipfile.ZipFile(wheel).extractall(installed)
    shutil.copy(ROOT / "examples" / "base_example_numpy.ipynb", tmp_path)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
        )

    found = run("-c", "import kale; print(kale.__file__)")
    assert found.stdout == f"{installed / 'kale' / '__init__.py'}\n"
    done = run("-m", "kale", "compile", "base_example_numpy.ipynb")
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.kfp.py"))) == 1
