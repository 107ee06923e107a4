"""The pod's entry, run for real on small notebooks; where artifacts lie; which parameters count."""

from __future__ import annotations

import ast
import base64
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from kale.pod.driver import local_path, overrides


def test_a_step_runs_as_in_a_pod(tmp_path: Path):
    make = notebook(
        cell("alpha = 1\nn = 1180591620717411303424", tags=["parameters"], role="parameters"),
        cell("print('hello'); x = [alpha, n]; accuracy = 0.5; best = 'forest'", cell=3, line=1),
        cell('__import__("kale_runtime").save_outputs(globals(), ["x"])'),
        cell('__import__("kale_runtime").record_metrics(globals(), ["accuracy", "best"])'),
        outputs={"x": "out_x"},
        parameters={
            "alpha": {"type": "float", "default": 1.0},
            "n": {"type": "int", "default": 1180591620717411303424},
        },
        metrics=["accuracy", "best"],
    )
    outputs = {
        "out_x": {"name": "out_x", "uri": "minio://b/x", "customPath": str(tmp_path / "x")},
        "metrics": {"name": "metrics", "uri": str(tmp_path / "m"), "metadata": {"kept": "yes"}},
    }
    values = {"alpha": 0.25, "n": 1180591620717411303424.0}
    done = run(tmp_path, "make", make, values=values, outputs=outputs)
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    written = json.loads((tmp_path / "out" / "output.json").read_text())["artifacts"]
    about = {"type": "builtins.list", "artifact": "Artifact", "description": "2 items"}
    assert written["out_x"]["artifacts"] == [{**outputs["out_x"], "metadata": about}]
    assert written["metrics"]["artifacts"][0]["metadata"] == {"kept": "yes", "accuracy": 0.5}

    use = notebook(
        cell('__import__("kale_runtime").load_inputs(globals(), ["x"])'),
        cell("print(x)\n\ndef f():\n    raise ValueError('boom')\n", cell=5, line=2),
        cell("y = 1\nf()", cell=6, line=1),
        inputs={"x": ["in_x"]},
    )
    done = run(tmp_path, "use", use, inputs={"in_x": {"uri": str(tmp_path / "x")}})
    assert (done.returncode, done.stdout) == (1, "[0.25, 1180591620717411303424]\n")
    assert done.stderr.splitlines()[-1] == "step `use` failed: cell 6, line 2: ValueError: boom"


def test_a_step_is_told_how_to_save(tmp_path: Path):
    show = "import json, os; print(json.load(open(os.environ['KALE_STEP_CONTEXT'])))"
    book = notebook(cell(show))
    told = {"step": "end", "inputs": {}, "outputs": {}, "marshal": {}, "digest": "sha256"}
    for asked in ({}, {"no_pickle": True, "pickler": "dill"}):
        if asked:
            told["marshal"] = book["metadata"]["kale"]["marshal"] = asked
        done = run(tmp_path, "end", book)
        assert done.returncode == 0, done.stderr
        found = ast.literal_eval(done.stdout)
        assert found.pop("metrics")
        assert found == told


def test_a_step_without_ports_runs(tmp_path: Path):
    record = '__import__("kale_runtime").record_metrics(globals(), ["a", "b", "c"])'
    book = notebook(cell("a, b, c = 1, 'text', True"), cell(record), metrics=["a", "b", "c"])
    done = run(tmp_path, "end", book, outputs={"metrics": {"uri": str(tmp_path / "m")}})
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    written = json.loads((tmp_path / "out" / "output.json").read_text())["artifacts"]
    assert written["metrics"]["artifacts"][0]["metadata"] == {"a": 1}


def test_a_kernel_that_dies_is_reported(tmp_path: Path):
    done = run(tmp_path, "use", notebook(cell("import os; os._exit(3)", cell=1, line=1)))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("step `use` failed: DeadKernelError: ")


