"""Which parts of the runtime a notebook's steps carry, by what its code imports."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from pathlib import PurePosixPath

import pytest

from kale import core
from kale.codegen.runtime_parts import backends_for, carried
from kale.ir import UNSEEN_MODULE


@pytest.mark.parametrize(
    ("modules", "parts"),
    [
        pytest.param("", "", id="no import"),
        pytest.param("os json collections __future__", "", id="the standard library"),
        pytest.param("os my_module", "numpy pandas", id="a module of the author's own"),
        pytest.param(UNSEEN_MODULE, "numpy pandas", id="imports out of sight"),
        pytest.param("numpy", "numpy pandas", id="NumPy"),
        pytest.param("matplotlib seaborn", "numpy pandas", id="libraries of no part"),
        pytest.param("sklearn", "numpy pandas scipy sklearn", id="scikit-learn"),
        pytest.param("xgboost", "numpy pandas scipy sklearn xgboost", id="XGBoost's wrappers"),
        pytest.param("PIL", "numpy pandas pillow", id="Pillow by its module"),
        pytest.param("pillow", "numpy pandas", id="and not by its package"),
        pytest.param("torchvision", "numpy pandas pillow torch", id="several for one module"),
        pytest.param("transformers", "numpy pandas torch", id="what builds on a library"),
        pytest.param("tensorflow", "keras numpy pandas", id="Keras under its older roof"),
        pytest.param(
            "polars pyarrow sys", "numpy pandas polars pyarrow", id="several modules, sorted"
        ),
    ],
)
def test_parts_by_module(modules, parts):
    assert backends_for(modules.split()) == tuple(parts.split())
    assert backends_for(reversed(modules.split())) == tuple(parts.split())


def test_what_a_part_imports_comes_with_it():
    sources = {
        "__init__.py": "from .step import load",
        "step.py": "",
        "backends/__init__.py": "",
        "backends/builtin.py": "from .shared import x",
        "backends/pickled.py": "def f():\n    from .. import late",
        "backends/shared.py": "",
        "backends/numpy.py": "from . import arrays, none",
        "backends/numpy_inside.py": "import arrow",
        "backends/arrays.py": "from .arrow import x",
        "backends/arrow.py": "",
        "backends/torch.py": "from ..step import load",
        "late.py": "from .backends.other import f",
        "backends/other.py": "",
    }
    texts = {PurePosixPath(path): text for path, text in sources.items()}
    core_alone = [str(path) for path in carried(texts, ())]
    assert [path for path in sources if path not in core_alone] == [
        "backends/numpy.py",
        "backends/numpy_inside.py",
        "backends/arrays.py",
        "backends/arrow.py",
        "backends/torch.py",
    ]
    with_numpy = [str(path) for path in carried(texts, ("numpy",))]
    assert [path for path in sources if path not in with_numpy] == ["backends/torch.py"]


def parts_in(folder, name="nb"):
    """The backends in the containers of a compiled package."""
    import yaml

    spec = next(yaml.safe_load_all((folder / f"{name}.yaml").read_text("utf-8")))
    found = set()
    for executor in spec["deploymentSpec"]["executors"].values():
        runtime = executor["container"]["command"][3]
        if not runtime.startswith("sha256:"):
            files = json.loads(zlib.decompress(b64decode(runtime)))
            found.add(frozenset(name for name in files if "/backends/" in name))
    (same,) = found  # of all steps that carry it
    return {PurePosixPath(path).stem for path in same}


CORE = {"__init__", "builtin", "pickled"}


def test_a_package_carries_what_any_cell_calls_for(notebook, tmp_path):
    core.compile_notebook(notebook(("block:a", "x = 1"), ("block:b prev:a", "y = x")))
    assert parts_in(tmp_path) == CORE
    cells = ("imports", "import json"), ("block:a", "x = 1"), ("block:b prev:a", "import torch; x")
    core.compile_notebook(notebook(*cells))
    assert {"torch", "numpy"} <= parts_in(tmp_path)


def test_what_a_module_beside_the_notebook_imports_counts(notebook, tmp_path):
    path = notebook(("block:a", "import mine\nx = mine.f()"), ("block:b prev:a", "x"))
    core.compile_notebook(path)
    assert not {"torch", "xgboost"} & parts_in(tmp_path)
    (tmp_path / "mine.py").write_text("def f():\n    import torch\n", encoding="utf-8")
    core.compile_notebook(path)
    assert "torch" in parts_in(tmp_path)


def test_a_run_carries_the_same_files(notebook, tmp_path):
    path = notebook(("block:a", "import json\nx = [1]"), ("block:b prev:a", "assert x == [1]"))
    result = core.run(path, run_dir=tmp_path / "run")
    assert result.status == "succeeded"
    folder = tmp_path / "run" / "runtime" / "kale_runtime" / "backends"
    assert {file.stem for file in folder.glob("*.py")} == CORE
