"""Which modules a server may import before it forks, and importing them.

Only what a step could not tell from an import of its own: modules of the library and of installed
distributions, that start no thread which a fork would lose, open nothing, print nothing and warn
of nothing, and that ask for no module which the notebook's own folders could provide.
"""

from __future__ import annotations

import locale
import os
import signal
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from typing import Any


def installed_folders() -> list[str]:
    """Where the library and installed distributions are."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return [*dict.fromkeys(os.path.realpath(sysconfig.get_path(kind)) for kind in kinds)]


def local_names(folders: Iterable[str]) -> set[str]:
    """The top-level modules that these folders could provide, installed ones left out."""
    installed = set(installed_folders())
    names: set[str] = set()
    for folder in folders:
        if not folder or os.path.realpath(folder) in installed:
            continue
        try:
            entries = os.listdir(folder)  # noqa: PTH208 - names, not paths
        except OSError:
            continue
        # Any file or folder: one without code is a package too.
        names.update(entry.partition(".")[0] for entry in entries)
    return names


class _Asked(MetaPathFinder):
    """Notes the names of all top-level modules that are asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002
        self.names.add(name.partition(".")[0])


def preload(
    modules: Sequence[str], local: Collection[str], own: Sequence[str] = ()
) -> dict[str, str]:
    """Import ``modules``, ``"a.b"`` or, of ``from a import b``, ``"a:b"``.

    ``local`` are the top-level names that the notebook's folders provide, ``own`` further folders
    whose modules may be imported. Returns the module that must be left out, and why; the process
    is then of no more use.
    """
    folders = [os.path.realpath(folder) + os.sep for folder in (*installed_folders(), *own)]
    path, sys.path[:] = (
        [*sys.path],
        [entry for entry in sys.path if _inside(entry, folders) or entry.endswith(".zip")],
    )
    asked = _Asked()
    sys.meta_path.insert(0, asked)
    try:
        for module in modules:
            if why := _import(module, asked, set(local), folders):
                return {module: why}
    finally:
        sys.meta_path.remove(asked)
        sys.path[:] = path
        sys.path_importer_cache.clear()
    return {}


def _import(name: str, asked: _Asked, local: set[str], folders: list[str]) -> str | None:
    """Import one module; why that must not be, or ``None``."""
    modules, descriptors, hooks = set(sys.modules), _descriptors(), _hooks()
    warned: list[object] = []
    saved = [os.dup(1), os.dup(2)]
    streams, show = (sys.stdout, sys.stderr), warnings.showwarning
    with tempfile.TemporaryFile("w+") as output:
        try:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = sys.stderr = output
            # The filters are left alone: a module may add to them, as it would in the step.
            warnings.showwarning = lambda *told, **_: warned.append(told)
            showing = warnings.showwarning
            module, _, member = name.partition(":")
            # As the statement does, which makes a module of the member where it is one.
            __import__(module, fromlist=[member] if member else [])
            changed = warnings.showwarning is not showing or sys.stdout is not output
        except BaseException as error:  # noqa: BLE001 - the step itself is to meet it
            return f"its import failed: {type(error).__name__}"
        finally:
            sys.stdout, sys.stderr = streams
            warnings.showwarning = show
            for number, descriptor in enumerate(saved, 1):
                os.dup2(descriptor, number)
                os.close(descriptor)
        printed = output.seek(0, os.SEEK_END)
    if printed or warned:
        return "its import prints or warns"
    if found := asked.names & local:
        return f"it asks for `{min(found)}`, which lies beside the notebook"
    for new in set(sys.modules) - modules:
        file = getattr(sys.modules[new], "__file__", None)
        if file and os.path.isabs(file) and not _inside(file, folders):  # noqa: PTH117 - text
            return f"it imports `{new}` from elsewhere"
    if _descriptors() - descriptors:
        return "its import opens a file, a socket or a device"
    if changed or _hooks() != hooks:
        return "its import changes what an interpreter calls"
    if _threads_after_fork():
        return "its import starts threads"
    return None


def _hooks() -> tuple[object, ...]:
    signals = (signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM))
    return (
        sys.excepthook,
        sys.displayhook,
        sys.breakpointhook,
        locale.setlocale(locale.LC_ALL),
        *signals,
    )


def _descriptors() -> set[tuple[str, str]]:
    """The open descriptors, and what they are of."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, not paths
        try:
            found.add((entry, os.readlink(f"/proc/self/fd/{entry}")))  # noqa: PTH115
        except OSError:
            continue  # the descriptor of the listing itself
    return found


def _threads_after_fork() -> bool:
    """Whether there are threads that a fork loses and that do not see to it.

    Libraries that do (OpenBLAS) end their threads before a fork and start them when needed.
    """
    if len(_other_threads()) == 0:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return not all(name in _HARMLESS for name in _other_threads())


#: Threads whose library has them done without in a forked process: jemalloc's, which give memory
#: back (pyarrow has one, and with it pandas).
_HARMLESS = {"jemalloc_bg_thd"}


def _other_threads() -> list[str]:
    """The names of this process's threads but the first."""
    names = []
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208 - names, not paths
        if int(task) != os.getpid():
            with suppress(OSError), open(f"/proc/self/task/{task}/comm") as file:  # noqa: PTH123
                names.append(file.read().strip())
    return names


def _inside(path: str, folders: list[str]) -> bool:
    return bool(path) and (os.path.realpath(path) + os.sep).startswith(tuple(folders))