def test_an_image_without_papermill_is_told_what_to_add(tmp_path: Path):
    done = run(tmp_path, "use", notebook(), head="sys.modules['papermill'] = None; ")
    assert (done.returncode, done.stderr) == (
        1,
        "step `use` failed: its image lacks `papermill`; add `papermill` and `ipykernel`\n",
    )


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        pytest.param({"uri": "gs://b/a"}, "/gcs/b/a", id="Google's storage"),
        pytest.param({"uri": "minio://b/a"}, "/minio/b/a", id="MinIO"),
        pytest.param({"uri": "s3://b/a"}, "/s3/b/a", id="S3"),
        pytest.param({"uri": "/tmp/a"}, "/tmp/a", id="a path"),
        pytest.param({"uri": "s3://b/a", "customPath": "/c"}, "/c", id="a path of its own"),
        pytest.param(
            {"uri": "s3://b/a", "metadata": {"_kfp_workspace": True}},
            "/kfp-workspace/.artifacts/s3/b/a",
            id="the workspace",
        ),
    ],
)
def test_where_an_artifact_lies(artifact, expected):
    assert local_path(artifact) == expected


@pytest.mark.parametrize(
    ("kind", "default", "value", "expected"),
    [
        pytest.param("int", 3, 3.0, None, id="an int that arrives as a double"),
        pytest.param("int", 2**60 + 1, float(2**60), None, id="an int that lost digits"),
        pytest.param(
            "list", [1.0, 2.5], [1, 2.5], None, id="a float in a list that arrives as int"
        ),
        pytest.param("dict", {"a": {"b": 2}}, {"a": {"b": 2.0}}, None, id="an int in dicts"),
        pytest.param("str", "1", "1", None, id="a text"),
        pytest.param("str", None, None, None, id="nothing"),
        pytest.param("int", 3, 4.0, 4, id="another int"),
        pytest.param("float", 0.5, 1, 1.0, id="another float"),
        pytest.param("float", None, 1, 1.0, id="a float for nothing"),
        pytest.param("bool", True, False, False, id="another boolean"),
        pytest.param("bool", True, "false", False, id="a boolean as text"),
        pytest.param("list", [1], [True], [True], id="a boolean is no number"),
        pytest.param("dict", {}, '{"a": 1}', {"a": 1}, id="a dict as text"),
        pytest.param("str", "a", "[1]", "[1]", id="a text that looks like a list"),
    ],
)
def test_which_parameters_override_the_notebook(kind, default, value, expected):
    found = overrides({"p": {"type": kind, "default": default}}, {"p": value}).get("p")
    assert (type(found), found) == (type(expected), expected)


def cell(source, *, tags=(), **kale):
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**6}",
        "metadata": {"tags": [*tags], "kale": kale},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells, inputs=None, outputs=None, parameters=None, metrics=()):
    ports = {"inputs": inputs or {}, "outputs": outputs or {}, "parameters": parameters or {}}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [*cells],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "kale": {"metrics": [*metrics], **ports},
        },
    }


def run(
    tmp_path, step, book, *, values=None, inputs=None, outputs=None, head="", package="kale.pod"
):
    """Put the runtime where a pod has it, and start its driver, from there or from this tree."""
    runtime = tmp_path / "runtime" / "kale_runtime"
    if not runtime.exists():
        import kale.marshal

        runtime.parent.mkdir()
        runtime.symlink_to(Path(kale.marshal.__file__).parent)

    def artifacts(ports):
        return {key: {"artifacts": [artifact]} for key, artifact in (ports or {}).items()}

    executor_input = {
        "inputs": {"parameterValues": values or {}, "artifacts": artifacts(inputs)},
        "outputs": {
            "artifacts": artifacts(outputs),
            "outputFile": str(tmp_path / "out" / "output.json"),
        },
    }
    encoded = base64.b64encode(zlib.compress(json.dumps(book).encode())).decode()
    code = (
        f"import sys; sys.path.insert(0, {str(runtime.parent)!r}); {head}"
        f"from {package}.driver import main; sys.exit(main(*sys.argv[1:]))"
    )
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        code,
        json.dumps(executor_input),
        step,
        encoded,
    ]
    env = {**os.environ, "PYTHONPATH": str(runtime.parent)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env
    )
