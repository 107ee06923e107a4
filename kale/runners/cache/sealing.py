"""A file whose bytes are settled: known by its digest, read-only, and sealed so that a write shows.

The seal is the fraction of a second in the time of the last write. It is set to a number that
follows from the digest, and every later write puts another there. So damage by a program
shows without reading the file; what the disk forgets does not, and takes the digest to find.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

_DIGEST = re.compile(r"(?:(blake3|sha256):)?([0-9a-f]{64})")
_SECOND = 1_000_000_000


def split_digest(digest: str) -> tuple[str, str]:
    """The algorithm and the digits of ``algorithm:hex``; one without an algorithm is SHA-256's.

    Raises:
        ValueError: it is neither, or of an algorithm that Kale does not use.
    """
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise ValueError(f"{digest!r} is no digest")
    return found[1] or "sha256", found[2]


def matches(path: Path, digest: str) -> bool:
    """Whether a file's bytes have that digest; this reads all of it.

    Raises:
        ImportError: the algorithm is not installed here.
        OSError: the file cannot be read.
    """
    from kale.marshal.files import digest_file

    algorithm, digits = split_digest(digest)
    return digest_file(path, algorithm) == f"{algorithm}:{digits}"


def demand(path: Path, digest: str) -> None:
    """Raise ``ValueError`` unless :func:`matches`."""
    if not matches(path, digest):
        raise ValueError(f"{path} is not what its digest {digest} says")


def protect(path: Path, digest: str) -> None:
    """Make a file read-only and seal it, as written now. Who could not read it still cannot.

    Raises:
        OSError: it is not there, or another user's.
    """
    path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o444)
    _set_time(path, int(time.time()), _seal(digest))


def refresh(path: Path, digest: str) -> None:
    """Seal a file that is known to be sound, as written now; another user's stays as it is."""
    with suppress(PermissionError):
        _set_time(path, int(time.time()), _seal(digest))


def break_seal(path: Path) -> None:
    """Have everybody who trusts the seal read the file."""
    with suppress(PermissionError):
        _set_time(path, int(path.stat().st_mtime), 0)


def is_sealed(status: os.stat_result, digest: str) -> bool:
    """Whether a file of this status was sealed for that digest, and not written to since."""
    return status.st_mtime_ns % _SECOND == _seal(digest)


def _seal(digest: str) -> int:
    """Nanoseconds, not zero; whole microseconds, since some file systems keep no more."""
    return (int(split_digest(digest)[1][:8], 16) % 999_999 + 1) * 1000


def _set_time(path: Path, seconds: int, fraction: int) -> None:
    moment = seconds * _SECOND + fraction
    os.utime(path, ns=(moment, moment))
