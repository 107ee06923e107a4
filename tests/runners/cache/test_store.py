"""The store of saved values: one copy of equal bytes, whatever happens to whom."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from runners.cache.store_worker import digest_of

from kale.runners.cache.keeper import collect
from kale.runners.cache.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def flip(path: Path, offset: int = 0) -> None:
    """Change a byte in place, as a program would that writes to what is not its own."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))
    path.chmod(0o444)


def flip_unseen(path: Path) -> None:
    """Change a byte as a failing disk would: the time of the last write says nothing."""
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def leftovers(store: Store) -> list[Path]:
    return list((store.root / "tmp").iterdir()) if (store.root / "tmp").exists() else []


SIZES = [
    pytest.param(0, id="an empty file"),
    pytest.param(10, id="a small file, whose digest is checked"),
    pytest.param(300_000, id="a large file, whose digest is believed"),
]


@pytest.mark.parametrize("size", SIZES)
def test_equal_files_become_one(store, tmp_path, size):
    data = random.Random(size).randbytes(size)
    first, second = (save(tmp_path, f"{run}/x.bin", data) for run in "ab")
    digest = digest_of(data)
    assert not store.has(digest)
    store.put(first, digest)
    store.put(second, digest)
    store.put(second, digest)
    assert store.has(digest)
    assert first.samefile(second)
    assert first.samefile(store.path_of(digest))
    assert store.path_of(digest).read_bytes() == data
    (entry,) = store.entries()
    assert (entry.digest, entry.size, entry.holders) == (digest, size, 2)
    assert entry.age < 60
    assert store.path_of(digest).stat().st_mode & 0o777 == 0o444
    assert not leftovers(store)


def test_a_digest_without_an_algorithm_is_sha256(store, tmp_path):
    path = save(tmp_path, "x", b"x")
    store.put(path, digest_of(b"x").removeprefix("sha256:"))
    assert store.has(digest_of(b"x"))


def test_both_algorithms_live_side_by_side(store, tmp_path):
    blake3 = pytest.importorskip("blake3", reason="blake3 is not installed")
    digest = f"blake3:{blake3.blake3(b'x').hexdigest()}"
    store.put(save(tmp_path, "x", b"x"), digest)
    store.put(save(tmp_path, "y", b"x"), digest_of(b"x"))
    assert [entry.digest for entry in store.entries()] == [digest, digest_of(b"x")]


WRONG = [
    pytest.param("", id="empty"),
    pytest.param("md5:" + "0" * 64, id="an algorithm that Kale does not use"),
    pytest.param("sha256:" + "0" * 63, id="too short"),
    pytest.param("sha256:" + "A" * 64, id="capitals"),
    pytest.param("sha256:../../" + "0" * 58, id="a way out of the store"),
]


@pytest.mark.parametrize("digest", WRONG)
def test_what_is_no_digest_is_refused(store, tmp_path, digest):
    for call in (store.has, store.remove, store.is_damaged):
        with pytest.raises(ValueError, match="is no digest"):
            call(digest)
    with pytest.raises(ValueError, match="is no"):
        store.put(save(tmp_path, "x", b"x"), digest)
    with pytest.raises(ValueError, match="is no digest"):
        store.link(digest, tmp_path / "y")
    assert not list(store.entries())


def test_what_is_no_file_is_refused(store, tmp_path):
    path = save(tmp_path, "x", b"x")
    (tmp_path / "link").symlink_to(path)
    for wrong in (tmp_path, tmp_path / "link"):
        with pytest.raises(ValueError, match="is no file"):
            store.put(wrong, digest_of(b"x"))


def test_a_small_file_that_is_not_what_its_digest_says_is_refused(store, tmp_path):
    path = save(tmp_path, "x", b"x")
    with pytest.raises(ValueError, match="is not what its digest"):
        store.put(path, digest_of(b"y"))
    assert not list(store.entries())
    assert path.read_bytes() == b"x"


def test_who_could_not_read_a_file_still_cannot(store, tmp_path):
    path = save(tmp_path, "x", b"secret")
    path.chmod(0o600)
    store.put(path, digest_of(b"secret"))
    assert store.path_of(digest_of(b"secret")).stat().st_mode & 0o777 == 0o400


def test_link_gives_the_bytes_under_a_new_name(store, tmp_path):
    path = save(tmp_path, "x", b"x")
    store.put(path, digest_of(b"x"))
    store.link(digest_of(b"x"), tmp_path / "y")
    assert (tmp_path / "y").samefile(path)
    with pytest.raises(FileExistsError):
        store.link(digest_of(b"x"), tmp_path / "y")
    with pytest.raises(FileNotFoundError):
        store.link(digest_of(b"z"), tmp_path / "z")
    assert not (tmp_path / "z").exists()


def test_a_link_keeps_an_entry_young(store, tmp_path):
    path = save(tmp_path, "x", b"x")
    store.put(path, digest_of(b"x"))
    path.unlink()
    old = store.path_of(digest_of(b"x"))
    moment = old.stat().st_mtime_ns - 86_400_000_000_000
    os.utime(old, ns=(moment, moment))
    assert next(store.entries()).age > 86_000
    store.link(digest_of(b"x"), tmp_path / "y")
    (tmp_path / "y").unlink()
    assert not collect(store, keep_runs=None).entries
    assert store.has(digest_of(b"x"))


