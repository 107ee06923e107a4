"""What steps install for what they import; and nothing that strangers could have named."""

from __future__ import annotations

import pytest
from environment.site_folders import install, installed

from kale import core
from kale.environment import resolve
from kale.environment.inference import infer


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site-packages"
    install(folder, "numpy", "2.1.0", ["numpy/__init__.py"])
    install(folder, "pandas", "2.2.0", ["pandas/__init__.py"])
    install(folder, "scikit-learn", "1.5.0", ["sklearn/__init__.py", "sklearn/svm.py"])
    install(folder, "torch", "2.3.0+cpu", ["torch/__init__.py"])
    install(folder, "edited", "1.0", ["edited/__init__.py"], direct_url={"dir_info": {}})
    install(folder, "google-cloud-storage", "2.0", ["google/cloud/storage.py"])
    install(folder, "dill", "0.3.8", ["dill/__init__.py"])
    install(folder, "skops", "0.10", ["skops/__init__.py"])
    (folder / "gone" / "data").mkdir(parents=True)
    (folder / "loose.py").touch()
    return folder


@pytest.fixture
def infers(notebook, site):
    """What the steps of a notebook install, and the findings as (code, place)."""

    def infers(*cells, local=(), settings=(), **options):
        planned = core.plan(notebook(*cells), {"ignore": "KALE201", **dict(settings)})
        explicit = {task.name: task.options.packages for task in planned.tasks}
        wanted, found = infer(planned, explicit, planned.imports, local, installed(site))
        name = planned.pipeline.path
        texts = [(one.code, str(one.at).removeprefix(f"{name}: ")) for one in found]
        return {step: " ".join(words) for step, words in wanted.items()}, texts

    return infers


NOTHING = [
    pytest.param("x = 1", id="no import"),
    pytest.param("import os, json.decoder\nfrom email import policy", id="the language's own"),
    pytest.param("import __main__", id="the notebook itself"),
    pytest.param("import kale_runtime, papermill\nfrom IPython.display import HTML\nimport kale",
                 id="what a pod is given"),
    pytest.param("torch = 'import numpy'", id="a text"),
    pytest.param("__import__('numpy --index-url=h')\n__import__('../numpy')", id="no name"),
    pytest.param("import mine, mine.parts", id="the author's own module"),
    pytest.param("try:\n    import cudf\nexcept ImportError:\n    cudf = None",
                 id="one that need not be there"),
    pytest.param("try:\n    import a1\nexcept (KeyError, ModuleNotFoundError):\n    import a2 as a1",
                 id="one of two that need not be there"),
    pytest.param("import contextlib\nwith contextlib.suppress(ImportError):\n    import cudf",
                 id="one whose absence is suppressed"),
    pytest.param("import sys\nif sys.version_info < (3, 11):\n    import tomli",
                 id="one for other versions of Python"),
    pytest.param("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import stubs",
                 id="one for type checkers"),
]  # fmt: skip


@pytest.mark.parametrize("code", NOTHING)
def test_nothing_is_installed_and_nothing_is_said(infers, code):
    assert infers(("block:a", code), local={"mine"}) == ({"a": ""}, [])


FOUND = [
    pytest.param("import numpy as np", "numpy==2.1.0", id="a module"),
    pytest.param("from sklearn.svm import SVC", "scikit-learn==1.5.0", id="of another name"),
    pytest.param("import sklearn\nimport pandas, numpy",
                 "numpy==2.1.0 pandas==2.2.0 scikit-learn==1.5.0", id="several, sorted"),
    pytest.param("from google.cloud import storage", "google-cloud-storage==2.0",
                 id="part of a shared namespace"),
    pytest.param("def f():\n    import numpy", "numpy==2.1.0", id="in a function"),
    pytest.param("import importlib\nimportlib.import_module('numpy')", "numpy==2.1.0",
                 id="by function"),
    pytest.param("try:\n    import numpy\nexcept ImportError:\n    pass", "numpy==2.1.0",
                 id="one that need not be there but is"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), FOUND)
def test_what_is_imported_is_installed_in_the_version_of_this_machine(infers, code, expected):
    assert infers(("block:a", code)) == ({"a": expected}, [])


def test_each_step_gets_its_own_and_the_shared_ones(infers):
    wanted, found = infers(
        ("imports", "import numpy"),
        ("functions", "def f():\n    import pandas"),
        ("block:a", "import sklearn"),
        ("block:b", "y = 2"),
    )
    shared = "numpy==2.1.0 pandas==2.2.0"
    assert wanted == {"a": f"{shared} scikit-learn==1.5.0", "b": shared}
    assert found == []


def test_an_import_that_is_carried_to_a_later_step_counts_there(infers):
    wanted, _ = infers(("block:a", "import numpy as np"), ("block:b", "print(np.ones(2))"))
    assert wanted == {"a": "numpy==2.1.0", "b": "numpy==2.1.0"}


