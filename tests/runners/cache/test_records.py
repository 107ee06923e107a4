"""What is remembered of steps: what they leave behind, what becomes of it, and who may rely on it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from runners.plans import cell, plan, task

from kale.runners.cache.keeper import Keeper, collect
from kale.runners.cache.recall import read_record, write_record
from kale.runners.cache.store import Store

AGE = 0.03


def of(code: str, **options):
    return plan(task("load", code, saves=["x"], **options))


def records_of(folder: Path) -> list[Path]:
    return sorted((folder / ".kale" / "cache" / "steps").glob("*/*.json"))


def store_of(folder: Path) -> Store:
    return Store(folder / ".kale" / "cache")


WRITES = "open('out.txt', 'w').write('made')\nx = 1"

LEFT_BEHIND = [
    pytest.param(WRITES, lambda f: (f / "out.txt").unlink(), "its file out.txt is gone", id="a file that it wrote is gone"),
    pytest.param(WRITES, lambda f: (f / "out.txt").write_text("MADE"), "its file out.txt changed", id="a file that it wrote was edited"),
    pytest.param("import os\nos.makedirs('out/deep')\nx = 1", lambda f: (f / "out" / "deep").rmdir(), "its file out/deep is gone", id="a folder that it made is gone"),
    pytest.param("!echo made > out.txt\nx = 1", lambda f: (f / "out.txt").unlink(), "out.txt is gone", id="a file that its command wrote is gone"),
    pytest.param("import os\nos.remove('old.txt')\nx = 1", lambda f: (f / "old.txt").write_text("old"), "old.txt", id="a file that it removed is back"),
    pytest.param("%%writefile mod.py\nx = 1", lambda f: (f / "mod.py").write_text("x = 2"), "mod.py", id="a module that its magic wrote was edited"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "change", "reason"), LEFT_BEHIND)
def test_a_step_runs_again_when(project, code, change, reason):
    (project.folder / "old.txt").write_text("old")
    time.sleep(AGE)
    made = plan(task("load", code))
    project.run(made)
    assert project.run(made).taken == ["load"]
    change(project.folder)
    after = project.run(made)
    assert after.ran == ["load"]
    assert reason in after.misses["load"]


NEVER = [
    pytest.param("open('log.txt', 'a').write('more')\nx = 1", id="adds to a file"),
    pytest.param("n = int(open('count').read()) + 1\nopen('count', 'w').write(str(n))\nx = n", id="counts in a file"),
    pytest.param("import sqlite3\nc = sqlite3.connect('base.db')\nc.execute('create table if not exists t (n)')\nc.execute('insert into t values (1)')\nc.commit()\nx = 1", id="adds to a database"),
]  # fmt: skip


@pytest.mark.parametrize("code", NEVER)
def test_a_step_is_never_taken_but_by_a_resumed_run_when_it(project, code):
    (project.folder / "count").write_text("0")
    (project.folder / "log.txt").write_text("one")
    time.sleep(AGE)
    first = project.run(of(code))
    second = project.run(of(code))
    assert second.ran == ["load"]
    resumed = project.run(of(code), resume=second.records)
    assert resumed.taken == ["load"]
    assert resumed.value("load", "x") == second.value("load", "x")
    assert project.run(of(code), resume=first.records).ran == ["load"]


HARMLESS = [
    pytest.param("import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    open(d + '/a', 'w').write('1')\nx = 1", id="a temporary folder"),
    pytest.param("import os, tempfile\nwith tempfile.TemporaryDirectory() as d:\n    open(d + '/a', 'w').write('1')\n    os.listdir(d)\nx = 1", id="a temporary folder that it lists"),
    pytest.param("import shutil, os\nshutil.rmtree('out', ignore_errors=True)\nos.makedirs('out/deep')\nopen('out/deep/a', 'w').write('1')\nx = os.listdir('out')", id="a folder that it makes anew"),
    pytest.param("import numpy as np\nfrom joblib import Parallel, delayed\nx = Parallel(n_jobs=2, max_nbytes=10)(delayed(np.sum)(a) for a in np.ones((4, 100)))", id="workers that share memory"),
    pytest.param("open('out.txt', 'w').write('1')\nopen('out.txt').read()\nopen('out.txt', 'a').write('2')\nx = 1", id="a file of its own making that it reads and adds to"),
    pytest.param("import numpy as np, matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1]); plt.savefig('out.bin', format='svg', metadata={'Date': None})\nx = 1", id="a plot in a file"),
    pytest.param("import json, logging, urllib.request\nx = 1", id="imports of the standard library"),
    pytest.param("import pandas as pd\npd.DataFrame({'a': [1]}).to_csv('out.csv')\nx = len(pd.read_csv('out.csv'))", id="a table that it writes and reads"),
]  # fmt: skip


@pytest.mark.parametrize("code", HARMLESS)
def test_a_step_is_taken_the_next_time_in_spite_of(project, code):
    first = project.run(of(code))
    again = project.run(of(code))
    assert again.taken == ["load"], again.misses
    assert again.value("load", "x") == first.value("load", "x")


def test_a_table_in_a_format_of_native_code_settles_after_one_run_more(project):
    code = "import pandas as pd\npd.DataFrame({'a': [%d]}).to_parquet('out.parquet')\nx = 1"
    project.run(of(code % 1))
    assert project.run(of(code % 1)).taken == ["load"]
    project.run(of(code % 2))
    project.run(of(code % 2))
    assert project.run(of(code % 2)).taken == ["load"]


def chain(first="x = 1", second="y = x + 1"):
    return plan(
        task("load", first, saves=["x"]), task("train", second, loads={"x": "load"}, saves=["y"])
    )


def test_an_edit_that_gives_the_same_value_stops_there(project):
    project.run(chain())
    edited = project.run(chain("x = 2 - 1"))
    assert (edited.ran, edited.taken) == (["load"], ["train"])
    other = project.run(chain("x = 5"))
    assert other.ran == ["load", "train"]
    assert other.value("train", "y") == 6


def test_a_step_taken_back_to_an_earlier_text_is_taken_again(project):
    project.run(chain())
    project.run(chain("x = 5"))
    back = project.run(chain())
    assert back.taken == ["load", "train"]
    assert back.value("train", "y") == 2


def test_what_a_step_left_in_its_run_is_in_the_new_one(project):
    code = cell("print('hello')\nx = 1\nacc = 0.5", at=3)
    made = plan(task("load", code, saves=["x"], metrics=["acc"]))
    first, again = project.run(made), project.run(made)
    assert again.taken == ["load"]
    for outcome in (first, again):
        directory = outcome.directory
        assert directory.log("load").read_text() == "hello\n"
        assert directory.executed_notebook("load").exists()
        assert json.loads(directory.metrics_of("load").read_text()) == {"acc": 0.5}
        assert outcome.records["load"].metrics == {"acc": 0.5}
    assert Path(again.records["load"].run) == again.directory.root


def spoil(path: Path) -> None:
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(b"?" * len(data))


SPOILT = [
    pytest.param(lambda s, r: [s.remove(e.digest, held=True) for e in s.entries()], id="is no longer in the store"),
    pytest.param(lambda s, r: [spoil(e.path) for e in s.entries()], id="was written over in the store"),
    pytest.param(lambda s, r: [e.path.unlink() or e.path.symlink_to("/dev/null") for e in s.entries()], id="has become a link to elsewhere"),
]  # fmt: skip


@pytest.mark.parametrize("harm", SPOILT)
def test_a_step_runs_again_when_what_it_left(project, harm):
    first = project.run(of("x = 41 + 1"))
    harm(store_of(project.folder), first.directory)
    again = project.run(of("x = 41 + 1"))
    assert again.ran == ["load"]
    assert again.misses == {"load": "its saved values are no longer in the store"}
    assert again.value("load", "x") == 42


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="torn"),
        pytest.param("[]", id="no object"),
        pytest.param('{"format": 99}', id="of another format"),
        pytest.param('{"format": 1, "key": 3}', id="without parts"),
    ],
)
def test_a_record_is_passed_over_that_is(project, text):
    project.run(of("x = 1"))
    [path] = records_of(project.folder)
    path.write_text(text)
    again = project.run(of("x = 1"))
    assert again.ran == ["load"]
    assert project.run(of("x = 1")).taken == ["load"]


@pytest.mark.parametrize(
    "place",
    ["../../../outside", "/tmp/outside", "values/load/../../../outside", "steps/load.ipynb"],
)
def test_a_record_puts_no_file_outside_of_its_steps_places(project, place):
    first = project.run(of("x = 1"))
    record = first.records["load"]
    entry = next(iter(record.files.values()))
    write_record(store_of(project.folder).root, replace(record, files={place: entry}))
    for path in records_of(project.folder):
        if place not in path.read_text():
            path.unlink()
    again = project.run(of("x = 1"))
    assert again.misses == {"load": "its record is damaged"}
    assert not (project.folder.parent / "outside").exists()


def test_a_run_can_be_resumed_from_its_own_folder_when_the_store_is_gone(project):
    first = project.run(of("x = 1"))
    for entry in store_of(project.folder).entries():
        store_of(project.folder).remove(entry.digest, held=True)
    again = project.run(of("x = 1"), resume=first.records)
    assert again.taken == ["load"]
    assert again.value("load", "x") == 1


def test_a_resumed_run_does_not_take_what_depends_on_something_else(project):
    first = project.run(of("x = 1"))
    assert project.run(of("x = 2"), resume=first.records, use_cache=False).ran == ["load"]


def test_a_record_is_there_only_when_all_its_files_are_in_the_store(project):
    first = project.run(of("x = 1"), finish=False)
    record = first.records["load"]
    for path in records_of(project.folder):
        for name, (_, digest) in read_record(path).files.items():
            assert store_of(project.folder).has(digest), name
    lacking = replace(record, files={**record.files, "logs/load.log": (1, "sha256:" + "0" * 64)})
    lacking = replace(lacking, read=())
    before = len(records_of(project.folder))
    keeper = Keeper(first.directory.root)
    keeper.keep("load", lacking)
    assert keeper.finish(lambda: False) is not None
    assert len(records_of(project.folder)) <= max(before, 1)
    assert project.run(of("x = 1")).value("load", "x") == 1


def test_garbage_collection_drops_records_whose_files_are_gone(project):
    project.run(of("x = 1"))
    project.run(of("x = 2"))
    collect(store_of(project.folder), keep_runs=1, older_than=0)
    assert len(records_of(project.folder)) == 1
    assert project.run(of("x = 2")).taken == ["load"]
    assert project.run(of("x = 1")).ran == ["load"]


def test_of_one_key_only_some_records_stay(project):
    code = "x = open('data.csv').read()"
    for number in range(10):
        (project.folder / "data.csv").write_text(str(number))
        time.sleep(AGE)
        project.run(of(code))
    assert len(records_of(project.folder)) == 8
    assert project.run(of(code)).taken == ["load"]


def test_nothing_is_remembered_of_a_step_whose_probe_failed(project):
    first = project.run(of("x = 1"), use_cache=False)
    for path in records_of(project.folder):
        path.unlink()
    record = first.records["load"]
    unknown = replace(
        record, read=(*record.read, replace(record.read[0], path="?", digest="unknown:"))
    )
    write_record(store_of(project.folder).root, unknown)
    assert records_of(project.folder) == []


def test_sets_in_an_order_that_a_seed_decides_are_not_mixed_up(project, monkeypatch):
    code = "x = list({'a', 'b', 'c', 'd'})"
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    project.run(of(code))
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    assert project.run(of(code)).ran == ["load"]


def test_a_large_file_is_read_once_as_long_as_nobody_touches_it(project):
    data = project.folder / "data.bin"
    data.write_bytes(os.urandom(300_000))
    time.sleep(AGE)
    code = "x = len(open('data.bin', 'rb').read())"
    project.run(of(code))
    known = json.loads((project.folder / ".kale/cache/steps/files.json").read_text())
    assert known.keys() == {str(data)}
    before = data.stat()
    data.write_bytes(os.urandom(300_000))
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.run(of(code)).ran == ["load"]
