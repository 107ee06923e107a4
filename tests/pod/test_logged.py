"""What a step logs in its pod: outputs of its task, by what the package knows of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pod.small_steps import Pod, cell, notebook

from kale.codegen.runtime_bundle import runtime_texts

STEP = """
from kale.sdk import log_artifact, log_figure, log_metric
log_metric("loss", 0.25)
log_metric("$HOME", True)
log_metric("worst", float("nan"))
open("m", "w").write("model")
import os
os.mkdir("d")
open("d/in", "w").write("in")
log_artifact("m", "model", "Model")
log_artifact("d", "part 1")

class Figure:
    def savefig(self, file, **_):
        file.write(b"PNG")

log_figure(Figure(), "a <plot>")
loss = 0.5
"""

RECORD = '__import__("kale_runtime").record_metrics(globals(), ["loss"])'


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def outputs(folder: Path, **schemas: str):
    return {
        key: {"name": key, "uri": str(folder / "out" / key), "type": {"schemaTitle": schema}}
        for key, schema in schemas.items()
    }


def test_all_that_is_logged_becomes_outputs(pod, tmp_path):
    book = notebook(cell(STEP), cell(RECORD), metrics=["loss"])
    names = {"model": "model", "a <plot>": "a_plot", "other": "other", "page": "page"}
    book["metadata"]["kale"]["logged"] = names
    asked = outputs(
        tmp_path,
        metrics="system.Metrics",
        model="system.Model",
        a_plot="system.HTML",
        other="system.Artifact",
        page="system.Markdown",
        kale_logged="system.Artifact",
    )
    done = pod.run("train", book, outputs=asked)
    said = "kale: step train: logged, but not shown as outputs: $HOME\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    out, told = tmp_path / "out", pod.written()
    # A cell for the metrics is the last to speak.
    assert told["metrics"]["metadata"] == {"loss": 0.5}
    metrics = json.loads((out / "metrics" / "metrics.json").read_text())
    assert metrics == {"loss": 0.5, "$HOME": 1, "worst": "NaN"}
    assert (out / "model").read_text() == "model"
    assert told["model"]["metadata"] == {"display_name": "model", "file": "model"}
    page = (out / "a_plot").read_text()
    assert '<img src="data:image/png;base64,UE5H" alt="a &lt;plot&gt;"' in page
    assert not (out / "other").exists()
    assert (out / "page").read_text() == "This run of the step did not log page.\n"
    (folder,) = (out / "kale_logged").iterdir()
    assert folder.name.endswith("part_1")
    assert (folder / "in").read_text() == "in"


def test_what_no_output_was_made_for_is_said(pod, tmp_path):
    book = notebook(cell(STEP))
    book["metadata"]["kale"]["logged"] = {}
    done = pod.run("train", book, outputs={})
    said = "kale: step train: logged, but not shown as outputs: loss, $HOME, worst, model, part 1, a <plot>\n"
    assert (done.returncode, done.stderr) == (0, said)


def test_a_step_that_logs_nothing_has_empty_outputs(pod, tmp_path):
    book = notebook(cell("pass"))
    book["metadata"]["kale"]["logged"] = {}
    asked = outputs(tmp_path, metrics="system.Metrics", kale_logged="system.Artifact")
    done = pod.run("train", book, outputs=asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert pod.written()["metrics"]["metadata"] == {}
    assert [*(tmp_path / "out" / "kale_logged").iterdir()] == []


HELPER = """
from kale.sdk import ContainerStep, exit_handler, log_metric, parallel, pipeline, step
import kale

@step(name="a", image="b")
def one(x):
    return x + 1

@step
def two(x):
    return x + 2

@pipeline(name="p")
def p():
    with exit_handler(one):
        one(1)

fetch = ContainerStep(image="curl", inputs=["url"])
kale.sdk.log_metric("m", 1)
print(one(1), two(1), parallel([1, 2], 2))
try:
    fetch("x")
except RuntimeError as error:
    print(error)
"""


def test_what_stands_for_kale_in_a_pod(tmp_path):
    begin = "kale_pod/shim/"
    for path, text in runtime_texts(("sdk",)).items():
        if path.startswith(begin):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    context = tmp_path / "context.json"
    context.write_text(json.dumps({"logged": str(tmp_path / "logged")}))
    done = subprocess.run(
        # Nothing that is installed: no Kale among it, and no library that the shim might need.
        [sys.executable, "-S", "-c", HELPER],
        env={"PYTHONPATH": str(tmp_path / begin), "KALE_STEP_CONTEXT": str(context)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    said = "call a container step in the body of a pipeline, not in a step"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"2 3 [1, 2]\n{said}\n", "")
    assert (tmp_path / "logged.jsonl").read_text() == '{"metric": "m", "value": 1}\n'
