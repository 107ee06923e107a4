"""A probe: which files, folders and modules a step used, told from inside of its process.

It travels as text into the interpreter of the notebook (see
:mod:`kale.runners.engines.probes`), so it imports the standard library alone. An audit hook hears
of files that Python opens, lists, renames and removes; processes forked from this one write what
they do to a file, ``spool``. What a library's own C code opens, and what other programs do,
is out of its sight, except that it knows the words of their command lines: that is what tags
``file:`` are for, and constant names in the code (:mod:`kale.runners.cache.named_files`).

A file is noted when it is first opened, with its status at that time: ``[size, mtime_ns,
ctime_ns, inode, device, digest]``, or ``None`` if there was none. The digest is mostly ``""``.
"""

# An audit hook has to be quick, and hears of paths as text.
# ruff: noqa: PTH109, PTH111, PTH112, PTH113, PTH118
from __future__ import annotations

import json
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable
from typing import Any

from kale.runners.cache.file_marks import files_in, listing, split_words, stamp
from kale.runners.cache.file_paths import below, file_of, source_of

#: More files than these are not told one by one.
_MOST = 50_000

_BYTE_CODE = ".pyc", ".so"

_WRITING = os.O_WRONLY | os.O_RDWR
_FROZEN = "<frozen importlib", "<frozen zipimport"
_IMPORTLIB = f"{os.sep}importlib{os.sep}"

_SKIPPED_FOLDERS = "/proc/", "/sys/", "/dev/"

#: Memory that people keep files in; what joblib's workers and shared memory leave there is no data.
_IN_MEMORY = "/dev/shm/"  # noqa: S108 - nothing is made there
_OF_WORKERS = "/joblib_memmapping_folder_", "/shm/sem.", "/shm/psm_", "/pymp-"


