"""The pod's driver, run for real on small notebooks."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
from pathlib import Path

import pytest
from pod.small_steps import Pod, cell, notebook

import kale.pod

LOAD = '__import__("kale_runtime").load_inputs(globals(), %s)'
SAVE = '__import__("kale_runtime").save_outputs(globals(), %s)'
RECORD = '__import__("kale_runtime").record_metrics(globals(), %s)'


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_a_step_runs_as_in_a_pod(pod: Pod, tmp_path: Path):
    make = notebook(
        cell("alpha = 1\nn = 1180591620717411303424", tags=["parameters"], role="parameters"),
        cell("print('hello'); x = [alpha, n]; accuracy = 0.5; best = 'forest'", cell=3, line=1),
        cell(SAVE % ["x"]),
        cell(RECORD % ["accuracy", "best"]),
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
    done = pod.run("make", make, values=values, outputs=outputs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
    told = pod.written()
    assert told["out_x"]["metadata"].pop("digest").startswith("sha256:")
    about = {"type": "builtins.list", "artifact": "Artifact", "description": "2 items"}
    assert told["out_x"] == {**outputs["out_x"], "metadata": about}
    assert told["metrics"]["metadata"] == {"kept": "yes", "accuracy": 0.5}

    use = notebook(
        cell(LOAD % ["x"]),
        cell("print(x)\n\ndef f():\n    raise ValueError('boom')\n", cell=5, line=2),
        cell("y = 1\nf()", cell=6, line=1),
        cell("print('never')", cell=7, line=1),
        inputs={"x": ["in_x"]},
    )
    reports = {name: str(tmp_path / name) for name in ("executed_notebook", "html_report")}
    done = pod.run("use", use, inputs={"in_x": str(tmp_path / "x")}, outputs=reports)
    assert (done.returncode, done.stdout) == (1, "[0.25, 1180591620717411303424]\n")
    assert done.stderr.splitlines()[-1] == "step `use` failed: cell 6, line 2: ValueError: boom"
    assert "x: list 2 items\n" in done.stderr
    cells = json.loads((tmp_path / "executed_notebook").read_text())["cells"]
    assert [one["execution_count"] for one in cells] == [1, 2, 3, None]
    assert cells[2]["outputs"][0]["ename"] == "ValueError"
    assert "boom" in (tmp_path / "html_report").read_text()


ODD = "{{$}} {{$.inputs.parameters['x']}} {{workflow.name}} {% for x in y %}{{ x }}{% endfor %}"
LATIN_1 = "".join(map(chr, range(256)))

PRINTS = f"""
import os, pathlib, subprocess, sys, time
for n in range(3):
    print("out", n)
    print("err", n, file=sys.stderr)
