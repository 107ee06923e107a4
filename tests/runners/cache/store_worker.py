"""What other processes do to a store in the tests: ``python store_worker.py WORK ROOT FOLDER …``."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from pathlib import Path

from kale.runners.cache.keeper import collect
from kale.runners.cache.store import Store

#: How many files everybody puts, and how many rounds there are.
SHARED, ROUNDS = 12, 4


def content(name: str, size: int = 20_000) -> bytes:
    """Bytes that are always the same for a name, too many to be checked for free."""
    return name.encode() * size


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def put(store: Store, folder: Path, name: str, size: int = 20_000) -> Path:
    data, path = content(name, size), folder / name
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    store.put(path, digest_of(data))
    return path


def put_many(store: Store, folder: Path, who: str) -> None:
    """Put files that all workers put and some of its own, again and again; some it lets go."""
    folder.mkdir(parents=True)
    for number in range(ROUNDS):
        for index in range(SHARED):
            put(store, folder, f"shared {index}")
            put(store, folder, f"own {who} {index} {number}")
            if number < ROUNDS - 1:
                (folder / f"own {who} {index} {number}").unlink()


def put_until_killed(store: Store, folder: Path, size: int) -> None:
    """Put one file after the other, every second one known to the store already."""
    folder.mkdir(parents=True)
    number = 0
    while True:
        for name in (f"new {number}", "known"):
            put(store, folder, name, size)
        number += 1
        if number == 3:
            (folder / "goes on").touch()


def collect_until_told(store: Store, stop: Path) -> None:
    """Collect garbage without mercy; put and take an entry that nobody holds in between."""
    while not stop.exists():
        collect(store, keep_runs=None, older_than=0)
        with suppress(FileNotFoundError):
            store.link(digest_of(content("shared 0")), stop.with_name("taken"))
        stop.with_name("taken").unlink(missing_ok=True)


def main(work: str, root: str, folder: str, *rest: str) -> None:
    store = Store(Path(root))
    if work == "put":
        put_many(store, Path(folder), *rest)
    elif work == "put until killed":
        put_until_killed(store, Path(folder), *map(int, rest))
    else:
        collect_until_told(store, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
