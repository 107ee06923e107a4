"""What a step did to files: from what its probe saw, and from what changed that its code names.

A file that the step changed after it had read it is told twice: as it was read, as far as that is
still known, and as it was left. Such a step is not repeatable, so the first will not match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kale.runners.cache.file_marks import listing
from kale.runners.cache.file_states import FOLDER, UNKNOWN, FileStates, status_digest
from kale.runners.cache.records import FileState

#: Stands for files that cannot be named.
SOME_FILES = FileState("?", UNKNOWN)

#: Below the user's home: what tools keep there for themselves counts only if it was just read.
_OF_TOOLS = ".cache", ".config", ".ipython", ".jupyter", ".matplotlib", ".local/share/jupyter"

_MOST_IN_FOLDER = 10_000

#: What runs every step; its versions belong to no step in particular.
_MACHINERY = frozenset(
    "IPython ipykernel jupyter_client jupyter_core zmq tornado traitlets debugpy comm psutil "
    "matplotlib_inline nest_asyncio nest_asyncio2 decorator jedi parso pexpect ptyprocess pygments "
    "prompt_toolkit stack_data executing asttokens pure_eval wcwidth platformdirs "
    "typing_extensions _distutils_hack pkg_resources setuptools".split()
)


def file_effects(
    states: FileStates,
    probe: Mapping[str, Any] | None,
    before: Mapping[str, FileState],
    named_now: Iterable[str],
    installed_files: Callable[[str], Sequence[str]],
    *,
    unseen: bool,
) -> tuple[tuple[FileState, ...], tuple[FileState, ...]]:
    """The files that a step read and those that it wrote, as :class:`StepRecord` has them.

    ``probe`` is what :func:`kale.runners.cache.file_probe.end` told, ``None`` if it is not known;
    ``before`` are the files that the code named when the step began, ``named_now`` those that
    it names now. ``installed_files`` has a file for the distributions of a module. ``unseen`` says
    that files may have been opened that the probe has not heard of: all in folders listed count.
    """
    told = probe or {}
    read: dict[str, FileState] = {}
    written: dict[str, FileState] = {}
    for path, stamp in told.get("read", {}).items():
        read[path] = _at_that_time(states, path, stamp)
    _note_written(states, told, read, written)
    somebody = {**(told.get("below", {}) if unseen else {}), **told.get("touched", {})}
    touched = {p: _at_that_time(states, p, s) for p, s in somebody.items() if s is not False}
    for path, then in {**before, **touched}.items():
        if path not in written and (path in touched or path not in read):
            _compare(states, then, read, written)
    for path in set(named_now) - before.keys() - read.keys() - written.keys():
        written[path] = states.state(path)
    for path, digest in told.get("listed", {}).items():
        if not _is_own_and_gone(path, told):
            read[f"{path}/"] = FileState(f"{path}/", digest)
    for module in set(told.get("modules", ())) - _MACHINERY:
        read.update({path: states.state(path) for path in installed_files(module)})
    _leave_tools_alone(read, written)
    many = set(told.get("many", ())) - (set() if unseen else {"below"})
    unknown = probe is None or many or "?" in told.get("touched", {})
    return (*read.values(), *([SOME_FILES] if unknown else [])), tuple(written.values())


def _note_written(
    states: FileStates,
    told: Mapping[str, Any],
    read: dict[str, FileState],
    written: dict[str, FileState],
) -> None:
    """Note what the probe told to be written, with all that is in folders of the step's making."""
    for path, existed in told.get("written", {}).items():
        now = states.state(path)
        if now.digest is not None or existed:
            written[path] = now
        elif path in read and read[path].digest is None:
            del read[path]  # of the step's own making, and gone
        if now.digest == FOLDER and not existed:
            written.update(_all_in(states, path))
    for path in told.get("emptied", {}):
        if states.state(path).digest == FOLDER:
            written.update(_all_in(states, path))
            written.update(_names_in(path))


def _all_in(states: FileStates, folder: str) -> dict[str, FileState]:
    """What is in a folder that the step made or moved there: all of it is of its making."""
    paths = [path for path in Path(folder).rglob("*") if not path.is_dir()]
    return {str(path): states.state(str(path)) for path in paths[:_MOST_IN_FOLDER]}


def _names_in(folder: str) -> dict[str, FileState]:
    """The names in a folder that the step has emptied before, and in those below."""
    folders = [folder, *(str(path) for path in Path(folder).rglob("*") if path.is_dir())]
    found = {path: listing(path) for path in folders[:_MOST_IN_FOLDER]}
    return {f"{path}/": FileState(f"{path}/", digest) for path, digest in found.items()}


def _is_own_and_gone(folder: str, told: Mapping[str, Any]) -> bool:
    """Whether a folder is gone that the step itself had made, or one above it."""
    if Path(folder).exists():
        return False
    written = told.get("written", {})
    return any(written.get(str(path)) is False for path in (Path(folder), *Path(folder).parents))


def _at_that_time(states: FileStates, path: str, stamp: Sequence[Any] | None) -> FileState:
    """The state of a file when the probe noted its status."""
    if stamp is None:
        return FileState(path, None)
    size, modified, *_, digest = stamp
    if digest.startswith("sha256:"):
        return FileState(path, digest, size, modified)
    now = states.state(path)
    if digest or states.status(path) != tuple(stamp[:5]):
        if (now.digest or "").startswith("stat:"):
            return FileState(path, status_digest(stamp[:5]), size, modified)
        return FileState(path, UNKNOWN, size, modified)
    return now


def _compare(
    states: FileStates,
    then: FileState,
    read: dict[str, FileState],
    written: dict[str, FileState],
) -> None:
    """Note a file that may have been read or written, by whether it still is what it was."""
    known = read.setdefault(then.path, then)
    if not states.is_unchanged(known):
        written[then.path] = states.state(then.path)


def _leave_tools_alone(read: dict[str, FileState], written: dict[str, FileState]) -> None:
    try:
        home = Path.home()
    except RuntimeError:
        return
    folders = tuple(f"{home}/{name}/" for name in _OF_TOOLS)
    for path in [path for path in written if path.startswith(folders)]:
        del written[path]
        read.pop(path, None)
    for path in [p for p, s in read.items() if p.startswith(folders) and s.digest == UNKNOWN]:
        del read[path]
