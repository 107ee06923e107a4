"""The store with other processes at it, killed ones too, and on other file systems."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runners.cache.store_worker import SHARED, content, digest_of, put

from kale.runners.cache import linking
from kale.runners.cache.keeper import collect
from kale.runners.cache.store import Store

HERE = Path(__file__).parent
WORKER = HERE / "store_worker.py"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def elsewhere(tmp_path):
    """A folder on another file system than the test's."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here: /dev/shm is missing or the same")
    folder = shared_memory / f"kale-test-{os.getpid()}-{random.randrange(1 << 40)}"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def leftovers(store: Store) -> list[Path]:
    return list((store.root / "tmp").iterdir()) if (store.root / "tmp").exists() else []


# ------------------------------------------------------------------ other file systems


def test_a_store_on_another_file_system_has_a_copy(elsewhere, tmp_path):
    store, data = Store(elsewhere), random.Random(1).randbytes(300_000)
    first, second = (save(tmp_path, f"{run}/x.bin", data) for run in "ab")
    for path in (first, second):
        store.put(path, digest_of(data))
        assert path.read_bytes() == data
    (entry,) = store.entries()
    assert (entry.holders, entry.path.read_bytes()) == (0, data)
    assert store.has(digest_of(data))
    store.link(digest_of(data), tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == data
    with pytest.raises(FileExistsError):
        store.link(digest_of(data), tmp_path / "taken")
    assert not leftovers(store)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "taken"}


def test_a_disk_that_is_full_leaves_no_half_file(elsewhere, tmp_path):
    data = bytes(300_000)
    path = save(tmp_path, "x", data)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from kale.runners.cache.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "Store(Path(sys.argv[1])).put(Path(sys.argv[2]), sys.argv[3])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(elsewhere), str(path), digest_of(data)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "OSError: [Errno 27] File too large" in done.stderr
    store = Store(elsewhere)
    assert not list(store.entries())
    assert not leftovers(store)
    assert path.read_bytes() == data


# ------------------------------------------------------------------------ other processes


def start(*arguments: object) -> subprocess.Popen[str]:
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(
        [sys.executable, str(WORKER), *map(str, arguments)],
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def test_eight_processes_and_a_garbage_collector_at_once(store, tmp_path):
    collector = start("collect", store.root, tmp_path / "stop")
    writers = [start("put", store.root, tmp_path / f"w{n}", f"w{n}") for n in range(8)]
    for writer in writers:
        assert (writer.communicate(timeout=120)[1], writer.returncode) == ("", 0)
    (tmp_path / "stop").touch()
    assert (collector.communicate(timeout=60)[1], collector.returncode) == ("", 0)
    for index in range(SHARED):
        files = [tmp_path / f"w{n}" / f"shared {index}" for n in range(8)]
        entry = store.path_of(digest_of(content(f"shared {index}")))
        assert {file.stat().st_ino for file in files} == {entry.stat().st_ino}
        assert files[0].read_bytes() == content(f"shared {index}")
    for writer in range(8):
        for path in (tmp_path / f"w{writer}").iterdir():
            assert path.read_bytes() == content(path.name)
    collect(store, keep_runs=None, older_than=0)
    found = {entry.digest: entry.holders for entry in store.entries()}
    assert sorted(found.values()) == [1] * 8 * SHARED + [8] * SHARED
    assert not any(store.is_damaged(digest) for digest in found)
    assert not leftovers(store)


def test_a_garbage_collector_leaves_copies_alone_that_somebody_makes(elsewhere, tmp_path):
    store = Store(elsewhere)
    collector = start("collect", store.root, tmp_path / "stop")
    writers = [start("put", store.root, tmp_path / f"w{n}", f"w{n}") for n in range(3)]
    for writer in writers:
        assert (writer.communicate(timeout=120)[1], writer.returncode) == ("", 0)
    (tmp_path / "stop").touch()
    assert (collector.communicate(timeout=60)[1], collector.returncode) == ("", 0)
    assert not any(store.is_damaged(entry.digest) for entry in store.entries())
    assert not leftovers(store)


@pytest.mark.parametrize(
    ("far", "size"),
    [
        pytest.param(False, 20_000, id="with links"),
        pytest.param(True, 200_000, id="with copies to another file system"),
    ],
)
def test_a_process_killed_while_it_puts_leaves_a_valid_store(tmp_path, request, far, size):
    store = Store(request.getfixturevalue("elsewhere") if far else tmp_path / "store")
    (tmp_path / "mine").mkdir()
    known = put(store, tmp_path / "mine", "known", size)
    chance, found_leftovers, attempt = random.Random(7), 0, 0
    # Some of those that copy have to be hit in the middle of it.
    while attempt < 12 or (far and not found_leftovers and attempt < 100):
        attempt += 1
        folder = tmp_path / f"run{attempt}"
        process = start("put until killed", store.root, folder, size)
        deadline = time.monotonic() + 30
        while not (folder / "goes on").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in folder.iterdir():
            # The file that it was writing itself may be cut; it was not put then.
            whole = path.read_bytes() == content(path.name, size)
            assert whole or path.name == "goes on" or path.stat().st_mode & 0o200
        found_leftovers += len(leftovers(store))
        assert not any(store.is_damaged(entry.digest) for entry in store.entries())
        store.put(known, digest_of(content("known", size)))
        collect(store, keep_runs=None, older_than=0)
        assert not leftovers(store)
    if far:
        assert found_leftovers, "no process was killed in the middle of a copy"


def test_a_process_that_stands_still_with_the_lock_holds_nobody_up(store, tmp_path, monkeypatch):
    monkeypatch.setattr(linking, "_PATIENCE", 0.1)
    store.root.mkdir()
    with (store.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        put(store, tmp_path, "x")
    assert store.has(digest_of(content("x")))
