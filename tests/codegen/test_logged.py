"""What steps may log becomes outputs of their tasks, as far as the code tells it."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from codegen.builders import compiled, package, without_version

from kale import core
from kale.codegen.package_layout import lay_out
from kale.ir import Environment

IMPORTS = "from kale.sdk import log_artifact, log_figure, log_metric"


def plan_of(notebook, step, *, imports=IMPORTS, functions="pass", before="x = 1"):
    path = notebook(
        ("imports", imports),
        ("functions", functions),
        ("block:load", before),
        ("block:train prev:load", step),
    )
    return core.plan(path)


def logged(made, key="train"):
    """The outputs that a task has for what it logs: their types by key."""
    (task,) = (task for task in lay_out(made) if task.key == key)
    usual = {"executed_notebook", "html_report", "kale_runtime"}
    return {
        key: title.removeprefix("system.")
        for key, title in task.outputs.items()
        if key not in usual and not key.startswith("out_")
    }


@pytest.mark.parametrize(
    ("step", "rest", "expected"),
    [
        pytest.param("pass", {}, {}, id="nothing is logged"),
        pytest.param(
            "log_metric('a', 1)",
            {"imports": "def log_metric(*a): pass"},
            {},
            id="a function of the notebook's own of that name",
        ),
        pytest.param(
            "pass", {"functions": "def f(): log_metric('a', 1)"}, {}, id="a function not called"
        ),
        pytest.param("pass", {"before": "log_metric('a', 1)"}, {}, id="another step's metric"),
        pytest.param("log_metric('a', 1)", {}, {"metrics": "Metrics"}, id="a metric"),
        pytest.param(
            "from kale.sdk import log_metric as note\nnote('a', 1)",
            {"imports": "pass"},
            {"metrics": "Metrics"},
            id="under another name, imported in the step",
        ),
        pytest.param(
            "k.log_metric('a', 1)",
            {"imports": "import kale.sdk as k"},
            {"metrics": "Metrics"},
            id="of the module",
        ),
        pytest.param(
            "kale.sdk.log_metric('a', 1)",
            {"imports": "import kale.sdk"},
            {"metrics": "Metrics"},
            id="of the module in full",
        ),
        pytest.param(
            "[*map(log_metric, 'ab', [1, 2])]", {}, {"metrics": "Metrics"}, id="handed to another"
        ),
        pytest.param(
            "f()",
            {"functions": "def f(): g()\ndef g(): log_metric('a', 1)"},
            {"metrics": "Metrics"},
            id="by a function of a function",
        ),
        pytest.param(
            "model.fit()",
            {
                "functions": "class M:\n    def fit(self): log_metric('a', 1)",
                "before": "model = M()",
            },
            {"metrics": "Metrics"},
            id="by a method of an object that another step made",
        ),
        pytest.param(
            "pass",
            {"functions": "log_metric('a', 1)"},
            {"metrics": "Metrics"},
            id="by a shared cell, which each step runs",
        ),
        pytest.param(
            "log_artifact('m.pkl', 'model', 'Model')", {}, {"model": "Model"}, id="a file"
        ),
        pytest.param(
            "log_artifact('d/m.pkl')", {}, {"m_pkl": "Artifact"}, id="a file by its own name"
        ),
        pytest.param("log_artifact('r.md')", {}, {"r_md": "Markdown"}, id="a page by its ending"),
        pytest.param(
            "log_artifact(name='report', type='HTML', path=p)",
            {"before": "p = 'x'"},
            {"report": "HTML"},
            id="by keyword, from a computed path",
        ),
        pytest.param("log_figure(x, 'A plot')", {}, {"A_plot": "HTML"}, id="a figure"),
        pytest.param(
            "log_figure(x, 'a-b')\nlog_figure(x, 'a b')\nlog_figure(x, '12')",
            {},
            {"a_b": "HTML", "a_b_2": "HTML", "file": "HTML"},
            id="names that come to the same, and to none",
        ),
        pytest.param(
            "log_artifact('f', 'x', 'Model')\nlog_artifact('g', 'x', 'Dataset')",
            {},
            {"x": "Artifact"},
            id="two types of one name",
        ),
        pytest.param(
            "log_artifact('f', 'metrics')\nlog_artifact('f', 'class')",
            {},
            {"metrics_2": "Artifact", "class_2": "Artifact"},
            id="names that are taken",
        ),
        pytest.param(
            "log_artifact('f', f'part {x}')", {}, {"kale_logged": "Artifact"}, id="a computed name"
        ),
        pytest.param(
            "f = log_artifact\nf('f', 'x')", {}, {"kale_logged": "Artifact"}, id="by another name"
        ),
        pytest.param(
            "for log in log_artifact, log_metric: pass",
            {},
            {"kale_logged": "Artifact", "metrics": "Metrics"},
            id="mentioned, never called",
        ),
    ],
)
def test_outputs_by_code(notebook, step, rest, expected):
    made = plan_of(notebook, step, **rest)
    assert dict(sorted(logged(made).items())) == dict(sorted(expected.items()))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param("helper.report(x)", {"metrics", "kale_logged"}, id="the module is used"),
        pytest.param("pass", set(), id="the module is imported, and not used"),
    ],
)
def test_the_authors_own_module_may_log(notebook, tmp_path, step, expected):
    text = f"{IMPORTS}\ndef report(x):\n    log_metric('x', x)\n    log_artifact('f')\n"
    (tmp_path / "helper.py").write_text(text)
    made = plan_of(notebook, step, imports="import helper")
    files = {PurePosixPath("helper.py"): text.encode()}
    made = replace(made, environment=Environment(files=files))
    assert logged(made).keys() == expected
    assert "sdk" in made.backends


def test_the_official_compiler_makes_the_same_of_it(notebook):
    step = "log_metric('a', 1); log_figure(x, 'plot'); log_artifact('f', 'model', 'Model')"
    made = plan_of(notebook, f"{step}\nlog_artifact('f', str(x))")
    assert len(logged(made)) == 4
    assert without_version(compiled(made)) == without_version(package(made))


def travelling(made):
    """The files that a pod unpacks, by path, and what its notebook says of the step."""
    tasks = {task.key: task for task in lay_out(made)}
    bundles = [task.command[3] for task in tasks.values() if task.carries]
    return json.loads(zlib.decompress(b64decode(bundles[0]))), {
        key: json.loads(task.notebook)["metadata"]["kale"] for key, task in tasks.items()
    }


def test_a_notebook_that_does_not_import_kale_carries_nothing_of_it(notebook):
    files, kale = travelling(plan_of(notebook, "pass", imports="import json"))
    assert not [path for path in files if "logged" in path or "shim" in path]
    assert all("logged" not in about for about in kale.values())


def test_a_notebook_that_imports_kale_carries_what_stands_for_it(notebook):
    files, kale = travelling(plan_of(notebook, "log_figure(x, 'A plot')"))
    assert {path for path in files if "logged" in path or "shim" in path} == {
        "kale_pod/logged.py",
        "kale_pod/shim/kale/__init__.py",
        "kale_pod/shim/kale/sdk/__init__.py",
        "kale_pod/shim/kale/sdk/tracking.py",
    }
    assert kale["train"]["logged"] == {"A plot": "A_plot"}
    assert kale["load"]["logged"] == {}
    assert not [path for path in files if "numpy" in path], "Kale is no library of values"


def test_to_log_a_value_is_not_to_change_it(notebook):
    log = "log_metric('n', len(x)); log_artifact(p, x); k.log_figure(x, x); log_figure(x, name=x)"
    made = core.plan(
        notebook(
            ("imports", f"{IMPORTS}\nimport kale.sdk as k"),
            ("block:load", "x, p = [], 'p'"),
            ("block:log prev:load", log),
            ("block:read prev:load", "print(x)"),
        )
    )
    # What may be changed is guarded, and both steps read it at the same time.
    assert b"unchanged" not in made.task("log").notebook
    assert made.task("log").outputs == ()


def test_a_file_that_another_step_wrote_is_not_there_to_be_logged(notebook):
    path = notebook(
        ("imports", IMPORTS),
        ("block:make", "open('m.pkl', 'w').write('x')"),
        ("block:log prev:make", "log_artifact('m.pkl', 'model')"),
    )
    (found,) = [one for one in core.check(path).diagnostics if "m.pkl" in one.message]
    assert found.code == "KALE340"
