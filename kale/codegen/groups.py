"""The groups of a package: what loops, conditions and exit handlers become, one in another.

Their names are those that the official compiler gives to the groups of the script of the same plan.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal

from kale.codegen.package_layout import PackagedTask
from kale.codegen.parameters import EXPANDED
from kale.codegen.volume_tasks import VolumeTask
from kale.control import Branch, Context, ExitHandler, Loop
from kale.dataclass import dataclass

#: ``branches`` is what holds all branches of a condition; ``once`` a loop of one item, around a
#: condition whose only branch may not run: what waits for a skipped group never runs, what waits
#: for a loop does.
Kind = Literal["root", "loop", "once", "branches", "branch", "exit"]

#: Characters of a title.
_LONGEST_TITLE = 100

_PREFIXES: dict[Kind, str] = {
    "loop": "for-loop",
    "once": "for-loop",
    "branches": "condition-branches",
    "branch": "condition",
    "exit": "exit-handler",
}


#: What is no group.
Leaf = PackagedTask | VolumeTask


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks and groups that are one task of the graph around them.

    ``children`` stand in an order in which each comes after all that it waits for. ``context`` is
    what the author wrote; ``item`` is what the compiler calls the item of a loop whose items it
    knows. A branch runs where none of the branches ``before`` does and, unless it is the ``rest``,
    its own number is told.
    """

    kind: Kind
    name: str
    children: tuple[Group | Leaf, ...]
    context: Context | None = None
    item: str = ""
    before: tuple[int, ...] = ()
    rest: bool = False

    @property
    def title(self) -> str:
        """What people see of a loop or a branch: its author's words, if they can be shown."""
        match self.context:
            case Loop(target=target, items=items) if self.kind == "loop":
                text = f"for {target} in {'…' if items.startswith('kale_') else items}"
            case Branch(number=number, tests=tests) if self.kind == "branch":
                words = "elif" if number else "if"
                text = f"{words} {tests[number]}" if number < len(tests) else "else"
            case _:
                return ""
        text = " ".join(text.split())
        fits = len(text) <= _LONGEST_TITLE and text.isprintable() and not EXPANDED.search(text)
        return text if fits else ""


@dataclass(slots=True)
class _Draft:
    """A group while its names are not known; the children are by what each is told apart by."""

    kind: Kind
    context: Context | None = None
    children: dict[str, _Draft | Leaf] = field(default_factory=dict)


def group_tasks(tasks: Iterable[PackagedTask], volumes: Iterable[VolumeTask] = ()) -> Group:
    """The graph of a package, whose ``tasks`` are in topological order, as its root."""
    leaves: list[Leaf] = [*(task for task in volumes if not task.claim_of), *tasks]
    leaves += (task for task in volumes if task.claim_of)
    root = _Draft("root")
    paths: dict[str, tuple[str, ...]] = {}
    for leaf in leaves:
        draft, path = root, list[str]()
        for context in leaf.within if isinstance(leaf, PackagedTask) else ():
            for kind, key in _steps(context):
                path.append(key)
                made = draft.children.setdefault(key, _Draft(kind, context))
                assert isinstance(made, _Draft)
                draft = made
        draft.children[leaf.key] = leaf
        paths[leaf.key] = (*path, leaf.key)
    return _named(root, _waits(leaves, paths), (), itertools.count(1))


def _steps(context: Context) -> Iterator[tuple[Kind, str]]:
    """The groups that a context is, outermost first, each with what tells it from its siblings."""
    match context:
        case Loop():
            yield "loop", context.key
        case ExitHandler():
            yield "exit", context.key
        case Branch():
            yield "branches", context.key
            yield "branch", f"{context.key} {context.number}"


#: By the path of a group: the children that wait, each for some of its siblings.
_Waits = Mapping[tuple[str, ...], Mapping[str, set[str]]]


