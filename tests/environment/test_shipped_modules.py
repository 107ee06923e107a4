"""The author's own modules travel with the package: which, and what is refused."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from codegen.builders import analyzed

from kale.codegen import make_plan
from kale.environment.local_modules import local_code, local_module_names
from kale.environment.shipped import files_digest, shipped_files
from kale.errors import KaleError
from kale.ir import PackageOptions, StepOptions


def plan(folder, imports, *, code="pass", **pipeline):
    """One step, `train`, whose notebook imports some dotted names, in cell 10."""
    made = make_plan(analyzed(("train", code), **pipeline))
    return replace(made, imports={"train": tuple(imports.split())})


def lay(folder, files):
    """Texts by path; a name without a suffix is a module's."""
    for name, text in files.items():
        path = folder / name
        path = path if "." in path.name else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def shipped(folder, imports, **given):
    files, found = shipped_files(plan(folder, imports, **given), folder, PackageOptions())
    return sorted(map(str, files)), [one.code for one in found]


@pytest.mark.parametrize(
    ("files", "imports", "expected"),
    [
        pytest.param({}, "json numpy pandas.core", [], id="nothing beside the notebook, nothing travels"),
        pytest.param({"other": ""}, "numpy", [], id="what no step imports stays here"),
        pytest.param({"time": ""}, "time", [], id="what is built into Python comes before the folder"),
        pytest.param({"yaml/notes.txt": ""}, "yaml", [], id="a folder without code is no module"),
        pytest.param({"yaml/tool": ""}, "yaml", [], id="a folder without __init__ loses to what is installed"),
        pytest.param({"email/tool": ""}, "email", [], id="a folder without __init__ loses to Python's own"),
        pytest.param({"helpers": ""}, "helpers.f", ["helpers.py"], id="a module that a step imports travels"),
        pytest.param({"yaml": ""}, "yaml", ["yaml.py"], id="a module beside the notebook comes before what is installed"),
        pytest.param(
            {"a": "import b, json", "b": "def f():\n    from c import g\n", "c": "", "d": ""},
            "a",
            ["a.py", "b.py", "c.py"],
            id="what modules import in turn travels, too, from inside of functions as well",
        ),
        pytest.param(
            {"a": "if True:\n    try:\n        import b\n    except ImportError:\n        b = None", "b": ""},
            "a",
            ["a.py", "b.py"],
            id="what a module could do without travels, as it is there",
        ),
        pytest.param(
            {"a": "import typing\nif typing.TYPE_CHECKING:\n    import b", "b": ""},
            "a",
            ["a.py"],
            id="what is imported for type checkers alone stays here",
        ),
        pytest.param(
            {"p/__init__": "", "p/x": "", "p/q/y": "", "p/data.csv": "1", "p/.hidden/z": "", "p/__pycache__/x": ""},
            "p",
            ["p/__init__.py", "p/q/y.py", "p/x.py"],
            id="of a package all of Python travels, and nothing hidden",
        ),
        pytest.param({"src/a": "from src import b", "src/b": ""}, "src.a", ["src/a.py", "src/b.py"], id="a folder without __init__ is a package"),
        pytest.param({"a": "def"}, "a", ["a.py"], id="a module that is no Python travels, and fails there as here"),
        pytest.param({"a": "import a"}, "a", ["a.py"], id="a module that imports itself is no endless loop"),
        pytest.param({"a": "__import__('b')", "b": ""}, "a", ["a.py", "b.py"], id="a module named in a call travels"),
        pytest.param({"a": ""}, "? a", ["a.py"], id="what is imported out of sight is no name of a file"),
    ],
)  # fmt: skip
def test_modules_that_travel(files, imports, expected, tmp_path):
    lay(tmp_path, files)
    assert shipped(tmp_path, imports) == (expected, [])


