"""Every script of the documents on the SDK: as plain Python, as a pipeline here, and compiled."""

from __future__ import annotations

import json
import random
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from sdk.documents import LOOPS, TRAININGS

from kale.marshal.values import load, pick

SCRIPTS = {**LOOPS, **TRAININGS}

#: The steps of each, with the items that they work on.
STEPS = {
    "loop": "generate printer.0 printer.1",
    "loop_param": "generate printer.0 printer.1 loop-2-items.0 loop-2-items.1 "
    "printer2.0.0 printer2.0.1 printer2.1.0 printer2.1.1",
    "loop_param_flat": "generate printer.0 printer.1 loop-2-items printer2.0 printer2.1",
    "kale_data_passing": "data_loading data_split model_training",
    "marshal": "data_loading data_split model_training",
}


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Write a script of the documents into the current folder; its name."""
    monkeypatch.chdir(tmp_path)

    def write(name):
        Path(f"{name}.py").write_text(SCRIPTS[name], encoding="utf-8")
        return f"{name}.py"

    return write


@pytest.fixture
def run(kale):
    """Compile and run a script by ``kale FILE.py``: what ``--json`` prints."""

    def compile_and_run(file, *arguments):
        code, out, err = kale(file, "--json", *arguments)
        assert code == 0, err + out
        return json.loads(out)

    return compile_and_run


def printed(done: dict[str, Any]) -> dict[str, str]:
    """What each step has printed."""
    found = {}
    for step in done["steps"]:
        cells = json.loads(Path(step["notebook"]).read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        found[step["name"]] = "".join(
            "".join(output["text"]) for output in outputs if output.get("name") == "stdout"
        )
    return found


def saved(done: dict[str, Any], step: str, name: str) -> Any:
    """A value that a step has saved."""
    folder, manifest = pick([Path(done["run_dir"], "values", step, name)], name)
    return load(folder, manifest, {})


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_prints_what_plain_python_prints(script, run, monkeypatch, capfd, name):
    done = run(script(name))
    lines = sorted("".join(printed(done).values()).splitlines())
    drawn = saved(done, "generate", "res")
    monkeypatch.setattr(random, "sample", lambda *_: drawn)
    capfd.readouterr()
    runpy.run_path(f"{name}.py", run_name="__main__")
    assert lines == sorted(capfd.readouterr().out.splitlines())
    if name in STEPS:
        assert [step["name"] for step in done["steps"]] == STEPS[name].split()


def test_a_parameter_is_what_the_command_line_says(script, run):
    done = run(script("loop_param_flat"), "-p", "arg_list=[7, 8, 9]")
    told = printed(done)
    assert [told[f"printer2.{k}"] for k in range(3)] == ["7\n", "8\n", "9\n"]


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_prints_what_plain_python_prints_for_the_same_data(script, run, capfd, name):
    done = run(script(name))
    assert [step["name"] for step in done["steps"]] == STEPS[name].split()
    module = SimpleNamespace(**runpy.run_path(f"{name}.py", run_name="imported"))
    x, y = module.load(42)
    assert (saved(done, "data_loading", "x") == x).all()
    assert (saved(done, "data_loading", "y") == y).all()
    parts = [saved(done, "data_split", part) for part in split_names(done)]
    capfd.readouterr()
    module.train(*parts, training_iterations=100)
    assert printed(done)["model_training"] == capfd.readouterr().out


def split_names(done: dict[str, Any]) -> list[str]:
    """What the pipeline calls x, x_test and y of the second step."""
    folders = sorted(p.name for p in Path(done["run_dir"], "values", "data_split").iterdir())
    return [next(f for f in folders if f.partition("_1")[0] == n) for n in ("x", "x_test", "y")]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_compiled(script, kale, name):
    code, _, err = kale("compile", script(name))
    assert code == 0, err
    pipeline = "loop" if name in LOOPS else "binary-classification"
    [first, *_] = yaml.safe_load_all(Path(f"{pipeline}.yaml").read_text(encoding="utf-8"))
    assert first["pipelineInfo"]["name"] == pipeline
    assert Path(f"{pipeline}.kfp.py").exists()


def test_a_script_is_plain_python(script):
    done = subprocess.run(
        [sys.executable, script("loop_item")], capture_output=True, text=True, check=True
    )
    # Squares, parameters and products of two numbers drawn, then two times hello.
    lines = done.stdout.splitlines()
    assert (len(lines), lines[-2:], done.stderr) == (2 + 4 + 8 + 2, ["Hello!", "Hello!"], "")


def test_neither_reading_nor_importing_a_script_runs_it(script, kale, capfd, tmp_path):
    file = script("loop")
    text = Path(file).read_text(encoding="utf-8")
    leaves_a_trace = "import random\nopen('ran', 'a').close()\n"
    Path(file).write_text(text.replace("import random\n", leaves_a_trace), encoding="utf-8")
    assert kale("check", file)[0] == 0
    assert kale("compile", file)[0] == 0
    assert not (tmp_path / "ran").exists()
    capfd.readouterr()
    runpy.run_path(file, run_name="loop")
    assert capfd.readouterr().out == ""
