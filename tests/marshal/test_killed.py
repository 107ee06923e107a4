"""A save that is killed at any moment leaves the old value or the new one, and no trap behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kale.marshal import load_inputs, save_outputs

MOMENTS = 50

#: Seconds after which no more processes are killed.
ENOUGH = 35.0

#: Saves one version after the other: the number, how often it is repeated, and two variables that
#: share a list, which are saved together but appear one by one.
SAVE = """
import json, os, sys
from kale.marshal import save_outputs
kind, version = sys.argv[1], int(sys.argv[2])
if kind == "array":
    import numpy as np
print("ready", flush=True)
while True:
    version += 1
    if kind == "array":  # a file of 1.6 MB
        values = {"x": np.full(200_000, version)}
    elif kind == "buffers":  # files beside a pickle
        values = {"x": [version, bytearray(version.to_bytes(8) * 200_000), 1.5]}
    else:
        values = {"x": {"version": version, "again": [version] * 5_000}}
    save_outputs(values, ["x"])
"""


def version_of(kind: str, value: object) -> int:
    """The version that a loaded value is, all of it."""
    if kind == "array":
        assert len(value) == 200_000
        assert value.min() == value.max()
        return int(value[0])
    if kind == "buffers":
        version, data, half = value
        assert (bytes(data), half) == (version.to_bytes(8) * 200_000, 1.5)
        return version
    assert value["again"] == [value["version"]] * 5_000
    return value["version"]


@pytest.mark.parametrize("kind", ["array", "buffers", "json"])
def test_a_killed_save_leaves_the_old_value_or_the_new_one(context, kind):
    rng, version, seen, began = random.Random(kind), 0, 0, time.monotonic()
    first = {
        "array": np.full(200_000, 0),
        "buffers": [0, bytearray((0).to_bytes(8) * 200_000), 1.5],
        "json": {"version": 0, "again": [0] * 5_000},
    }
    save_outputs({"x": first[kind]}, ["x"])
    moments = 0
    while moments < MOMENTS // 3 + 1 and time.monotonic() - began < ENOUGH / 3:
        process = subprocess.Popen(
            [sys.executable, "-c", SAVE, kind, str(version)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        load_inputs(names := {}, ["x"])
        found = version_of(kind, names["x"])
        assert found >= version
        seen += found > version
        version, moments = found, moments + 1
    assert moments >= 5
    assert seen, "no save was ever finished: the test says nothing"
    # What was left of killed saves is no value, and in nobody's way.
    save_outputs({"x": first[kind]}, ["x"])
    load_inputs(names := {}, ["x"])
    assert version_of(kind, names["x"]) == 0


TOGETHER = """
import os, sys
from kale.marshal import save_outputs
version = int(sys.argv[1])
print("ready", flush=True)
while True:
    version += 1
    shared = [version] * 2_000
    save_outputs({"x": [shared, {1}], "y": (version, shared)}, ["x", "y"])
"""


def test_variables_that_were_saved_together_are_complete_each(context):
    shared = [0] * 2_000
    save_outputs({"x": [shared, {1}], "y": (0, shared)}, ["x", "y"])
    rng, version, began = random.Random(1), 0, time.monotonic()
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", TOGETHER, str(version)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.08))
        process.kill()
        process.wait()
        process.stdout.close()
        load_inputs(names := {}, ["x", "y"])
        (in_x, _), (number, in_y) = names["x"], names["y"]
        assert len(in_x) == len(in_y) == 2_000
        assert (set(in_x), set(in_y)) <= ({in_x[0]}, {number})
        # A step that was killed runs again; until then the two may be of two versions.
        assert (in_x is in_y) == (in_x[0] == in_y[0])
        version = max(in_x[0], number)
        if time.monotonic() - began > ENOUGH / 3:
            break
    assert version


def test_leftovers_of_a_killed_save_are_told_from_values(context):
    save_outputs({"x": 1}, ["x"])
    (left := context / ".x.abcdefgh").mkdir()
    (left / "value.json").write_text("half a f")
    save_outputs({"x": 2}, ["x"])
    load_inputs(names := {}, ["x"])
    assert names == {"x": 2}
    places = json.loads(Path(os.environ["KALE_STEP_CONTEXT"]).read_text())["outputs"]
    assert str(left) not in places.values()
