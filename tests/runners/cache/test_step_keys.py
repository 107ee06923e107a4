"""What changes a step's key and what must not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from runners.plans import cell, parameter, plan, task

from kale.ir import Pipeline, Plan
from kale.runners import default_run_dir
from kale.runners.cache.environment import Fingerprints
from kale.runners.cache.step_keys import StepKeys
from kale.runners.run_directory import RunDirectory


def key_of(folder: Path, plan: Plan, runtime, *, step="train", parameters: Mapping = {}):
    directory = RunDirectory(default_run_dir(folder, "iris"))
    keys = StepKeys(
        plan, directory=directory, cwd=folder, parameters=parameters, runtime=repr(runtime)
    )
    return keys.key(plan.task(step))


def of_code(*cells, **options):
    return plan(task("train", *cells, **options))


SAME = [
    pytest.param("x=1", "x = 1", id="spacing"),
    pytest.param("x = 1", "\n\nx = 1  # one\n\n# end\n", id="comments and blank lines"),
    pytest.param("f(a, b)", "f(\n    a,\n    b,\n)", id="line breaks within brackets"),
    pytest.param("x = 'a'", 'x = "a"', id="the kind of quotes"),
    pytest.param("if x:\n    y = 1", "if x:\n  y = 1", id="the width of indents"),
    pytest.param("%matplotlib inline\nx=1", "%matplotlib inline\n\nx = 1  # one", id="comments beside a magic"),
    pytest.param("%%time\nx=1", "%%time\nx = 1 # one", id="comments below a magic that times a cell"),
]  # fmt: skip

OTHER = [
    pytest.param("x = 1", "x = 2", id="a number"),
    pytest.param("x = 1", "x = 1.0", id="a number's type"),
    pytest.param("x = 1", "x = True", id="a number for a truth value"),
    pytest.param("x = 'a'", "x = b'a'", id="text for bytes"),
    pytest.param("x = 'a  b'", "x = 'a b'", id="spaces within text"),
    pytest.param("def f():\n    'one'", "def f():\n    'two'", id="a docstring"),
    pytest.param("x = 1", "x = 1;", id="a semicolon that hides a value"),
    pytest.param("%time f()", "%timeit f()", id="a magic"),
    pytest.param("!ls a", "!ls b", id="a command"),
    pytest.param("!ls a", "!ls  a # b", id="a command's text in any way"),
    pytest.param("x = !ls", "x = !ls -l", id="a command whose output is kept"),
    pytest.param("%%bash\n# a", "%%bash\n# b", id="a comment in another language"),
    pytest.param("%%writefile m.py\nx = 1 # a", "%%writefile m.py\nx = 1 # b", id="a comment in a file that is written"),
    pytest.param("s = '''\n%d a\n'''\n!ls", "s = '''\n%d b\n'''\n!ls", id="text that looks like a magic"),
    pytest.param("a = 1\nb = 2", "b = 2\na = 1", id="the order of lines"),
    pytest.param("if x:\n    y = 1\n    z = 2", "if x:\n    y = 1\nz = 2", id="what an indent holds"),
    pytest.param("x = '\\ud800'", "x = '\\ud801'", id="halves of surrogate pairs"),
    pytest.param("df?", "df??", id="a request for help"),
    pytest.param("this is no Python", "this is no  Python", id="what nobody can read"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_key_does_not_heed(tmp_path, runtime, one, other):
    keys = [key_of(tmp_path, of_code(code), runtime) for code in (one, other)]
    assert keys[0].parts == keys[1].parts


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_a_key_heeds(tmp_path, runtime, one, other):
    keys = [key_of(tmp_path, of_code(code), runtime) for code in (one, other)]
    assert keys[0].digest != keys[1].digest
    assert keys[0].parts["code"].keys() == {"cell 7"}
    same = {**keys[0].parts, "code": 0, "environment": 0, "versions": 0}
    assert same == {**keys[1].parts, "code": 0, "environment": 0, "versions": 0}


def test_a_key_does_not_heed_the_numbers_of_cells_but_their_order(tmp_path, runtime):
    def of(*cells):
        return key_of(tmp_path, of_code(*cells), runtime)

    before = of(cell("x = 1", at=3), cell("y = 2", at=4))
    assert of(cell("x = 1", at=5), cell("y = 2", at=9)).digest == before.digest
    assert of(cell("y = 2", at=3), cell("x = 1", at=4)).digest != before.digest
    assert of(cell("x = 1\ny = 2", at=3)).digest != before.digest


def test_the_items_of_code_are_named_as_the_author_sees_them(tmp_path, runtime):
    found = key_of(
        tmp_path,
        of_code(
            cell("import json", "imports", at=1),
            cell("def f(): pass", "functions", at=2),
            cell("def g(): pass", "definition", at=4),
            cell("def h(): pass", "definition", at=4, line=5),
            cell("x = f()", at=6),
            saves=["x"],
        ),
        runtime,
    )
    assert list(found.parts["code"]) == [
        "imports, cell 1", "functions, cell 2", "definition, cell 4", "cell 6", "save",
    ]  # fmt: skip


OPTIONS = [
    pytest.param({"env": (("MODE", "a"),)}, {"env": (("MODE", "b"),)}, True, id="a variable that the step sets and reads"),
    pytest.param({"packages": ("a==1",)}, {"packages": ("a==2",)}, True, id="its packages"),
    pytest.param({}, {"retries": 3}, False, id="retries"),
    pytest.param({}, {"timeout": 3}, False, id="its timeout"),
    pytest.param({}, {"labels": (("a", "b"),)}, False, id="labels"),
    pytest.param({}, {"limits": (("memory", "1Gi"),)}, False, id="limits"),
    pytest.param({}, {"caching": False}, False, id="whether it is cached"),
    pytest.param({}, {"report": False}, False, id="whether it is reported"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "counts"), OPTIONS)
def test_of_a_steps_options_count(tmp_path, runtime, monkeypatch, one, other, counts):
    monkeypatch.delenv("MODE", raising=False)
    code = "import os\nx = os.environ.get('MODE')"
    keys = [key_of(tmp_path, of_code(code, **options), runtime) for options in (one, other)]
    assert (keys[0].digest != keys[1].digest) is counts


PARAMETERS = [
    pytest.param({}, {"rate": 0.1}, True, id="the default itself, given"),
    pytest.param({}, {"rate": 0.2}, False, id="another value"),
    pytest.param({"rate": 1.0}, {"rate": 1}, False, id="an equal value of another type"),
    pytest.param({}, {"other": 3}, True, id="a parameter that it does not take"),
]


@pytest.mark.parametrize(("one", "other", "same"), PARAMETERS)
def test_a_key_and_parameters(tmp_path, runtime, one, other, same):
    made = plan(
        task("train", "x = rate", takes={"rate": "0.1"}),
        parameters=[parameter("rate", "float", "0.1"), parameter("other", "int", "1")],
    )
    keys = [key_of(tmp_path, made, runtime, parameters=given) for given in (one, other)]
    assert (keys[0].digest == keys[1].digest) is same


def manifest(**fields):
    return {"type": "builtins.int", "digest": "sha256:1", "files": {}, "changed": None, **fields}


INPUTS = [
    pytest.param([manifest()], [manifest(step="other", files={"a": [1, "2"]})], True, id="other files of the same content"),
    pytest.param([manifest()], [manifest(digest="sha256:2")], False, id="other content"),
    pytest.param([manifest()], [manifest(type="builtins.bool")], False, id="another type"),
    pytest.param([manifest(digest=None, files={"a": [1, "x"]})], [manifest(digest=None, files={"a": [1, "y"]})], False, id="other bytes of what has no digest"),
    pytest.param([manifest()], [manifest(changed=True)], True, id="changed or not, of a single version"),
    pytest.param([manifest(), manifest()], [manifest(), manifest(changed=True)], False, id="changed or not, of two versions"),
    pytest.param([manifest(), manifest(digest="b")], [manifest(digest="b"), manifest()], False, id="the order of two versions"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), INPUTS)
def test_a_key_and_inputs(tmp_path, runtime, one, other, same):
    producers = [task(f"load{n}", "df = 1", saves=["df"]) for n in range(len(one))]
    reader = task("train", "x = df", loads={"df": "load0"})
    for number in range(1, len(one)):
        extra = task("train", "x = df", loads={"df": f"load{number}"})
        reader = SimpleNamespace(
            **{
                **{name: getattr(reader, name) for name in reader.__slots__},
                "inputs": (*reader.inputs, *extra.inputs),
            }
        )
    keys = []
    for manifests in (one, other):
        made = plan(*producers, reader)  # type: ignore[arg-type]
        directory = RunDirectory(default_run_dir(tmp_path, "iris"))
        for number, content in enumerate(manifests):
            folder = directory.values(f"load{number}") / "df"
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps(content))
        made_keys = StepKeys(
            made, directory=directory, cwd=tmp_path, parameters={}, runtime=repr(runtime)
        )
        keys.append(made_keys.key(reader))  # type: ignore[arg-type]
    assert (keys[0].digest == keys[1].digest) is same


def test_inputs_that_share_objects_count_by_the_bytes_that_hold_both(tmp_path, runtime):
    both = task("load", "a = []\nb = a", saves=["a", "b"])
    reader = task("train", "a.append(1)", loads={"a": "load", "b": "load"})
    keys = []
    for group, content in (("", "x"), ("g1", "x"), ("g2", "x"), ("g3", "y")):
        directory = RunDirectory(default_run_dir(tmp_path, "iris"))
        for name in "ab":
            folder = directory.values("load") / name
            folder.mkdir(parents=True)
            shared = ["a", "b"] if group else []
            found = manifest(files={"v": [1, content]}, shared=shared, group=group)
            (folder / "manifest.json").write_text(json.dumps(found))
        made = StepKeys(
            plan(both, reader),
            directory=directory,
            cwd=tmp_path,
            parameters={},
            runtime=repr(runtime),
        )
        keys.append(made.key(reader).digest)
    assert keys[0] != keys[1] == keys[2] != keys[3]


def test_secrets_in_variables_are_nowhere_in_a_key(tmp_path, runtime, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hunter2-hunter2")
    monkeypatch.setenv("KALE_CACHE_DIR", str(tmp_path / "cache"))
    code = "import os\nkey = os.environ['API_TOKEN']\neverything = dict(os.environ)"
    found = key_of(tmp_path, of_code(code), runtime)
    assert "API_TOKEN" in found.parts["environment"]
    assert "hunter2" not in json.dumps(found.as_json())
    salt = tmp_path / "cache" / "steps" / "salt"
    assert salt.stat().st_mode & 0o077 == 0
    other = Fingerprints(tmp_path / "other").of({"API_TOKEN": "hunter2-hunter2"})
    assert other["API_TOKEN"] != found.parts["environment"]["API_TOKEN"]


def test_versions_are_those_of_what_a_step_imports_and_of_what_that_requires(tmp_path, runtime):
    plain = key_of(tmp_path, of_code("x = 1"), runtime)
    tables = key_of(tmp_path, of_code("import pandas as pd, json, no_such_module"), runtime)
    assert plain.parts["versions"] == {}
    assert {"pandas", "numpy"} <= tables.parts["versions"].keys()
    assert tables.parts["versions"]["no_such_module"] == "missing"
    assert "json" not in tables.parts["versions"]


def test_a_local_module_hides_an_installed_one(tmp_path, runtime):
    code = of_code("import pandas")
    before = key_of(tmp_path, code, runtime)
    (tmp_path / "pandas.py").write_text("")
    after = key_of(tmp_path, code, runtime)
    assert after.parts["modules"].keys() == {"pandas.py"}
    assert "pandas" not in after.parts["versions"]
    assert before.digest != after.digest


def test_a_module_on_the_path_for_modules_counts(tmp_path, runtime, monkeypatch):
    library = tmp_path / "library"
    library.mkdir()
    (library / "helpers.py").write_text("x = 1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(library)]))
    notebook = tmp_path / "nb"
    notebook.mkdir()
    found = key_of(notebook, of_code("import helpers"), runtime)
    assert found.parts["modules"].keys() == {str(library / "helpers.py")}


def test_another_runtime_folder_or_kernel_is_another_key(tmp_path, runtime):
    other = {**runtime, next(iter(runtime)): b"# other"}
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    code = of_code("x = 1")
    kernel = Plan(Pipeline("iris", "Iris", "iris.ipynb", kernel="other"), code.tasks)
    found = {
        key_of(one, code, runtime).digest,
        key_of(one, code, other).digest,
        key_of(two, code, runtime).digest,
        key_of(one, kernel, runtime).digest,
    }
    assert len(found) == 4
    assert key_of(one, code, runtime).digest in found
