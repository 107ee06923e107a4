"""A save for which there is no room, or no right to write, leaves the old value."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kale.marshal import MarshalError, load_inputs, save_outputs

VALUE = "np.arange(300_000.0)"

FULL = f"""
import json, sys, resource, signal
import numpy as np
from kale.marshal import MarshalError, load_inputs, save_outputs
save_outputs({{"x": (1,), "y": 1}}, ["x", "y"])
if sys.argv[1] == "limit":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, -1))
said = ""
try:
    save_outputs({{"x": {VALUE}, "y": [2]}}, ["x", "y"])
except MarshalError as error:
    said = str(error)
load_inputs(names := {{}}, ["x", "y"])
print(json.dumps([said, repr(names)]))
"""


def run_full(place: Path, context: Path, how: str) -> tuple[str, str]:
    data = json.loads((context / "context.json").read_text())
    data |= {
        "outputs": {n: str(place / n) for n in "xy"},
        "inputs": {n: [str(place / n)] for n in "xy"},
    }
    (context / "full.json").write_text(json.dumps(data))
    done = subprocess.run(
        [sys.executable, "-c", FULL, how],
        env={**os.environ, "KALE_STEP_CONTEXT": str(context / "full.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, names = json.loads(done.stdout)
    left = sorted(p.name for p in place.iterdir() if p.name not in ("context.json", "full.json"))
    assert left == ["x", "y"]
    return said, names


def test_a_file_too_large_leaves_the_old_value_and_saves_the_others(context):
    said, names = run_full(context, context, "limit")
    assert said == ("`x` cannot be saved: [Errno 27] File too large; make room or another folder")
    assert names == "{'x': (1,), 'y': [2]}"


def test_a_full_disk_leaves_the_old_value(context, tmp_path):
    (place := tmp_path / "disk").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1M", "none", str(place)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root may mount a small disk; the test of too large a file stands for it")
    try:
        said, names = run_full(place, context, "disk")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert said == (
        "`x` cannot be saved: [Errno 28] No space left on device; make room or another folder"
    )
    assert names == "{'x': (1,), 'y': [2]}"


def test_a_folder_that_cannot_be_written_is_named(context, tmp_path):
    (place := tmp_path / "locked").mkdir(mode=0o500)
    if os.access(place, os.W_OK):  # root: a file in the way is as good
        place.rmdir()
        place.write_text("a file")
    data = json.loads((context / "context.json").read_text())
    data["outputs"]["x"] = str(place / "x")
    (context / "context.json").write_text(json.dumps(data))
    with pytest.raises(MarshalError, match=f"^`x` cannot be saved: .*{re.escape(str(place))}"):
        save_outputs({"x": 1, "y": 2}, ["x", "y"])
    load_inputs(names := {}, ["y"])
    assert names == {"y": 2}


def test_limits_are_those_of_the_child_alone():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
