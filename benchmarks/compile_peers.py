"""Kale installed as users have it, kubeflow-kale, and the CPU time of their commands."""

from __future__ import annotations

import compileall
import os
import resource
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

from compile_notebooks import small_steps
from engine_notebooks import write

REPOSITORY = Path(__file__).parent.parent


def cpu_seconds(command: list[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """CPU seconds, user and system, of a command with all its children.

    Raises:
        RuntimeError: it fails, so that the time would mean nothing.
    """
    # Byte code is written and found as it is at a user's.
    kept = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**kept, **(env or {})},
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)} failed ({done.returncode}): {said[-3000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def install(folder: Path) -> Path:
    """A virtual environment with this Kale in it, not editable; the path of its Python.

    An editable install, and what else a developer's environment starts with, adds 0.01 s to any
    start of Python. What Kale needs is taken from the environment that runs this.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    no_code = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "kale", packages / "kale", ignore=no_code)
    shutil.copytree(REPOSITORY / "templates", packages / "kale" / "templates", ignore=no_code)
    compileall.compile_dir(packages, quiet=1)
    (packages / "needs.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    script = folder / "bin" / "kale"
    script.write_text(f"#!{python}\nimport sys\nfrom kale.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return python


class Compiler:
    """A ``kale`` that compiles notebooks of so many steps, in a folder of its own."""

    def __init__(self, kale: Path, folder: Path, *, steps_as: str, words: list[str]) -> None:
        self._kale, self._folder, self._steps_as, self._words = kale, folder, steps_as, words
        folder.mkdir()

    def compile(self, steps: int, env: Mapping[str, str] | None = None) -> float:
        """CPU seconds of compiling a notebook of so many steps."""
        folder = self._folder / str(steps)
        if not folder.exists():
            folder.mkdir()
            write(folder / "small.ipynb", small_steps(steps), steps_as=self._steps_as)
        return cpu_seconds([str(self._kale), *self._words, "small.ipynb"], folder, env)

    def package_size(self, steps: int) -> int:
        """The bytes of the package that was made of the notebook of so many steps."""
        (package,) = (self._folder / str(steps)).rglob("*.yaml")
        return package.stat().st_size


def ours(kale: Path, folder: Path) -> Compiler:
    """The Kale of these sources."""
    return Compiler(kale, folder, steps_as="block", words=["compile"])


def theirs(kale: Path, folder: Path) -> Compiler:
    """kubeflow-kale, whose word for a step's tag is ``step:``."""
    return Compiler(kale, folder, steps_as="step", words=["--nb"])