def test_a_step_gets_what_the_values_that_it_loads_may_be_made_of(infers):
    wanted, _ = infers(
        ("block:a", "import sklearn\nm = sklearn.f()"),
        ("block:b", "n = m.g()"),
        ("block:c", "print(n)"),
        (["block:d", "prev:c"], "print(1)"),
    )
    assert wanted == {**dict.fromkeys("abc", "scikit-learn==1.5.0"), "d": ""}


def test_and_that_in_the_version_which_the_step_before_asks_for(infers):
    wanted, _ = infers(
        (["block:a", "packages:scikit-learn==1.4.0"], "import sklearn\nm = sklearn.f()"),
        ("block:b", "m.g()"),
    )
    assert wanted == {"a": "", "b": "scikit-learn==1.4.0"}


def test_the_metrics_count_for_the_step_that_ends_with_them(infers):
    wanted, _ = infers(
        ("block:a", "x = 1"), ("block:b", "y = x"), ("pipeline-metrics", "import numpy\nprint(y)")
    )
    assert wanted == {"a": "", "b": "numpy==2.1.0"}


EXPLICIT = [
    pytest.param("numpy", id="the name"),
    pytest.param("numpy==1.26.4", id="another version"),
    pytest.param("NumPy>=1", id="another spelling"),
]


@pytest.mark.parametrize("requirement", EXPLICIT)
def test_what_the_author_names_is_not_inferred(infers, requirement):
    wanted, found = infers((["block:a", f"packages:{requirement}"], "import numpy, pandas"))
    assert (wanted, found) == ({"a": "pandas==2.2.0"}, [])


MISSING = [
    pytest.param("x = 1\nimport cv2", ["cell 1 (a), line 2"], id="its line"),
    pytest.param("import cv2\nimport cv2.data", ["cell 1 (a), line 1"], id="once for its parts"),
    pytest.param("from google.cloud import spanner", ["cell 1 (a), line 1"],
                 id="missing in a namespace"),
    pytest.param("import gone", ["cell 1 (a), line 1"], id="a folder that was left behind"),
    pytest.param("import requestss, os\nimport numpyy", ["cell 1 (a), line 2", "cell 1 (a), line 1"],
                 id="misspelled names, which strangers may have taken"),
    pytest.param("try:\n    import cv2\nexcept ValueError:\n    pass", ["cell 1 (a), line 2"],
                 id="in a try for something else"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "places"), MISSING)
def test_a_name_is_never_guessed(infers, code, places):
    wanted, found = infers(("block:a", code))
    assert wanted == {"a": ""}
    assert found == [("KALE421", place) for place in places]


def test_a_missing_module_is_told_once_for_all_steps(infers):
    _, found = infers(("imports", "import cv2"), ("block:a", "x = 1"), ("block:b", "y = cv2"))
    assert found == [("KALE421", "cell 1, line 1")]


def test_a_requirement_of_the_step_before_may_have_it_too_and_only_then(infers):
    cells = ("block:a packages:elsewhere", "import nowhere\nx = 1")
    _, found = infers(cells, ("block:b prev:a", "import nowhere\nprint(x)"))
    assert found == []
    _, found = infers(cells, ("block:b", "import nowhere\nprint(1)"))
    assert found == [("KALE421", "cell 2 (b), line 1")]


def test_a_requirement_that_is_not_installed_here_may_have_the_missing_module(infers):
    _, found = infers((["block:a", "packages:opencv-python==4.10"], "import cv2"))
    assert found == []
    _, found = infers((["block:a", "packages:numpy==2.1.0"], "import cv2"))
    assert found == [("KALE421", "cell 1 (a), line 1")]


ELSEWHERE = [
    pytest.param("import edited", "", "KALE422", id="installed from a folder"),
    pytest.param("import loose", "", "KALE422", id="a file on the path of modules"),
    pytest.param("import torch", "torch==2.3.0", "KALE423", id="a build with a local label"),
]


@pytest.mark.parametrize(("code", "expected", "finding"), ELSEWHERE)
def test_what_no_index_has(infers, code, expected, finding):
    wanted, found = infers(("block:a", code), ("block:b", code))
    assert wanted == {"a": expected, "b": expected}
    assert [one for one, _ in found] == [finding]


SILENCED = [
    pytest.param("cv2 edited torch", "image:own:1", {}, id="a step with an image of its own"),
    pytest.param("cv2 edited torch", "", {"docker_image": "own:1"}, id="a pipeline with one"),
    pytest.param("cv2 edited torch", "", {"no_install": "true"}, id="images that have all"),
    pytest.param("torch", "packages:torch==2.3.0", {}, id="a named version"),
    pytest.param("edited", "packages:edited==1.0", {}, id="a named package"),
    pytest.param("loose", "packages:loose==1.0", {}, id="a package for a loose file"),
]


