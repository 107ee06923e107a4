"""The commands as a user types them: files, standard output, exit codes."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

CELLS = (
    "# Title",
    ("imports", "import math"),
    ("pipeline-parameters", "alpha = 2.0"),
    ("block:load", "x = [1.0, 4.0]"),
    ("block:fit prev:load", "y = [alpha * math.sqrt(v) for v in x]\ntotal = sum(y)"),
    ("pipeline-metrics", "print(total)"),
)
FILES = ["nb.kfp.py", "nb.steps", "nb.yaml"]


def test_compile_writes_beside_the_notebook(kale, notebook):
    path = notebook(*CELLS)
    code, out, err = kale("compile", path)
    assert (code, err) == (0, "")
    found = sorted(p.name for p in path.parent.iterdir() if p.name != "home cache")
    assert found == ["nb.ipynb", *FILES]
    assert out == (
        f"pipeline  nb\nscript    {path.parent}/nb.kfp.py\npackage   {path.parent}/nb.yaml\n"
        f"notebook  {path.parent}/nb.steps/load.ipynb  (load)\n"
        f"notebook  {path.parent}/nb.steps/fit.ipynb  (fit)\n"
    )


def test_compile_as_json(kale, notebook, tmp_path):
    code, out, err = kale("compile", notebook(*CELLS), "-o", tmp_path / "out dir", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert set(document) == {"pipeline", "files", "diagnostics"}
    assert set(document["files"]) == {"script", "package", "notebooks"}
    assert sorted(p.name for p in (tmp_path / "out dir").iterdir()) == FILES


def test_a_refused_compile_as_json(kale, notebook):
    code, out, _ = kale("compile", notebook(("block:a", "print(x)")), "--json")
    (finding,) = json.loads(out)["diagnostics"]
    assert code == 1
    assert finding == {
        "code": "KALE301",
        "severity": "error",
        "message": "step `a` uses `x`, which no earlier step defines",
        "path": finding["path"],
        "cell": 1,
        "cell_id": "c1",
        "line": 1,
        "column": 7,
        "step": "a",
        "hint": "define `x` in an earlier step, or in a cell tagged `imports` or `functions`",
    }


def test_two_compiles_in_different_folders_are_alike_to_the_byte(kale, notebook, tmp_path):
    folders = tmp_path / "a", tmp_path / "b c"
    for folder in folders:
        kale("compile", notebook(*CELLS, name=f"{folder.name}/nb.ipynb"))
    first, second = (
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders
    )
    assert first == second


def test_compiling_again_removes_the_notebooks_of_steps_that_are_no_more(kale, notebook):
    path = notebook(*CELLS)
    kale("compile", path)
    kale("compile", notebook(("block:load", "x = 1")))
    assert [p.name for p in (path.parent / "nb.steps").iterdir()] == ["load.ipynb"]


CLASSIC = [
    pytest.param(["--pipeline_name", "other", "--pipeline_descr", "what"], id="underscores"),
    pytest.param(["--pipeline-name", "other", "--pipeline-description", "what"], id="dashes"),
]


@pytest.mark.parametrize("arguments", CLASSIC)
def test_the_classic_form(kale, notebook, arguments):
    path = notebook(*CELLS)
    options = ["--docker_image", "img:1", "--experiment-name", "exp", "--kfp_host", "h"]
    code, out, _ = kale("--nb", path, *arguments, *options, "--kfp_port", "8080")
    assert code == 0
    assert out.startswith("pipeline  other\n")
    package = (path.parent / "other.yaml").read_text()
    assert "image: img:1" in package
    assert "description: what" in package


def test_check_of_several_notebooks(kale, notebook):
    good = notebook(*CELLS, name="good.ipynb")
    bad = notebook(("block:a", "print(x)\nprint(y)"), name="bad.ipynb")
    code, out, err = kale("check", good, bad)
    assert (code, err) == (1, "")
    assert out.splitlines()[0] == f"{good}: 2 steps, no errors"
    assert [line for line in out.splitlines() if "KALE301" in line] == [
        f"{bad}: cell 1 (a), line {line}: error KALE301: step `a` uses `{name}`, which no earlier"
        " step defines"
        for line, name in ((1, "x"), (2, "y"))
    ]


def test_check_as_json(kale, notebook):
    code, out, _ = kale(
        "check", notebook(("block:a", "x = 1"), ("block:b", "print(x)")), "--format", "json"
    )
    assert code == 0
    assert [d["code"] for d in json.loads(out)["diagnostics"]] == ["KALE201"]


def test_explain(kale):
    code, out, _ = kale("check", "--explain", "kale301")
    assert code == 0
    assert out.startswith("KALE301 (error): undefined name\n\nA step reads a name")


def test_run_and_its_parameters(kale, notebook, tmp_path):
    path = notebook(*CELLS)
    code, out, _ = kale("run", path, "-p", "alpha=3", "--run-dir", tmp_path / "run", "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == {
        *("pipeline", "status", "run_dir", "steps", "metrics", "seconds", "resume", "diagnostics")
    }
    assert (document["pipeline"], document["status"]) == ("nb", "succeeded")
    assert document["metrics"] == {"total": 9.0}
    assert [step["name"] for step in document["steps"]] == ["load", "fit"]
    for step in document["steps"]:
        assert set(step) == {
            *("name", "status", "cached", "why", "engine", "attempts"),
            *("notebook", "seconds", "error"),
        }
        assert (step["status"], step["error"]) == ("succeeded", None)
        assert Path(step["notebook"]).exists()


def test_a_failing_cell(kale, notebook, tmp_path):
    path = notebook(
        ("block:a", "x = 1"),
        ("block:b prev:a", "y = 0\n\nx / y"),
        ("block:c prev:b", "print(x)"),
    )
    code, out, err = kale("run", path, "--run-dir", tmp_path / "run")
    assert code == 1
    assert f"{path}: cell 2 (b), line 3: ZeroDivisionError: division by zero\n    x / y\n" in err
    assert "report: " in out
    assert "Traceback" not in out + err
    code, out, _ = kale("run", path, "--run-dir", tmp_path / "other", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["status"] == "failed"
    assert [step["status"] for step in document["steps"]] == ["succeeded", "failed", "skipped"]
    error = document["steps"][1]["error"]
    assert (error["type"], error["message"]) == ("ZeroDivisionError", "division by zero")
    assert (error["cell"], error["line"], error["column"]) == (2, 3, 1)
    assert (error["source"], error["values"]) == ("x / y", {"x": "1", "y": "0"})


def test_a_refused_run_as_json(kale, notebook):
    code, out, _ = kale("run", notebook(("block:a", "print(x)")), "--json")
    document = json.loads(out)
    assert code == 1
    assert (document["status"], document["steps"], document["metrics"]) == ("refused", [], {})
    assert [d["code"] for d in document["diagnostics"]] == ["KALE301"]


@pytest.mark.parametrize("command", [[], ["check"], ["compile"], ["run"]])
def test_help(kale, command):
    code, out, _ = kale(*command, "--help")
    assert code == 0
    assert out.startswith("Usage: kale")


def test_versions(kale):
    code, out, _ = kale("--version")
    assert code == 0
    assert out.startswith("kale 0.1.0, Python 3.")
    assert "papermill" in out
    assert "kfp" in out


def test_as_a_module_with_nothing_to_do():
    done = subprocess.run(
        [sys.executable, "-m", "kale"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: kale")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell):
    environment = {**os.environ, "_KALE_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-m", "kale"], capture_output=True, text=True, env=environment, check=False
    )
    assert "kale" in done.stdout


#: What no verb needs that makes pipelines without running them; some of it takes seconds.
HEAVY = set(
    "IPython asyncio email ipykernel jinja2 jsonschema kfp kubernetes nbconvert nbformat networkx numpy"
    " pandas papermill rich yaml".split()
)


@pytest.mark.parametrize(
    ("verb", "never"),
    [
        pytest.param(["--help"], {"kale.core", "kale.ir"}, id="to help"),
        pytest.param(["check"], {"kale.codegen", "kale.runners"}, id="to check"),
        pytest.param(["compile"], {"fractions", "kale.runners", "tempfile"}, id="to compile"),
    ],
)
def test_nothing_heavy_is_imported(notebook, verb, never):
    path = [] if verb == ["--help"] else [str(notebook(*CELLS))]
    # What Python's own start imports, such as an editable install, is none of Kale's doing.
    code = (
        "import sys; before = {*sys.modules}; from kale.cli import main; "
        "sys.argv = ['kale', *sys.argv[1:]]\n"
        "try: main()\n"
        "finally: print(*({*sys.modules} - before), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *verb, *path]
    for _ in range(2):  # the first may make what the second finds in the user's cache
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert not loaded & never
    assert "kale.cli.main" in loaded


def test_a_reader_that_goes_away():
    command = f"{shlex.quote(sys.executable)} -m kale --help | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
