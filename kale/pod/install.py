"""What a step's pod installs before the step: what it asks for, and what its image lacks."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from .home import is_writable

#: What runs a notebook: distributions, which are called as their modules are.
_NEEDED = "papermill==2.7.0", "ipykernel==7.4.0"

#: Without it, values of the author's own classes and lambdas cannot be saved; others can.
_WANTED = ("cloudpickle==3.1.2",)


def install(step: str, words: Sequence[str], folder: Path) -> bool:
    """Install what is missing, and say what cannot be; whether the step can start.

    ``words`` are requirements as pip reads them, which have to be met, and after ``--if-missing``
    such as ``numpy==2.1.0``, which are for images without that distribution. ``--no-install``
    alone is for images that hold all. pip is not started for what is there, so that a complete
    image needs no network. Where the environment of this Python cannot be written, or its
    distributor wants it left alone, packages go to ``folder``.
    """
    if "--no-install" in words:
        return True
    cut = words.index("--if-missing") if "--if-missing" in words else len(words)
    explicit, inferred = words[:cut], words[cut + 1 :]
    required = [word for word in explicit if not _is_met(word)]
    others = []
    for word in inferred:
        name, _, version = word.partition("==")
        found = _version(name)
        if found is None:
            required.append(word)
        elif found != version:
            others.append(f"{name} {found} (not {version})")
    if others:
        _say(step, f"uses what its image holds: {', '.join(others)}.")
    named = {name.lower() for name in re.findall(r"(?m)^[\w.-]+", "\n".join(words))}
    required += _missing(_NEEDED, named)
    wanted = _missing(_WANTED, named)
    if wanted and _pip([*required, *wanted], folder) == 0:
        return True
    if required and _pip(required, folder):
        _say(step, f"pip could not install {', '.join(required)}. {_remedy()}")
        return False
    if wanted:
        _say(step, f"goes on without {', '.join(wanted)}.")
    return True


def _missing(pinned: Iterable[str], named: set[str]) -> list[str]:
    """Those that are neither there nor asked for in another way."""
    names = {word: word.partition("==")[0] for word in pinned}
    return [w for w, n in names.items() if n not in named and not importlib.util.find_spec(n)]


def _is_met(requirement: str) -> bool:
    """Whether a bare name, or a name with ``==version``, is there; pip decides all else."""
    match = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*(?:==\s*([^\s*,;]+))?\s*", requirement)
    found = match and _version(match[1])
    return bool(match and found and match[2] in (None, found))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pip(requirements: Sequence[str], folder: Path) -> int:
    """Install with pip, so that this process and its children can import it; pip's exit status."""
    # Variables, and not options, so that an older pip passes over those it does not know.
    env = {
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    options, base = [], folder / "packages"
    in_venv = sys.prefix != sys.base_prefix
    managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists() and not in_venv
    chosen = {"PIP_PREFIX", "PIP_TARGET", "PIP_USER"} & env.keys()
    if not chosen and (managed or not is_writable(Path(sysconfig.get_path("purelib")))):
        # A user's packages, unlike a prefix's, may be others than the image's; but a virtual
        # environment does not see them.
        options = ["--prefix", str(base)] if in_venv else ["--user"]
        env |= {"PYTHONUSERBASE": str(base), "PIP_BREAK_SYSTEM_PACKAGES": "1"}
    # No shell reads it, and nothing after `--` is an option.
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, "--", *requirements]
    status = subprocess.run(command, check=False, env=env).returncode  # noqa: S603
    for found in map(
        str, (*base.glob("lib*/python*/*-packages"), *base.glob("local/lib/*/*-packages"))
    ):
        if found not in sys.path:
            sys.path.insert(0, found)
            known = os.environ.get("PYTHONPATH")
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [found, known]))
    importlib.invalidate_caches()
    return status


def _remedy() -> str:
    if importlib.util.find_spec("pip") is None:
        return "Its image has no pip: use one that holds them, or one with pip."
    return "Use an image that holds them, or give the pod a package index that it can reach."


def _say(step: str, text: str) -> None:
    sys.stderr.write(f"kale: step {step}: {text}\n")
