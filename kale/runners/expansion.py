"""The steps of a run as they come to be known: those of a loop once an item, of branches one.

Until it is known how many items a loop has, or which branch of a condition is taken, each step in
it is one *open* node, under the step's own name; then it gives way to its instances, ``NAME.0``,
``NAME.1``, in nested loops ``NAME.0.1``. Nothing here runs anything.
"""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice, takewhile

from kale.control import Branch, Loop
from kale.dataclass import dataclass
from kale.errors import RunError
from kale.ir import Plan, Port, PortKind, Task
from kale.runners.control_edges import groups_of, with_control

#: How the reasons of steps begin that the run did well without.
NOT_TAKEN = "its branch was not taken"
NO_ITEMS = "its loop has no items"

#: Nobody waits for the end of more steps than this; a mistaken count would only fill the memory.
MOST_STEPS = 100_000

Index = tuple[int, ...]

#: The number of items, or of the branch, by the key of the loop or condition and where it stands.
Decisions = Mapping[tuple[str, Index], int]


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a run: ``task`` is the plan's, ``index`` the numbers of the items it works on.

    ``open`` means that it may become several, or none. ``left_out`` is why it does not run though
    all is well.
    """

    name: str
    task: Task
    index: Index = ()
    open: bool = False
    left_out: str = ""


def instance_name(step: str, index: Index) -> str:
    """What a step is called where it works on one item."""
    return ".".join((step, *map(str, index)))


def loops_of(task: Task) -> tuple[Loop, ...]:
    """The loops around a task, the outermost first."""
    return tuple(context for context in task.within if isinstance(context, Loop))


def shared_loops(task: Task, other: Task) -> int:
    """How many loops stand around both tasks: some of the outermost ones of each."""
    pairs = zip(loops_of(task), loops_of(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1].key, pairs))


def index_of(task: Task) -> Index:
    """The numbers of the items that an instance works on; empty for a task in no loop."""
    if not loops_of(task):
        return ()
    # Names of steps have no dots.
    return tuple(map(int, task.name.split(".")[1:]))


def step_of(task: Task) -> str:
    """The name of the plan's task that a task is an instance of, or its own."""
    return task.name.partition(".")[0] if loops_of(task) else task.name


def unfold(task: Task, decisions: Decisions, index: Index = ()) -> Iterator[Node]:
    """The nodes of a step, as far as it is decided, below the items of ``index``; at least one."""
    depth = 0
    for context in task.within:
        here = index[:depth]
        if isinstance(context, Loop):
            depth += 1
            if depth <= len(index):
                continue
            count = context.count
            if count is None:
                count = decisions.get((context.key, here))
            if not count:
                yield _node(task, here, open=count is None, left_out=NO_ITEMS)
                return
            for number in range(count):
                yield from unfold(task, decisions, (*here, number))
            return
        if isinstance(context, Branch):
            number_taken = decisions.get((context.key, here))
            if number_taken != context.number:
                why = "" if number_taken is None else not_taken(context, number_taken)
                yield _node(task, here, open=number_taken is None, left_out=why)
                return
    yield Node(instance_name(task.name, index), task, index)


def _node(task: Task, index: Index, *, open: bool, left_out: str) -> Node:  # noqa: A002
    return Node(instance_name(task.name, index), task, index, open, "" if open else left_out)


def not_taken(branch: Branch, taken: int) -> str:
    """Why the steps of a branch do not run, where branch number ``taken`` is."""
    number, holds = (branch.number, "false") if branch.number < taken else (taken, "true")
    if number >= len(branch.tests):
        return NOT_TAKEN
    return f"{NOT_TAKEN}: `{branch.tests[number]}` is {holds}"