@pytest.mark.parametrize(("modules", "tag", "settings"), SILENCED)
def test_a_remedy_silences_the_warning(infers, modules, tag, settings):
    code = "\n".join(f"import {module}" for module in modules.split())
    _, found = infers((["block:a", *([tag] if tag else [])], code), settings=settings)
    assert found == []


PICKLING = [
    pytest.param({"pickler": "dill"}, "dill==0.3.8 scikit-learn==1.5.0", id="dill"),
    pytest.param({"no_pickle": "true"}, "scikit-learn==1.5.0 skops==0.10", id="no pickle"),
    pytest.param({}, "scikit-learn==1.5.0", id="the default, which a pod is given"),
]


@pytest.mark.parametrize(("settings", "expected"), PICKLING)
def test_what_saves_values_is_installed_too(infers, settings, expected):
    assert infers(("block:a", "import sklearn"), settings=settings) == ({"a": expected}, [])


LATE = [
    pytest.param("import pandas\npandas.read_parquet('x')", "pandas==2.2.0 pyarrow==17.0",
                 id="a reader of pandas"),
    pytest.param("import pandas\npandas.read_csv('s3://b/x')", "pandas==2.2.0 s3fs==2024.1",
                 id="an address"),
    pytest.param("import pandas\npandas.read_excel('x')", "pandas==2.2.0",
                 id="what is not installed here either"),
    pytest.param("import pandas\nread_parquet = 1", "pandas==2.2.0", id="a name of the author's"),
    pytest.param("%matplotlib inline", "matplotlib==3.9", id="figures in the notebook"),
    pytest.param("%load_ext s3fs\n%load_ext autoreload", "s3fs==2024.1", id="an extension"),
    pytest.param("import numpy\nnumpy.read_parquet('s3://b')", "numpy==2.1.0",
                 id="of another library"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), LATE)
def test_what_a_library_imports_when_it_is_asked(infers, site, code, expected):
    install(site, "pyarrow", "17.0", ["pyarrow/__init__.py"])
    install(site, "matplotlib", "3.9", ["matplotlib/__init__.py"])
    install(site, "s3fs", "2024.1", ["s3fs/__init__.py"])
    assert infers(("block:a", code)) == ({"a": expected}, [])


# ---------------------------------------------------------------------- all together


def resolved(path, settings=()):
    planned = core.plan(path, dict(settings))
    return resolve(planned, path.parent)


def test_this_environments_own_versions(notebook):
    path = notebook(("block:a", "import numpy, sklearn.svm"))
    environment, found = resolved(path)
    names = [word.partition("==")[0] for word in environment.if_missing["a"]]
    assert (names, found) == (["numpy", "scikit-learn"], ())
    assert environment.required == {}


def test_a_module_beside_the_notebook_beats_an_installed_one(notebook):
    path = notebook(("block:a", "import numpy"))
    (path.parent / "numpy.py").write_text("import yaml\n", encoding="utf-8")
    environment, found = resolved(path)
    assert [word.partition("==")[0] for word in environment.if_missing["a"]] == ["PyYAML"]
    assert found == ()


def test_a_part_of_a_namespace_that_lies_beside_the_notebook_is_not_missing(notebook):
    path = notebook(("block:a", "from google import mine, protobuf"))
    (path.parent / "google").mkdir()
    (path.parent / "google" / "mine.py").touch()
    environment, found = resolved(path)
    assert [word.partition("==")[0] for word in environment.if_missing["a"]] == ["protobuf"]
    assert found == ()


def test_with_a_file_of_requirements_libraries_import_nothing_later(notebook):
    path = notebook(("block:a", "import pandas\npandas.read_parquet('https://h/x')"))
    assert len(resolved(path)[0].if_missing["a"]) == 2
    listed = path.parent / "listed.txt"
    listed.write_text("rich\n", encoding="utf-8")
    assert len(resolved(path, {"requirements": str(listed)})[0].if_missing["a"]) == 1


def test_a_file_of_requirements_is_for_every_step(notebook):
    path = notebook(
        (["block:a", "packages:numpy==1.26.4"], "import numpy"),
        (["block:b", "packages:numpy"], "import numpy, yaml"),
        ("block:c", "import sklearn"),
    )
    listed = path.parent / "listed.txt"
    listed.write_text("numpy==2.0.0\nscikit-learn\nrich\n", encoding="utf-8")
    environment, _ = resolved(path, {"requirements": str(listed)})
    assert environment.required == {
        "a": ("scikit-learn", "rich"),
        "b": ("numpy==2.0.0", "scikit-learn", "rich"),
        "c": ("numpy==2.0.0", "scikit-learn", "rich"),
    }
    assert {step: len(words) for step, words in environment.if_missing.items()} == {"b": 1}
