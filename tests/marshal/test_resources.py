"""Functions that anybody registers: which one is called, by name or by package, and in a step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kale.marshal import (
    MarshalError,
    resource_load,
    resource_save,
)

HERE = re.escape(__name__)


@pytest.fixture(autouse=True)
def registered():
    """What a test registers is forgotten after it."""
    kept = [(d, list(d.entries)) for d in (resource_save, resource_load)]
    yield
    for dispatcher, entries in kept:
        dispatcher.entries[:] = entries


#: The example of the original, with its imports.
EXAMPLE = r"""
import numpy as np
from kale.marshal import resource_save, resource_load
# register functions to load and save numpy objects
@resource_load.register('.*\.npy') # match anything ending in '.npy'
def resource_numpy_load(uri, **kwargs):
    return np.load(uri)
@resource_save.register('numpy\..*') # match anything starting with 'numpy'
def resource_numpy_save(obj, path, **kwargs):
    return np.save(path+".npy", obj)
a = np.random.random((10,10))
resource_save(a, 'marshal_dir/')
b = resource_load('marshal_dir/a.npy') # a == b
"""


def test_the_example_of_the_original_runs(tmp_path):
    (tmp_path / "example.py").write_text(
        f"{EXAMPLE}\nassert (a == b).all()\nassert type(b) is type(a)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "example.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(p.name for p in (tmp_path / "marshal_dir").iterdir()) == ["a.npy"]


def test_the_example_runs_in_a_notebook(tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="notebooks are run with nbclient")
    import nbformat

    cells = [nbformat.v4.new_code_cell(EXAMPLE), nbformat.v4.new_code_cell("assert (a == b).all()")]
    nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=cells), resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert (tmp_path / "marshal_dir" / "a.npy").exists()


# --------------------------------------------------------------------------- the file's name


def test_the_file_is_called_as_the_variable(tmp_path):
    folder = f"{tmp_path}/deep/down/"
    naïve = [1]
    assert resource_save(naïve, folder) == f"{folder}naïve.json"
    assert resource_load(f"{folder}naïve.json") == [1]


def test_a_call_over_several_lines_has_a_variable_too(tmp_path):
    some_text = "text"
    uri = resource_save(
        some_text,
        f"{tmp_path}/",
    )
    assert uri == f"{tmp_path}/some_text.txt"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda folder: resource_save([1], folder), id="no variable"),
        pytest.param(lambda folder: resource_save(*[1], folder), id="an unpacked list"),
        pytest.param(lambda folder: eval("resource_save(x, folder)", {**globals(), "x": 1, "folder": folder}), id="no source"),
    ],
)  # fmt: skip
def test_a_file_without_a_name_is_refused(tmp_path, call):
    with pytest.raises(MarshalError, match=r"^the file has no name; end the path with one$"):
        call(f"{tmp_path}/")
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_be_a_path(tmp_path):
    uri = resource_save({"a": 1}, tmp_path / "new" / "value")
    assert (type(uri), uri) == (str, f"{tmp_path}/new/value.json")
    assert resource_load(Path(uri)) == {"a": 1}


def test_a_file_that_is_there_is_replaced(tmp_path):
    for value in ([1], [1, 2, 3], []):
        uri = resource_save(value, tmp_path / "value")
        assert resource_load(uri) == value
    assert [path.name for path in tmp_path.iterdir()] == ["value.json"]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    uri = resource_save([1], tmp_path / "value")
    with pytest.raises(TypeError):
        resource_save(memory := (i for i in ()), tmp_path / "value")
    del memory
    assert resource_load(uri) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["value.json"]


class Base:
    pass


class Leaf(Base):
    pass


# --------------------------------------------------------------------------- what functions write


@pytest.mark.parametrize(
    ("write", "main"),
    [
        pytest.param(lambda p: Path(f"{p}.leaf").touch(), "v.leaf", id="it returns nothing"),
        pytest.param(lambda p: Path(f"{p}.leaf").touch() or f"{p}.leaf", "v.leaf", id="the path"),
        pytest.param(lambda p: Path(f"{p}.leaf").touch() or Path(f"{p}.leaf"), "v.leaf", id="a Path"),
        pytest.param(lambda p: Path(f"{p}.leaf").touch() or "v.leaf", "v.leaf", id="the name"),
        pytest.param(lambda p: Path(f"{p}.leaf").touch() or 3, "v.leaf", id="a number"),
        pytest.param(lambda p: Path(f"{p}.leaf").touch() or "v.none", "v.leaf", id="a name that is not there"),
        pytest.param(
            lambda p: [Path(f"{p}{e}").touch() for e in (".a", ".leaf")] and f"{p}.leaf",
            "v.leaf",
            id="one of two",
        ),
    ],
)  # fmt: skip
def test_the_file_to_load_is_the_one_returned_or_the_only_one(tmp_path, write, main):
    resource_save.register(f"{HERE}.Leaf")(lambda obj, path, **_: write(path))
    assert resource_save(Leaf(), tmp_path / "v") == str(tmp_path / main)
    assert (tmp_path / main).exists()


@pytest.mark.parametrize(
    ("write", "number"),
    [
        pytest.param(lambda p: None, 0, id="nothing written"),
        pytest.param(lambda p: [Path(f"{p}{e}").touch() for e in (".a", ".b")] and None, 2, id="two and none named"),
    ],
)  # fmt: skip
def test_which_file_to_load_has_to_be_clear(tmp_path, write, number):
    resource_save.register(f"{HERE}.Leaf")(lambda obj, path, **_: write(path))
    with pytest.raises(
        MarshalError,
        match=rf"^what saved a {HERE}\.Leaf wrote {number} files; let it return the one to load$",
    ):
        resource_save(Leaf(), tmp_path / "v")
    assert list(tmp_path.iterdir()) == []


def test_the_keywords_of_the_call_reach_the_function(tmp_path):
    given = []

    @resource_save.register(f"{HERE}.Leaf")
    def save(obj, path, **how):
        given.append(how)
        Path(f"{path}.leaf").touch()

    @resource_load.register(r".*\.leaf")
    def load(uri, **how):
        given.append(how)
        return Leaf()

    resource_load(resource_save(Leaf(), tmp_path / "v", pickler="dill", level=9), strict=True)
    assert given == [{"pickler": "dill", "level": 9}, {"strict": True}]


def test_a_subclass_is_saved_by_its_bases_function_and_not_pickled(tmp_path):
    @resource_save.register(f"{HERE}.Base", subclasses=True)
    def save(obj, path, **_):
        Path(f"{path}.base").write_text(type(obj).__name__)

    assert resource_save(Leaf(), tmp_path / "v").endswith("v.base")
    assert (tmp_path / "v.base").read_text() == "Leaf"


# --------------------------------------------------------------------------- packages

PLUGIN = """
from pathlib import Path
class Thing: pass
def register(resource_save, resource_load):
    @resource_save.register(r"plugin\\.Thing", safe=True)
    def save(obj, path, **_): Path(f"{path}.thing").write_text("thing")
    @resource_load.register(r".*\\.thing", safe=True)
    def load(uri, **_): return Thing()
