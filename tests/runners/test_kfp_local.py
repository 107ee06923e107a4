"""A compiled package through KFP's own local runner: the same values, and what it leaves out."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from runners.plans import plan as make_plan
from runners.plans import task
from runners.processes import processes_of

from kale import core
from kale.codegen.kfp_spec import emit_package
from kale.errors import KaleError, Location, UsageError
from kale.ir import SecretEnv, SecurityContext, StepOptions, Toleration, VolumeMount
from kale.runners import RunInterrupted, Silent
from kale.runners.kfp_local import run_kfp_local
from kale.runners.kfp_local.pod_failure import pod_failure
from kale.runners.kfp_local.unmet import unmet
from kale.volumes import Volume, Volumes, Workspace

pytestmark = pytest.mark.usefixtures("measured_children")

pytest.importorskip("kfp", reason="kfp is not installed")


def write(folder, *cells):
    """A notebook of (tags, source) pairs in ``folder``."""
    folder.mkdir(exist_ok=True)
    made = [new_code_cell(code, metadata={"tags": tags.split()}) for tags, code in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=made, metadata=kernel), folder / "odd.ipynb")
    return folder / "odd.ipynb"


def second_opinion(notebook, folder=None, observer=None, **parameters):
    """The notebook's compiled package, run by KFP."""
    plan = core.plan(notebook)
    return run_kfp_local(
        plan,
        emit_package(plan),
        run_dir=(folder or notebook.parent) / "run",
        cwd=notebook.parent,
        parameters=parameters,
        observer=observer or Silent(),
    )


class Told(Silent):
    """Keeps what an observer is told."""

    def __init__(self):
        self.calls = []

    def step_started(self, step):
        self.calls.append(("started", step))

    def step_retried(self, step, attempt, reason):
        self.calls.append(("retried", step, attempt, reason))

    def step_finished(self, result):
        self.calls.append((result.status, result.name))

    def run_finished(self, result):
        self.calls.append(("over", result and result.status))


STEPS = (
    ("pipeline-parameters", "alpha = 0.5\nwhich: str = None\nlags = [1.0]\ntext = 'a'"),
    ("imports", "import math"),
    ("functions", "class Point:\n    def __init__(self, at):\n        self.at = at"),
    ("block:load", "p = Point([alpha, *lags])\nq = p.at\nprint('größe', which, text)"),
    (
        "block:fit prev:load",
        "q.append(math.floor(2.5))\ntotal = sum(p.at)\nsaid = f'{which}{text}'",
    ),
    ("pipeline-metrics", "print(total)\nprint(said)"),
)

#: The least that a package can be; nothing of it ever runs.
ONE = (("block:a", "print(1)"),)


# --------------------------------------------------------- nothing may happen


def test_without_kfp_nothing_is_written(tmp_path, monkeypatch):
    notebook = write(tmp_path, *ONE)
    monkeypatch.setitem(sys.modules, "kfp", None)
    with pytest.raises(UsageError, match="needs the package `kfp`") as raised:
        second_opinion(notebook)
    assert raised.value.code == "KALE512"
    assert "kale[kfp]" in raised.value.hint
    assert not (tmp_path / "run").exists()


def test_a_parameter_that_does_not_exist(tmp_path):
    with pytest.raises(UsageError) as raised:
        second_opinion(write(tmp_path, *STEPS), alhpa=1)
    assert raised.value.code == "KALE501"
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    notebook = write(tmp_path, *ONE)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("kept")
    with pytest.raises(UsageError) as raised:
        second_opinion(notebook)
    assert raised.value.code == "KALE504"
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["mine"]


def test_a_package_that_kfp_cannot_read(tmp_path):
    plan, told = core.plan(write(tmp_path, *ONE)), Told()
    broken = emit_package(plan).replace(b"schemaVersion: '2.1.0'", b"schemaVersion: [2]")
    with pytest.raises(KaleError, match="KFP's local runner failed: ") as raised:
        run_kfp_local(plan, broken, run_dir=tmp_path / "run", cwd=tmp_path, observer=told)
    assert raised.value.code == "KALE512"
    assert "kfp.log" in raised.value.hint
    assert told.calls == [("over", None)]


# -------------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("given", "metrics"),
    [
        pytest.param({}, {"total": 3.5, "said": "Nonea"}, id="all parameters at their defaults"),
        pytest.param(
            {"alpha": 2.0, "which": "é'\" {x} python3", "lags": [1, 2], "text": ""},
            {"total": 7.0, "said": "é'\" {x} python3"},
            id="one without a default, one with signs of all kinds, an empty text",
        ),
    ],
)
def test_the_same_metrics_as_the_local_engine(tmp_path, given, metrics):
    notebook = write(tmp_path / "a b 'é\" {x}", *STEPS)
    result = second_opinion(notebook, tmp_path, **given)
    assert result.status == "succeeded", (tmp_path / "run" / "kfp.log").read_text()
    assert result.metrics == metrics
    ours = core.run(
        notebook,
        [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in given.items()],
        run_dir=tmp_path / "ours",
    )
    assert dict(ours.metrics) == metrics
    assert "größe" in (tmp_path / "run" / "logs" / "load.log").read_text("utf-8")
    assert {step.engine for step in result.steps} == {"kfp-local"}
    assert json.loads((tmp_path / "run" / "run.json").read_text("utf-8")) == result.as_json()
    assert result.report.exists()