class _Notes:
    """What was seen so far. Entries of dictionaries come in one stroke, from any thread."""

    def __init__(self, ignored: Iterable[str], spool: str, *, hashed: bool) -> None:
        self.read: dict[str, Any] = {}
        self.written: dict[str, Any] = {}
        self.touched: dict[str, Any] = {}
        self.listed: dict[str, Any] = {}
        self.below: dict[str, Any] = {}
        self.emptied: dict[str, Any] = {}
        self.hashed = hashed
        self.seen: Any = set()
        self.spool, self.process = spool, os.getpid()
        self.ignored = tuple(below(ignored))
        self.active = True
        self.inside = threading.local()

    # ------------------------------------------------------------------------ noting

    def note(self, kind: str, path: str, value: Any) -> None:
        """Note the first of its kind for a path; a forked process tells its parent."""
        found = getattr(self, kind)
        if path in found or len(found) > _MOST:
            return
        found[path] = value
        if os.getpid() != self.process:
            line = json.dumps([kind, path, value]).encode() + b"\n"
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self.spool, flags, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

    def reading(self, path: str) -> None:
        if path not in self.written:
            status = stamp(path)
            if status is not False:
                self.note("read", path, status)

    def writing(self, path: str) -> None:
        self.note("written", path, os.path.lexists(path))

    def touching(self, path: str) -> None:
        """Somebody else may read or write a file."""
        status = stamp(path, hashed=True)
        if status is not False:
            self.note("touched", path, status)

    def command(self, words: Iterable[Any], folder: str) -> None:
        """A program is started: the files that its command line names."""
        for word in words:
            for part in split_words(word):
                path = os.path.join(folder, os.path.expanduser(part))
                place = self.place(path) if os.path.isfile(path) else None
                if place:
                    self.touching(place)

    def place(self, path: Any) -> str | None:
        """A path as it is told: absolute; ``None`` for what nobody has to know of."""
        path = str(os.fsdecode(path))
        if not path.startswith(os.sep):
            path = os.path.join(os.getcwd(), path)
        if ".." in path:
            head, tail = os.path.split(path)
            path = os.path.join(os.path.realpath(head), tail)
        elif "//" in path or "/." in path:
            path = os.path.normpath(path)
        skipped = path.startswith(_SKIPPED_FOLDERS) and not path.startswith(_IN_MEMORY)
        skipped = skipped or path.endswith("/__pycache__")
        if skipped or path.startswith(self.ignored) or any(one in path for one in _OF_WORKERS):
            return None
        return str(path)

    # ------------------------------------------------------------------------ hearing

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        handler = _HANDLERS.get(event)
        if handler is None or not self.active or getattr(self.inside, "busy", False):
            return
        self.inside.busy = True
        try:
            handler(self, *arguments)
        except Exception:  # noqa: BLE001 - whatever an odd path does, the step's own call decides
            self.note("touched", "?", None)
        finally:
            self.inside.busy = False

    def opened(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        path = os.fspath(path)
        key = path, mode, flags
        absolute = path[:1] in ("/", b"/")
        if absolute and key in self.seen:
            return
        place = self.place(path)
        importing = _caller_imports()
        if place is None:
            pass
        elif flags & _WRITING or (mode and set(mode) & set("wax+")):
            if not importing:
                fresh = flags & os.O_TRUNC or (mode and "w" in mode)
                if not fresh:
                    self.reading(place)
                self.writing(place)
        elif not (importing and place.endswith(_BYTE_CODE)):
            self.reading(place)  # the import system reads data of packages, too
        elif source_of(place).endswith(".py"):
            self.reading(source_of(place))
        if absolute and len(self.seen) <= _MOST:
            self.seen.add(key)

    def lists(self, path: Any = None) -> None:
        if isinstance(path, int) or _caller_imports():
            return
        place = self.place(path or ".")
        # What was emptied is listed to remove what is in it, or holds what the step made.
        if place and place not in self.listed and place not in self.emptied:
            self.note("listed", place, listing(place))
            for file in files_in(place):
                # The step may have these opened by somebody whom nobody hears.
                self.note("below", file, stamp(file, hashed=self.hashed))

    def moved(self, source: Any, target: Any, *_folders: int) -> None:
        if _caller_imports():
            return
        source, target = self.place(source), self.place(target)
        if target and os.path.isdir(source or ""):
            self.note("emptied", target, True)
        if source:
            self.reading(source)
            self.writing(source)
        if target:
            self.writing(target)

    def linked(self, _source: Any, target: Any, *folders: int) -> None:
        self.changed(target, *folders[-1:])

    def changed(self, path: Any, folder: int | None = -1) -> None:
        # Relative to an open folder: nobody can tell which.
        if not isinstance(path, int) and folder in (-1, None):
            place = self.place(path)
            if place:
                self.writing(place)

    def cleared(self, path: Any, folder: int | None = -1) -> None:
        """A folder goes; should it be there again, all that is in it is of the step's making."""
        self.changed(path, folder)
        place = None if isinstance(path, int) or folder not in (-1, None) else self.place(path)
        if place:
            self.note("emptied", place, True)

    def made(self, path: Any, _mode: int, folder: int | None = -1) -> None:
        self.changed(path, folder)

    def cut(self, path: Any, _length: int) -> None:
        if not isinstance(path, int):
            place = self.place(path)
            if place:
                self.reading(place)
                self.writing(place)

    def connected(self, path: Any) -> None:
        text = os.fsdecode(path)
        if text.startswith("file:"):
            text = text[5:].partition("?")[0]
        if text and not text.startswith(":memory:"):
            place = self.place(text)
            if place:
                self.touching(place)

    def started(self, program: Any, words: Any, folder: Any, *_environment: Any) -> None:
        words = [words] if isinstance(words, (str, bytes)) else list(words)
        self.command([program, *words], os.fspath(folder or os.getcwd()))

    def replaced(self, program: Any, words: Any, *_environment: Any) -> None:
        self.command([program, *words], os.getcwd())

    def shell(self, command: Any) -> None:
        self.command([command], os.getcwd())


_HANDLERS: dict[str, Callable[..., None]] = {
    "open": _Notes.opened,
    "os.listdir": _Notes.lists,
    "os.scandir": _Notes.lists,
    "os.rename": _Notes.moved,
    "os.link": _Notes.linked,
    "os.symlink": _Notes.linked,
    "os.remove": _Notes.changed,
    "os.mkdir": _Notes.made,
    "os.rmdir": _Notes.cleared,
    "shutil.rmtree": _Notes.cleared,
    "os.truncate": _Notes.cut,
    "sqlite3.connect": _Notes.connected,
    "subprocess.Popen": _Notes.started,
    "os.exec": _Notes.replaced,
    "os.posix_spawn": _Notes.replaced,
    "os.system": _Notes.shell,
}

_notes: Any = None


def start(ignored: Iterable[str], spool: str, *, hashed: bool = False) -> None:
    """Begin to listen; ``ignored`` are the run's own folders, ``spool`` is for forked processes.

    With ``hashed`` small files in the folders that are listed are told with their digests.
    """
    global _notes
    paths = sysconfig.get_paths()
    folders = [*ignored, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    folders += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    if sys.prefix != sys.base_prefix:
        folders.append(sys.prefix)
    _notes = _Notes(folders, spool, hashed=hashed)
    sys.addaudithook(_notes.hook)


def end() -> dict[str, Any]:
    """What was used: the kinds below by absolute path, and ``modules``.

    ``written`` tells whether something was there before; ``touched`` are files that somebody else
    may have read or written; ``listed`` has digests of the names in a folder, ``below`` the files
    there; ``emptied`` are folders that were removed or put in the place of others. ``modules`` are
    the top-level modules that are loaded; ``many`` says that there was more than can be told.
    """
    notes = _notes
    notes.active = False
    loaded = set()
    for name, module in list(sys.modules.items()):
        loaded.add(name.partition(".")[0])
        file = file_of(module)
        if file:
            place = notes.place(file)
            if place and place.endswith(".py"):
                notes.reading(place)
    kinds = "read", "written", "touched", "listed", "below", "emptied"
    return {
        **{kind: getattr(notes, kind) for kind in kinds},
        "modules": sorted(loaded - set(getattr(sys, "stdlib_module_names", ()))),
        "many": [kind for kind in kinds if len(getattr(notes, kind)) > _MOST],
    }


def _caller_imports() -> bool:
    """Whether the import system is at it: hook, handler and this function stand in between."""
    name = sys._getframe(3).f_code.co_filename  # noqa: SLF001 - nothing else tells who asks
    return name.startswith(_FROZEN) or _IMPORTLIB in name
