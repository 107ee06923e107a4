"""From cells to a :class:`Pipeline`: steps joined, options merged, all checked together."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import field, replace
from types import MappingProxyType

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, NotebookError, raise_all
from kale.ir import METRICS_STEP, SETUP_STEP, Pipeline, Source, Step
from kale.nbparser.cells import Role, TaggedCell, parse_cells
from kale.nbparser.graph import Edge, check_edges, check_names
from kale.nbparser.item_reads import reads_behind
from kale.nbparser.metadata import parse_settings
from kale.nbparser.nesting import nest
from kale.nbparser.nesting_checks import check_nesting
from kale.nbparser.notebook import Notebook
from kale.nbparser.options import PlacedOption, merge_options
from kale.nbparser.packages import (
    Asked,
    all_packages,
    asked_by_cells,
    step_packages,
    without_installs,
)
from kale.nbparser.parameters import parse_parameters
from kale.nbparser.sources import has_code, read_sources, syntax_errors
from kale.nbparser.step_control import PlacedControl
from kale.nbparser.tag_kinds import OptionTag

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class _StepCells:
    """One step while its cells are gathered; the name of the step is its key."""

    sources: list[Source] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    options: list[PlacedOption] = field(default_factory=list)
    control: list[PlacedControl] = field(default_factory=list)


def parse_pipeline(
    notebook: Notebook,
    *,
    override: Mapping[str, str] = _NOTHING,
    default: Mapping[str, str] = _NOTHING,
) -> Pipeline:
    """The pipeline that a tagged notebook describes.

    ``override`` and ``default`` hold settings by their key in the notebook metadata, as
    ``pipeline_name``; the first beats what the notebook says, which beats the second. Without
    any, the pipeline has the name of the file. Nothing of the notebook is run.

    Raises:
        KaleError: all that is wrong with the notebook, in the order of the places; the codes
            are KALE008 to KALE010, KALE101 to KALE118, KALE200, KALE202, KALE203, KALE746
            and KALE775 to KALE779.
    """
    settings, errors = parse_settings(notebook, override, default)
    cells, tag_errors, diagnostics = parse_cells(notebook)
    sources = read_sources(notebook, cells)
    asked, left = asked_by_cells(cells, sources)
    sources = without_installs(sources, asked)
    problems: list[KaleError] = [*errors, *tag_errors, *syntax_errors(cells, sources)]
    if not tag_errors and not any(cell.role is Role.STEP for cell in cells):
        problems.append(_no_step(notebook))
    parameters, parameter_errors = parse_parameters(_of(Role.PARAMETERS, cells, sources))
    problems += parameter_errors
    setup = any(cell.role is Role.SETUP and has_code(sources[cell.cell.number]) for cell in cells)
    gathered = _gather(notebook, cells, sources, setup=setup)
    problems += _check(gathered, cells, notebook, setup=setup)
    shared = {c.cell.number for c in cells if c.role in {Role.IMPORTS, Role.FUNCTIONS}}
    steps = _steps(gathered, settings.defaults, problems, asked, shared, setup=setup)
    if any(step.control for step in gathered.values()):
        steps = _nested(steps, gathered, settings.defaults, problems, cells, sources)
    raise_all(problems)
    found = [*settings.diagnostics, *diagnostics, *left]
    if setup:
        found.append(_setup_notice(gathered[SETUP_STEP]))
    return Pipeline(
        name=settings.name,
        title=settings.title,
        path=notebook.path,
        description=settings.description,
        experiment=settings.experiment,
        image=settings.image,
        service_account=settings.service_account,
        kernel=notebook.kernel,
        parameters=parameters,
        imports=_of(Role.IMPORTS, cells, sources),
        functions=_of(Role.FUNCTIONS, cells, sources),
        steps=steps,
        metrics=_of(Role.METRICS, cells, sources),
        settings=settings.settings,
        pickling=settings.pickling,
        volumes=settings.volumes,
        packages=all_packages(asked),
        diagnostics=tuple(sorted(found, key=lambda one: (one.at and one.at.cell) or 0)),
    )


def _of(
    role: Role, cells: Iterable[TaggedCell], sources: Mapping[int, Source]
) -> tuple[Source, ...]:
    return tuple(sources[cell.cell.number] for cell in cells if cell.role is role and _counts(cell))


def _counts(cell: TaggedCell) -> bool:
    """Whether the cell is worth running: an empty one that nobody tagged is not."""
    return bool(cell.cell.source.strip()) or not cell.joined


def _gather(
    notebook: Notebook,
    cells: Iterable[TaggedCell],
    sources: Mapping[int, Source],
    *,
    setup: bool,
) -> dict[str, _StepCells]:
    """The steps by name, in the notebook order of their first cells."""
    gathered: dict[str, _StepCells] = {}
    for cell in cells:
        names = (SETUP_STEP,) if cell.role is Role.SETUP and setup else cell.steps
        for name in names:
            step = gathered.setdefault(name, _StepCells())
            at = replace(sources[cell.cell.number].at, step=name)
            place = notebook.place(cell.cell, step=name)
            source = sources[cell.cell.number]
            if has_code(source) if cell.role is Role.SETUP else _counts(cell):
                step.sources.append(replace(sources[cell.cell.number], at=at))
            step.edges += [Edge(before, name, place) for before in cell.after]
            step.options += [PlacedOption(tag, place) for tag in cell.options]
            if cell.control:
                step.control.append(PlacedControl(cell.control, place))
    return gathered


def _check(
    gathered: Mapping[str, _StepCells],
    cells: Iterable[TaggedCell],
    notebook: Notebook,
    *,
    setup: bool,
) -> list[KaleError]:
    """What is wrong with the steps' names and edges."""
    errors: list[KaleError] = []
    for name, reason in (
        (METRICS_STEP, "the cells of that tag, when they need a step of their own"),
        (SETUP_STEP, "the untagged cells before the first tagged one"),
    ):
        own = next((c for c in cells if c.role is Role.STEP and name in c.steps), None)
        if own is not None and (name == METRICS_STEP or setup):
            errors.append(
                NotebookError(
                    "KALE105",
                    f"no step can be called `{name}`, the name for {reason}",
                    at=notebook.place(own.cell, step=name),
                    hint="rename the step"
                    + (", or tag those cells too" if name == SETUP_STEP else ""),
                )
            )
    errors += check_names({name: step.sources[0].at for name, step in gathered.items()})
    edges = [edge for step in gathered.values() for edge in step.edges]
    if setup:
        first = gathered[SETUP_STEP].sources[0].at
        edges += [Edge(SETUP_STEP, name, first) for name in gathered if name != SETUP_STEP]
    # A step whose own tag is wrong is missing for that reason only, which is told already.
    misread = " ".join(text for cell in cells for text in cell.misread)
    meant = set(re.findall("[a-z0-9]+", misread.lower()))
    edges = [e for e in edges if e.before in gathered or set(re.split("[-_]", e.before)) - meant]
    errors += check_edges(edges, tuple(gathered))
    return errors