def test_the_authors_folder_is_used_and_not_changed(tmp_path):
    home = tmp_path / "home"
    notebook = write(
        home,
        ("imports", "import own"),
        ("block:read", "rows = open('data.csv').read().split(',')\nn = len(rows) + own.one"),
        ("pipeline-metrics", "print(n)"),
    )
    (home / "data.csv").write_text("a,b")
    (home / "own.py").write_text("one = 1")
    for name in ("json", "base64", "kfp", "tempfile"):  # never imported instead of the real ones
        (home / f"{name}.py").write_text("raise SystemExit('taken from the author')")
    before = sorted(p.name for p in home.iterdir())
    result = second_opinion(notebook, tmp_path)
    assert result.metrics == {"n": 3}
    assert sorted(p.name for p in home.iterdir() if p.name != "__pycache__") == before


def test_a_failing_cell_is_named_and_ends_the_run(tmp_path):
    told = Told()
    notebook = write(
        tmp_path,
        ("block:load", "x = 1"),
        ("block:fit prev:load", "y = x\n\nraise ValueError(\n    'no\\nway')"),
        ("block:show prev:fit", "print(y)"),
    )
    result = second_opinion(notebook, observer=told)
    assert result.status == "failed"
    (failed,) = result.failures
    error = failed.error
    assert (error.type, error.message) == ("ValueError", "no\nway")
    assert (error.at.cell, error.at.line) == (2, 3)
    assert error.source == "raise ValueError("
    assert result.steps[-1].blocked_by == ("fit",)
    assert told.calls == [
        ("started", "load"),
        ("succeeded", "load"),
        ("started", "fit"),
        ("failed", "fit"),
        ("skipped", "show"),
        ("over", "failed"),
    ]


def test_retries_are_kfps_own(tmp_path):
    told = Told()
    counted = "with open('tries', 'a') as f: f.write('x')\nassert len(open('tries').read()) > 2"
    notebook = write(tmp_path, ("block:flaky retry:3", counted))
    result = second_opinion(notebook, observer=told)
    assert result.status == "succeeded"
    assert result.steps[0].attempts == 3
    assert [call[:3] for call in told.calls if call[0] == "retried"] == [
        ("retried", "flaky", 2),
        ("retried", "flaky", 3),
    ]


def wheel(folder):
    """A distribution ``tinything`` that pip can install without a network."""
    path = folder / "tinything-1.0-py3-none-any.whl"
    files = {
        "tinything.py": "value = 41",
        "tinything-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n",
        "tinything-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        rows = []
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            rows.append(f"{name},sha256={digest.decode()},{len(text)}")
        archive.writestr(
            "tinything-1.0.dist-info/RECORD",
            "\n".join([*rows, "tinything-1.0.dist-info/RECORD,,", ""]),
        )


def test_what_a_step_wants_installed_does_not_reach_the_users_python(tmp_path, monkeypatch):
    wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    notebook = write(
        tmp_path / "home",
        ("imports", "!pip install tinything\nimport tinything"),
        ("block:a", "n = tinything.value + 1"),
        ("pipeline-metrics", "print(n)"),
    )
    result = second_opinion(notebook, tmp_path)
    assert result.metrics == {"n": 42}, (tmp_path / "run" / "logs" / "a.log").read_text()
    probe = (
        "import importlib.util, sys; sys.exit(importlib.util.find_spec('tinything') is not None)"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


# -------------------------------------------------------- what is left out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({}, None, id="a step that asks for nothing is not mentioned"),
        pytest.param({"retries": 2, "env": (("A", "b"),)}, None, id="retries and environment"),
        pytest.param({"caching": False, "packages": ("numpy",)}, None, id="packages are installed"),
        pytest.param({"limits": (("memory", "2Gi"),)}, "its memory limit of 2Gi", id="memory"),
        pytest.param(
            {"requests": (("cpu", "2"),), "limits": (("nvidia.com/gpu", "1"),)},
            "its cpu request of 2 and its nvidia.com/gpu limit of 1",
            id="a processor and an accelerator",
        ),
        pytest.param({"timeout": 60}, "its timeout of 60 s", id="a timeout"),
        pytest.param({"image": "own:1"}, "its image `own:1`", id="an image"),
        pytest.param(
            {"secrets": (SecretEnv("db", "password", "PASSWORD"),)},
            "the secret `db` in `PASSWORD`",
            id="a secret",
        ),
        pytest.param(
            {"volumes": (VolumeMount("data", "/data"),)},
            "the volume `data` at `/data`",
            id="a volume",
        ),
        pytest.param(
            {
                "node_selectors": (("disk", "ssd"),),
                "tolerations": (Toleration("gpu", "", "NoSchedule"),),
                "labels": (("team", "a"), ("b", "c")),
                "annotations": (("note", "x"),),
            },
            "its node selector `disk`, its tolerations of `gpu`, its labels `team`, `b` and its"
            " annotations `note`",
            id="where and under what names a pod runs",
        ),
        pytest.param(
            {
                "pull_secrets": ("registry",),
                "pull_policy": "Always",
                "security_context": SecurityContext(run_as_user=0),
            },
            "its pull secrets `registry`, its pull policy `Always` and its security context",
            id="how an image is fetched and who runs it",
        ),
    ],
)
def test_what_a_step_does_without_is_said(options, said):
    found = unmet(make_plan(task("train", **options)), "subprocess")
    wanted = [] if said is None else [f"KFP's local runner runs step `train` without {said}"]
    assert [finding.message for finding in found] == wanted
    assert {(f.code, f.at.step) for f in found} <= {("KALE511", "train")}


