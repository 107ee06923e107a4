"""Which Python the kernel of a notebook runs, told without starting the kernel."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kale.runners.cache.installed import site_folders

#: What another interpreter is asked.
_QUESTION = """
import json, platform, sys
print(json.dumps([sys.version + platform.python_implementation(), sys.path,
                  sorted(getattr(sys, 'stdlib_module_names', ()))]))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: ``version`` with its build, the folders of its packages, its own modules.

    ``kernel`` is how it is started as a kernel, as text.
    """

    version: str
    folders: tuple[str, ...]
    standard: frozenset[str]
    kernel: str = ""


def interpreter_of(kernel: str) -> Interpreter:
    """The interpreter of the kernel of that name; this one if no other can be found."""
    command, text = _kernel_command(kernel)
    if command and not _is_this(command):
        with suppress(OSError, ValueError, subprocess.SubprocessError):
            answer = subprocess.run(  # noqa: S603 - the program that the kernel itself runs
                [command, "-c", _QUESTION],
                capture_output=True,
                check=True,
                timeout=60,
                env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
                cwd=Path(command).parent,
            )
            version, path, standard = json.loads(answer.stdout)
            return Interpreter(version, tuple(site_folders(path)), frozenset(standard), text)
    version = sys.version + platform.python_implementation()
    return Interpreter(version, tuple(site_folders()), frozenset(sys.stdlib_module_names), text)


def _kernel_command(kernel: str) -> tuple[str, str]:
    """The program of a kernel, if it is named in full, and the text of its specification."""
    if Path(kernel).name != kernel:
        return "", ""
    for folder in _kernel_folders():
        with suppress(OSError, ValueError, KeyError, IndexError, TypeError):
            text = (folder / kernel / "kernel.json").read_text(encoding="utf-8")
            program = str(json.loads(text)["argv"][0])
            return (program if Path(program).is_absolute() else ""), text
    return "", ""


def _kernel_folders() -> Iterator[Path]:
    """Where Jupyter looks for kernels, in its order."""
    for path in filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep)):
        yield Path(path, "kernels")
    own = Path(sys.prefix, "share", "jupyter", "kernels")
    with suppress(RuntimeError):
        named = os.environ.get("JUPYTER_DATA_DIR")
        user = Path(named) if named else Path.home() / ".local" / "share" / "jupyter"
        # In a virtual environment its own kernels come first.
        yield from (
            (own, user / "kernels")
            if sys.prefix != sys.base_prefix
            else (
                user / "kernels",
                own,
            )
        )
    for system in ("/usr/local", "/usr"):
        yield Path(system, "share", "jupyter", "kernels")


def _is_this(command: str) -> bool:
    """Whether a program is the interpreter of this process, in the same environment."""
    return Path(command).parent == Path(sys.executable).parent and (
        Path(command).resolve() == Path(sys.executable).resolve()
    )
