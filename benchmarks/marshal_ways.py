"""The ways to hand an object on that `marshal.py` compares: each a save and a load."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def ours_save(value: Any, folder: Path) -> None:
    """What a step does at its end: digests, files, ``fsync``, manifest."""
    from kale.marshal import save_outputs

    place = str(folder / "x")
    _context(folder, {"inputs": {}, "outputs": {"x": place}})
    save_outputs({"x": value}, ["x"])


def ours_load(folder: Path) -> Any:
    """What a step does at its start: manifest, digests of the files, the value."""
    from kale.marshal import load_inputs

    place = str(folder / "x")
    _context(folder, {"inputs": {"x": [place]}, "outputs": {}})
    load_inputs(names := {}, ["x"])
    return names["x"]


def _context(folder: Path, ports: dict[str, Any]) -> None:
    path = folder / "context.json"
    path.write_text(json.dumps({"step": "s", **ports}))
    os.environ["KALE_STEP_CONTEXT"] = str(path)


def kubeflow_save(value: Any, folder: Path) -> None:
    """The end of a step that kubeflow-kale makes: save, then copy to the output artifact."""
    from kale import marshal

    marshal.set_data_dir(str(folder / "first pod"))
    marshal.save(value, "x_artifact")
    path = marshal.get_path("x_artifact")
    (folder / "kind").write_text(Path(path).suffix)
    shutil.copyfile(path, folder / "artifact")


def kubeflow_load(folder: Path) -> Any:
    """The beginning of the next one: copy the input artifact, then load."""
    from kale import marshal

    place = folder / "second pod"
    marshal.set_data_dir(str(place))
    kind = (folder / "kind").read_text()
    shutil.copy(folder / "artifact", place / f"x_artifact{kind}")
    return marshal.load("x_artifact")


def dill_save(value: Any, folder: Path) -> None:
    """``dill.dump`` to a file, as its documentation has it."""
    import dill

    with (folder / "x").open("wb") as file:
        dill.dump(value, file)


def dill_load(folder: Path) -> Any:
    """``dill.load``."""
    import dill

    with (folder / "x").open("rb") as file:
        return dill.load(file)


def pickle_save(value: Any, folder: Path) -> None:
    """``pickle.dump`` to a file, protocol 5, buffers inside."""
    with (folder / "x").open("wb") as file:
        pickle.dump(value, file, 5)


def pickle_load(folder: Path) -> Any:
    """``pickle.load``."""
    with (folder / "x").open("rb") as file:
        return pickle.load(file)


def joblib_save(value: Any, folder: Path) -> None:
    """``joblib.dump``."""
    import joblib

    joblib.dump(value, folder / "x")


def joblib_load(folder: Path) -> Any:
    """``joblib.load``, without a memory map, whose arrays could not be changed."""
    import joblib

    return joblib.load(folder / "x")


def copy_save(value: bytes, folder: Path) -> None:
    """A write of the very bytes that Kale's files hold, from memory, to one new file."""
    with (folder / "x").open("wb", buffering=0) as file:
        _write(file, value)


def synced_save(value: bytes, folder: Path) -> None:
    """The same, waiting for the disk."""
    with (folder / "x").open("wb", buffering=0) as file:
        _write(file, value)
        os.fsync(file.fileno())


def _write(file: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:  # one call writes no more than 2 GiB
        view = view[file.write(view) :]


def copy_load(folder: Path) -> Any:
    """One read of the file, from the page cache to new memory."""
    return (folder / "x").read_bytes()


WAYS: dict[str, tuple[Callable[[Any, Path], None], Callable[[Path], Any]]] = {
    "ours": (ours_save, ours_load),
    "ours, no fsync": (ours_save, ours_load),
    "copy, fsync": (synced_save, copy_load),
    "copy": (copy_save, copy_load),
    "pickle 5": (pickle_save, pickle_load),
    "joblib": (joblib_save, joblib_load),
    "dill": (dill_save, dill_load),
    "kubeflow-kale": (kubeflow_save, kubeflow_load),
}

#: By object: saves at most so many times a copy, loads so many times a read, is so many times as
#: fast as kubeflow-kale, has at most so many times the object's memory.
TARGETS: dict[str, dict[str, float]] = {
    "array": {"save": 1.5, "load": 1.3, "kubeflow-kale": 3, "memory": 1.1},
    "arrays": {"save": 1.5, "load": 1.3, "kubeflow-kale": 4, "memory": 1.1},
    "numbers": {"save": 1.5, "load": 1.3, "kubeflow-kale": 2.5, "memory": 1.1},
    "mixed": {"kubeflow-kale": 2.5, "memory": 1.1},
    "forest": {"memory": 1.1},
    "entries": {"kubeflow-kale": 4, "memory": 1.1},
}
