"""Run directories with saved values in them, as runs leave them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from kale.runners import default_run_dir
from kale.runners.cache.keeper import Keeper
from kale.runners.cache.store import Store


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def save_value(run: Path, step: str, variable: str, data: bytes) -> Path:
    """A saved value as the runtime leaves it."""
    folder = run / "values" / step / variable
    folder.mkdir(parents=True)
    (folder / "value.bin").write_bytes(data)
    entry = [len(data), digest_of(data)]
    manifest = {"name": variable, "step": step, "files": {"value.bin": entry}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder / "value.bin"


def make_run(folder: Path, values: dict[str, bytes], *, pipeline="nb", finished=True) -> Path:
    """A run directory with these values of a step `load`, put into the store."""
    directory = default_run_dir(folder, pipeline)
    for variable, data in values.items():
        save_value(directory, "load", variable, data)
    if finished:
        (directory / "run.json").write_text("{}")
    keeper = Keeper(directory)
    keeper.keep("load")
    assert keeper.finish(lambda: False) is None
    return directory


def runs_of(folder: Path, pipeline="nb") -> list[Path]:
    return sorted((folder / ".kale" / "runs" / pipeline).glob("2*"))


def store_of(folder: Path) -> Store:
    return Store(folder / ".kale" / "cache")


def short(data: bytes) -> str:
    return digest_of(data)[: len("sha256:") + 12]
