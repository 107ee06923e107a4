"""What goes where: data on standard output, findings and progress on standard error."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CELLS = (
    ("", "q = 1"),
    ("pipeline-parameters", "alpha = 2.0"),
    ("block:load", "x = [alpha]"),
    ("block:fit", "total = sum(x)\nnote = 'two\\nlines \\x1b[31m'"),
    ("pipeline-metrics", "print(total)\nprint(note)"),
)
CODES = ["KALE111", "KALE103", "KALE201"]
METADATA = {"kubeflow_notebook": {"katib_run": True}}


@pytest.fixture
def noticed(notebook, tmp_path, monkeypatch):
    """A notebook that is fine but for a warning and two notices, in the current folder."""
    monkeypatch.chdir(tmp_path)
    notebook(*CELLS, metadata=METADATA)
    return "nb.ipynb"


def kale_process(*arguments, **options):
    command = [sys.executable, "-m", "kale", *arguments]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, timeout=60, **options
    )


def environment(**changes):
    return {**{k: v for k, v in os.environ.items() if "COLOR" not in k}, **changes}


def test_findings_are_in_every_json_document(kale, noticed):
    for arguments in (["check", "--format", "json"], ["compile", "--json"], ["run", "--json"]):
        code, out, _ = kale(*arguments, noticed)
        found = json.loads(out)["diagnostics"]
        assert (code, sorted(d["code"] for d in found)) == (0, sorted(CODES)), arguments


def test_a_run_prints_findings_and_progress_apart_from_metrics(kale, noticed, tmp_path):
    code, out, err = kale("run", noticed, "-j", "1", "--run-dir", "out/of/the/way")
    first, *metrics, report = out.splitlines()
    assert code == 0
    assert first.startswith("nb: succeeded in ")
    assert metrics == ["  total  2.0", '  note   "two\\nlines \\u001b[31m"']
    assert report == "report: out/of/the/way/report.html"
    assert (tmp_path / "out/of/the/way/report.html").exists()
    assert [code for code in CODES if code in err] == CODES
    assert "fit    succeeded in " in err


def test_compile_prints_findings_on_standard_error(kale, noticed, tmp_path):
    code, out, err = kale("compile", noticed, "-o", "a/new/folder")
    assert code == 0
    assert out.startswith("pipeline  nb\nscript    a/new/folder/nb.kfp.py\n")
    assert [code for code in CODES if code in err] == CODES
    assert (tmp_path / "a/new/folder/nb.yaml").exists()


def test_a_failed_run_counts_its_steps(kale, notebook, tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    notebook(("block:a", "x = 0"), ("block:b prev:a", "1 / x"), ("block:c prev:b", "x"))
    code, out, err = kale("run", "../nb.ipynb", "--run-dir", "../out")
    first, report = out.splitlines()
    assert code == 1
    assert first.startswith("nb: failed in ")
    assert first.endswith(" s (1 step failed, 1 succeeded, 1 skipped)")
    assert report == f"report: {tmp_path}/out/report.html"
    assert "../nb.ipynb: cell 2 (b), line 1: ZeroDivisionError: division by zero\n" in err


@pytest.mark.parametrize("name", ['sp ace/it\'s "q" 🎉 é{{x}}%s.ipynb', "-o.ipynb", "a\nb.ipynb"])
def test_odd_paths(kale, notebook, tmp_path, monkeypatch, name):
    notebook(("block:a", "x = 1"), name=name)
    monkeypatch.chdir(tmp_path)
    code, out, err = kale("compile", "--pipeline_name", "p", "--", name)
    assert (code, err) == (0, "")
    folder = Path(name).parent
    assert f"package   {folder / 'p.yaml'}\n" in out
    assert (tmp_path / folder / "p.kfp.py").exists()


COLOURS = [
    pytest.param({}, False, id="a pipe is plain"),
    pytest.param({"FORCE_COLOR": "1"}, True, id="unless colour is forced"),
    pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="no colour beats it"),
]


@pytest.mark.parametrize(("changes", "coloured"), COLOURS)
def test_colour(noticed, changes, coloured):
    done = kale_process("check", noticed, env=environment(**changes))
    assert ("\x1b[" in done.stdout) is coloured


def test_a_stream_of_few_characters_gets_escapes(notebook):
    path = str(notebook(("block:a prev:b", "1"), ("block:b prev:a", "1")))
    narrow = environment(PYTHONIOENCODING="ascii")
    done = kale_process("check", path, env=narrow)
    assert (done.returncode, done.stderr) == (1, "")
    assert "`a` \\u2192 `b` \\u2192 `a`" in done.stdout
    done = kale_process("check", path, "--format", "json", env=narrow)
    assert json.loads(done.stdout)["diagnostics"][0]["message"].endswith("`a` → `b` → `a`")


def test_closed_streams_do_no_harm(notebook, tmp_path):
    path = notebook(("block:a", "x = 1"))
    shell = shlex.join([sys.executable, "-m", "kale", "compile", str(path)]) + " >&- 2>&-"
    done = subprocess.run(["bash", "-c", shell], check=False)
    assert done.returncode == 0
    assert (tmp_path / "nb.yaml").exists()


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_ctrl_c_is_told_once_and_leaves_nothing_running(notebook, tmp_path, option):
    path = notebook(("block:a", "open('began', 'w').close()\nimport time\ntime.sleep(60)"))
    began = tmp_path / "began"
    with subprocess.Popen(
        [sys.executable, "-m", "kale", "run", str(path), "--run-dir", str(tmp_path / "r"), *option],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 30
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    if option:
        assert json.loads(out)["status"] == "failed"
    else:
        first, report = out.splitlines()
        assert first.startswith("nb: interrupted after ")
        assert first.endswith(", 0 of 1 step done")
        assert report == "report: r/report.html"
        assert "executed notebook" not in err


HELP = [[], ["check"], ["compile"], ["run"]]


@pytest.mark.parametrize("verb", HELP, ids=lambda verb: " ".join(verb) or "kale")
@pytest.mark.parametrize("columns", ["50", "100"])
def test_help_is_laid_out_for_the_terminal(verb, columns):
    done = kale_process(*verb, "--help", env=environment(COLUMNS=columns))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\b" not in done.stdout
    assert "\\b" not in done.stdout
    assert "..." not in done.stdout.replace("NOTEBOOK...", "").replace("FILE.py...", "").replace(
        "[ARGS]...", ""
    )  # no sentence is cut short
    # One spelling of each option; click gives wide metavars a line of their own.
    assert "-pipeline-" not in done.stdout


def test_kale_alone_is_its_help(kale):
    code, out, err = kale()
    assert (code, err) == (0, "")
    assert "\n  kale run NOTEBOOK        runs it on this machine\n" in out
