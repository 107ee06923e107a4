"""Small step notebooks by hand, and their run by the pod's entry in a process of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def cell(source: str, *, tags: Iterable[str] = (), **kale: Any) -> dict[str, Any]:
    """A code cell; ``kale`` is its place in the author's notebook."""
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**6}",
        "metadata": {"tags": [*tags], "kale": kale},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(
    *cells: dict[str, Any],
    inputs: Mapping[str, list[str]] | None = None,
    outputs: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    metrics: Iterable[str] = (),
    single: Iterable[str] = (),
) -> dict[str, Any]:
    """A step notebook; ``inputs`` and ``outputs`` map variables to ports."""
    ports = {"inputs": inputs or {}, "outputs": outputs or {}, "parameters": parameters or {}}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [*cells],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "kale": {"metrics": [*metrics], "single": [*single], **ports},
        },
    }


class Pod:
    """A folder with the runtime as a pod has it, in which steps run."""

    def __init__(self, folder: Path) -> None:
        import kale.marshal

        self.folder, self.root = folder, folder / "runtime"
        self.root.mkdir()
        (self.root / "kale_runtime").symlink_to(Path(kale.marshal.__file__).parent)
        (self.root / "kale_pod").symlink_to(Path(kale.marshal.__file__).parents[1] / "pod")

    def command(
        self,
        step: str,
        book: dict[str, Any],
        *words: str,
        values: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        head: str = "",
    ) -> list[str]:
        """The command that runs a step; ``inputs`` and ``outputs`` are URIs or artifacts."""

        def artifacts(ports: Mapping[str, Any] | None) -> dict[str, Any]:
            made = {k: {"uri": a} if isinstance(a, str) else a for k, a in (ports or {}).items()}
            return {key: {"artifacts": [artifact]} for key, artifact in made.items()}

        file = str(self.folder / "out" / "output.json")
        executor_input = {
            "inputs": {"parameterValues": values or {}, "artifacts": artifacts(inputs)},
            "outputs": {"artifacts": artifacts(outputs), "outputFile": file},
        }
        encoded = base64.b64encode(zlib.compress(json.dumps(book).encode())).decode()
        code = (
            f"import sys; sys.path.insert(0, {str(self.root)!r}); {head}"
            "import kale_pod; sys.exit(kale_pod.main(*sys.argv[1:]))"
        )
        return [sys.executable, "-c", code, json.dumps(executor_input), step, encoded, *words]

    def run(self, *args: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a step; see :meth:`command`."""
        command = self.command(*args, **options)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, **self.surroundings
        )

    def start(self, *args: Any, **options: Any) -> subprocess.Popen[bytes]:
        """Start a step whose two streams are one pipe; see :meth:`command`."""
        command = self.command(*args, **options)
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, **self.surroundings)

    @property
    def surroundings(self) -> dict[str, Any]:
        """The folder and the environment that steps are started in."""
        env = {**os.environ, "PIP_NO_INDEX": "1", "PYTHONPATH": ""}
        del env["PYTEST_CURRENT_TEST"]  # a kernel that sees it leaves file descriptors alone
        return {"cwd": self.folder, "env": env}

    def written(self) -> dict[str, dict[str, Any]]:
        """The artifacts of the executor output."""
        told = json.loads((self.folder / "out" / "output.json").read_text())["artifacts"]
        return {key: one["artifacts"][0] for key, one in told.items()}
