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
# ruff: noqa: PTH100, PTH109, PTH111, PTH113, PTH118, PTH119, PTH120
from __future__ import annotations

import json
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kale.runners.cache.file_marks import listing, split_words, stamp

#: More files than these are not told one by one.
_MOST = 50_000

_WRITING = os.O_WRONLY | os.O_RDWR
_FROZEN = "<frozen importlib", "<frozen zipimport"
_IMPORTLIB = f"{os.sep}importlib{os.sep}"

_SKIPPED_FOLDERS = "/proc/", "/sys/", "/dev/"


class _Notes:
    """What was seen so far. Entries of dictionaries come in one stroke, from any thread."""

    def __init__(self, ignored: Iterable[str], spool: str) -> None:
        self.read: dict[str, Any] = {}
        self.written: dict[str, Any] = {}
        self.touched: dict[str, Any] = {}
        self.listed: dict[str, Any] = {}
        self.seen: Any = set()
        self.spool, self.process = spool, os.getpid()
        self.ignored = tuple(_below(ignored)) + _SKIPPED_FOLDERS
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
        return None if path.startswith(self.ignored) else path

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
        elif not importing:
            self.reading(place)
        elif _source(place).endswith(".py"):
            self.reading(_source(place))
        if absolute and len(self.seen) <= _MOST:
            self.seen.add(key)

    def lists(self, path: Any = None) -> None:
        if isinstance(path, int) or _caller_imports():
            return
        place = self.place(path or ".")
        if place and place not in self.listed:
            self.note("listed", place, listing(place))

    def moved(self, source: Any, target: Any, *_folders: int) -> None:
        if _caller_imports():
            return
        source, target = self.place(source), self.place(target)
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
    "os.rmdir": _Notes.changed,
    "shutil.rmtree": _Notes.changed,
    "os.truncate": _Notes.cut,
    "sqlite3.connect": _Notes.connected,
    "subprocess.Popen": _Notes.started,
    "os.exec": _Notes.replaced,
    "os.posix_spawn": _Notes.replaced,
    "os.system": _Notes.shell,
}

_notes: Any = None


def start(ignored: Iterable[str], spool: str) -> None:
    """Begin to listen; ``ignored`` are the run's own folders, ``spool`` is for forked processes."""
    global _notes
    paths = sysconfig.get_paths()
    folders = [*ignored, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    folders += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    if sys.prefix != sys.base_prefix:
        folders.append(sys.prefix)
    _notes = _Notes(folders, spool)
    sys.addaudithook(_notes.hook)


def end() -> dict[str, Any]:
    """What was used: ``read``, ``written``, ``touched``, ``listed`` by absolute path, ``modules``.

    ``written`` tells whether something was there before; ``touched`` are files that somebody else
    may have read or written; ``listed`` has digests of the names in a folder. ``modules`` are the
    top-level modules that are loaded, and ``many`` says that there was more than can be told.
    """
    notes = _notes
    notes.active = False
    loaded = set()
    for name, module in list(sys.modules.items()):
        loaded.add(name.partition(".")[0])
        file = _file_of(module)
        if file:
            place = notes.place(file)
            if place and place.endswith(".py"):
                notes.reading(place)
    kinds = "read", "written", "touched", "listed"
    return {
        **{kind: getattr(notes, kind) for kind in kinds},
        "modules": sorted(loaded - set(getattr(sys, "stdlib_module_names", ()))),
        "many": any(len(getattr(notes, kind)) > _MOST for kind in kinds),
    }


def _below(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        for path in {os.path.abspath(folder), os.path.realpath(folder)}:
            yield path + os.sep


def _caller_imports() -> bool:
    """Whether the import system is at it: hook, handler and this function stand in between."""
    name = sys._getframe(3).f_code.co_filename  # noqa: SLF001 - nothing else tells who asks
    return name.startswith(_FROZEN) or _IMPORTLIB in name


def _source(path: str) -> str:
    """The file of a module whose byte code that is."""
    folder, name = os.path.split(path)
    if name.endswith(".pyc") and os.path.basename(folder) == "__pycache__":
        return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")
    return path


def _file_of(module: Any) -> str | None:
    try:
        # Nothing that a module itself defines may run.
        found = object.__getattribute__(module, "__dict__").get("__file__")
    except Exception:  # noqa: BLE001 - anything may stand in `sys.modules`
        return None
    return found if isinstance(found, str) else None