"""

USE = """
import sys, warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    from kale.marshal import resource_save, resource_load
    import plugin
    uri = resource_save(plugin.Thing(), sys.argv[1] + "/x")
    print(uri.rpartition("/")[2], type(resource_load(uri)).__name__)
    for warning in seen: print(warning.category.__name__, warning.message)
"""


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages; runs ``USE`` with it."""

    def run(*points: str, code: str = PLUGIN) -> list[str]:
        (tmp_path / "plugin.py").write_text(code)
        (info := tmp_path / "plugin-1.0.dist-info").mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(["[kale.marshal_backends]", *points, ""]))
        path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
        done = subprocess.run(
            [sys.executable, "-c", USE, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    return run


def test_an_installed_package_registers_its_functions(site):
    assert site("things = plugin:register") == ["x.thing Thing"]


@pytest.mark.parametrize(
    ("point", "told"),
    [
        pytest.param("bad = nowhere:register", "ModuleNotFoundError(\"No module named 'nowhere'\")", id="no module"),
        pytest.param("bad = plugin:gone", "AttributeError(\"module 'plugin' has no attribute 'gone'\")", id="no function"),
        pytest.param("bad = plugin:Thing", "TypeError('Thing() takes no arguments')", id="no such function"),
    ],
)  # fmt: skip
def test_a_package_that_cannot_register_is_left_out_with_a_warning(site, point, told):
    name, value = point.split(" = ")
    assert site("things = plugin:register", point) == [
        "x.thing Thing",
        f"RuntimeWarning backend `{name}` ({value}) is left out: {told}",
    ]


def test_without_packages_all_is_as_before(site):
    assert site() == ["x.pkl Thing"]


# --------------------------------------------------------------------------- in a step

REGISTER = textwrap.dedent(
    r"""
    class Point:
        def __init__(self, x): self.x = x
    @resource_save.register(r"__main__\.Point")
    def save_point(obj, path, **kwargs):
        with open(path + ".point", "w") as file: file.write(f"by hand {obj.x}")
    @resource_load.register(r".*\.point")
    def load_point(uri, **kwargs):
        point = Point(int(open(uri).read().split()[-1]))
        point.loaded_by = "hand"
        return point
    """
)


def test_what_a_notebook_registers_saves_and_loads_its_values_in_kale_run(kale, notebook, tmp_path):
    path = notebook(
        ("imports", "from kale.marshal import resource_save, resource_load"),
        ("functions", REGISTER),
        ("block:make", "p = Point(3)\nplain = [1]"),
        ("block:use prev:make", "assert p.loaded_by == 'hand'\np.x += 1"),
        ("block:last prev:use", "assert (p.x, p.loaded_by, plain) == (4, 'hand', [1])"),
    )
    code, _, err = kale("run", path, "--run-dir", tmp_path / "run")
    assert code == 0, err
    manifests = {
        found.parent.name: json.loads(found.read_text())
        for found in (tmp_path / "run").rglob("make/*/manifest.json")
    }
    assert (manifests["p"]["main"], manifests["plain"]["main"]) == ("value.point", "value.json")
    [saved] = (tmp_path / "run").rglob("make/p/value.point")
    assert saved.read_text() == "by hand 3"


def test_the_text_in_a_step_knows_what_was_registered_with_the_installed_kale(tmp_path):
    """The runtime that a step carries is another package than ``kale.marshal``."""
    import shutil

    import kale.marshal

    shutil.copytree(Path(kale.marshal.__file__).parent, tmp_path / "kale_runtime")
    code = (
        "from kale.marshal import resource_save, resource_load\n"
        f"{REGISTER}\n"
        "import kale_runtime\n"
        "assert kale_runtime.resource_save is not resource_save\n"
        f"uri = kale_runtime.resource_save(Point(3), {str(tmp_path / 'p')!r})\n"
        "print(uri.rpartition('/')[2], kale_runtime.resource_load(uri).loaded_by)"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("p.point hand\n", "")
