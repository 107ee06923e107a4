"""The machine that the containers run on: a root folder, or the reason why there is none."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from pod.containers.podman import run_in
from pod.containers.root_folder import make_root


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A root folder with Python only, in which a container has run."""
    if shutil.which("podman") is None or shutil.which("runc") is None:
        pytest.skip("podman or runc is missing: apt-get install podman runc")
    folder = tmp_path_factory.mktemp("root")
    try:
        make_root(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine's Python cannot be copied into a root folder: {error}")
    tried = run_in(folder, ["python3", "-c", "import ssl, zlib; print('runs')"], restricted=True)
    if tried.stdout != "runs\n":
        pytest.skip(f"podman runs no container here: {tried.stderr.strip()}")
    return folder  # pytest removes it some runs later; at once it would be waited for
