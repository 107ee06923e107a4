"""``kale cache``: what it shows, removes and finds damaged."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from runners.cache.saved_values import digest_of, runs_of, short, store_of

pytestmark = pytest.mark.usefixtures("own_cache")


# ----------------------------------------------------------------------------------- ls


def test_ls(kale, here):
    first, second = (run.name for run in runs_of(here))
    code, out, err = kale("cache", "ls")
    assert (code, err) == (0, "store: .kale/cache\n")
    head, *rows, total = out.splitlines()
    assert head.split() == ["DIGEST", "SIZE", "AGE", "HELD", "BY"]
    assert [row.split()[0] for row in rows] == [
        short(data) for data in (b"shared" * 500, b"second", b"first")
    ]
    assert rows[0].split()[1:3] == ["3.0", "kB"]
    assert rows[0].split()[-5:] == ["2", f"nb/{first}", "load.x,", f"nb/{second}", "load.x"]
    assert rows[1].endswith(f"1  nb/{second} load.é\\x1b")
    assert total == "3 files (3.0 kB); without the store, the runs' files would take 6.0 kB"


def test_ls_as_json(kale, here):
    code, out, err = kale("cache", "ls", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["store"] == str(here / ".kale" / "cache")
    assert document["total"] == {
        "files": 3, "bytes": 3011, "held_bytes": 6011, "idle_files": 0, "idle_bytes": 0,
    }  # fmt: skip
    largest = document["files"][0]
    assert (largest["digest"], largest["size"], largest["holders"]) == (
        digest_of(b"shared" * 500), 3000, 2,
    )  # fmt: skip
    assert 0 <= largest["age"] < 60
    assert largest["held_by"] == [
        {"run": str(run), "step": "load", "variable": "x", "file": "value.bin"}
        for run in runs_of(here)
    ]


def test_what_no_run_holds_is_counted(kale, here):
    shutil.rmtree(runs_of(here)[0])
    out = kale("cache", "ls")[1]
    assert out.splitlines()[-1] == "no run has a link to 1 file (5 B)"


def test_a_store_that_is_not_there_is_empty(kale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for verb in ("ls", "gc", "verify"):
        assert kale("cache", verb)[0] == 0
    _, out, err = kale("cache", "ls")
    assert out == "0 files (0 B)\n"
    assert err == "store: .kale/cache\n"
    assert not list(tmp_path.iterdir()), "looking makes nothing"


def test_an_empty_store_names_the_one_in_the_users_cache(kale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home cache" / "kale" / "cache").mkdir(parents=True)
    err = kale("cache", "ls")[2]
    assert f"kale cache ls --cache-dir {tmp_path / 'home cache' / 'kale' / 'cache'}" in err


PLACES = [
    pytest.param(["project/nb.ipynb"], {}, id="beside a notebook"),
    pytest.param(["--cache-dir", "project/.kale/cache"], {}, id="where the option says"),
    pytest.param([], {"KALE_CACHE_DIR": "project/.kale/cache"}, id="where the variable says"),
    pytest.param(
        ["--cache-dir", "project/.kale/cache"], {"KALE_CACHE_DIR": "x"}, id="the option wins"
    ),
]


@pytest.mark.parametrize(("arguments", "environment"), PLACES)
@pytest.mark.parametrize("verb", ["ls", "gc", "verify"])
def test_where_the_store_is(kale, here, monkeypatch, arguments, environment, verb):
    (here / "nb.ipynb").touch()
    monkeypatch.chdir(here.parent)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, out, _ = kale("cache", verb, *arguments, "--json")
    assert (code, json.loads(out)["store"]) == (0, str(here / ".kale" / "cache"))


# ----------------------------------------------------------------------------------- rm


def test_rm_refuses_what_a_run_holds(kale, here):
    first = runs_of(here)[0].name
    code, out, err = kale("cache", "rm", short(b"first"))
    assert (code, out) == (1, "removed 0 files (0 B); freed 0 B\n")
    assert err == (
        f"{short(b'first')} is held by nb/{first} load.y\n"
        "  hint: remove those run directories first, which frees the room, or add `--force`\n"
    )
    assert len(list(store_of(here).entries())) == 3


def test_rm_with_force_leaves_the_run_its_file(kale, here):
    code, out, _ = kale("cache", "rm", short(b"first"), "--force")
    assert (code, out) == (0, "removed 1 file (5 B); freed 0 B\n")
    assert (runs_of(here)[0] / "values/load/y/value.bin").read_bytes() == b"first"
    assert len(list(store_of(here).entries())) == 2


def test_rm_frees_what_no_run_holds(kale, here):
    shutil.rmtree(runs_of(here)[0])
    digits = digest_of(b"first").removeprefix("sha256:")
    code, out, _ = kale("cache", "rm", digits[:6].upper(), digits, "--json")
    document = json.loads(out)
    assert (code, document["freed"], document["held"]) == (0, 5, [])
    assert [one["digest"] for one in document["removed"]] == [digest_of(b"first")]


def test_rm_of_one_that_is_held_and_one_that_is_not_removes_neither(kale, here):
    shutil.rmtree(runs_of(here)[0])
    code, out, _ = kale("cache", "rm", short(b"first"), short(b"second"), "--json")
    document = json.loads(out)
    assert (code, document["removed"]) == (1, [])
    (held,) = document["held"]
    assert held["held_by"][0]["variable"] == "é\x1b"
    assert len(list(store_of(here).entries())) == 3


def test_rm_all(kale, here):
    assert kale("cache", "rm", "--all")[0] == 1
    assert len(list(store_of(here).entries())) == 3
    assert kale("cache", "rm", "--all", "--force")[0] == 0
    assert not list(store_of(here).entries())


def test_rm_in_the_store_of_a_notebook(kale, here, monkeypatch):
    (here / "nb.ipynb").touch()
    monkeypatch.chdir(here.parent)
    assert kale("cache", "rm", "project/nb.ipynb", short(b"first"), "--force")[0] == 0
    assert len(list(store_of(here).entries())) == 2


WRONG_USE = [
    pytest.param(["rm"], "name either digests", id="nothing to remove"),
    pytest.param(["rm", "--all", "abcdef"], "name either digests", id="all and one"),
    pytest.param(["rm", "abcde"], "is no digest, nor at least the first 6", id="too short"),
    pytest.param(["rm", "sha256:ab"], "is no digest, nor at least", id="short with algorithm"),
    pytest.param(["rm", "../../x"], "is no digest", id="a path"),
    pytest.param(["rm", "0" * 64], "the store has no file", id="not there"),
    pytest.param(["rm", "blake3:" + "0" * 6], "the store has no file", id="not of that kind"),
    pytest.param(["rm", "a.ipynb", "b.ipynb"], "one store at a time", id="two notebooks"),
    pytest.param(["ls", "no.ipynb"], "there is no notebook `no.ipynb`", id="no such notebook"),
    pytest.param(["ls", "--cache-dir", ""], "it is empty; say what it is", id="an empty folder"),
    pytest.param(["gc", "--older-than", "30"], "is no span of time", id="an age without unit"),
    pytest.param(["gc", "--older-than", "-1d"], "is no span of time", id="a negative age"),
    pytest.param(["gc", "--keep-runs", "-1"], "-1 is not in the range", id="fewer than no runs"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_USE)
def test_wrong_use(kale, here, arguments, message):
    code, out, err = kale("cache", *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert len(list(store_of(here).entries())) == 3


def test_a_prefix_of_two_digests_is_refused(kale, here, tmp_path):
    twins: dict[str, bytes] = {}
    number = 0
    while True:
        data = b"%d" % number
        if (prefix := digest_of(data)[7:13]) in twins:
            break
        twins[prefix] = data
        number += 1
    for index, one in enumerate((data, twins[prefix])):
        (tmp_path / str(index)).write_bytes(one)
        store_of(here).put(tmp_path / str(index), digest_of(one))
    code, _, err = kale("cache", "rm", prefix)
    assert code == 2
    assert f"`{prefix}` begins 2 digests; give more digits" in " ".join(err.split())


# ------------------------------------------------------------------------------- verify


def test_verify_finds_a_flipped_byte_and_says_who_has_it(kale, here):
    entry = next(e for e in store_of(here).entries() if e.digest == digest_of(b"first"))
    status = entry.path.stat()
    entry.path.chmod(0o644)
    entry.path.write_bytes(b"fIrst")
    os.utime(entry.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    first = runs_of(here)[0].name
    code, out, err = kale("cache", "verify")
    assert code == 1
    assert out.splitlines() == [
        f"{short(b'first')} (5 B) is damaged; held by nb/{first} load.y",
        f"  {entry.path.relative_to(here)}",
        "2 of 3 files (3.0 kB) sound",
    ]
    assert "hint: `--remove` takes them out" in err
    code, out, _ = kale("cache", "verify", "--remove", "--json")
    document = json.loads(out)
    assert (code, document["checked"], document["removed"]) == (1, 3, True)
    assert [one["digest"] for one in document["damaged"]] == [digest_of(b"first")]
    assert kale("cache", "verify")[:2] == (0, "2 of 2 files (3.0 kB) sound\n")


def test_verify_says_what_it_could_not_read(kale, here, monkeypatch):
    digest = "blake3:" + "0" * 64
    path = store_of(here).path_of(digest)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    # As if the package were not installed.
    monkeypatch.setitem(__import__("sys").modules, "blake3", None)
    code, out, err = kale("cache", "verify")
    assert (code, out) == (1, "3 of 4 files (3.0 kB) sound\n")
    assert err == "blake3:000000000000 (1 B): its algorithm is not installed: pip install blake3\n"


@pytest.mark.parametrize("arguments", [[], ["ls"], ["rm"], ["gc"], ["verify"]])
def test_help(kale, arguments):
    code, out, _ = kale("cache", *arguments, "--help")
    assert code == 0
    assert out.startswith("Usage: kale cache")
