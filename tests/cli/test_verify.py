"""``kale verify``: its table, its JSON, its exit codes, and what is left when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kale import core

pytestmark = pytest.mark.skipif(not hasattr(core, "verify"), reason="core.verify is not there yet")

SAME = (("block:a", "x = 1"), ("block:b prev:a", "print(x)"))
DIFFERENT = (
    ("block:a", "import decimal\ndecimal.getcontext().prec = 3\nx = 1"),
    ("block:b prev:a", "third = decimal.Decimal(x) / 3"),
)


def test_a_notebook_that_computes_the_same(kale, notebook):
    code, out, err = kale("verify", notebook(*SAME))
    assert code == 0, err
    rows = [line.split() for line in out.splitlines() if line]
    assert rows[:4] == [
        ["STEP", "WHAT", "TYPE", "VERDICT"],
        ["a", "x", "int", "same"],
        ["b", "x", "int", "same"],
        ["cell", "2:", "output", "same"],
    ]
    assert rows[4:] == ["nb: the pipeline computes what the notebook computes (3 same)".split()]


def test_a_notebook_that_computes_something_else(kale, notebook):
    code, out, _ = kale("verify", notebook(*DIFFERENT), "--repeat", "1")
    assert code == 1
    [row] = [line for line in out.splitlines() if " third " in line]
    assert row.split()[:4] == ["b", "third", "decimal.Decimal", "different"]
    assert out.splitlines()[-1] == "nb: 1 of 3 differs (2 same, 1 different)"


def test_the_same_as_json(kale, notebook):
    path = notebook(*DIFFERENT)
    code, out, _ = kale("verify", path, "--json", "--repeat", "0")
    assert code == 1
    found = json.loads(out)
    assert (found["pipeline"], found["status"], found["path"]) == ("nb", "different", str(path))
    assert found["notebook_runs"] == 1
    assert found["counts"] == {"same": 2, "different": 1}
    assert found["checks"][1] == {
        "step": "b",
        "kind": "value",
        "name": "third",
        "cell": None,
        "type": "decimal.Decimal",
        "verdict": "different",
        "detail": "0.3333333333333333333333333333, in the notebook 0.333",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["-p", "alpha=1"], 2, id="a parameter that is not there"),
        pytest.param(["--repeat", "-1"], 2, id="less than no repetition"),
        pytest.param(["-j", "0"], 2, id="no step at a time"),
    ],
)
def test_what_cannot_run_runs_nothing(kale, notebook, tmp_path, arguments, code):
    path = notebook(("block:a", "open('ran', 'w').close()"))
    assert kale("verify", path, *arguments)[0] == code
    assert not (tmp_path / "ran").exists()


def test_a_notebook_that_is_refused_runs_nothing(kale, notebook, tmp_path):
    path = notebook(("block:a", "open('ran', 'w').close()"), ("block:b prev:a", "print(missing)"))
    code, out, _ = kale("verify", path, "--json")
    assert code == 1
    found = json.loads(out)
    assert found["status"] == "refused"
    assert [one["cell"] for one in found["diagnostics"]] == [2]
    assert not (tmp_path / "ran").exists()


def test_hostile_names_reach_the_terminal_as_text(kale, notebook):
    code, out, _ = kale(
        "verify", notebook(("block:a", "print('\\x1b[31m\\u202e')\nx = '\\x1b[2J'"))
    )
    assert code == 0
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_an_interrupt_leaves_no_kernel_and_no_file(notebook, tmp_path):
    path = notebook(
        (
            "block:a",
            "import os, time\nprint(os.getpid(), file=open('pid', 'w'), flush=True)\ntime.sleep(600)",
        )
    )
    pid = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-m", "kale", "verify", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list((tmp_path / ".kale").glob("verify-*")) == []
