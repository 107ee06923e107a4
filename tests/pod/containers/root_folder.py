"""A root file system with Python, pip and /bin/sh, and nothing else, made from this machine's.

`python:3.11-slim` cannot be had without a registry; a folder like this can, within seconds.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

#: Of the standard library: what a small image has no use for.
LEFT_OUT = ("site-packages", "dist-packages", "test", "tests", "idlelib", "config-*", "*tk*")

#: What wheels take from every system beside the libraries that Python itself is linked to.
OF_WHEELS = ("libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1")

PEOPLE = "root:x:0:0:root:/root:/bin/sh\nperson:x:1000:1000:person:/home/person:/bin/sh\n"


def make_root(root: Path) -> None:
    """Fill the folder ``root``, with Python in ``/usr/local`` as in Docker's official images.

    Raises:
        OSError, subprocess.CalledProcessError: this machine's Python cannot be copied.
    """
    for folder in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for folder in (
        "dev",
        "etc/ssl/certs",
        "home/person",
        "proc",
        "root",
        "sys",
        "tmp",
        "usr/local",
    ):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    os.chown(root / "home/person", 1000, 1000)
    (root / "etc/passwd").write_text(PEOPLE)
    (root / "etc/group").write_text("root:x:0:\nperson:x:1000:\n")
    authorities = Path("/etc/ssl/certs/ca-certificates.crt")
    if authorities.exists():
        shutil.copy(authorities, root / "etc/ssl/certs")
    shutil.copy("/bin/sh", root / "usr/bin/sh")
    _copy_python(root / "usr/local")
    programs = [root / "usr/bin/sh", *(root / "usr/local").rglob("*.so"), *_programs(root)]
    for library in sorted({*_linked(programs), *_found(OF_WHEELS)}):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(library, target)
    (root / "etc/ld.so.conf").write_text("/usr/local/lib\n")
    subprocess.run(["/sbin/ldconfig", "-r", root], check=True)


def _copy_python(prefix: Path) -> None:
    """The interpreter, its standard library and pip."""
    version = f"python{sysconfig.get_python_version()}"
    library = prefix / "lib" / version
    skip = shutil.ignore_patterns(*LEFT_OUT, "*.a")
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=skip, symlinks=True)
    (library / "site-packages").mkdir()
    (prefix / "bin").mkdir()
    shutil.copy(os.path.realpath(sys.executable), prefix / "bin" / version)
    for name in ("python3", "python"):
        (prefix / "bin" / name).symlink_to(version)
    shared = Path(
        str(sysconfig.get_config_var("LIBDIR")), str(sysconfig.get_config_var("INSTSONAME"))
    )
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and shared.exists():
        shutil.copy(shared, prefix / "lib")
    for file in importlib.metadata.files("pip") or ():
        if ".." not in file.parts:
            target = library / "site-packages" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)


def _programs(root: Path) -> Iterable[Path]:
    return [p for p in (root / "usr/local/bin").iterdir() if not p.is_symlink()]


def _linked(files: Iterable[Path]) -> set[str]:
    """The paths of the libraries that programs and libraries are linked to, as ldd names them."""
    told = subprocess.run(
        ["ldd", *files], capture_output=True, text=True, check=False  # static ones make it fail
    ).stdout  # fmt: skip
    own = str(sysconfig.get_config_var("LIBDIR"))
    found = re.findall(r"^\t(?:.* => )?(/\S+) \(0x", told, re.MULTILINE)
    return {path for path in found if not path.startswith(own)}


def _found(names: Iterable[str]) -> set[str]:
    """The paths of the libraries of these names that this machine has."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    return {
        found[1]
        for name in names
        if (found := re.search(rf"{re.escape(name)} .*=> (\S+)", known.stdout))
    }