def test_what_the_pipeline_mounts_is_said_too():
    mounted = Volumes((Volume("new", "made", "/made"),), workspace=Workspace("1Gi"))
    made = make_plan(task("train"))
    made = replace(made, pipeline=replace(made.pipeline, volumes=mounted))
    [found] = unmet(made, "docker")
    assert found.message.endswith(
        "without the volume `made` at `/made` and the volume `workspace` at `/kfp-workspace`"
    )


def test_docker_has_the_image():
    assert unmet(make_plan(task("train", image="own:1")), "docker") == ()


def test_the_options_of_this_table_are_all_options():
    told = "limits requests timeout image secrets volumes node_selectors tolerations labels annotations"
    told += " pull_secrets pull_policy security_context"
    met = "packages retries retry_pause caching report files env"
    assert {*told.split(), *met.split()} == set(StepOptions.__dataclass_fields__)


# --------------------------------------------------------------- pods' last words


@pytest.mark.parametrize(
    ("log", "cell", "line", "said"),
    [
        pytest.param("", None, None, "RunError: its pod ended with an error and did not say why", id="no word"),
        pytest.param(
            "step `other` failed: cell 7, line 1: A: b\n",
            None,
            None,
            "RunError: its pod ended with an error and did not say why",
            id="words of another step",
        ),
        pytest.param("step `fit` failed: cell 7, line 2: ValueError: no\nway\n", 7, 2, "ValueError: no\nway", id="lines"),
        pytest.param(
            "step `fit` failed: cell 7, line 9: A: printed by the author\nstep `fit` failed: MarshalError: x\n",
            None,
            None,
            "MarshalError: x",
            id="the last of two, as a step may print what a pod says",
        ),
        pytest.param("step `fit` failed: cell 7: KeyboardInterrupt: \n", 7, None, "KeyboardInterrupt: ", id="no line"),
        pytest.param(
            "kale: step fit: pip could not install x. Use an image.\n",
            None,
            None,
            "RunError: pip could not install x. Use an image.",
            id="packages that are not to be had",
        ),
    ],
)  # fmt: skip
def test_the_last_words_of_a_pod(tmp_path, log, cell, line, said):
    (tmp_path / "log").write_text("printed\n" + log)
    made = task("fit", "x = 1\nraise ValueError('no')")
    error = pod_failure(tmp_path / "log", made, Location("odd.ipynb", step="fit"))
    assert (error.at.cell, error.at.line, f"{error.type}: {error.message}") == (cell, line, said)
    assert error.source == ("raise ValueError('no')" if line == 2 else "")


# ------------------------------------------------------------------ the end of it

SLEEPS = """import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
while True:
    try:
        open('ready', 'w').close()
        time.sleep(300)
    except KeyboardInterrupt:
        pass"""


def main(folder):
    """What :func:`begin` starts."""
    try:
        second_opinion(folder / "odd.ipynb")
    except RunInterrupted as stop:
        print(json.dumps(stop.result.as_json()))  # noqa: T201 - read by the test
        sys.exit(130)


def begin(folder):
    """A run in a process of its own, in the middle of a cell that will not be interrupted."""
    write(folder, ("block:a", SLEEPS), ("block:b prev:a", "1"))
    code = f"import pathlib; from runners.test_kfp_local import main; main(pathlib.Path({str(folder)!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (folder / "ready").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def assert_all_end(folder, seconds):
    deadline = time.monotonic() + seconds
    while left := processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_a_signal_ends_the_run_and_all_its_processes(tmp_path, times):
    process = begin(tmp_path)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert_all_end(tmp_path, 10)
    result = json.loads(out)
    assert [step["status"] for step in result["steps"]] == ["failed", "skipped"]
    assert result["steps"][0]["error"]["type"] == "KeyboardInterrupt"
    assert (tmp_path / "run" / "report.html").exists()


def test_a_run_that_is_killed_leaves_no_process(tmp_path):
    process = begin(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert_all_end(tmp_path, 30)