def _steps(
    gathered: Mapping[str, _StepCells],
    defaults: tuple[OptionTag, ...],
    problems: list[KaleError],
    asked: Mapping[int, tuple[Asked, ...]],
    shared: Container[int],
    *,
    setup: bool,
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for name, step in gathered.items():
        options, errors = merge_options(name, step.sources[0].at, step.options, defaults)
        problems += errors
        packages, errors = step_packages(
            name, options.packages, step.options, step.sources, asked, shared
        )
        options = replace(options, packages=packages)
        problems += errors
        after = tuple(dict.fromkeys(edge.before for edge in step.edges))
        if setup and name != SETUP_STEP and not after:
            # Those that run after some step run after the first one, too.
            after = (SETUP_STEP,)
        steps.append(Step(name, tuple(step.sources), after, options, step.sources[0].at))
    return tuple(steps)


def _nested(
    steps: tuple[Step, ...],
    gathered: Mapping[str, _StepCells],
    defaults: tuple[OptionTag, ...],
    problems: list[KaleError],
    cells: Iterable[TaggedCell],
    sources: Mapping[int, Source],
) -> tuple[Step, ...]:
    """The steps in their loops and conditions, and those that decide about these."""
    control = {name: step.control for name, step in gathered.items()}
    options, _ = merge_options("", steps[0].at, (), defaults)
    nested, errors = nest(steps, control, options, sources.values())
    problems += errors
    if not errors:
        problems += check_nesting(nested, cells)
        problems += reads_behind(nested, _of(Role.METRICS, cells, sources))
    return nested


def _no_step(notebook: Notebook) -> NotebookError:
    return NotebookError(
        "KALE008",
        "no cell of the notebook is tagged as a step",
        at=Location(notebook.path),
        hint="tag a code cell `block:NAME` (in JupyterLab: the gear at the right, `Cell Tags`),"
        " and the cells that it needs before it `prev:NAME` of their step",
    )


def _setup_notice(setup: _StepCells) -> Diagnostic:
    numbers = [str(source.at.cell) for source in setup.sources]
    cells = f"cell {numbers[0]}" if len(numbers) == 1 else f"cells {', '.join(numbers)}"
    verb, it = ("stands", "it") if len(numbers) == 1 else ("stand", "them")
    return diagnose(
        "KALE103",
        f"{cells} {verb} before the first tagged cell and became the step `{SETUP_STEP}`, which"
        " runs before all others",
        at=setup.sources[0].at,
        hint=f"tag {it} `imports` to have {it} in every step, `skip` to leave {it} out, or"
        " `block:NAME`",
    )
