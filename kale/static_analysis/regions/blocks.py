"""The block of a loop or a branch as a pipeline of its own, with an entry and an exit.

The entry binds what the block is given, the exit reads what later steps want of it.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kale.control import Loop
from kale.errors import Location
from kale.ir import Pipeline, Source, Step, StepOptions
from kale.random_states import is_random_state
from kale.static_analysis.regions.numbering import before, behind
from kale.static_analysis.regions.units import Unit, body_cells, names_set_by

#: No author's step can have these names.
ENTRY, EXIT = "<entry>", "<exit>"


def block_pipeline(
    pipeline: Pipeline,
    units: Sequence[Unit],
    *,
    given: Mapping[str, bool],
    groups: Mapping[str, frozenset[str]],
    wanted: Iterable[str],
    loop: Loop | None,
    carried: Iterable[Source],
    made_by_all: Container[str],
) -> Pipeline:
    """The pipeline of a block that is no empty one.

    ``given`` are the names bound outside, with whether they may be unbound there; those of one of
    the ``groups`` may share objects. ``carried`` is code of earlier steps that comes with them;
    ``made_by_all`` are the variables of the code at the head of every step.
    """
    cells = [cell for unit in units for cell in body_cells(unit.step)]
    at = units[0].step.at
    first, last = (before(min(cells)), behind(max(cells))) if cells else (at.cell, at.cell)
    entry = _step(ENTRY, "\n".join(_entry_lines(given, groups, loop)), replace(at, cell=first))
    known = given.keys() | {parameter.name for parameter in pipeline.parameters}
    known |= {n for unit in units for source in unit.step.sources for n in names_set_by(source)}
    # What a branch leaves without a value has none for later steps.
    read = "\n".join(name for name in wanted if name in known or name in made_by_all)
    names = tuple(unit.name for unit in units)
    inner = tuple(replace(u.step, after=(*u.step.after, ENTRY), within=()) for u in units)
    end = replace(_step(EXIT, read, replace(at, cell=last)), after=names)
    return replace(
        pipeline,
        functions=(*pipeline.functions, *carried),
        steps=(entry, *inner, end),
        metrics=(),
        diagnostics=(),
    )


def _step(name: str, code: str, at: Location) -> Step:
    place = replace(at, line=1, column=None, step=name)
    return Step(name, (Source(code, place, code),), (), StepOptions(), place)


def _entry_lines(
    given: Mapping[str, bool], groups: Mapping[str, frozenset[str]], loop: Loop | None
) -> Iterator[str]:
    """Code that binds what a block is given, knowing nothing of the values but what they share."""
    yield "from kale_entry import kale_value"
    bound: list[str] = []
    for name, optional in given.items():
        if is_random_state(name):
            continue
        pad = ""
        if optional:
            yield "if kale_value():"
            pad = "    "
        yield f"{pad}{name} = kale_value()"
        for other in bound:
            if other in groups.get(name, ()):
                yield f"if kale_value():\n    {name} = {other}"
        bound.append(name)
    if loop is not None:
        yield f"{loop.target} = next(iter({loop.items}))"


def target_names(loop: Loop) -> frozenset[str]:
    """The names that the target of a loop binds."""
    return _stored(loop.target + " = 0", ast.Store)


def item_names(loop: Loop) -> frozenset[str]:
    """The names that the items of a loop are made of."""
    return _stored(loop.items, ast.Load)


def _stored(code: str, kind: type[ast.expr_context]) -> frozenset[str]:
    names = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))
    return frozenset(node.id for node in names if isinstance(node.ctx, kind))