class Expansion:
    """The nodes of one run. ``plan`` is the one given, each task after all that it waits for.

    Raises:
        RunError: there would be more than :data:`MOST_STEPS` (KALE750).
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = with_control(plan)
        self._steps = {task.name: task for task in self.plan.tasks}
        contexts = [context for task in self.plan.tasks for context in task.within]
        self._controls = bool(contexts)
        self._groups = groups_of(self.plan)
        self._decisions: dict[tuple[str, Index], int] = {}
        self._branches = {one.key: one.of for one in contexts if isinstance(one, Branch)}
        self._nodes: dict[str, Node] = {}
        #: Names that have given way to others.
        self._parts: dict[str, dict[str, None]] = {}
        self._check_size(self.plan.tasks, {}, ())
        for task in self.plan.tasks:
            self._put(task.name, [*unfold(task, {})])

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    @property
    def names(self) -> tuple[str, ...]:
        """All nodes, in the order of the plan."""
        return tuple(chain.from_iterable(map(self.nodes_of, self._steps)))

    def nodes_of(self, name: str) -> Iterator[str]:
        """The nodes that a step, or an instance of it in an outer loop, has become."""
        parts = self._parts.get(name)
        if parts is None:
            yield name
        else:
            for part in parts:
                yield from self.nodes_of(part)

    # --------------------------------------------------------------------- what is decided

    def check(self, decider: str, told: Mapping[str, object]) -> dict[str, int]:
        """What the node ``decider`` has decided, by key, if it can be as it says.

        Raises:
            RunError: it is not what it should be (KALE751), or there would be more than
                :data:`MOST_STEPS` steps (KALE750).
        """
        node = self._nodes[decider]
        found: dict[str, int] = {}
        for key, name in node.task.decides:
            number = told.get(key)
            most = self._branches.get(key, sys.maxsize)
            if type(number) is not int or not 0 <= number < most:
                raise RunError(
                    "KALE751",
                    f"the step has not told what follows from `{name}`",
                    hint="what Kale has a step tell must not be changed by its code",
                )
            found[key] = number
        new = {(key, node.index): number for key, number in found.items()}
        tasks = (task for task, _ in self._touched(found, node.index))
        self._check_size(tasks, ChainMap(new, self._decisions), node.index)
        return found

    def decide(
        self,
        decider: str,
        told: Mapping[str, int],
        stays: Callable[[str], bool] = lambda _: False,
    ) -> dict[str, tuple[str, ...]]:
        """Take note of what the node ``decider`` has told, as :meth:`check` gave it.

        Returns what each open node gives way to, in order; maybe to one of its own name that is no
        longer open. Those that ``stays`` says yes to will not run in any case, and are left.
        """
        index = self._nodes[decider].index
        self._decisions.update({(key, index): number for key, number in told.items()})
        grown = {
            name: [*unfold(task, self._decisions, index)]
            for task, name in self._touched(told, index)
            if not stays(name)
        }
        for name, nodes in grown.items():
            self._put(name, nodes)
        return {name: tuple(node.name for node in nodes) for name, nodes in grown.items()}

    def _touched(self, told: Mapping[str, int], index: Index) -> Iterator[tuple[Task, str]]:
        """The steps, and their open nodes, that wait for what is told at ``index``."""
        for step, task in self._steps.items():
            if any(_key(context) in told for context in task.within):
                node = self._nodes.get(instance_name(step, index))
                if node is not None and node.open:
                    yield task, node.name

    def _check_size(self, tasks: Iterable[Task], decisions: Decisions, index: Index) -> None:
        room = MOST_STEPS - len(self._nodes)
        for task in tasks:
            room -= sum(1 for _ in islice(unfold(task, decisions, index), room + 1))
            if room < 0:
                raise RunError(
                    "KALE750",
                    f"the loops around step `{task.name}` have too many items to run here: that "
                    f"makes over {MOST_STEPS} steps",
                    hint="have each item of the loop do more, so that there are fewer",
                )

    def _put(self, name: str, nodes: Sequence[Node]) -> None:
        self._nodes.pop(name, None)
        self._nodes.update({node.name: node for node in nodes})
        for node in nodes:
            lower = node.name
            # Step by step: who stands in the outer loops alone sees all items of the inner ones.
            for depth in reversed(range(len(node.index))):
                if lower == name:
                    break
                upper = instance_name(node.task.name, node.index[:depth])
                self._parts.setdefault(upper, {})[lower] = None
                lower = upper

    # ------------------------------------------------------------------ what waits for what

    def after(self, name: str) -> tuple[str, ...]:
        """The nodes that a node waits for; an exit step also for :meth:`after_any`."""
        node = self._nodes[name]
        if not self._controls:
            return node.task.after
        group = self._groups.get(node.task.name, frozenset())
        before = (b for b in node.task.after if b not in group)
        return tuple(dict.fromkeys(chain.from_iterable(self._seen(node, b) for b in before)))

    def after_any(self, name: str) -> tuple[str, ...]:
        """The nodes whose end, good or bad, an exit step waits for."""
        task = self._nodes[name].task
        group = self._groups.get(task.name, frozenset())
        return tuple(chain.from_iterable(self.nodes_of(b) for b in task.after if b in group))

    @property
    def exit_steps(self) -> frozenset[str]:
        """The steps that run whatever has become of others."""
        return frozenset(self._groups)

    def items_of(self, loop: Loop, index: Index) -> Iterator[str]:
        """The nodes that work on the item ``index`` of a loop."""
        for step, task in self._steps.items():
            if any(context.key == loop.key for context in task.within):
                yield from self.nodes_of(instance_name(step, index))

    def _seen(self, node: Node, step: str) -> Iterator[str]:
        """The nodes of a step as one sees them that stands in some of the same loops."""
        shared = shared_loops(node.task, self._steps[step])
        return self.nodes_of(instance_name(step, node.index[:shared]))

    def task(self, name: str) -> Task:
        """The task of a node whose producers are decided, its ports connected to their nodes.

        A port that several nodes feed is there once for each, in their order. What does not run
        feeds nothing; a list that is collected of nothing has one port without a source.
        """
        node = self._nodes[name]
        if not self._controls:
            return node.task
        inputs = tuple(chain.from_iterable(self._ports(node, port) for port in node.task.inputs))
        after = (*self.after(name), *self.after_any(name))
        return replace(node.task, name=name, inputs=inputs, after=after)

    def _ports(self, node: Node, port: Port) -> Sequence[Port]:
        if port.kind is PortKind.PARAMETER or port.source is None:
            return [port]
        step, key = port.source
        fed = [
            replace(port, source=(producer, key))
            for producer in self._seen(node, step)
            if not self._nodes[producer].left_out
        ]
        return fed or ([replace(port, source=None)] if port.collected else [])


def _key(context: object) -> str:
    return context.key if isinstance(context, Loop | Branch) else ""
