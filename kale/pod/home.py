"""A pod's user may own nothing, and its file system may be read-only: where caches go then."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: Where programs that a step needs keep what they may lose: their variables, and what else holds.
_CACHES = {
    "XDG_CACHE_HOME": "~/.cache",
    "IPYTHONDIR": "~/.ipython",
    "JUPYTER_RUNTIME_DIR": "~/.local/share/jupyter/runtime",
    "MPLCONFIGDIR": "~/.config/matplotlib",
}


def use_home(folder: Path) -> None:
    """Put home and caches that cannot be written into ``folder``; leave all others.

    What the home holds (credentials, settings, packages of the user's) is found as before.
    """
    home = _path("~")
    if not is_writable(home):
        made = folder / "home"
        made.mkdir()
        os.environ["HOME"] = str(made)
        with suppress(OSError):  # there may be no home at all
            for entry in () if home == Path("/") else home.iterdir():
                (made / entry.name).symlink_to(entry)
    for name, usual in _CACHES.items():
        if not is_writable(_path(os.environ.get(name) or usual)):
            os.environ[name] = str(folder / name.lower())


def is_writable(path: Path) -> bool:
    """Whether one may write in a folder, or make it."""
    there = next((p for p in (path, *path.parents) if p.exists()), path)
    return path.is_absolute() and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111 - fails where nobody has a home
