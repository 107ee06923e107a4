"""Objects to files and back, by functions that anybody may register.

``resource_save(obj, path)`` writes an object to files whose names begin with ``path`` and
returns the one to load it from; ``resource_load(uri)`` reads it. Packages add functions with an
entry point of the group ``kale.marshal_backends``: a function that is called with both.
"""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import linecache
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .dispatch import Entry, PatternDispatcher, TypeDispatcher, full_name
from .files import new_folder, sync
from .manifest import MarshalError

#: The group of the entry points of other packages' backends.
GROUP = "kale.marshal_backends"


class _Saver(TypeDispatcher):
    def __init__(self, purpose: str) -> None:
        super().__init__(purpose)
        #: What takes the objects that nothing else takes.
        self.fallback: list[Entry] = []

    def find(self, kind: type) -> Iterator[Entry]:
        """What the notebook or a package registered first, then Kale's own, then ``fallback``."""
        load_plugins()
        yield from _registered_elsewhere("resource_save", self, kind)
        yield from super().find(kind)
        yield from self.fallback

    def __call__(self, obj: Any, path: Any, **kwargs: Any) -> str:
        """Save ``obj`` to files whose names begin with ``path``; return the one to load.

        A path that ends in a slash is a folder; the file is then called as the variable in
        the caller's line. With the keyword ``no_pickle`` nothing is pickled. The function gets
        all keywords. The files appear when they are complete, the returned one last.

        Raises:
            MarshalError: no function takes the object, or the file's name cannot be told.
            Exception: whatever the function raises.
        """
        path = os.fspath(path)
        if path.endswith(("/", os.sep)):
            path += _name_of_first_argument(sys._getframe(1))  # noqa: SLF001 -- the caller's
        target = Path(path)
        with new_folder(target) as made:
            main = self.save(obj, made, target.name, **kwargs)
            for file in sorted(made.iterdir(), key=lambda file: file.name == main):
                sync(file)
                file.replace(target.parent / file.name)
        return str(target.parent / main)

    def save(
        self, obj: Any, folder: Path, name: str, *, together: bool = False, **kwargs: Any
    ) -> str:
        """Save into an empty folder; the name there of the file to load.

        ``together`` saves a dict of variables that share objects, whatever takes other dicts.
        """
        safe, kind = kwargs.get("no_pickle"), f"a {full_name(type(obj))}"
        entries = iter(self.fallback) if together else self.find(type(obj))
        kept = [entry for entry in entries if entry.safe or not safe]
        result = self._first(iter(kept), kind, obj, str(folder / name), **kwargs)
        names = sorted(path.name for path in folder.iterdir())
        if isinstance(result, str | os.PathLike) and (main := Path(result).name) in names:
            return main
        if len(names) != 1:
            raise MarshalError(
                f"what saved {kind} wrote {len(names)} files; let it return the one to load"
            )
        return names[0]


class _Loader(PatternDispatcher):
    def find(self, text: str) -> Iterator[Entry]:
        """What the notebook or a package registered first, then Kale's own."""
        load_plugins()
        yield from _registered_elsewhere("resource_load", self, text)
        yield from super().find(text)

    def __call__(self, text: Any, **kwargs: Any) -> Any:
        """The object in the file ``text``; with the keyword ``no_pickle``, nothing is unpickled.

        Raises:
            MarshalError: no function takes the file.
            Exception: whatever the function raises.
        """
        uri, safe = os.fspath(text), kwargs.get("no_pickle")
        entries = (entry for entry in self.find(uri) if entry.safe or not safe)
        return self._first(entries, f"`{uri}`", uri, **kwargs)


#: Saves an object: ``resource_save(obj, path)``. Its functions get the object and the path,
#: to which they add an ending, and return the name of the file to load, if there are several.
resource_save = _Saver("save")

#: Loads an object: ``resource_load(uri)``.
resource_load = _Loader("load")


@functools.cache
def load_plugins() -> None:
    """Let installed packages register their functions; one that cannot is warned of."""
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            point.load()(resource_save, resource_load)
        except Exception as error:  # noqa: BLE001 -- code of any package runs here
            text = f"backend `{point.name}` ({point.value}) is left out: {error!r}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def _registered_elsewhere(name: str, own: Any, key: Any) -> Iterator[Entry]:
    """What a notebook registered with an installed Kale, when this is the text in a step."""
    other = getattr(sys.modules.get("kale.marshal"), name, own)
    if other is not own:
        yield from (e for e in other.find(key) if not e.function.__module__.startswith("kale."))


def _name_of_first_argument(frame: Any) -> str:
    """The variable that the call which ``frame`` is in has as its first argument.

    Raises:
        MarshalError: it is no plain variable, or the source is not at hand.
    """
    line, end_line, start, end = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    source = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    try:
        rows = [row.encode() for row in source[line - 1 : end_line]]
        rows[-1] = rows[-1][:end]
        rows[0] = rows[0][start:]
        call: Any = ast.parse(b"".join(rows).decode(), mode="eval").body
        return str(call.args[0].id)
    except (AttributeError, IndexError, SyntaxError, TypeError):
        raise MarshalError("the file has no name; end the path with one") from None