def test_the_bytes_are_those_of_the_file(tmp_path):
    content = "# -*- coding: latin-1 -*-\r\nname = 'ï'\r\n".encode("latin-1")
    (tmp_path / "a.py").write_bytes(content)
    files, _ = shipped_files(plan(tmp_path, "a"), tmp_path, PackageOptions())
    assert files == {PurePosixPath("a.py"): content}


@pytest.mark.parametrize(
    ("code", "expected", "codes"),
    [
        pytest.param("import sys\nsys.path.append('lib')", ["lib/own.py"], [], id="appended"),
        pytest.param("import os, sys\nsys.path.insert(0, os.path.abspath('lib'))", ["lib/own.py"], [], id="put first"),
        pytest.param("from pathlib import Path\nsys.path.append(str(Path.cwd() / 'lib'))", ["lib/own.py"], [], id="as a path"),
        pytest.param("pass", [], [], id="not on the path, and so no module of ours"),
    ],
)  # fmt: skip
def test_a_folder_that_a_cell_puts_on_the_path_is_searched(code, expected, codes, tmp_path):
    lay(tmp_path, {"lib/own": ""})
    assert shipped(tmp_path, "own", code=code) == (expected, codes)


def test_a_module_outside_of_the_folder_is_named_by_a_warning(tmp_path):
    lay(tmp_path, {"helpers": "", "nb/x": ""})
    made = plan(tmp_path / "nb", "helpers", code="sys.path.append('..')\n\nimport helpers")
    files, (found,) = shipped_files(made, tmp_path / "nb", PackageOptions())
    assert (files, found.code, str(found.at)) == (
        {},
        "KALE428",
        "iris.ipynb: cell 10 (train), line 3",
    )
    assert set(local_code(made, tmp_path / "nb").elsewhere) == {"helpers"}


def test_an_installed_module_comes_before_what_is_appended_from_outside(tmp_path):
    lay(tmp_path, {"yaml/x": "", "docs/readme.txt": "", "nb/x": ""})
    code = "sys.path.append('..')\nimport yaml, docs"
    assert shipped(tmp_path / "nb", "yaml docs", code=code) == ([], [])


def test_a_module_of_pythonpath_is_named_by_a_warning(tmp_path, monkeypatch):
    lay(tmp_path, {"lib/helpers": "", "nb/x": ""})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    assert shipped(tmp_path / "nb", "helpers") == ([], ["KALE428"])


def test_machine_code_beside_the_notebook_is_named_by_a_warning(tmp_path):
    suffix = __import__("importlib.machinery").machinery.EXTENSION_SUFFIXES[0]
    (tmp_path / f"fast{suffix}").write_bytes(b"\x7fELF")
    lay(tmp_path, {"p/core": ""})
    (tmp_path / f"p/_core{suffix}").write_bytes(b"\x7fELF")
    assert shipped(tmp_path, "fast p.core") == (["p/core.py"], ["KALE428", "KALE428"])


def refused(folder, imports):
    with pytest.raises(KaleError) as caught:
        shipped(folder, imports, code=f"import {imports}")
    return caught.value


def test_a_module_named_like_one_of_pythons_own_is_refused(tmp_path):
    lay(tmp_path, {"statistics": ""})
    error = refused(tmp_path, "statistics")
    assert error.code == "KALE425"
    assert str(error.at) == "iris.ipynb: cell 10 (train), line 1"
    assert "`statistics.py`" in error.message


@pytest.mark.parametrize("name", ["a.py", "a"], ids=["a module", "a package"])
def test_a_link_that_leaves_the_folder_is_refused(name, tmp_path):
    lay(tmp_path, {"elsewhere/secret": "password = 1"})
    inside = tmp_path / "nb"
    inside.mkdir()
    target = tmp_path / ("elsewhere/secret.py" if name.endswith(".py") else "elsewhere")
    (inside / name).symlink_to(target)
    assert refused(inside, "a").code == "KALE426"


