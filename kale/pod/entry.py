"""The entry of a step's pod, which travels as text: installs what is missing, starts the step.

Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import site
import subprocess
import sys
from collections.abc import Sequence

#: What runs a notebook, by the module that shows it is there.
_NEEDED = {"papermill": "papermill>=2.6", "ipykernel": "ipykernel>=6.29"}

#: Without it, values of the author's own classes and lambdas cannot be saved; others can.
_WANTED = {"cloudpickle": "cloudpickle>=3.0"}


def main(executor_input: str, step: str, notebook: str, *packages: str) -> int:
    """Run a step; the exit status of its container.

    ``executor_input`` is KFP's JSON, ``notebook`` the step notebook as zlib and base64,
    ``packages`` are requirements as pip reads them. pip is not started for what is there, so
    that a complete image needs no network.
    """
    required = [_NEEDED[module] for module in _NEEDED if not importlib.util.find_spec(module)]
    required += [package for package in packages if not _installed(package)]
    wanted = [_WANTED[module] for module in _WANTED if not importlib.util.find_spec(module)]
    if required and _install(required):
        sys.stderr.write(
            f"kale: step {step}: pip could not install {', '.join(required)}. Use an image that"
            " holds them, or give the pod a package index that it can reach.\n"
        )
        return 1
    if wanted and _install(wanted):
        sys.stderr.write(f"kale: step {step}: goes on without {', '.join(wanted)}.\n")
    from .driver import main as run

    return run(executor_input, step, notebook)


def _installed(requirement: str) -> bool:
    """Whether a bare name, or a name with ``==version``, is there; pip decides all else."""
    match = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*(?:==\s*([^\s*,;]+))?\s*", requirement)
    if match is None:
        return False
    name, version = match.groups()
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return version in (None, found)


def _install(requirements: Sequence[str]) -> int:
    """Install with pip, and make it importable in this process too; pip's exit status."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check", "--root-user-action=ignore", "--"]
    command = [*pip, *requirements]  # no shell reads it, and nothing after `--` is an option
    status = subprocess.run(command, check=False).returncode  # noqa: S603
    # pip falls back to the user's folder, which may not have existed when Python started.
    if site.ENABLE_USER_SITE:
        site.addsitedir(site.getusersitepackages())
    importlib.invalidate_caches()
    return status