os.write(1, "fd größe\\n".encode())
subprocess.run(["echo", "child"])
odd, latin_1, name = {ODD!r}, {LATIN_1!r}, "f"
print(f"{{{{{{name}}}}}}", odd, latin_1 == "".join(map(chr, range(256))))
print("half \\ud800")
print("waiting", end="")
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print(" done")
"""


def test_the_log_has_what_is_printed_at_once_in_order_and_nothing_else(pod: Pod, tmp_path: Path):
    (tmp_path / "runtime" / "kale_files" / "data").mkdir(parents=True)
    (tmp_path / "runtime" / "kale_files" / "random.py").write_text("mine = 1")
    outputs = {"kale_runtime": str(tmp_path / "b" / "bundle")}
    outputs["executed_notebook"] = str(tmp_path / "executed")
    head = "import kale_pod; kale_pod.BUNDLE = 'the bundle'; "
    book = notebook(cell(PRINTS, cell=3, line=1), cell("import os; print(os.listdir('data'))"))
    with pod.start("show", book, outputs=outputs, head=head) as step:
        log, pipe = b"", step.stdout.fileno()
        while b"waiting" not in log:  # what has no end of line comes, too
            part = os.read(pipe, 65536)
            assert part, log.decode()
            log += part
        (tmp_path / "runtime" / "kale_files" / "go").touch()  # where the step works
        log += step.stdout.read()
    assert step.returncode == 0, log.decode()
    streams = [f"{name} {n}" for n in range(3) for name in ("out", "err")]
    printed = [f"{{f}} {ODD} True", "half \\ud800", "waiting done", "[]"]
    text = log.decode()
    written = ["fd größe\n", "child\n"]  # come by another way, and so at any place, but in order
    assert [text.count(line) for line in written] == [1, 1]
    assert text.index(written[0]) < text.index(written[1])
    for line in written:
        text = text.replace(line, "")
    assert text.splitlines() == [*streams, *printed]
    cells = json.loads((tmp_path / "executed").read_text())["cells"]
    assert "".join(cells[0]["source"]) == PRINTS
    assert (tmp_path / "b" / "bundle").read_text() == "the bundle"


def test_what_is_not_changed_is_handed_on_and_what_is_reported_is_drawn(pod: Pod, tmp_path: Path):
    run = f"{tmp_path}//iris/6f4a"  # as a root may be given
    make = notebook(cell("x, y = [1], [2]"), cell(SAVE % ["x", "y"]), outputs={"x": "x", "y": "y"})
    made = {"x": f"{run}/make/7d/x", "y": f"{run}/make/7d/y"}
    assert pod.run("make", make, outputs=made).returncode == 0
    use = notebook(
        cell(LOAD % ["x", "y"]),
        cell("y.append(3)\nmatrix = [[5, 1], [2, 7]]"),
        cell(SAVE % ["x", "y"]),
        cell(RECORD % ["matrix"]),
        inputs={"x": ["in_x"], "y": ["in_y"]},
        outputs={"x": "out_x", "y": "out_y"},
        metrics=["matrix"],
        single=["x", "y"],
    )
    inputs = {f"in_{name}": uri for name, uri in made.items()}
    outputs = {k: f"{run}/use/9c/{k}" for k in ("out_x", "out_y", "metrics")}
    outputs["classification_metrics"] = f"{run}/use/9c/classification_metrics"
    done = pod.run("use", use, inputs=inputs, outputs=outputs)
    assert done.returncode == 0, done.stderr
    told = pod.written()
    uris = {key: artifact["uri"] for key, artifact in told.items()}
    assert uris == {**outputs, "out_x": made["x"]}
    assert {key: told[key]["metadata"]["description"] for key in ("out_x", "out_y")} == {
        "out_x": "1 item",
        "out_y": "2 items",
    }
    assert not Path(outputs["out_x"]).exists()
    rows = told["classification_metrics"]["metadata"]["confusionMatrix"]["rows"]
    assert rows == [{"row": [5, 1]}, {"row": [2, 7]}]
    assert told["metrics"].get("metadata", {}) == {}


def test_a_step_that_is_stopped_ends_its_kernel(pod: Pod):
    book = notebook(cell("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)"))
    with pod.start("long", book) as step:
        kernel = int(step.stdout.readline())
        step.terminate()
        log = step.stdout.read().decode()
    assert step.returncode == 143
    assert "kale: step long: stopped, for its pod is to end\n" in log
    assert not Path(f"/proc/{kernel}").exists()
    assert not (pod.folder / "out").exists()


@pytest.mark.parametrize(
    ("code", "place", "message"),
    [
        pytest.param("import sys\nsys.exit()", "cell 4", "", id="by `sys.exit`, which is an error"),
        pytest.param(
            "if True:\n    exit()",
            "cell 4",
            ": `exit()` and `quit()` end the kernel; a step has to run to its end",
            id="by `exit`, after which the kernel runs on for a while",
        ),
    ],
)
def test_a_step_that_leaves_early_has_failed(pod: Pod, tmp_path: Path, code, place, message):
    book = notebook(
        cell(code, cell=4, line=1),
        cell("x = 1; print('never')", cell=5, line=1),
        cell(SAVE % ["x"]),
        outputs={"x": "out_x"},
    )
    done = pod.run("use", book, outputs={"out_x": str(tmp_path / "x")})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == f"step `use` failed: {place}: SystemExit{message}"
    assert not (tmp_path / "x").exists()


RUNS_ON = """
import asyncio, threading
def watch(event): event.wait()
async def sleep(): await asyncio.sleep(99)
ended = threading.Thread(target=print, name="ended")
ended.start(); ended.join()
threading.Thread(target=threading.Event().wait, name="of a library", daemon=True).start()
threading.Thread(target=watch, args=[threading.Event()], name="mine", daemon=True).start()
task = asyncio.create_task(sleep(), name="waiting")
x = 1
"""


def test_what_runs_on_when_values_are_saved_is_warned_of(pod: Pod, tmp_path: Path):
    book = notebook(cell(RUNS_ON), cell(SAVE % ["x"]), outputs={"x": "out_x"})
    done = pod.run("make", book, outputs={"out_x": str(tmp_path / "x")})
    assert done.returncode == 0, done.stderr
    assert re.findall("RuntimeWarning: `(.*)` still runs", done.stderr) == [
        "mine",
        "waiting (sleep)",
    ]


def test_a_step_is_told_how_to_save(pod: Pod):
    show = "import json, os; print(json.load(open(os.environ['KALE_STEP_CONTEXT'])))"
    book = notebook(cell(show))
    told = {"step": "end", "inputs": {}, "outputs": {}, "marshal": {}, "digest": "sha256"}
    told["hand_on"] = {}
    for asked in ({}, {"no_pickle": True, "pickler": "dill"}):
        if asked:
            told["marshal"] = book["metadata"]["kale"]["marshal"] = asked
        done = pod.run("end", book)
        assert done.returncode == 0, done.stderr
        found = ast.literal_eval(done.stdout)
        assert found.pop("metrics")
        assert found == told


def test_a_kernel_that_dies_is_reported(pod: Pod):
    done = pod.run("use", notebook(cell("import os; os._exit(3)", cell=1, line=1)))
    assert done.returncode == 1
    # Where nbclient hears of the death before the cell has begun for it, the cell is not known.
    assert re.match(
        "step `use` failed: (cell 1: )?DeadKernelError: Kernel died", done.stderr.splitlines()[-1]
    )


def test_an_image_without_papermill_is_told_what_to_add(pod: Pod):
    hide = "sys.modules['papermill'] = None; "
    done = pod.run("use", notebook(), "--no-install", head=hide)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "step `use` failed: ImportError: the image lacks `papermill`; add `papermill` and `ipykernel`"
    )


def test_a_task_without_a_notebook_hands_on_the_runtime(tmp_path: Path, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(kale.pod, "BUNDLE", "the bundle")
    artifact = {"uri": str(tmp_path / "r" / "kale_runtime")}
    outputs = {
        "artifacts": {"kale_runtime": {"artifacts": [artifact]}},
        "outputFile": str(tmp_path / "out" / "output.json"),
    }
    try:
        assert kale.pod.main(json.dumps({"outputs": outputs}), "kale-runtime") == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert Path(artifact["uri"]).read_text() == "the bundle"
    told = json.loads((tmp_path / "out" / "output.json").read_text())
    assert told == {"artifacts": outputs["artifacts"]}
