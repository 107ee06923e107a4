"""What one block of a pipeline consists of: its steps, and loops and conditions as one step each.

For the analysis of the block around it, a loop or a condition is one step whose code is the whole
statement, so that what it reads, binds and changes is found by Python's own rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from kale.control import BODY, Branch, Loop
from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import Source, Step, StepOptions
from kale.static_analysis.scopes import bindings


@dataclass(frozen=True, slots=True)
class Unit:
    """A step of a block as its analysis sees it; ``leaves`` are the author's steps it stands for.

    A unit that is a loop or a condition has the name of the first of them, its ``contexts`` (the
    loop, or the branches that have steps), and in ``places`` where each line of its code comes
    from.
    """

    step: Step
    leaves: tuple[Step, ...]
    contexts: tuple[Loop | Branch, ...] = ()
    places: tuple[Location, ...] = ()

    @property
    def name(self) -> str:
        """The name of the unit among those of its block."""
        return self.step.name


def data_contexts(step: Step) -> tuple[Loop | Branch, ...]:
    """The contexts that matter to values: in an exit handler, steps run as anywhere."""
    return tuple(context for context in step.within if isinstance(context, Loop | Branch))


def units_of(steps: Sequence[Step], depth: int, deciders: Mapping[str, str]) -> tuple[Unit, ...]:
    """The units of a block whose steps stand in ``depth`` contexts, in the pipeline's order.

    ``deciders`` maps the key of each condition to the name that holds the number of its branch.
    """
    owner: dict[str, str] = {}
    found: list[tuple[Step, tuple[Step, ...], tuple[Loop | Branch, ...], list[_Line]]] = []
    for _, members in groupby(steps, key=lambda step: _group(step, depth)):
        leaves = tuple(members)
        first = leaves[0]
        owner.update((leaf.name, first.name) for leaf in leaves)
        if len(data_contexts(first)) == depth:
            found.append((first, leaves, (), []))
            continue
        contexts = tuple(dict.fromkeys(data_contexts(leaf)[depth] for leaf in leaves))
        lines = [*_functions(leaves), *_lines(leaves, depth, 0, deciders)]
        found.append((first, leaves, contexts, lines))
    units = []
    for first, leaves, contexts, lines in found:
        after = dict.fromkeys(
            owner[name] for leaf in leaves for name in leaf.after if name in owner
        )
        after.pop(first.name, None)
        if not contexts:
            units.append(Unit(replace(first, after=tuple(after)), leaves))
            continue
        code = "\n".join(line.text for line in lines)
        at = replace(_begin(first), line=1)
        source = Source(code, at, code)
        step = Step(first.name, (source,), tuple(after), StepOptions(), first.at)
        units.append(Unit(step, leaves, contexts, tuple(line.at for line in lines)))
    return tuple(units)


def body_cells(step: Step) -> list[int]:
    """The cells of a step; of one in a script, those of the pipeline's body.

    The function that it calls stands in the module's code.
    """
    cells = [source.at.cell or 0 for source in step.sources]
    return [cell for cell in cells if cell >= BODY] or cells


def names_set_by(source: Source) -> frozenset[str]:
    """The names that a piece of code itself binds, and not what it calls."""
    return bindings([*ast.parse(source.python).body])[0]


def _begin(step: Step) -> Location:
    cells = body_cells(step)
    return next((s.at for s in step.sources if s.at.cell in cells), step.at)


def _group(step: Step, depth: int) -> str:
    contexts = data_contexts(step)
    return contexts[depth].key if len(contexts) > depth else f"step {step.name}"


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    at: Location


def _lines(
    leaves: Iterable[Step], depth: int, indent: int, deciders: Mapping[str, str]
) -> Iterator[_Line]:
    """The code of steps that stand in ``depth`` contexts, as one text of Python."""
    pad = " " * indent
    for _, members in groupby(leaves, key=lambda step: _group(step, depth)):
        steps = list(members)
        contexts = data_contexts(steps[0])
        if len(contexts) == depth:
            yield from _own_lines(steps[0], pad)
            continue
        context = contexts[depth]
        if isinstance(context, Loop):
            yield from _loop_lines(context, steps, depth, indent, deciders)
            continue
        branches: dict[int, list[Step]] = {}
        for step in steps:
            branch = data_contexts(step)[depth]
            assert isinstance(branch, Branch)
            branches.setdefault(branch.number, []).append(step)
        test = deciders[context.key]
        for number in range(context.of):
            last = number == context.of - 1
            head = "else" if last else f"{'elif' if number else 'if'} {test} == {number}"
            yield _Line(f"{pad}{head}:", context.at)
            yield from _lines(branches.get(number, ()), depth + 1, indent + 4, deciders)
            yield _Line(f"{pad}    pass", context.at)


def _functions(leaves: Iterable[Step]) -> Iterator[_Line]:
    """The functions that steps of a script call: each is defined whether a loop runs or not."""
    for leaf in leaves:
        for source in filter(_is_function, leaf.sources):
            yield from _source_lines(source, leaf, "")


def _is_function(source: Source) -> bool:
    return source.at.path.endswith(".py") and source.code.startswith(("def ", "@", "async def "))


def _own_lines(step: Step, pad: str) -> Iterator[_Line]:
    for source in step.sources:
        if not _is_function(source):
            yield from _source_lines(source, step, pad)


def _source_lines(source: Source, step: Step, pad: str) -> Iterator[_Line]:
    if source.code:
        for number, line in enumerate(source.python.split("\n")):
            at = replace(source.at, line=(source.at.line or 1) + number, step=step.name)
            yield _Line(pad + line, at)


def _loop_lines(
    loop: Loop, steps: Sequence[Step], depth: int, indent: int, deciders: Mapping[str, str]
) -> Iterator[_Line]:
    pad, at = " " * indent, loop.at
    for _, outside in loop.collected:
        yield _Line(f"{pad}{_all(outside)} = []", at)
    yield _Line(f"{pad}for {loop.target} in {loop.items}:", at)
    yield from _lines(steps, depth + 1, indent + 4, deciders)
    yield _Line(f"{pad}    pass", at)
    for inside, outside in loop.collected:
        yield _Line(f"{pad}    {_all(outside)}.append({inside})", at)
    for _, outside in loop.collected:
        yield _Line(f"{pad}{outside} = {_all(outside)}", at)


def _all(name: str) -> str:
    return f"kale_all_{name}"
