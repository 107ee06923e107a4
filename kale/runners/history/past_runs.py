"""The runs of a pipeline that are still on this machine: listed, found by name, asked about."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from kale.diagnostics import nearest
from kale.errors import UsageError
from kale.printable import UNPRINTABLE
from kale.runners.cache.records import StepRecord
from kale.runners.history.past_run import PastRun, PastStep, read_run
from kale.runners.run_directory import run_stamp, user_store

#: How many runs back a step is looked for. Older ones matter to nobody, and reading takes time.
_MOST_RUNS = 20

#: How many runs an error names, and how much it repeats of what was given.
_SHOWN = 4
_WIDEST = 80


def past_runs(
    notebook_dir: Path, pipeline: str, *, notebook: str = "", besides: Path | None = None
) -> Iterator[PastRun]:
    """The runs of a pipeline that lie where runs do by default, newest first, read one by one.

    ``notebook`` is a file name: copies of a notebook in one folder have one pipeline's name, and
    then only the runs of that file are meant. ``besides`` is the directory of one that is left out.
    """
    for path in _run_folders(notebook_dir, pipeline):
        if besides is None or path != besides.absolute():
            run = read_run(path)
            if (
                run is not None
                and run.pipeline == pipeline
                and _is_ours(run, notebook_dir)
                and notebook in {"", Path(run.notebook).name}
            ):
                yield run


def runs_of(notebook_dir: Path, pipeline: str, *, notebook: str = "") -> list[PastRun]:
    """All of :func:`past_runs`."""
    return list(past_runs(notebook_dir, pipeline, notebook=notebook))


def find_run(
    notebook_dir: Path, pipeline: str, given: str | None, *, notebook: str = ""
) -> PastRun:
    """The run to resume.

    ``given`` is the name of its directory, or enough of it to be the only one, or a path. Without
    it, that is the newest run that does not go on: also one that succeeded, of which only a
    part may have been asked for. One step that ran alone is nothing to go on from, nor is a run of
    another file than ``notebook``.

    Raises:
        UsageError: there is none, or several, or it goes on (KALE508).
    """
    if not given:
        for run in past_runs(notebook_dir, pipeline, notebook=notebook):
            if run.status != "running" and "only" not in run.asked:
                return run
        raise UsageError(
            "KALE508",
            f"there is no run of `{pipeline}` to resume",
            hint="run it first, without `--resume`",
        )
    run = _named(notebook_dir, pipeline, given)
    if run.pipeline != pipeline:
        raise UsageError(
            "KALE508",
            f"run `{run.name}` is one of pipeline `{run.pipeline}`, not of `{pipeline}`",
            hint="`--list` shows the runs of this notebook",
        )
    if run.status == "running":
        raise UsageError(
            "KALE508",
            f"run `{run.name}` still goes on",
            hint="wait for its end, or stop it first",
        )
    return run


def _named(notebook_dir: Path, pipeline: str, given: str) -> PastRun:
    names: dict[str, Path] = {}
    for path in _run_folders(notebook_dir, pipeline):
        names.setdefault(path.name, path)
    fitting = [name for name in names if name.startswith(given)]
    if given in names:
        fitting = [given]
    if len(fitting) > 1:
        some = ", ".join(f"`{name}`" for name in fitting[:_SHOWN])
        more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
        raise UsageError(
            "KALE508", f"`{given}` may be any of {some}{more}", hint="give more of the name"
        )
    path = names[fitting[0]] if fitting else Path(given)
    run = read_run(path) if os.path.isdir(path) else None  # noqa: PTH112 - says no to any text
    if run is None:
        raise _no_run(pipeline, given, list(names))
    return run


def _no_run(pipeline: str, given: str, names: list[str]) -> UsageError:
    if os.path.isdir(given):  # noqa: PTH112 - says no to any text
        return UsageError(
            "KALE508",
            f"folder `{given}` holds no run that can be resumed",
            hint="`--list` shows the runs that can be",
        )
    given = given if len(given) <= _WIDEST else f"{given[: _WIDEST - 1]}…"
    close = nearest(given, names)
    hint = f"did you mean `{close}`? " if close else ""
    return UsageError(
        "KALE508",
        f"there is no run `{given}` of `{pipeline}`",
        hint=f"{hint}`--list` shows all" if names else "run it first, without `--resume`",
    )


# ----------------------------------------------------------------------- where they are


def _roots(notebook_dir: Path) -> tuple[Path, Path, Path]:
    """The folders that :func:`kale.runners.default_run_dir` may use."""
    own, temporary = notebook_dir.absolute() / ".kale", Path(tempfile.gettempdir()) / "kale"
    return own, user_store().parent, temporary.absolute()


def _run_folders(notebook_dir: Path, pipeline: str) -> list[Path]:
    """The directories of a pipeline's runs, newest first.

    Values are pickles, and loading one runs code: outside of the notebook's folder, only what this
    user made is looked at. Anybody may make ``/tmp/kale``.
    """
    own, *shared = _roots(notebook_dir)
    found: dict[Path, tuple[str, int]] = {}
    for root in (own, *shared):
        with suppress(OSError), os.scandir(root / "runs" / pipeline) as entries:
            for entry in entries:
                path = Path(entry.path)
                stamp = run_stamp(path)
                status = entry.stat(follow_symlinks=False)
                trusted = root == own or status.st_uid == os.geteuid()
                if stamp and stat.S_ISDIR(status.st_mode) and trusted:
                    found[path] = stamp
    return sorted(found, key=lambda path: (found[path], path), reverse=True)


def _is_ours(run: PastRun, notebook_dir: Path) -> bool:
    """Whether a run is of a notebook in this folder; folders of several notebooks share a cache.

    A folder may have moved, with the runs in it.
    """
    own, *_ = _roots(notebook_dir)
    if run.path.is_relative_to(own):
        return True
    return os.path.realpath(Path(run.notebook).parent) == os.path.realpath(notebook_dir)


# --------------------------------------------------------------------------- of a step


class EarlierSteps:
    """What earlier runs know of steps; newest first, and read only as far as it takes."""

    def __init__(self, runs: Iterable[PastRun]) -> None:
        self._unread = islice(runs, _MOST_RUNS)
        self._read: list[PastRun] = []

    def record(self, step: str) -> StepRecord | None:
        """The record in the newest run that has one of the step."""
        for run in self._runs():
            if (known := run.steps.get(step)) and (record := known.record):
                return record
        return None

    def last(self, step: str) -> tuple[PastRun, PastStep | None] | None:
        """The newest run that came to the step, and how it ended, if it did."""
        for run in self._runs():
            known = run.steps.get(step)
            if known is not None and known.began:
                return run, known
            if known is None and run.status == "killed" and step in run.order:
                return run, None
        return None

    def run(self, path: str) -> PastRun | None:
        """The run in a directory, of those that were read so far."""
        return next((run for run in self._read if str(run.path) == path), None)

    def _runs(self) -> Iterator[PastRun]:
        yield from self._read
        for run in self._unread:
            self._read.append(run)
            yield run


# --------------------------------------------------------------------------- commands


def resume_command(notebook: str, run: Path, extra: Sequence[str] = ()) -> str:
    """What to type to resume a run of a notebook: text for a shell, whatever is in the names.

    The run is named as shortly as :func:`find_run` understands. ``extra`` are further arguments.
    """
    known = run_stamp(run) is not None
    findable = known and run.absolute().parent.parent.parent in _roots(Path(notebook).parent)
    named = run.name if findable else _short_path(run)
    path = f"./{notebook}" if notebook.startswith("-") else notebook
    return " ".join(_quoted(word) for word in ("kale", "run", path, "--resume", named, *extra))


def _short_path(path: Path) -> str:
    full, here = path.absolute(), Path.cwd()
    text = str(full.relative_to(here) if full.is_relative_to(here) else full)
    # A bare name would be looked for among the runs first, and `-x` be an option.
    return text if os.sep in text else f"./{text}"


def _quoted(word: str) -> str:
    """A word for a POSIX shell; one that no terminal shows is written in escapes, as by ``ls``."""
    if not UNPRINTABLE.search(word):
        return shlex.quote(word)
    parts = []
    for char in word:
        if char in "'\\":
            parts.append(f"\\{char}")
        elif UNPRINTABLE.match(char):
            parts += [f"\\{byte:03o}" for byte in char.encode(errors="surrogateescape")]
        else:
            parts.append(char)
    return f"$'{''.join(parts)}'"
