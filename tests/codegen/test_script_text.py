"""The script as its reader sees it: every line of a notebook once, laid out as formatters do."""

from __future__ import annotations

import difflib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from codegen.builders import one, parameter, plan
from codegen.test_groups import CASES

from kale.codegen import emit_script
from kale.core import plan as plan_of_notebook
from kale.ir import METRICS_STEP, Environment, PackageOptions, StepOptions

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.ipynb"))


def script(*steps, **rest):
    return emit_script(plan(*steps, **rest)).decode()


def changed(before, after):
    """The lines that a review of ``after`` shows as changed."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_the_first_lines_say_what_it_is():
    head = script("train").split("import argparse")[0]
    assert (
        head
        == '''\
"""A Kubeflow pipeline that Kale made of a notebook. It needs the package kfp, and not Kale.

    python iris.kfp.py                        write iris.yaml into the current folder
    python iris.kfp.py --deploy --host URL    upload it too, and run it

It is made anew whenever the notebook is compiled, so change the notebook and not this file.
Below stand Kale's step runtime, then the cells of each step as they are in the notebook, line
by line, and last the pipeline.
"""

'''
    )


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("steps", id="a line of a step"),
        pytest.param("imports", id="a line of the imports"),
        pytest.param("functions", id="a line of the functions"),
    ],
)
def test_one_changed_line_is_one_changed_line(part):
    def made(line):
        code = {"steps": "a = 1", "imports": "import math", "functions": "def f(): pass"}
        code[part] += f"\n{line}\n# the end"
        return script(
            ("load", code["steps"]),
            "fit",
            "report",
            imports=[code["imports"]],
            functions=[code["functions"]],
        )

    difference = [line.strip("+- ") for line in changed(made("x = 1"), made("x = 2"))]
    assert difference == ['"x = 1",', '"x = 2",']


def test_a_new_step_changes_no_other_one():
    before = script("load", imports=["import math"])
    after = script("load", "fit", imports=["import math"])
    assert [line for line in changed(before, after) if line.startswith("-")] == []


def test_no_shared_cell_leaves_no_trace():
    assert "SHARED" not in script("load", "fit")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(plan("a"), "    task_a = step_a()\n", id="one that nothing waits for"),
        pytest.param(
            plan("a", options={"a": StepOptions(retries=1)}),
            "    task_a = step_a()\n"
            '    task_a.set_retry(1, backoff_factor=1.0, backoff_max_duration="31536000s")\n'
            '    task_a.set_env_variable("KALE_CELLS", "10")\n',
            id="one with an option",
        ),
    ],
)
def test_a_task_has_a_name(made, expected):
    assert f"def pipeline():\n{expected}" in emit_script(made).decode()


def with_environment(made, **environment):
    options = PackageOptions(**environment.pop("options", {}))
    return replace(made, environment=Environment(options=options, **environment))


BUILT = {
    "one step": plan("train"),
    "files": with_environment(
        plan("a", "b", wires=[("x", "a", "b")]),
        files={
            PurePosixPath("m.py"): b"x = 1\n",
            PurePosixPath("e.py"): b"",
            PurePosixPath("b"): bytes(range(256)) * 2,
        },
    ),
    "installed": with_environment(plan("a"), options={"installed_runtime": True}),
    "a runtime task": plan(*(f"s{number}" for number in range(20))),
    "an old cluster": with_environment(one(StepOptions(timeout=9)), options={"kfp_version": "2.0"}),
    "options": one(StepOptions(image="a", packages=("b",), retries=1, timeout=9, caching=False)),
    "all roles": plan(
        "load",
        "fit",
        METRICS_STEP,
        imports=["import math"],
        functions=["def f():\n    return '\"'"],
        wires=[(f"a_rather_long_name_{n}", "load", "fit") for n in range(9)],
        parameters=[parameter("alpha", 1), parameter("none", None, "int")],
        reads={"load": ["alpha", "none"]},
        metrics=(METRICS_STEP, ["total"]),
        metrics_code="print(total)",
    ),
}


def test_formatters_and_linters_have_nothing_to_say(tmp_path):
    plans = [case.values[0] for case in CASES]
    plain = [each for each in plans if not any(task.options.env for task in each.tasks)]
    blocks = {f"blocks {number}": each for number, each in enumerate(plain)}
    made = BUILT | blocks | {path.stem: plan_of_notebook(path) for path in EXAMPLES}
    for name, each in made.items():
        (tmp_path / f"{name}.py").write_bytes(emit_script(each))
    for command in (["format", "--diff"], ["check", "--select=E4,E7,E9,F,I"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length=100", "."],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
