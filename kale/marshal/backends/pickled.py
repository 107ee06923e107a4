"""Everything that no other backend takes: pickles, their large buffers in files beside them."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import mmap
import pickle
import re
from pathlib import Path
from typing import Any

from .. import notebook_objects as notebook
from ..digest import digest
from ..dispatch import Entry
from ..files import write_buffer
from ..manifest import MarshalError
from ..pickling import Definitions, Rules, as_variable, pickler_with
from ..resources import resource_load, resource_save
from ..walk import is_flat

#: Buffers of that many bytes are worth a file, which is mapped into memory when it is loaded.
_LARGE = 1 << 20


def save_pickle(obj: Any, path: str, *, pickler: str = "cloudpickle", **_: Any) -> str:
    """Pickle ``obj`` into ``path.pkl``, with protocol 5.

    Large buffers go to ``path.0.buffer``, …; the classes of the notebook that it needs to
    ``path.classes.pkl``. With the ``pickler`` dill, all goes to ``path.dill``.

    Raises:
        Exception: whatever pickling the object raises.
    """
    if pickler == "dill":
        import dill

        with Path(f"{path}.dill").open("wb") as file:
            dill.dump(obj, file, protocol=5)
        if digest(load_dill(f"{path}.dill")) != digest(obj):
            raise MarshalError("dill would bring it back changed; leave `--pickler dill` out")
        return f"{path}.dill"
    views: frozenset[int] = frozenset()
    while True:
        writer = _Buffers(path)
        with Path(f"{path}.pkl").open("wb") as file:
            made = pickler_with(Rules)(file, views, writer.keep_inside)
            made.fast = _is_faster_without_memory(obj)
            made.dump(as_variable(obj))
        overlapping = {key for key, (_, count) in made.roots.items() if count > 1}
        if overlapping <= views:
            break
        # The arrays have to be written again, as views, to share their memory when loaded.
        views |= overlapping
        writer.remove()
    if made.classes:
        with Path(f"{path}.classes.pkl").open("wb") as file:
            pickle.dump(list(made.classes), file)
            # Reducers of any library run here, and few steps will need what they make.
            with contextlib.suppress(Exception):
                nested = io.BytesIO()
                pickler_with(Definitions)(nested).dump(list(made.classes.values()))
                file.write(nested.getvalue())
    return f"{path}.pkl"


resource_save.fallback.append(Entry(re.compile(".*"), save_pickle))


class _Buffers:
    """The files of large buffers."""

    def __init__(self, path: str) -> None:
        self.path, self.count = path, 0

    def keep_inside(self, buffer: pickle.PickleBuffer) -> bool:
        """Whether the buffer belongs into the pickle itself; else it is in a file now."""
        with buffer.raw() as raw:
            if raw.nbytes < _LARGE:
                return True
            write_buffer(Path(f"{self.path}.{self.count}.buffer"), raw)
        self.count += 1
        return False

    def remove(self) -> None:
        for number in range(self.count):
            Path(f"{self.path}.{number}.buffer").unlink()


def _is_faster_without_memory(obj: Any) -> bool:
    """Whether ``obj`` can and should be pickled without remembering what was pickled already.

    It can where no object inside is mutable; where many are one and the same text, remembering
    them saves more than it costs.
    """
    if not is_flat(obj):
        return False
    some = list(itertools.islice(obj.values() if isinstance(obj, dict) else obj, 1000))
    return 2 * len({id(item) for item in some}) > len(some)


@resource_load.register(r".*\.pkl")
def load_pickle(uri: str, **_: Any) -> Any:
    """What :func:`save_pickle` wrote; its large buffers are copied when they are written to.

    Raises:
        Exception: whatever unpickling it raises.
    """
    path = Path(uri.removesuffix(".pkl"))
    # Where they could not be saved, loading the class will say so.
    with contextlib.suppress(FileNotFoundError, EOFError):  # noqa: SIM117
        with Path(f"{path}.classes.pkl").open("rb") as file:
            keys = pickle.load(file)  # noqa: S301 -- its digest was checked, as of all files
            if None in map(notebook.resolve, keys):
                pickle.load(file)  # noqa: S301
    buffers = []
    for number in itertools.count():
        try:
            with Path(f"{path}.{number}.buffer").open("rb") as file:
                buffers.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        except FileNotFoundError:
            break
    collecting = gc.isenabled()
    # Nothing of what is made can be garbage yet; looking for it takes a fifth of the time.
    gc.disable()
    try:
        with Path(uri).open("rb") as file:
            return pickle.load(file, buffers=buffers)  # noqa: S301
    finally:
        if collecting:
            gc.enable()


@resource_load.register(r".*\.dill")
def load_dill(uri: str, **_: Any) -> Any:
    """What :func:`save_pickle` wrote with dill."""
    import dill

    with Path(uri).open("rb") as file:
        return dill.load(file)  # noqa: S301
