"""Runs commands in containers by podman, on a root folder of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

#: crun does not run everywhere, and higher limits than these are refused in some places.
PODMAN = ("podman", "--runtime", "runc", "run", "--rm", "--network=host")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")

#: No root, and nothing that may be written but ``/tmp`` and what is mounted.
RESTRICTED = ("--user", "1000:1000", "--read-only")


def run_in(
    root: Path,
    argv: Iterable[str],
    *,
    mounts: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    restricted: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a command on the root folder ``root``, which keeps what it wrote unless ``restricted``.

    ``mounts`` are written ``HERE:THERE`` or ``HERE:THERE:ro``. pip finds packages where it finds
    them on this machine.
    """
    pip, folders = _pip_settings()
    given = {"PATH": "/usr/local/bin:/usr/bin", "LANG": "C.UTF-8", **(environment or {})}
    volumes = [*mounts, *(f"{folder}:{folder}:ro" for folder in sorted(folders))]
    return subprocess.run(
        [
            *PODMAN,
            *LIMITS,
            *(RESTRICTED if restricted else ()),
            *(f"--volume={volume}" for volume in volumes),
            *(f"--env={name}" for name in pip),  # values may hold what no command line should
            *(f"--env={name}={value}" for name, value in given.items()),
            "--rootfs",
            f"{root}:O" if restricted else str(root),
            *argv,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, **pip},
    )


def _pip_settings() -> tuple[dict[str, str], set[Path]]:
    """pip's settings here as variables, and the folders of this machine that they name."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in {"global", "install"}:
            words = value.strip("'\"").replace("\\n", " ")
            found["PIP_" + key.upper().replace("-", "_")] = words
    found |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    folders = set()
    for word in " ".join(found.values()).split():
        parts = urlsplit(word)
        if parts.scheme == "file":
            # The pages of an index point to files beside it.
            folders.add(Path(url2pathname(parts.path)).parent)
        elif word.startswith("/") and Path(word).is_dir():
            folders.add(Path(word))
    return found, folders - {Path("/")}
