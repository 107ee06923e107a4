"""From the tags of loops and conditions to what each step stands in, and the steps that decide.

Steps that follow each other and have the same outermost tag stand in one loop or under one
condition, so a notebook means what this program means, with the cells in the place of the steps:
``for x in xs:`` or ``if score > 0.8:`` around their cells, in the notebook's order. After a loop,
each name that its cells bind is the list of all that it was, in the order of the items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kale.control import Branch, Context, Loop
from kale.dataclass import dataclass
from kale.errors import KaleError, NotebookError
from kale.ir import Source, Step
from kale.nbparser.loop_names import item_count, target_names, values_bound
from kale.nbparser.names import kubernetes_name
from kale.nbparser.sources import bound_names
from kale.nbparser.step_control import Nested, PlacedControl, control_of
from kale.nbparser.syntax import parse_quietly
from kale.nbparser.tag_kinds import LoopTag, WhenTag
from kale.nbparser.tags import format_tag
from kale.options import StepOptions


@dataclass(frozen=True, slots=True)
class _Entry:
    """A step and the tags that it stands in, the outermost first."""

    step: Step
    tags: tuple[Nested, ...]


def nest(
    steps: Sequence[Step],
    control: Mapping[str, Sequence[PlacedControl]],
    options: StepOptions,
    sources: Iterable[Source],
) -> tuple[tuple[Step, ...], list[KaleError]]:
    """The steps with what they stand in, those that decide before them; and what is wrong.

    ``control`` maps steps to the tags of their cells, where these have any. ``options`` are those
    of a step that asks for nothing, ``sources`` all cells of the notebook. Errors: KALE776, tags
    of one step contradict each other; KALE777, `when:else` without a `when:` above;
    KALE779, an inner loop sets the variable of an outer one.
    """
    errors: list[KaleError] = []
    entries = [
        _Entry(step, control_of(step.name, control.get(step.name, ()), errors)) for step in steps
    ]
    if not any(entry.tags for entry in entries):
        return tuple(steps), errors
    trees = [parse_quietly(source.python) for source in sources]
    bound = frozenset(name for tree in trees if tree for name in bound_names(tree))
    taken = {kubernetes_name(step.name) for step in steps}
    lowering = _Lowering(options, errors, taken, bound)
    nested = tuple(lowering.steps(entries, ()))
    branches = {step.name: _branches(step) for step in nested}
    # Of two branches one runs: none of their steps has anything to wait for in the other.
    return tuple(
        replace(step, after=tuple(b for b in step.after if not _apart(b, step.name, branches)))
        for step in nested
    ), errors


def _branches(step: Step) -> dict[str, int]:
    return {one.key: one.number for one in step.within if isinstance(one, Branch)}


def _apart(before: str, step: str, branches: Mapping[str, Mapping[str, int]]) -> bool:
    own, other = branches[step], branches.get(before, {})
    return any(other.get(key, number) != number for key, number in own.items())


@dataclass(slots=True)
class _Lowering:
    """The numbers and names that are taken while the steps are gone through."""

    options: StepOptions
    errors: list[KaleError]
    taken: set[str]
    bound: frozenset[str]
    loops: int = 0
    conditions: int = 0

    def steps(self, entries: Sequence[_Entry], within: tuple[Context, ...]) -> Iterator[Step]:
        """The steps of some neighbours that stand in ``within``."""
        depth = len(within)
        start = 0
        while start < len(entries):
            step, tag = entries[start].step, _at(entries[start], depth)
            end = _end(entries, start, depth)
            group = entries[start:end]
            start = end
            if tag is None:
                yield replace(step, within=within)
            elif isinstance(tag, LoopTag):
                yield from self._loop(tag, group, within)
            elif tag.otherwise:
                self.errors.append(_no_when(step, tag))
            else:
                branches = [(tag.test, group)]
                while branches[-1][0] and (test := _otherwise(entries, start, depth)) is not None:
                    end = _end(entries, start, depth)
                    branches.append((test, entries[start:end]))
                    start = end
                yield from self._condition(branches, within)

    def _loop(
        self, tag: LoopTag, group: Sequence[_Entry], within: tuple[Context, ...]
    ) -> Iterator[Step]:
        self.loops += 1
        first = group[0].step
        number = self._free_number(("kale_items", "kale_index"), self.loops)
        targets = {*target_names(tag.target)}
        self._check_target(tag, targets, first, within)
        inner = (one.target for entry in group for one in entry.tags if isinstance(one, LoopTag))
        targets.update(name for target in inner for name in target_names(target))
        count = item_count(tag.items) if "range" not in self.bound else None
        items, decider = tag.items, ""
        if count is None:
            items = f"kale_items_{number}"
            decider = self._free_name(f"loop-{self.loops}-items")
        loop = Loop(
            key=f"loop:{self.loops}",
            target=tag.target,
            items=items,
            index=f"kale_index_{number}",
            at=first.at,
            count=count,
            decider=decider,
            collected=tuple(
                (name, name)
                for name in values_bound(entry.step for entry in group)
                if name not in targets
            ),
            parallelism=self._parallelism(tag, group, len(within)),
        )
        if decider:
            # A bare name is looped over as it is: what has no order, or can be read once only,
            # is then found out. All else is made a list while it is there.
            value = tag.items if tag.items.isidentifier() else f"[*({tag.items})]"
            code = f"{items} = {value}"
            yield self._decider(decider, code, (loop.key, items), group, within)
        yield from self.steps(group, (*within, loop))

    def _condition(
        self, branches: Sequence[tuple[str, Sequence[_Entry]]], within: tuple[Context, ...]
    ) -> Iterator[Step]:
        """The steps of a condition: its tests and what runs where each is the first that holds."""
        self.conditions += 1
        number = self._free_number(("kale_branch",), self.conditions)
        decider = self._free_name(f"if-{self.conditions}")
        key, name = f"if:{self.conditions}", f"kale_branch_{number}"
        tests = tuple(test for test, _ in branches if test)
        choices = "".join(f"{index} if ({test}) else " for index, test in enumerate(tests))
        everything = [entry for _, group in branches for entry in group]
        code = f"{name} = {choices}{len(tests)}"
        yield self._decider(decider, code, (key, name), everything, within)
        for index, (_, group) in enumerate(branches):
            branch = Branch(key, index, len(tests) + 1, decider, group[0].step.at, tests)
            yield from self.steps(group, (*within, branch))

    def _decider(
        self,
        name: str,
        code: str,
        decides: tuple[str, str],
        group: Sequence[_Entry],
        within: tuple[Context, ...],
    ) -> Step:
        """A step that runs before the group's first one, where that runs and when it could."""
        first = group[0].step
        inside = {entry.step.name for entry in group}
        asked = first.options
        options = replace(
            self.options,
            image=asked.image,
            packages=asked.packages,
            env=asked.env,
            secrets=asked.secrets,
            volumes=asked.volumes,
            pull_secrets=asked.pull_secrets,
            pull_policy=asked.pull_policy,
            security_context=asked.security_context,
            caching=asked.caching,
        )
        at = replace(first.at, line=1, step=name)
        return Step(
            name,
            (Source(code, at, code),),
            tuple(before for before in first.after if before not in inside),
            options,
            at,
            within=within,
            decides=(decides,),
        )

    def _check_target(
        self, tag: LoopTag, targets: set[str], step: Step, within: tuple[Context, ...]
    ) -> None:
        """Refuse a loop that sets the variable of one around it: after it, Python has its last."""
        around = [one for one in within if isinstance(one, Loop)]
        taken = sorted(targets & {name for one in around for name in target_names(one.target)})
        if taken:
            self.errors.append(
                NotebookError(
                    "KALE779",
                    f"the loop `{format_tag(tag)}` of step `{step.name}` sets `{taken[0]}`, which"
                    " a loop around it sets, too",
                    at=replace(step.at, line=None),
                    hint="give the inner loop's variable another name",
                )
            )

    def _parallelism(self, tag: LoopTag, group: Sequence[_Entry], depth: int) -> int | None:
        """How many items at a time: as one of the loop's steps says."""
        said: dict[int, _Entry] = {}
        for entry in group:
            if (one := _loop_at(entry, depth)) and one.parallelism is not None:
                said.setdefault(one.parallelism, entry)
        if len(said) > 1:
            (fewer, first), (more, other) = list(said.items())[:2]
            self.errors.append(
                NotebookError(
                    "KALE776",
                    f"the loop `{format_tag(tag)}` has both `parallelism:{fewer}` (step"
                    f" `{first.step.name}`) and `parallelism:{more}` (step `{other.step.name}`)",
                    at=replace(other.step.at, line=None),
                    hint="keep one of the two tags",
                )
            )
        return next(iter(said), None)

    def _free_name(self, name: str) -> str:
        """A step's name that no other step has."""
        number, free = 1, name
        while free in self.taken:
            number += 1
            free = f"{name}-{number}"
        self.taken.add(free)
        return free

    def _free_number(self, prefixes: tuple[str, ...], number: int) -> int:
        """A number that makes variables of the prefixes that the notebook does not have."""
        while any(f"{prefix}_{number}" in self.bound for prefix in prefixes):
            number += 1000
        return number