# ------------------------------------------------------------------------------ damage

DAMAGE = [
    pytest.param(flip, id="a byte was flipped by a program"),
    pytest.param(lambda path: (path.chmod(0o644), os.truncate(path, 1000)), id="it was cut"),
    pytest.param(
        lambda path: (path.unlink(), path.write_bytes(b"other")), id="it was put there by hand"
    ),
]


@pytest.mark.parametrize("harm", DAMAGE)
def test_a_damaged_entry_is_not_used_and_the_next_put_replaces_it(store, tmp_path, harm):
    data = random.Random(2).randbytes(300_000)
    first = save(tmp_path, "a/x", data)
    store.put(first, digest_of(data))
    first.unlink()
    harm(store.path_of(digest_of(data)))
    assert not store.has(digest_of(data))
    with pytest.raises(FileNotFoundError):
        store.link(digest_of(data), tmp_path / "y")
    second = save(tmp_path, "b/x", data)
    store.put(second, digest_of(data))
    assert second.read_bytes() == data
    assert second.samefile(store.path_of(digest_of(data)))


def test_a_damaged_file_does_not_replace_a_damaged_entry(store, tmp_path):
    data = random.Random(3).randbytes(300_000)
    first, second = (save(tmp_path, name, data) for name in "ab")
    store.put(first, digest_of(data))
    flip(first)
    flip(second, 7)
    with pytest.raises(ValueError, match="is not what its digest"):
        store.put(second, digest_of(data))
    assert not store.has(digest_of(data))


def test_a_file_of_another_size_is_not_taken_for_the_entry(store, tmp_path):
    data = random.Random(4).randbytes(300_000)
    store.put(save(tmp_path, "a", data), digest_of(data))
    with pytest.raises(ValueError, match="is not what its digest"):
        store.put(save(tmp_path, "b", data[:-1]), digest_of(data))
    assert store.has(digest_of(data))


def test_an_entry_that_was_only_touched_is_sound(store, tmp_path):
    data = random.Random(5).randbytes(300_000)
    first, second = (save(tmp_path, name, data) for name in "ab")
    store.put(first, digest_of(data))
    first.touch()
    assert store.has(digest_of(data))
    store.put(second, digest_of(data))
    assert second.samefile(first)


def test_verifying_finds_what_the_disk_forgot_and_it_is_not_used_from_then_on(store, tmp_path):
    data = random.Random(6).randbytes(300_000)
    path = save(tmp_path, "x", data)
    store.put(path, digest_of(data))
    assert store.is_damaged(digest_of(data)) is False
    flip_unseen(path)
    assert store.is_damaged(digest_of(data)) is True
    assert not store.has(digest_of(data))
    assert store.is_damaged(digest_of(b"never seen")) is None


# ----------------------------------------------------------------------------- removal


def test_what_is_held_stays_unless_forced(store, tmp_path):
    path = save(tmp_path, "x", b"held")
    store.put(path, digest_of(b"held"))
    assert store.remove(digest_of(b"held")) is None
    assert store.remove(digest_of(b"held"), held=True) == 0
    assert path.read_bytes() == b"held"
    assert store.remove(digest_of(b"held")) is None


def test_garbage_is_what_nobody_holds_and_is_no_longer_young(store, tmp_path):
    kept, gone = (save(tmp_path, name, name.encode()) for name in ("kept", "gone"))
    for path in (kept, gone):
        store.put(path, digest_of(path.read_bytes()))
    gone.unlink()
    young = collect(store, keep_runs=None)
    assert (young.entries, [e.size for e in young.spared], young.freed) == ((), [4], 0)
    old = collect(store, keep_runs=None, older_than=0)
    assert ([e.size for e in old.entries], old.spared, old.freed) == ([4], (), 4)
    assert [entry.digest for entry in store.entries()] == [digest_of(b"kept")]


def test_collecting_an_empty_store_or_none_does_nothing(store):
    assert collect(store, keep_runs=0, older_than=0).freed == 0


def test_foreign_files_in_the_store_are_left_alone(store, tmp_path):
    store.put(save(tmp_path, "x", b"x"), digest_of(b"x"))
    folder = store.path_of(digest_of(b"x")).parent
    (folder / "notes.txt").touch()
    (folder / ("0" * 62)).mkdir()
    assert [entry.digest for entry in store.entries()] == [digest_of(b"x")]
    collect(store, keep_runs=None, older_than=0)
    assert (folder / "notes.txt").exists()


def test_runs_are_known_as_long_as_they_are_there(store, tmp_path):
    near, far = tmp_path / "runs" / "a", tmp_path.parent / f"{tmp_path.name}-far"
    for run in (near, far, near):
        run.mkdir(parents=True, exist_ok=True)
        store.add_run(run)
    assert store.runs() == sorted([near, far])
    far.rmdir()
    assert store.runs() == [near]
    store.clean()
    assert len(list((store.root / "runs").iterdir())) == 1
