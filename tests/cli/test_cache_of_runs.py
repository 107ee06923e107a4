"""What runs put into the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

import pytest
from runners.cache.saved_values import runs_of, save_value, store_of
from runners.plans import plan, task

from kale.runners import default_run_dir, run
from kale.runners.cache.keeper import Keeper
from kale.runners.run_directory import store_root

pytestmark = pytest.mark.usefixtures("own_cache")


CELLS = (
    ("block:load", "x = list(range(50_000))\nname = 'a text that is long enough'"),
    ("block:fit prev:load", "x[0] = 1\ny = {'total': sum(x)}"),
    ("block:show prev:fit", "print(name, y, x[0])"),
)


# --------------------------------------------------------------------------------- runs


def test_two_runs_of_a_notebook_share_what_they_saved(kale, notebook):
    path = notebook(*CELLS)
    for _ in range(2):
        code, _, err = kale("run", path)
        assert (code, "KALE507" in err) == (0, False)
    first, second = runs_of(path.parent)
    saved = [p.relative_to(first) for p in first.glob("values/*/*/*") if p.name != "manifest.json"]
    assert len(saved) >= 3
    for file in saved:
        assert (first / file).samefile(second / file)
    code, out, _ = kale("cache", "verify", path)
    assert (code, out.endswith("sound\n")) == (0, True)
    code, out, _ = kale("cache", "ls", path, "--json")
    document = json.loads(out)
    assert {file["holders"] for file in document["files"]} >= {2}
    held = {(h["step"], h["variable"]) for f in document["files"] for h in f["held_by"]}
    assert held >= {("load", "x"), ("fit", "x"), ("load", "name"), ("fit", "y")}
    # What is still held is no garbage, what one run held alone is none either.
    kale("cache", "gc", path, "--older-than", "0s")
    assert json.loads(kale("cache", "ls", path, "--json")[1])["total"] == document["total"]
    for directory in (first, second):
        shutil.rmtree(directory)
    code, out, _ = kale("cache", "gc", path, "--older-than", "0s", "--json")
    done = json.loads(out)
    assert (code, done["freed"]) == (0, document["total"]["bytes"])
    assert not list(store_of(path.parent).entries())


def test_a_step_that_changes_what_it_loaded_changes_no_shared_file(kale, notebook):
    pytest.importorskip("numpy", reason="NumPy is not installed")
    path = notebook(
        ("imports", "import numpy as np"),
        ("block:load", "x = np.arange(400_000.0)\nkept = x[:3].copy()"),
        ("block:fit prev:load", "x[:] = -1\nx.sort()\ny = x.sum()"),
        ("block:show prev:fit", "x += 1\nassert (x == 0).all()\nprint(y, kept)"),
    )
    for _ in range(2):
        assert kale("run", path)[0] == 0
    code, out, _ = kale("cache", "verify", path, "--json")
    assert (code, json.loads(out)["damaged"]) == (0, [])
    assert json.loads(out)["checked"] >= 3


def test_a_store_that_cannot_be_written_is_a_warning_and_the_run_goes_on(
    kale, notebook, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KALE_CACHE_DIR", str(tmp_path / "file"))
    code, out, _ = kale("run", notebook(*CELLS), "--json")
    document = json.loads(out)
    (finding,) = [d for d in document["diagnostics"] if d["code"] == "KALE507"]
    assert (code, document["status"], finding["severity"]) == (0, "succeeded", "warning")
    assert finding["message"] == (
        f"not all values of the run are in the store: Not a directory: {tmp_path / 'file' / 'runs'}"
    )
    assert finding["hint"].startswith("the run itself has them all")


def test_a_run_without_values_puts_no_values_into_the_store(tmp_path):
    files = {PurePosixPath("kale_runtime/__init__.py"): b""}
    result = run(plan(task("a", "1")), runtime=files, run_dir=tmp_path / "run", cwd=tmp_path)
    assert (result.status, result.diagnostics) == ("succeeded", ())
    found = (tmp_path / "home cache" / "kale" / "cache").rglob("*.npy")
    assert not list(found)


WHERE = [
    pytest.param("p/.kale/runs/nb/20260101T000000Z-1", None, "p/.kale/cache", id="beside runs"),
    pytest.param("elsewhere", None, "home cache/kale/cache", id="a folder that the user named"),
    pytest.param("20260101T000000Z-1", None, "home cache/kale/cache", id="a name that looks so"),
    pytest.param("p/.kale/runs/nb/20260101T000000Z-1", "s", "s", id="where the variable says"),
    pytest.param("elsewhere", "", "home cache/kale/cache", id="an empty variable says nothing"),
]


@pytest.mark.parametrize(("directory", "variable", "root"), WHERE)
def test_where_the_store_of_a_run_is(tmp_path, monkeypatch, directory, variable, root):
    if variable is not None:
        value = variable and str(tmp_path / variable)
        monkeypatch.setenv("KALE_CACHE_DIR", value)
    assert store_root(tmp_path / directory) == tmp_path / root
    assert store_root(Path("/20260101T000000Z-1")) != Path("/cache")


def test_a_manifest_that_is_none_is_passed_over(tmp_path):
    directory = default_run_dir(tmp_path, "nb")
    good = save_value(directory, "load", "good", b"good")
    for name, text in {
        "torn": "{",
        "list": "[]",
        "empty": "{}",
        "outside": json.dumps({"name": "o", "files": {"../good/value.bin": [4, "x"]}}),
        "numbers": json.dumps({"name": "n", "files": {"value.bin": 3}}),
        "digest": json.dumps({"name": "d", "files": {"manifest.json": [1, "md5:1"]}}),
    }.items():
        folder = directory / "values" / "load" / name
        folder.mkdir()
        (folder / "manifest.json").write_text(text)
    keeper = Keeper(directory)
    keeper.keep("load")
    keeper.keep("a step that saved nothing")
    assert keeper.finish(lambda: False) is None
    (entry,) = store_of(tmp_path).entries()
    assert good.samefile(entry.path)
