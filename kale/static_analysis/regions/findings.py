"""What the analysis of blocks finds, at the places of the author's own code, each thing once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kale.control import Branch, Loop
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location
from kale.ir import AnalyzedPipeline, Origin, Pipeline, StepSummary
from kale.static_analysis.one_level import Level
from kale.static_analysis.regions.blocks import ENTRY, EXIT
from kale.static_analysis.regions.numbering import whole_error, whole_finding
from kale.static_analysis.regions.units import Unit, names_set_by


def placed(level: Level, units: Sequence[Unit]) -> tuple[list[KaleError], list[Diagnostic]]:
    """The findings of a block; those in a loop or condition at the lines of its steps."""
    compounds = {unit.name: unit for unit in units if unit.contexts}
    errors = [
        type(error)(error.code, error.message, at=place(error.at, compounds), hint=error.hint)
        for error in level.errors
        if error.at is None or error.at.step not in {ENTRY, EXIT}
    ]
    found = [
        replace(finding, at=place(finding.at, compounds))
        for finding in level.diagnostics
        if finding.at is None or finding.at.step not in {ENTRY, EXIT}
    ]
    found = [f for f in found if f"`{ENTRY}`" not in f.message]
    return errors, [_by_leaf(f, compounds) if f.code == "KALE201" else f for f in found]


_EDGE = re.compile(r"waits for `([^`]+)`, because it reads `([^`]+)`, which cell [\d.]+")


def _by_leaf(finding: Diagnostic, compounds: Mapping[str, Unit]) -> Diagnostic:
    """An edge to a loop or a condition as one to the step in it that the value is from."""
    told = _EDGE.search(finding.message)
    if told is None or told[1] not in compounds:
        return finding
    for leaf in reversed(compounds[told[1]].leaves):
        for source in leaf.sources:
            if told[2] in names_set_by(source):
                edge = f"waits for `{leaf.name}`, because it reads `{told[2]}`, which cell "
                return replace(
                    finding,
                    message=finding.message.replace(told[0], f"{edge}{source.at.cell}"),
                    hint=finding.hint.replace(f"`prev:{told[1]}`", f"`prev:{leaf.name}`"),
                )
    return finding


def place(at: Location | None, compounds: Mapping[str, Unit]) -> Location | None:
    """The place in the author's code of one in the code of a loop or a condition."""
    unit = compounds.get(at.step or "") if at is not None else None
    if at is None or unit is None or not at.line or at.line > len(unit.places):
        return at
    return unit.places[at.line - 1]


def with_places(analyzed: AnalyzedPipeline, compounds: Mapping[str, Unit]) -> AnalyzedPipeline:
    """A block whose inputs tell where in loops and conditions they are written."""

    def origin(one: Origin) -> Origin:
        at = place(one.at, compounds) if one.step in compounds else None
        return one if at is None else replace(one, at=at, step=at.step or one.step)

    def summary(one: StepSummary) -> StepSummary:
        if not any(o.step in compounds for given in one.inputs for o in given.origins):
            return one
        inputs = (replace(i, origins=tuple(map(origin, i.origins))) for i in one.inputs)
        return replace(one, inputs=tuple(inputs))

    return replace(analyzed, summaries=tuple(map(summary, analyzed.summaries)))


def told(
    errors: Iterable[KaleError], diagnostics: Iterable[Diagnostic], pipeline: Pipeline
) -> tuple[tuple[KaleError, ...], tuple[Diagnostic, ...]]:
    """The findings to tell, in the order of their places.

    An edge that a loop or a condition makes by itself is told of nowhere, nor are those of a
    script: there, who reads a value waits for it.
    """
    contexts = {c for s in pipeline.steps for c in s.within if isinstance(c, Loop | Branch)}
    own = {f"`{context.decider}`" for context in contexts if context.decider}
    wrong: dict[object, KaleError] = {}
    for error in map(whole_error, errors):
        # What the items of a loop change is told once, whoever reads it.
        what = error.message.partition(", which")[0] if error.code == "KALE745" else error.message
        wrong.setdefault((error.code, what, _line(error.at)), error)
    found: dict[object, Diagnostic] = {}
    for finding in map(whole_finding, diagnostics):
        if finding.code == "KALE201" and (
            pipeline.path.endswith(".py") or any(name in finding.message for name in own)
        ):
            continue
        found.setdefault((finding.code, _line(finding.at)), finding)
    return (
        tuple(sorted(wrong.values(), key=lambda error: _order(error.at))),
        tuple(sorted(found.values(), key=lambda finding: _order(finding.at))),
    )


def random_in_loop(name: str, at: Location) -> Diagnostic:
    """A loop or condition draws from a random state that a step before it has left."""
    library = name.removesuffix(".state")
    return diagnose(
        "KALE744",
        f"step `{at.step}` draws from the random state of `{library}`, which no loop and no "
        "condition hands on; the numbers differ from those of the notebook",
        at=at,
        hint="make a generator in the step, seeded by the item, and draw from that",
    )


def _line(at: Location | None) -> tuple[int, int]:
    return (0, 0) if at is None else (at.cell or 0, at.line or 0)


def _order(at: Location | None) -> tuple[int, int, int]:
    return (*_line(at), (at.column or 0) if at else 0)