def test_links_inside_of_the_folder_are_followed_and_end(tmp_path):
    lay(tmp_path, {"real/x": "import y"})
    (tmp_path / "p").symlink_to("real")
    (tmp_path / "real/loop").symlink_to("..")
    (tmp_path / "y.py").symlink_to("real/x.py")
    files, codes = shipped(tmp_path, "p.x")
    assert ("p/x.py" in files, "y.py" in files, codes) == (True, True, [])
    assert not any("loop/p/loop" in path for path in files)


def test_modules_that_are_too_large_are_refused_and_the_heaviest_named(tmp_path):
    import random

    noise = random.Random(1)
    lay(
        tmp_path,
        {
            "big": "x = " + repr(noise.randbytes(60_000).hex()),
            "small": "import big\ny = " + repr(noise.randbytes(2_000).hex()),
        },
    )
    error = refused(tmp_path, "small")
    assert error.code == "KALE427"
    assert re.search(r"heaviest: `big.py` \(\d+\.\d KiB\), `small.py`", error.message)
    assert "kale image" in error.hint


def test_what_local_modules_import_is_told_of_what_is_reached_only(tmp_path):
    lay(
        tmp_path,
        {
            "a": "import numpy.linalg\nfrom p.used import f\nfrom google.cloud import storage",
            "p/used": "from . import beside\nimport yaml",
            "p/beside": "import scipy",
            "p/unused": "import pytest",
        },
    )
    code = local_code(plan(tmp_path, "a pandas"), tmp_path)
    assert code.names == {"a", "p"} == local_module_names(plan(tmp_path, "a"), tmp_path)
    assert code.imports == {
        "train": ("google.cloud", "google.cloud.storage", "numpy.linalg", "scipy", "yaml")
    }
    assert list(map(str, code.files)) == ["a.py", "p/beside.py", "p/unused.py", "p/used.py"]


def test_all_of_a_package_counts_where_the_name_of_a_module_is_computed(tmp_path):
    lay(
        tmp_path,
        {
            "p/load": "import importlib\ndef get(name):\n    return importlib.import_module(f'.{name}', __package__)",
            "p/late": "import scipy",
        },
    )
    assert local_code(plan(tmp_path, "p.load"), tmp_path).imports["train"] == ("importlib", "scipy")


def test_what_a_module_can_do_without_counts_only_if_it_is_here(tmp_path):
    lay(
        tmp_path,
        {"a": "try:\n    import no_such, yaml\nexcept ImportError:\n    pass\nimport neither"},
    )
    assert local_code(plan(tmp_path, "a"), tmp_path).imports["train"] == ("neither", "yaml")


def test_nothing_travels_that_the_image_holds_as_it_is_now(tmp_path):
    lay(tmp_path, {"a": "x = 1"})
    files, _ = shipped_files(plan(tmp_path, "a"), tmp_path, PackageOptions())
    image = f"registry:5000/iris:kale-{files_digest(files)}-0123abcd"
    assert shipped(tmp_path, "a", image=image) == ([], [])
    assert shipped(tmp_path, "a", image=f"{image}@sha256:{'0' * 64}") == ([], [])
    other = {"train": StepOptions(image="python:3.11")}
    assert shipped(tmp_path, "a", image=image, options=other) == (["a.py"], [])
    lay(tmp_path, {"a": "x = 2"})
    assert shipped(tmp_path, "a", image=image) == (["a.py"], ["KALE429"])


def test_nothing_of_a_module_is_run(tmp_path):
    canary = tmp_path / "canary"
    lay(tmp_path, {"a": f"open({str(canary)!r}, 'w')", "p/x": f"open({str(canary)!r}, 'w')"})
    shipped(tmp_path, "a p.x")
    assert not canary.exists()
    assert not {"a", "p", "p.x"} & sys.modules.keys()
    assert not list(Path(tmp_path).rglob("*.pyc"))


def test_a_module_that_looks_like_a_secret_is_told(tmp_path):
    lay(tmp_path, {"credentials": "PASSWORD = 'x'", "a": "import credentials"})
    assert shipped(tmp_path, "a") == (["a.py", "credentials.py"], ["KALE431"])
