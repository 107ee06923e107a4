"""What a step needs on another machine: packages, modules of its author, files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from kale.diagnostics import Diagnostic
from kale.environment.distributions import InstalledModules, project
from kale.environment.inference import infer
from kale.environment.local_modules import local_code
from kale.environment.shipped import shipped_files
from kale.ir import Environment, Files, PackageOptions, Plan
from kale.module_files import search_path

__all__ = ["lock_text", "resolve"]

#: The author's own files for a plan in the folder of its notebook, and what is odd with them.
FilesOf = Callable[[Plan, Path, PackageOptions], tuple[Files, tuple[Diagnostic, ...]]]


def resolve(
    plan: Plan, folder: Path, files_of: FilesOf = shipped_files
) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """What the pods of a plan's package get; ``folder`` is the notebook's.

    ``files_of`` gives the author's own files among it, by default those that travel.
    Nothing is imported or run for it, and nothing looked up but on this machine.

    Raises:
        KaleError: the file of requirements is wrong, or a file cannot travel.
    """
    options = plan.pipeline.packaging
    files, found = files_of(plan, folder, options)
    local = local_code(plan, folder)
    of_file = _read(Path(options.requirements)) if options.requirements else ()
    required = {task.name: _beside(task.options.packages, of_file) for task in plan.tasks}
    explicit = {t.name: (*required[t.name], *t.options.packages) for t in plan.tasks}
    beside = local.names | local.elsewhere.keys()
    names = {step: {*own, *local.imports.get(step, ())} for step, own in plan.imports.items()}
    mine = {one for one in frozenset().union(*names.values()) if files and _in(files, one)}
    names = {step: found - mine for step, found in names.items()}
    installed = InstalledModules(tuple(search_path()))
    # A file of requirements, such as a lock, says all; what else is here is this machine's affair.
    wanted, odd = infer(plan, explicit, names, beside, installed, late=not of_file)
    environment = Environment(
        {step: words for step, words in required.items() if words},
        {step: words for step, words in wanted.items() if words},
        files,
        options,
    )
    return environment, (*found, *odd)


def lock_text(plan: Plan, environment: Environment) -> tuple[str, tuple[Diagnostic, ...]]:
    """The requirements of all steps of a package, as the text of a file, and what is odd."""
    from kale.environment.lock import lock

    return lock(plan, environment, InstalledModules(tuple(search_path())))


def _read(path: Path) -> tuple[str, ...]:
    from kale.environment.requirements import read_requirements

    return read_requirements(path)


def _in(files: Collection[PurePosixPath], name: str) -> bool:
    """Whether a dotted name is a file beside the notebook: part of a namespace, as others are."""
    parts = name.split(".")
    ways = (PurePosixPath(*parts[:count]) for count in range(2, len(parts) + 1))
    return any(way.with_suffix(".py") in files or way / "__init__.py" in files for way in ways)


def _beside(own: Iterable[str], of_file: Iterable[str]) -> tuple[str, ...]:
    """The file's requirements for a step; where the step itself asks for a version, that holds."""
    versioned = {project(word) for word in own if any(mark in word for mark in "=<>~")}
    return tuple(word for word in of_file if project(word) not in versioned)
