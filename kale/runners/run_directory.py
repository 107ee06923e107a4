"""Where a run keeps its files, and how a directory for a new run is found.

::

    runtime/kale_runtime/…   the step runtime, on PYTHONPATH of every kernel
    steps/<step>.ipynb       the step notebooks as planned, with <step>.json, how to run each
    contexts/<step>.json     where the step's values are
    notebooks/<step>.ipynb   the executed notebooks, and each as a page, <step>.html
    values/<step>/<var>/     the saved values
    logs/<step>.log          what the step printed
    artifacts/<step>/…       the files that the step logged, with <step>.jsonl, the list of them
    metrics.json run.json report.html
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.errors import UsageError

#: Files that Kale writes as JSON are smaller than this, in bytes.
_LARGEST = 1 << 24

#: The folders that :func:`default_run_dir` makes: TIME and COUNTER.
_STAMP = re.compile(r"(\d{8}T\d{6}Z)-(\d+)")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The paths of one run below its absolute ``root``."""

    root: Path

    @property
    def runtime(self) -> Path:
        """The folder that holds the ``kale_runtime`` package."""
        return self.root / "runtime"

    def step_notebook(self, step: str) -> Path:
        """The step's notebook before it runs."""
        return self.root / "steps" / f"{step}.ipynb"

    def job(self, step: str) -> Path:
        """How the step's process is to run."""
        return self.root / "steps" / f"{step}.json"

    def context(self, step: str) -> Path:
        """The step context, which the step's load and save cells read."""
        return self.root / "contexts" / f"{step}.json"

    def metrics_of(self, step: str) -> Path:
        """The metrics that the step records."""
        return self.root / "contexts" / f"{step}.metrics.json"

    def decisions_of(self, step: str) -> Path:
        """How many items the loops have, and which branches are taken, that the step tells."""
        return self.root / "contexts" / f"{step}.decisions.json"

    def logged(self, step: str) -> Path:
        """The folder of the files that the step logs; the list of them lies beside it."""
        return self.root / "artifacts" / step

    def executed_notebook(self, step: str) -> Path:
        """The step's notebook with its outputs."""
        return self.root / "notebooks" / f"{step}.ipynb"

    def page(self, step: str) -> Path:
        """The executed notebook as HTML."""
        return self.root / "notebooks" / f"{step}.html"

    def values(self, step: str) -> Path:
        """The folder of the step's saved values."""
        return self.root / "values" / step

    def log(self, step: str) -> Path:
        """What the step printed."""
        return self.root / "logs" / f"{step}.log"

    def files_of(self, step: str) -> tuple[Path, ...]:
        """What a step leaves beside its values and what it logs, so far as it is there."""
        notebook, page, log = self.executed_notebook(step), self.page(step), self.log(step)
        return notebook, page, log, self.metrics_of(step), self.decisions_of(step)

    @property
    def metrics(self) -> Path:
        """The run's metrics, by name."""
        return self.root / "metrics.json"

    @property
    def result(self) -> Path:
        """The run's result, as ``kale run --json`` prints it."""
        return self.root / "run.json"

    @property
    def report(self) -> Path:
        """The run's report."""
        return self.root / "report.html"


def create_run_directory(path: Path) -> RunDirectory:
    """Make the folders of a new run in ``path``, which must be empty or not exist yet.

    Raises:
        UsageError: it holds something, or cannot be made or written (KALE504).
    """
    directory = RunDirectory(path.absolute())
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(
                "KALE504",
                f"run directory `{path}` is not empty",
                hint="name a folder that does not exist yet, or leave the option out",
            )
        for part in ("runtime", "steps", "contexts", "notebooks", "values", "logs"):
            (path / part).mkdir()
    except OSError as error:
        raise UsageError(
            "KALE504",
            f"run directory `{path}` cannot be written: {error.strerror or error}",
            hint="name another folder",
        ) from error
    return directory


def default_run_dir(notebook_dir: Path, pipeline: str) -> Path:
    """Make and return an empty folder for a new run, ``.kale/runs/PIPELINE/TIME-COUNTER``.

    It lies beside the notebook or, where that cannot be written, in the user's cache, or else
    in the folder for temporary files. TIME is UTC; the counter keeps runs of one second apart.

    Raises:
        UsageError: none of these can be written (KALE504).
    """
    roots = [notebook_dir / ".kale", _cache_home() / "kale", Path(tempfile.gettempdir()) / "kale"]
    for root in roots:
        try:
            root.mkdir(parents=True, exist_ok=True)
            ignore = root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            return _new_folder(root / "runs" / pipeline)
        except OSError as error:
            failure = error
    raise UsageError(
        "KALE504",
        f"no folder for the run can be made: {failure.strerror or failure}",
        hint="name one with `--run-dir`",
    )


def run_stamp(run: Path) -> tuple[str, int] | None:
    """When a folder of :func:`default_run_dir` was made, to sort by; ``None`` for any other."""
    found = _STAMP.fullmatch(run.name)
    if found is None or run.parent.parent.name != "runs":
        return None
    return found[1], int(found[2])


def store_root(run: Path) -> Path:
    """The folder of the store that a run's values go to, ``cache`` beside ``runs``.

    For a run in a folder that the user named, that is in the user's cache; the variable
    ``KALE_CACHE_DIR`` names the folder for all runs.
    """
    if named := os.environ.get("KALE_CACHE_DIR"):
        return Path(named).absolute()
    if run_stamp(run) is None:
        return user_store()
    return run.parent.parent.parent / "cache"


def user_store() -> Path:
    """The folder of the store in the user's cache."""
    return _cache_home() / "kale" / "cache"


@contextmanager
def in_use(run: Path) -> Iterator[None]:
    """Keep ``kale cache gc`` from taking a run directory for one that has ended."""
    descriptor = os.open(run, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _cache_home() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return Path(tempfile.gettempdir())


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    counter = 1
    while True:
        folder = parent / f"{stamp}-{counter}"
        try:
            # Of two processes only one succeeds in making it.
            folder.mkdir()
        except FileExistsError:
            counter += 1
        else:
            return folder.absolute()


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write ``value`` so that a reader sees all of it or nothing."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``; an empty one if there is no such file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def read_plain_json(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file that anybody may have written; an empty one if it is none."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
