"""``kale logs``: the executed notebook of a failed step, out of what its pod printed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kale.cli.connection_options import CONNECTION
from kale.cli.options import debug_option, json_option, not_empty, with_options
from kale.cli.terminal import print_json, shown_path
from kale.diagnostics import from_error
from kale.errors import KaleError, RunError, UsageError, raise_all

if TYPE_CHECKING:
    from kale.cluster.following import StepFailure
    from kale.pod_logs import LoggedNotebook

#: How many runs an error names.
_SHOWN = 4

#: How many damaged notebooks are told of.
_MOST = 20


@click.command("logs")
@click.argument("log", metavar="FILE|RUN", callback=not_empty)
@click.option(
    "-o", "--output", type=click.Path(), metavar="DIR", default=".", callback=not_empty,
    help="The folder to write to, made if need be; by default this one.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over notebooks that are there.")
@click.option(
    "--step", "steps", multiple=True, metavar="STEP",
    help="This step only, repeatable; by default all that have a notebook in the log.",
)  # fmt: skip
@with_options(CONNECTION)
@json_option
@debug_option
def logs_command(
    log: str, output: str, force: bool, steps: tuple[str, ...], as_json: bool, **connection: Any
) -> None:
    """Write STEP.ipynb for each step whose executed notebook is in a log; nothing is run.

    When a step fails, Kubeflow Pipelines keeps its log alone, so the step prints its executed
    notebook there. FILE is that log, as `kubectl logs`, `argo logs` or a log service gives it, or
    `-` for standard input; RUN the identifier of a run on a cluster, whose logs are fetched, a
    run's folder, or the name of a run of `--engine kfp-local`.
    """
    written: dict[str, str] = {}
    failures: list[StepFailure] = []
    try:
        found, errors = _fetched(log, connection, steps, failures)
        _write(found, Path(output), written, errors, force=force)
    except KaleError as error:
        if not as_json:
            _print(failures, written)
            raise
        findings = [finding.as_json() for finding in from_error(error)]
        print_json(_document(written, failures) | {"diagnostics": findings})
        raise click.exceptions.Exit(error.exit_code) from error
    if as_json:
        print_json(_document(written, failures) | {"diagnostics": []})
    else:
        _print(failures, written)


def _document(written: dict[str, str], failures: list[StepFailure]) -> dict[str, Any]:
    from kale.cli.following import failure_json

    told = {"failures": [failure_json(failure) for failure in failures]} if failures else {}
    return {"notebooks": written, **told}


def _print(failures: list[StepFailure], written: dict[str, str]) -> None:
    """Print why steps failed on standard error, and the paths on standard output."""
    from kale.cli.following import print_failure

    for failure in failures:
        print_failure(failure)
    for path in written.values():
        click.echo(shown_path(Path(path)))


def _write(
    found: Iterable[LoggedNotebook],
    folder: Path,
    written: dict[str, str],
    errors: list[KaleError],
    *,
    force: bool,
) -> None:
    """Write the newest sound notebook of each step, noting its path in ``written``.

    Raises:
        KaleError: there are ``errors``, some notebooks are damaged (KALE517), or a file cannot be
            written (KALE011) or is there (KALE518); the rest is written.
    """
    found = list(found)
    # A log may say that it holds any number of them.
    damaged = [*{(one.step, one.damage): None for one in found if one.damage}]
    errors += [
        RunError(
            "KALE517",
            f"the notebook of step `{step}` in this log is damaged: {damage}",
            hint="save the whole log, from its first line on",
        )
        for step, damage in damaged[:_MOST]
    ]
    newest = {notebook.step: notebook.content for notebook in found if not notebook.damage}
    counts = Counter(notebook.step for notebook in found)
    for step, content in newest.items():
        if counts[step] > 1:
            text = f"step `{step}`: {counts[step]} notebooks in the log, the last sound one is kept"
            click.echo(text, err=True)
        try:
            written[step] = str(_write_file(folder / f"{step}.ipynb", content, force=force))
        except KaleError as error:
            errors.append(error)
    raise_all(errors)


def _write_file(path: Path, content: bytes, *, force: bool) -> Path:
    """Write a file whole or not at all; its path."""
    if not force and os.path.lexists(path):
        raise UsageError(
            "KALE518",
            f"`{path}` is there already",
            hint="name another folder with `-o DIR`, or add `--force`",
        )
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kale-", dir=path.parent) as waiting:
            new = Path(waiting, path.name)
            new.write_bytes(content)
            new.replace(path)
    except OSError as error:
        raise UsageError(
            "KALE011",
            f"`{path}` cannot be written: {error.strerror or error}",
            hint="name another folder with `-o DIR`",
        ) from error
    return path


# ----------------------------------------------------------------------------- which logs


def _fetched(
    given: str, connection: dict[str, Any], steps: tuple[str, ...], failures: list[StepFailure]
) -> tuple[list[LoggedNotebook], list[KaleError]]:
    """The notebooks in what was named, and errors about the rest; ``failures`` gets the reasons.

    Raises:
        KaleError: there is nothing of that name, it cannot be read, or no notebook is in it.
    """
    from kale.cli.run_logs import is_run_id, read_run_logs

    on_cluster = is_run_id(given) and not os.path.lexists(given)
    if on_cluster:
        logs = read_run_logs(given, connection, steps)
        failures += logs.failures
        return [*logs.notebooks], [*logs.errors]
    if any(connection.values()):
        raise UsageError(
            "KALE515",
            f"`{given}` is no identifier of a run on a cluster",
            hint="it stands in the address of the run's page, as 8c1e2d7a-…; files need no --host",
        )
    found = list(_read(given))
    chosen = [one for one in found if not steps or one.step in steps]
    if found and not chosen:
        raise RunError(
            "KALE516",
            f"no executed notebook of {_named(steps)} is in `{given}`",
            hint=f"there is one of {_named([one.step for one in found])}",
        )
    if not found:
        raise _nothing(given)
    return chosen, []


def _named(steps: Iterable[str]) -> str:
    shown = [*dict.fromkeys(steps)]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(f"`{step}`" for step in shown[:_SHOWN]) + more


def _read(given: str) -> Iterator[LoggedNotebook]:
    """The notebooks in what was named.

    Raises:
        UsageError: there is no such log or run, or it cannot be read (KALE515).
        RunError: it is no log (KALE517).
    """
    from kale.pod_logs import logged_notebooks

    for path in [0] if given == "-" else _logs(given):
        try:
            with open(path, "rb", closefd=path != 0) as log:
                yield from logged_notebooks(log)
        except OSError as error:
            name = "standard input" if path == 0 else f"log `{path}`"
            raise UsageError(
                "KALE515",
                f"{name} cannot be read: {error.strerror or error}",
                hint="see to its permissions, or save it anew",
            ) from error


def _logs(given: str) -> list[Path]:
    """The files to look into; oldest first."""
    if os.path.isdir(given):  # noqa: PTH112 - says no to any text
        return _logs_in(Path(given))
    if os.path.exists(given):  # noqa: PTH110 - as above
        return [Path(given)]
    runs = [run for run in _runs() if run.name.startswith(given)]
    exact = [run for run in runs if run.name == given]
    if len(exact or runs) > 1:
        some = ", ".join(f"`{run}`" for run in (exact or runs)[:_SHOWN])
        raise UsageError("KALE515", f"`{given}` may be any of {some}", hint="name one by its path")
    if not runs:
        raise UsageError(
            "KALE515",
            f"there is no log and no run `{given}`",
            hint="save a pod's log with `kubectl logs POD -c main > FILE`, and name that file",
        )
    return _logs_in((exact or runs)[0])


def _logs_in(folder: Path) -> list[Path]:
    """The logs of a run, or those in any other folder."""
    own = folder / "logs"
    found = (own if own.is_dir() else folder).glob("*.log")
    return sorted((path for path in found if path.is_file()), key=os.path.getmtime)


def _runs() -> Iterator[Path]:
    """The folders of runs, where runs are by default."""
    from kale.runners.run_directory import run_stamp, user_store

    for root in (Path(".kale"), user_store().parent):
        with suppress(OSError):
            for pipeline in sorted((root / "runs").iterdir()):
                if pipeline.is_dir():
                    yield from (run for run in sorted(pipeline.iterdir()) if run_stamp(run))


def _nothing(given: str) -> RunError:
    """Nothing was found; a run on this machine may have its notebooks elsewhere."""
    hint = "take the log of the failed pod's container `main`, from its first line on"
    for folder in [Path(given), *(run for run in _runs() if run.name.startswith(given))]:
        with suppress(OSError, ValueError):
            if any((folder / "notebooks").glob("*.ipynb")):
                hint = f"the executed notebooks of this run are in `{folder / 'notebooks'}`"
    return RunError("KALE516", f"no executed notebook is in `{given}`", hint=hint)
