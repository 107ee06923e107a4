"""Whose records are believed: those of the same user, or of whoever shares a secret.

A cache that came along with somebody's project could hold values that run code when they are
loaded. Each key is made with a secret of the user's, so that nobody else can make a record that is
found. The secret lies outside of all projects; ``KALE_CACHE_SECRET`` gives one for machines that
share a cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from kale.runners.cache.environment import Fingerprints

#: The variable that holds a secret for a shared cache.
SECRET = "KALE_CACHE_SECRET"  # noqa: S105 - the name of it


def owner_mark() -> str:
    """Text that is equal in all runs of one user, and that nobody else can guess.

    Where no file can be kept it is another one in each run: then nothing is found.
    """
    if shared := os.environ.get(SECRET):
        return hashlib.blake2b(shared.encode(), digest_size=16, person=b"kale cache").hexdigest()
    return Fingerprints(_state_home() / "kale" / "secret").of({"owner": "of the cache"})["owner"]


def _state_home() -> Path:
    named = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has relative paths ignored.
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        return Path.home() / ".local" / "state"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"kale-{os.getuid()}"