def _waits(leaves: Iterable[Leaf], paths: Mapping[str, tuple[str, ...]]) -> _Waits:
    """What waits for what in each group: a task waits for all of a group that it is not in."""
    found: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for leaf in leaves:
        own = paths[leaf.key]
        for before in leaf.after:
            other = paths[before]
            level = common(own, other)
            found.setdefault(own[:level], {}).setdefault(own[level], set()).add(other[level])
        if isinstance(leaf, PackagedTask) and leaf.exits:
            # The SDK wants to know the exit task before the group.
            found.setdefault((), {}).setdefault(leaf.exits.key, set()).add(leaf.key)
    return found


def common(first: Sequence[object], second: Sequence[object]) -> int:
    """How many elements both begin with."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _named(
    draft: _Draft, waits: _Waits, path: tuple[str, ...], ids: Iterator[int], name: str = "root"
) -> Group:
    """The group of a draft; numbers are counted as the SDK does when it meets the groups."""
    own = waits.get(path, {})
    children: list[Group | Leaf] = []
    for key in _ordered(draft.children, own):
        child = draft.children[key]
        if not isinstance(child, _Draft):
            children.append(child)
        elif child.kind == "branches":
            awaited = any(key in before for before in own.values())
            children += _condition(child, waits, (*path, key), ids, awaited=awaited)
        else:
            item = ""
            if isinstance(child.context, Loop) and child.context.count is not None:
                item = f"loop-item-param-{next(ids)}"
            label = f"{_PREFIXES[child.kind]}-{next(ids)}"
            made = _named(child, waits, (*path, key), ids, label)
            children.append(Group(child.kind, label, made.children, child.context, item))
    return Group(draft.kind, name, tuple(children), draft.context)


def _condition(
    draft: _Draft, waits: _Waits, path: tuple[str, ...], ids: Iterator[int], *, awaited: bool
) -> Iterator[Group]:
    """The groups of a condition: one that holds all branches, where there is one for each case.

    Otherwise each branch is a condition of its own. Of those, one that others wait for stands in a
    loop of one item.
    """
    branches = sorted(draft.children.items(), key=lambda pair: _number(pair[1]))
    whole = len(branches) > 1 and len(branches) == _count(branches[0][1])
    loops = awaited and not whole
    if not whole:
        for key, branch in branches:
            assert isinstance(branch, _Draft)
            item = f"loop-item-param-{next(ids)}" if loops else ""
            around = f"for-loop-{next(ids)}" if loops else ""
            label = f"condition-{next(ids)}"
            inner = _named(branch, waits, (*path, key), ids, label)
            alone = Group("branch", label, inner.children, branch.context)
            yield Group("once", around, (alone,), None, item) if loops else alone
        return
    groups: list[Group] = []
    outer = own = next(ids)
    for position, (key, branch) in enumerate(branches):
        assert isinstance(branch, _Draft)
        if position:
            # The group around all gets the number of the first branch, and that one the next.
            if position == 1:
                first = groups[0]
                swapped = f"condition-{next(ids)}"
                groups[0] = Group("branch", swapped, first.children, first.context)
            own = next(ids)
        label = f"condition-{own}"
        inner = _named(branch, waits, (*path, key), ids, label)
        rest, before = position == len(branches) - 1, tuple(range(position))
        made = Group("branch", label, inner.children, branch.context, "", before, rest)
        groups.append(made)
    yield Group("branches", f"condition-branches-{outer}", tuple(groups), draft.context)


def _number(draft: _Draft | Leaf) -> int:
    assert isinstance(draft, _Draft)
    assert isinstance(draft.context, Branch)
    return draft.context.number


def _count(draft: _Draft | Leaf) -> int:
    assert isinstance(draft, _Draft)
    assert isinstance(draft.context, Branch)
    return draft.context.of


def _ordered(children: Iterable[str], waits: Mapping[str, set[str]]) -> list[str]:
    """The children so that each comes after those that it waits for, else in the given order."""
    left, done = [*children], dict[str, None]()
    while left:
        ready = next(key for key in left if waits.get(key, set()) <= done.keys())
        left.remove(ready)
        done[ready] = None
    return [*done]
