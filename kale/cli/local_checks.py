"""Whether this machine has what Kale needs: packages, kernels, folders, a guarded configuration."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from kale.checkup import Check, Status, failed
from kale.cli.terminal import shown_path
from kale.errors import KaleError
from kale.printable import printable
from kale.version import __version__

#: Free bytes below which a run may well fail.
_LITTLE = 1024**3


def check_machine(kernel: str, folder: Path) -> Iterator[Check]:
    """The checks of this machine, for a notebook that names ``kernel`` and lies in ``folder``."""
    python = sys.version.split()[0]
    yield Check("Python", Status.OK, f"{python}, with Kale {__version__}")
    for name, use in (("papermill", ""), ("ipykernel", ""), ("kfp", _KFP), ("kubernetes", _K8S)):
        yield _distribution(name, use)
    yield _kernel(kernel)
    yield from _folders(folder)
    yield _configuration()


#: What packages that Kale can do without are for.
_KFP = "kale run --engine kfp-local and NAME.kfp.py"
_K8S = "snapshot_volumes"


def _distribution(name: str, use: str) -> Check:
    try:
        return Check(name, Status.OK, metadata.version(name))
    except metadata.PackageNotFoundError:
        remedy = f"pip install {name}"
    if use:
        return Check(name, Status.SKIPPED, f"not installed; only {use} need it", remedy)
    return Check(name, Status.FAILED, "not installed", remedy, "KALE640")


def _kernel(wanted: str) -> Check:
    from kale.runners.engines.kernel import choose_kernel, installed_kernels

    with warnings.catch_warnings():
        # IPython's, of a home that cannot be written to, which no kernel needs.
        warnings.simplefilter("ignore")
        installed = installed_kernels()
    found = choose_kernel(wanted, installed)
    names = ", ".join(sorted(map(printable, installed))) or "none"
    if found is None:
        remedy = "python -m ipykernel install --sys-prefix"
        return Check("kernel", Status.FAILED, f"there is no kernel of Python ({names})", remedy,
                     "KALE641")  # fmt: skip
    if found != wanted:
        return Check(
            "kernel",
            Status.WARNING,
            f"the notebook names `{printable(wanted)}`, and there are {names}; {found} is used",
            f"install that kernel here, or run with {found} on purpose",
            "KALE641",
        )
    return Check("kernel", Status.OK, printable(found))


def _folders(runs: Path) -> Iterator[Check]:
    from kale.runners.run_directory import user_store

    store = Path(os.environ.get("KALE_CACHE_DIR") or user_store())
    for what, folder in (
        ("runs", runs),
        ("cache", store),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        yield _folder(what, folder)


def _folder(what: str, folder: Path) -> Check:
    """Whether files can be made in a folder, or the folder itself."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    shown = shown_path(folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        remedy = "make it yours, or name another folder (XDG_CACHE_HOME, KALE_CACHE_DIR, TMPDIR)"
        return Check(
            what, Status.FAILED, f"you may not write to {shown_path(there)}", remedy, "KALE642"
        )
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Check(what, Status.SKIPPED, f"{shown}: {error.strerror}")
    room = f"{shown}, {free / 1024**3:.1f} GiB free"
    if free < _LITTLE:
        return Check(what, Status.WARNING, room, "make room: kale cache gc", "KALE642")
    return Check(what, Status.OK, room)


def _configuration() -> Check:
    from kale.cluster.config_file import config_path, read_clusters

    what, path = "configuration", config_path()
    try:
        clusters = read_clusters(path)
    except KaleError as error:
        return failed(what, error)
    if not clusters.all:
        return Check(what, Status.OK, f"there is no {shown_path(path)}, and there need not be")
    names = ", ".join(printable(one.name) for one in clusters.all if one.name)
    named = f"; clusters {names}" if names else ""
    return Check(what, Status.OK, f"{shown_path(path)}, which only you can read{named}")
