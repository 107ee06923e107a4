"""``kale cache gc``: what goes, and what stays."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from runners.cache.saved_values import digest_of, make_run, runs_of, save_value, store_of

from kale.runners.cache.keeper import collect
from kale.runners.run_directory import in_use

pytestmark = pytest.mark.usefixtures("own_cache")


# ----------------------------------------------------------------------------------- gc


def test_gc_frees_what_only_removed_runs_held(kale, here):
    shutil.rmtree(runs_of(here)[0])
    code, out, err = kale("cache", "gc")
    assert (code, out) == (0, "removed 0 files (0 B); freed 0 B\n")
    assert err.splitlines()[1] == (
        "kept 1 file (5 B) that no run holds, younger than 1 h; `--older-than 0s` takes them too"
    )
    code, out, err = kale("cache", "gc", "--older-than", "0s")
    assert (code, out) == (0, "removed 1 file (5 B); freed 5 B\n")
    assert len(list(store_of(here).entries())) == 2


def test_gc_removes_what_a_killed_run_left(kale, here):
    left = here / ".kale" / "cache" / "tmp" / "abc"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(bytes(2000))
    code, out, _ = kale("cache", "gc")
    assert (code, out) == (0, "removed 0 files (0 B); freed 2.0 kB\n")
    assert not left.exists()


def test_gc_keeps_the_newest_runs_of_each_pipeline(kale, here):
    other = make_run(here, {"z": b"other"}, pipeline="other")
    first, second = runs_of(here)
    code, out, _ = kale("cache", "gc", "--keep-runs", "1", "--older-than", "0s", "--json")
    document = json.loads(out)
    assert (code, document["removed_runs"]) == (0, [str(first)])
    assert [entry["digest"] for entry in document["removed"]] == [digest_of(b"first")]
    assert not first.exists()
    assert other.exists()
    assert second.exists()
    assert (second / "values/load/x/value.bin").read_bytes() == b"shared" * 500
    assert kale("cache", "gc", "--keep-runs", "0")[1].count("removed run .kale/runs/") == 2
    assert not runs_of(here)


def test_gc_counts_what_removed_runs_had_beside_values(kale, here):
    (runs_of(here)[0] / "notebooks.bin").write_bytes(bytes(70_000))
    manifest = (runs_of(here)[0] / "values/load/y/manifest.json").stat().st_size
    code, out, _ = kale("cache", "gc", "--keep-runs", "1", "--json")
    assert code == 0
    # Both manifests and run.json; the values are in the store still.
    assert 70_000 < json.loads(out)["freed"] < 70_000 + 3 * manifest + 10


def test_gc_leaves_runs_that_go_on_and_folders_of_the_users_own(kale, here, tmp_path):
    begins = make_run(here, {"x": b"begins"}, pipeline="begins", finished=False)
    goes_on, killed = runs_of(here)
    (killed / "run.json").unlink()
    os.utime(killed, (0, 0))
    own = tmp_path / "own"
    save_value(own, "load", "x", b"own")
    store_of(here).add_run(own)
    with in_use(goes_on):
        done = collect(store_of(here), keep_runs=0, older_than=0)
    assert done.runs == (killed,)
    assert begins.exists()
    assert goes_on.exists()
    assert own.exists()


def test_gc_ends_what_a_killed_one_began(kale, here):
    first, second = runs_of(here)
    first.rename(first.with_name(f".{first.name}.removed"))
    assert kale("cache", "gc", "--keep-runs", "1")[0] == 0
    assert [path.name for path in first.parent.iterdir()] == [second.name]
