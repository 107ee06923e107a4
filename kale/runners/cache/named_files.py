"""Files that code names by constant strings: what C libraries and other programs open unheard.

Whether such a file is read or written nobody can tell from the code. So its state before the step
is noted, and compared with the one after (:mod:`kale.runners.cache.recall`).
"""

# Paths are text here: there are thousands of them.
# ruff: noqa: PTH110, PTH111, PTH112, PTH113, PTH118, PTH207
from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from kale.runners.cache.file_marks import split_words

#: At most so many words of the code are looked up as names of files, and paths in folders of it.
_WORDS = 4000
_PAIRS = 4000

#: So many constant strings of earlier steps are tried as names of files.
_HANDED_ON = 500

#: Of the folders that it names, at most so many files.
_IN_FOLDERS = 500

_LONGEST = 1024

#: The system's own: no data of anybody's, and files of which some can be read only by waiting.
_SYSTEM = ("/proc/", "/sys/", "/dev/")


def named_files(texts: Iterable[str], cwd: Path, *, whole_folders: bool) -> dict[str, bool]:
    """The files and folders that constant strings name, absolute; whether one is only in a folder.

    Besides the strings that are names themselves, these are words of them, as in commands, and
    names in folders that other strings name. With ``whole_folders`` all files of such a folder
    and of such a pattern count.
    """
    base = str(cwd)
    words = dict.fromkeys(word for text in texts for word in _words(text))
    found: dict[str, bool] = {}
    folders: list[str] = []
    for word in [*words][:_WORDS]:
        path = _normal(os.path.join(base, os.path.expanduser(word)))
        if f"{path}/".startswith(_SYSTEM):
            continue
        if os.path.isfile(path):
            found[path] = False
        elif os.path.isdir(path) and not _contains(path, base):
            folders.append(path)
            found[path] = False
        elif whole_folders and glob.has_magic(word):
            found.update(_files_below(sorted(glob.iglob(path)), found))
    names = [word.lstrip("/") for word in words if "." in word.strip("./")]
    pairs = ((folder, name) for folder in folders for name in names)
    for number, (folder, name) in enumerate(pairs):
        if number == _PAIRS:
            break
        path = _normal(f"{folder}/{name}")
        if os.path.isfile(path):
            found.setdefault(path, False)
    if whole_folders:
        found.update(_files_below(folders, found))
    return found


def likely_names(texts: Iterable[str], cwd: Path) -> frozenset[str]:
    """The strings that may name files in other steps: those of many that name some now, first."""
    fit = sorted(text for text in texts if 0 < len(text) < 200 and not re.search(r"\s", text))
    if len(fit) > _HANDED_ON:
        fit.sort(key=lambda text: (not os.path.exists(cwd / text), not {*text} & {*"./"}))
    return frozenset(fit[:_HANDED_ON])


def declared_files(patterns: Iterable[str], cwd: Path) -> dict[str, list[str]]:
    """The files that an author declares, by pattern relative to the notebook; absolute paths."""
    found = {}
    for pattern in patterns:
        path = os.path.join(str(cwd), os.path.expanduser(pattern))
        matching = [path] if os.path.lexists(path) else sorted(glob.iglob(path, recursive=True))
        files: list[str] = []
        for one in matching:
            if os.path.isdir(one):
                files += [f"{top}/{name}" for top, _, names in os.walk(one) for name in names]
            else:
                files.append(one)
        found[pattern] = sorted(map(_normal, files))
    return found


def _words(text: str) -> list[str]:
    if len(text) <= _LONGEST and "\0" not in text:
        plain = not any(sign in text for sign in " \n\t'\"=;|&<>()`,")
        return [text] if plain else [text, *split_words(text)]
    return split_words(text) if "\0" not in text else []


def _files_below(paths: Iterable[str], known: dict[str, bool]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for path in paths:
        below = [path] if os.path.isfile(path) else _walk(path)
        for file in below:
            if len(found) >= _IN_FOLDERS:
                return found
            if file not in known:
                found[file] = True
    return found


def _walk(folder: str) -> list[str]:
    files: list[str] = []
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {".kale", "__pycache__", ".git", ".ipynb_checkpoints"})
        files += [f"{top}/{name}" for name in sorted(names)]
        if len(files) > _IN_FOLDERS:
            break
    return files


def _normal(path: str) -> str:
    """As the probe writes a path: the same file must have one name."""
    if ".." in path:
        head, tail = os.path.split(path)
        return os.path.join(os.path.realpath(head), tail)
    return os.path.normpath(path)


def _contains(folder: str, base: str) -> bool:
    """Whether a folder is the notebook's own or one above it: that names no data."""
    return f"{base}/".startswith(f"{folder.rstrip('/')}/")
