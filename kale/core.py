"""The composition root: a notebook or an SDK file in; pipeline, files or a finished run out.

No logic of its own. Where a function takes a ``notebook``, that may be a Python file, too, whose
pipeline is a function with the decorator ``kale.sdk.pipeline``; ``FILE.py::NAME`` names one of
several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kale import static_analysis
from kale.compilation import Compilation, compilation
from kale.diagnostics import strictly, to_errors
from kale.errors import raise_all
from kale.files import write_files
from kale.ir import AnalyzedPipeline, Plan, Volumes
from kale.loading import NO_SETTINGS as _NOTHING
from kale.loading import PathLike, active_cells, load
from kale.packable import package_findings, with_environment
from kale.static_analysis import Examination

if TYPE_CHECKING:
    from kale.runners import Observer, PastRun, RunOptions, RunResult
    from kale.runners.verify import Verification

__all__ = [
    "PathLike", "check", "compile_notebook", "compile_plan", "examine", "load", "plan",
    "run", "run_package", "run_plan", "runs", "verify",
]  # fmt: skip


def check(
    notebook: PathLike, settings: Mapping[str, str] = _NOTHING, *, strict: bool = False
) -> AnalyzedPipeline:
    """Read and analyse a tagged notebook; nothing is run or written.

    ``strict`` refuses what is otherwise a warning, or an edge inferred from data. Silenced
    findings are neither refused nor in the result.

    Raises:
        KaleError: the notebook is refused; all the reasons at once.
    """
    found = examine(notebook, settings)
    raise_all(found.errors)
    if strict:
        raise_all(to_errors(strictly(found.diagnostics)))
    assert found.analyzed is not None
    return found.analyzed


def examine(notebook: PathLike, settings: Mapping[str, str] = _NOTHING) -> Examination:
    """All that :func:`check` finds, errors beside warnings; silenced findings are left out.

    Raises:
        KaleError: the notebook cannot be read or is not well formed.
    """
    pipeline = load(notebook, settings)
    found = static_analysis.examine(pipeline)
    kept = pipeline.suppression.keep(found.diagnostics)
    silenced = len(found.diagnostics) - len(kept)
    analyzed = found.analyzed and replace(found.analyzed, diagnostics=kept, silenced=silenced)
    return replace(found, analyzed=analyzed, diagnostics=kept, silenced=silenced)


def plan(
    notebook: PathLike, settings: Mapping[str, str] = _NOTHING, *, strict: bool = False
) -> Plan:
    """Read, analyse and plan a tagged notebook; ``strict`` as for :func:`check`.

    Raises:
        KaleError: the notebook is refused.
    """
    return _plan(check(notebook, settings, strict=strict))


def _plan(analyzed: AnalyzedPipeline) -> Plan:
    from kale.codegen import make_plan

    folder = Path(analyzed.pipeline.path).parent
    modules = static_analysis.with_own_modules(analyzed.modules, folder)
    return make_plan(replace(analyzed, modules=modules))


def compile_notebook(
    notebook: PathLike,
    output: PathLike | None = None,
    settings: Mapping[str, str] = _NOTHING,
    *,
    strict: bool = False,
    lock: bool = False,
    manifests: str | None = None,
) -> Compilation:
    """Write the Kubeflow Pipelines script and package and a notebook for each step.

    ``strict`` as for :func:`check`; the rest as for :func:`compile_plan`.

    Raises:
        KaleError: the notebook is refused, or the folder cannot be written.
    """
    planned = plan(notebook, settings, strict=strict)
    return compile_plan(planned, output, strict=strict, lock=lock, manifests=manifests)


def compile_plan(
    planned: Plan,
    output: PathLike | None = None,
    *,
    strict: bool = False,
    lock: bool = False,
    manifests: str | None = None,
) -> Compilation:
    """Write the files of a plan's package.

    They go to the folder ``output``, by default the notebook's own; with ``lock`` a file of what
    the steps install, too. ``manifests`` is a namespace, or empty for none: custom resources
    are written in the place of the package. ``strict`` refuses what is a warning about it.

    Raises:
        KaleError: the package is refused, or the folder cannot be written.
    """
    from kale.codegen import emit_files

    planned, odd = with_environment(planned)
    name, files = planned.pipeline.name, emit_files(planned)
    if lock:
        from kale.environment import lock_text

        text, more = lock_text(planned, planned.environment)
        files, odd = {**files, PurePosixPath(f"{name}.requirements.txt"): text.encode()}, odd + more
    if manifests is not None:
        from kale.codegen.manifests import as_manifests

        files, more = as_manifests(planned, files, manifests)
        odd += more
    found = package_findings(planned, odd, strict=strict)
    folder = Path(planned.pipeline.path).parent if output is None else Path(output)
    write_files(files, folder)
    steps = [task.name for task in planned.tasks]
    return compilation(name, steps, files, folder, (*planned.diagnostics, *found))


def run(
    notebook: PathLike,
    parameters: Iterable[str] = (),
    *,
    options: RunOptions | None = None,
    run_dir: PathLike | None = None,
    resume: str | None = None,
    settings: Mapping[str, str] = _NOTHING,
    observer: Observer | None = None,
    strict: bool = False,
) -> RunResult:
    """Run a tagged notebook as a pipeline on this machine.

    ``parameters`` are ``NAME=VALUE`` texts, read by the parameters' types. ``resume`` names an
    earlier run to go on from, the empty text the newest one; its parameters hold where none
    are given. A step that fails is in the result, not an exception. ``strict`` as for
    :func:`check`.

    Raises:
        KaleError: the notebook or a parameter is refused, or the run cannot be set up.
        KeyboardInterrupt: the run was interrupted; nothing of it is left running.
    """
    planned = plan(notebook, settings, strict=strict)
    return run_plan(
        planned, parameters, options=options, run_dir=run_dir, resume=resume, observer=observer
    )


def run_plan(
    planned: Plan,
    parameters: Iterable[str] = (),
    *,
    options: RunOptions | None = None,
    run_dir: PathLike | None = None,
    resume: str | None = None,
    observer: Observer | None = None,
) -> RunResult:
    """Run a plan on this machine, as :func:`run` does."""
    from kale import runners
    from kale.codegen import LateRuntime

    pipeline, files = planned.pipeline, LateRuntime(planned.backends)
    path, chosen = Path(pipeline.path), options or runners.RunOptions()
    values = runners.read_parameters(pipeline, parameters)
    origin = runners.find_origin(planned, chosen, resume)
    if origin is not None:
        values = {**runners.inherited_parameters(pipeline, origin.parameters), **values}
    return runners.run(
        planned,
        runtime=files,
        runtime_digest=files.digest,
        cwd=path.parent,
        run_dir=None if run_dir is None else Path(run_dir),
        parameters=values,
        options=chosen,
        origin=origin,
        observer=observer if observer is not None else runners.Silent(),
    )


def run_package(
    planned: Plan,
    parameters: Iterable[str] = (),
    *,
    run_dir: PathLike | None = None,
    observer: Observer | None = None,
) -> RunResult:
    """Run the compiled package of a plan by Kubeflow Pipelines' own local runner.

    It is the package that :func:`compile_notebook` writes, with all that travels in it.

    Raises:
        KaleError: a parameter is refused, ``kfp`` is not installed, or the run cannot be set up.
        KeyboardInterrupt: the run was interrupted; nothing of it is left running.
    """
    from kale import runners
    from kale.codegen import emit_files
    from kale.runners.kfp_local import run_kfp_local

    planned, odd = with_environment(planned)
    planned = replace(planned, diagnostics=(*planned.diagnostics, *odd))
    folder, name = Path(planned.pipeline.path).parent, planned.pipeline.name
    # KFP's local runner mounts nothing: values are artifacts, and each step is told (KALE511).
    bare = replace(planned, pipeline=replace(planned.pipeline, volumes=Volumes()))
    return run_kfp_local(
        planned,
        emit_files(bare)[PurePosixPath(f"{name}.yaml")],
        run_dir=runners.default_run_dir(folder, name) if run_dir is None else Path(run_dir),
        cwd=folder,
        parameters=runners.read_parameters(planned.pipeline, parameters),
        observer=observer if observer is not None else runners.Silent(),
    )


def runs(notebook: PathLike, settings: Mapping[str, str] = _NOTHING) -> list[PastRun]:
    """The runs of a notebook on this machine so far, newest first.

    Raises:
        KaleError: the notebook cannot be read or is not well formed.
    """
    from kale.runners import runs_of

    pipeline = load(notebook, settings)
    path = Path(pipeline.path)
    return runs_of(path.parent, pipeline.name, notebook=path.name)


def verify(
    notebook: PathLike,
    parameters: Iterable[str] = (),
    *,
    options: RunOptions | None = None,
    repeat: int = 3,
    copy: bool = False,
    settings: Mapping[str, str] = _NOTHING,
    strict: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Verification:
    """Run a notebook top to bottom and as a pipeline, and compare all that can be compared.

    While anything differs, the notebook runs again, at most ``repeat`` times, to tell what does
    not repeat; with ``strict`` that counts as different, too. With ``copy`` each run has a copy
    of the notebook's folder. Of ``options``, ``jobs`` and ``engine`` hold for the pipeline;
    ``tell`` is called with what is going on.

    Raises:
        KaleError: the notebook or a parameter is refused, or the runs cannot be set up.
        KeyboardInterrupt: it was interrupted; nothing of it is left.
    """
    from kale import runners
    from kale.codegen import emit_runtime
    from kale.runners.verify import ActiveCell
    from kale.runners.verify import verify as run_and_compare

    analyzed = check(notebook, settings)
    planned = _plan(analyzed)
    return run_and_compare(
        analyzed,
        planned,
        [ActiveCell(*cell) for cell in active_cells(planned.pipeline.path)],
        runtime=emit_runtime(planned.backends),
        cwd=Path(planned.pipeline.path).parent.absolute(),
        parameters=runners.read_parameters(planned.pipeline, parameters),
        options=options or runners.RunOptions(),
        repeat=repeat,
        copy=copy,
        strict=strict,
        tell=tell,
    )
