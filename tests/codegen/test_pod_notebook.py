"""Install lines are comments in a pod, and run as written everywhere else."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from codegen.builders import compiled, one, package
from nbparser.conftest import notebook_text

from kale.codegen import emit_files, make_plan
from kale.codegen.pod_notebook import pod_notebook
from kale.ir import SecretEnv, StepOptions, VolumeMount
from kale.nbparser import parse_pipeline, read_notebook_json
from kale.static_analysis import analyze


def planned(*cells):
    return make_plan(analyze(parse_pipeline(read_notebook_json(notebook_text(*cells), "nb.ipynb"))))


def in_pod(made, step):
    """The cells of a step as the package holds them, and the packages it installs."""
    (spec,) = package(made)
    executor = spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    _, name, notebook, *packages = executor["args"]
    assert name == step
    return cells(zlib.decompress(base64.b64decode(notebook))), packages


def cells(notebook):
    return ["".join(cell["source"]) for cell in json.loads(notebook)["cells"]]


@pytest.mark.parametrize(
    "code", ["x = 1", "!ls", "%pip install -r r.txt", "x = !pip install a", "%%bash\npip install a"]
)
def test_a_notebook_without_install_lines_is_the_same_in_a_pod(code):
    (task,) = planned((code, "block:a")).tasks
    assert cells(pod_notebook(task.notebook, task.options)) == cells(task.notebook)


@pytest.mark.parametrize(
    ("code", "there"),
    [
        ("%pip install a", "# installed before the step starts: %pip install a"),
        (
            "x = 1\n!pip install a \\\n    b\ny = 2",
            "x = 1\n# installed before the step starts: !pip install a \\\n    # b\ny = 2",
        ),
        (
            "try:\n    import a\nexcept ImportError:\n    %pip install a",
            "try:\n    import a\nexcept ImportError:\n"
            "    pass  # installed before the step starts: %pip install a",
        ),
        ("%%capture\n!pip install a", "%%capture\n# installed before the step starts: !pip install a"),
        ("pip install a", "# installed before the step starts: pip install a"),
    ],
)  # fmt: skip
def test_an_install_line_is_a_comment_in_a_pod(code, there):
    made = planned((code, "block:a"))
    found, packages = in_pod(made, "a")
    assert found == [there]
    assert found[0].count("\n") == code.count("\n")
    assert set(packages) >= {"a"}
    assert cells(made.task("a").notebook) == [code]


def test_cells_are_numbered_beside_the_arguments():
    made = planned(
        ("import os", "imports"), ("y = 1", "block:one"), ("z = y", "block:two", "prev:one")
    )
    (spec,) = package(made)
    for step, numbers in (("one", "1 2 0"), ("two", "1 0 3")):
        executor = spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
        assert executor["env"] == [{"name": "KALE_CELLS", "value": numbers}]
        notebook = json.loads(zlib.decompress(base64.b64decode(executor["args"][2])))
        assert all("cell" not in cell["metadata"]["kale"] for cell in notebook["cells"])


def test_every_pod_installs_what_a_shared_cell_does():
    made = planned(
        ("%pip install a==1\nimport os", "imports"),
        ("x = 1", "block:one"),
        ("y = 1", "block:two"),
        ("print(x, y)", "pipeline-metrics"),
    )
    for task in made.tasks:
        found, packages = in_pod(made, task.key)
        assert found[0] == "# installed before the step starts: %pip install a==1\nimport os"
        assert packages == ["a==1"]


@pytest.mark.parametrize(
    ("options", "sees"),
    [
        pytest.param(StepOptions(labels=(("a", "b"),), retries=1, image="i"), None, id="nothing"),
        pytest.param(
            StepOptions(env=(("ROWS", "10"),)), {"env": [["ROWS", "10"]]}, id="a variable"
        ),
        pytest.param(
            StepOptions(secrets=(SecretEnv("db", "password", "P"),)),
            {"secrets": [["db", "password", "P"]]},
            id="a secret's address",
        ),
        pytest.param(
            StepOptions(volumes=(VolumeMount("data", "/data"),)),
            {"volumes": [["data", "/data"]]},
            id="a volume",
        ),
    ],
)
def test_what_a_pod_shows_the_code_is_in_the_arguments_which_the_clusters_cache_compares(
    options, sees
):
    made = one(options)
    _, _, notebook, *_ = package(made)[0]["deploymentSpec"]["executors"]["exec-train"]["container"][
        "args"
    ]
    metadata = json.loads(zlib.decompress(base64.b64decode(notebook)))["metadata"]["kale"]
    assert metadata.get("sees") == sees
    assert compiled(made) == package(made)


def test_the_script_gives_the_same_package():
    made = planned(("x = 1\n%pip install a\n", "block:one"), ("y = x", "block:two", "prev:one"))
    assert compiled(made) == package(made)


def test_the_step_notebooks_beside_the_package_are_as_written():
    made = planned(("%pip install a", "block:one"))
    (notebook,) = [text for path, text in emit_files(made).items() if path.suffix == ".ipynb"]
    assert cells(notebook) == ["%pip install a"]