def _at(entry: _Entry, depth: int) -> Nested | None:
    return entry.tags[depth] if depth < len(entry.tags) else None


def _loop_at(entry: _Entry, depth: int) -> LoopTag | None:
    tag = _at(entry, depth)
    return tag if isinstance(tag, LoopTag) else None


def _end(entries: Sequence[_Entry], start: int, depth: int) -> int:
    """The end of the neighbours from ``start`` on that stand in the same loop or branch."""
    tag = _at(entries[start], depth)
    end = start + 1
    while tag is not None and end < len(entries) and _same(tag, _at(entries[end], depth)):
        end += 1
    return end


def _same(one: Nested, other: Nested | None) -> bool:
    if isinstance(one, LoopTag) and isinstance(other, LoopTag):
        return (one.target, one.items) == (other.target, other.items)
    return one == other


def _otherwise(entries: Sequence[_Entry], start: int, depth: int) -> str | None:
    """The test of the next branch, empty for the last one; ``None`` where the condition ends."""
    tag = _at(entries[start], depth) if start < len(entries) else None
    return tag.test if isinstance(tag, WhenTag) and tag.otherwise else None


def _no_when(step: Step, tag: WhenTag) -> NotebookError:
    return NotebookError(
        "KALE777",
        f"step `{step.name}` is tagged `{format_tag(tag)}`, and no step with a `when:` tag stands"
        " right before it",
        at=replace(step.at, line=None),
        hint="put it right after the step that runs when the condition is true, or write the"
        " condition",
    )
