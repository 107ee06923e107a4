"""Steps that fail in a real run, with each engine, up to what is printed about them."""

from __future__ import annotations

import json
import sys

import pytest
from runners.plans import plan, task

from kale.options import SecretEnv
from kale.runners import failure_lines, run
from kale.runners.options import RunOptions

SECRET = "hunter2-is-long"

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the fast engine needs Linux")


@pytest.fixture(params=["kernel", pytest.param("fast", marks=LINUX)])
def result(request, runtime, tmp_path, monkeypatch):
    """A run in which every step but the first fails in its own way."""
    home = tmp_path / "it's here"
    home.mkdir()
    (home / "features.py").write_text(
        "def encode(rows, names):\n    table = [rows[name] for name in names]\n    return table\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(home)
    monkeypatch.setenv("SAID_SO", SECRET)
    steps = plan(
        task("load", "rows = {'age': [22.0, 38.0]}\nlimit = 3", saves=["rows", "limit"]),
        task(
            "module",
            "from features import encode",
            "wanted = 'age sex'.split()\nX = encode(rows,\n           wanted)",
            loads={"rows": "load", "limit": "load"},
        ),
        task(
            "secret",
            "import os\nkey = os.environ['SAID_SO'] + os.environ['API_KEY']\nraise OSError(f'no {key}')",
            env=(("API_KEY", "abcdefgh"),),
            secrets=(SecretEnv("s", "k", "SAID_SO"),),
        ),
        task("slow", "import time\npause = 600\ntime.sleep(pause)", timeout=4),
        task("crash", "x = 1", "import ctypes\nctypes.string_at(0)"),
        task("killed", "import os\nos.kill(os.getpid(), 9)"),
    )
    return run(
        steps,
        runtime=runtime,
        run_dir=tmp_path / "run",
        cwd=home,
        options=RunOptions(engine=request.param, use_cache=False),
    )


def test_what_is_told(result, tmp_path):
    told = {
        step.name: [
            line
            for line in failure_lines(step, here=tmp_path / "run", resume="kale run")
            if not line.startswith("  hint: the system")
        ]
        for step in result.steps
    }

    def last(step: str) -> list[str]:
        return [
            f"  executed notebook: notebooks/{step}.ipynb",
            f"  log: logs/{step}.log",
            "  resume: kale run",
        ]

    assert told == {
        "load": [],
        "module": [
            "iris.ipynb: cell 8 (module), line 2: KeyError: 'sex'",
            "    X = encode(rows,",
            "        ^^^^^^^^^^^^",
            "      rows = {'age': [22.0, 38.0]}",
            "      wanted = ['age', 'sex']",
            "  in encode, features.py, line 2:",
            "    table = [rows[name] for name in names]",
            f"{' ' * 13}^^^^^^^^^^",
            *told["module"][8:-6],
            "  inputs:",
            "    rows   dict, 1 item",
            "    limit  int, 3",
            *last("module"),
        ],
        "secret": [
            "iris.ipynb: cell 7 (secret), line 3: OSError: no <hidden><hidden>",
            "    raise OSError(f'no {key}')",
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "      key = '<hidden><hidden>'",
            *last("secret"),
        ],
        "slow": [
            "iris.ipynb: cell 7 (slow), line 3: Timeout: the step ran longer than its timeout of 4 s",
            "    time.sleep(pause)",
            "    ^^^^^^^^^^^^^^^^^",
            "      pause = 600",
            "  hint: raise the step's `timeout:`, or make it do less",
            *last("slow"),
        ],
        "crash": [
            "iris.ipynb: cell 8 (crash): KernelDied: the kernel was killed by SIGSEGV",
            "  hint: a crash in a library's native code; its last words may be in the log",
            *last("crash"),
        ],
        "killed": [
            "iris.ipynb: cell 7 (killed): KernelDied: the kernel was killed by SIGKILL",
            *last("killed"),
        ],
    }
    # Names in the order in which Python's frames tell them, which its versions do not agree on.
    assert sorted(told["module"][8:-6]) == [
        "      name = 'sex'",
        "      names = ['age', 'sex']",
        "      rows = {'age': [22.0, 38.0]}",
    ]
    written = (result.run_dir / "run.json").read_text(encoding="utf-8")
    assert SECRET not in written
    assert "abcdefgh" not in written
    assert json.loads(written)["steps"]
