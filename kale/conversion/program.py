"""The steps of a notebook as a program: in loops and conditions, and what each value is for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import field
from itertools import groupby

from kale.conversion.step_functions import StepFunction
from kale.dataclass import dataclass
from kale.ir import Branch, Loop, Step


@dataclass(slots=True)
class LoopNode:
    """A loop: what it goes over, as Python text, and its body.

    ``collected`` are the names that are lists after it; which nodes end with what is appended to
    them, these say themselves. ``appended`` are names that lists of loops around it get.
    """

    loop: Loop
    items: str
    targets: frozenset[str]
    body: list[Node]
    collected: list[str] = field(default_factory=list)
    appended: set[str] = field(default_factory=set)


@dataclass(slots=True)
class IfNode:
    """A condition: pairs of a test, empty for `else`, and what runs where it is the first."""

    key: str
    branches: list[tuple[str, list[Node]]]
    appends: list[tuple[str, str]] = field(default_factory=list)


Node = StepFunction | LoopNode | IfNode


def nodes(
    functions: Sequence[StepFunction], deciders: dict[str, Step], depth: int = 0
) -> list[Node]:
    """The program of some steps that stand in the same contexts down to ``depth``.

    ``deciders`` are the steps that Kale made, by name.
    """
    found: list[Node] = []

    def key(function: StepFunction) -> object:
        within = function.step.within
        return within[depth].key if len(within) > depth else function.name

    for _, group in groupby(functions, key):
        members = list(group)
        within = members[0].step.within
        context = within[depth] if len(within) > depth else None
        if isinstance(context, Loop):
            tree = ast.parse(f"for {context.target} in (): pass")
            targets = frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
            body = nodes(members, deciders, depth + 1)
            found.append(LoopNode(context, _items(context, deciders), targets, body))
        elif isinstance(context, Branch):
            branches = []
            for number, inside in groupby(members, lambda one: _branch(one, depth)):
                test = context.tests[number] if number < len(context.tests) else ""
                branches.append((test, nodes([*inside], deciders, depth + 1)))
            found.append(IfNode(context.key, branches))
        else:
            found += members
    return found


def _branch(function: StepFunction, depth: int) -> int:
    context = function.step.within[depth]
    return context.number if isinstance(context, Branch) else 0


def _items(loop: Loop, deciders: dict[str, Step]) -> str:
    """What a loop goes over, as its author wrote it."""
    if loop.decider not in deciders:
        return loop.items
    [assignment] = ast.parse(deciders[loop.decider].sources[0].python).body
    assert isinstance(assignment, ast.Assign)
    match assignment.value:
        case ast.List(elts=[ast.Starred(value=value)]):
            return ast.unparse(value)
    return ast.unparse(assignment.value)


def reads_of(text: str) -> list[str]:
    """The names that an expression reads, in their order."""
    found = (n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name))
    return list(dict.fromkeys(found))


def binds_of(node: Node) -> set[str]:
    """The names that the steps of a node may bind."""
    match node:
        case StepFunction():
            return {*node.binds}
        case LoopNode():
            return {name for one in node.body for name in binds_of(one)}
    return {name for _, body in node.branches for one in body for name in binds_of(one)}


def targets_of(node: Node) -> set[str]:
    """The names that the loops of a node bind to their items."""
    match node:
        case StepFunction():
            return set()
        case LoopNode():
            return {*node.targets}.union(*map(targets_of, node.body))
    return {name for _, body in node.branches for one in body for name in targets_of(one)}


def settle(program: Sequence[Node], live: Iterable[str]) -> set[str]:
    """Find what each step returns and each loop collects; return what is read from before.

    ``live`` are the names that are read afterwards.
    """
    needed = {*live}
    for node in reversed(program):
        match node:
            case StepFunction():
                text = "\n".join(node.pieces)
                wanted = needed & (node.binds | (node.changes & {*node.reads}))
                ordered = sorted(wanted, key=lambda name: (text.find(name), name))
                node.results[:] = dict.fromkeys([*node.results, *ordered])
                needed = (needed - node.certain) | {*node.reads} | (needed & node.changes)
            case LoopNode():
                after = needed & binds_of(node) - node.targets
                inner = {*after}
                node.collected[:] = sorted(after)
                for name in node.collected:
                    if _append(node.body, (node.loop.key, name)):
                        inner.remove(name)
                inside = settle(node.body, inner | node.appended)
                needed = (needed - after) | (inside - node.targets) | {*reads_of(node.items)}
            case IfNode():
                before = {*needed}
                for test, body in node.branches:
                    needed |= settle(body, before) | {*(reads_of(test) if test else ())}
    return needed


def _append(body: Sequence[Node], item: tuple[str, str]) -> bool:
    """Append to a loop's list wherever the name has its last value; whether that is in a loop.

    ``item`` is the loop's key and the name.
    """
    _, name = item
    for position, node in reversed([*enumerate(body)]):
        if name not in binds_of(node):
            continue
        if isinstance(node, LoopNode):
            if not _append(node.body, item):
                node.appended.add(name)
            return True
        if isinstance(node, IfNode) and not (
            any(name in binds_of(one) for one in body[:position])
            or (not node.branches[-1][0] and all(name in _bound(b) for _, b in node.branches))
        ):
            for _, branch in node.branches:
                _append(branch, item)
        else:
            node.appends.append(item)
        return False
    return False


def _bound(body: Sequence[Node]) -> set[str]:
    return {name for node in body for name in binds_of(node)}


def free_name(name: str, taken: set[str]) -> str:
    """A name like ``name`` that is not ``taken``, and is then."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
