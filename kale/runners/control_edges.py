"""What control flow has steps wait for: those that decide on them, and groups before exit steps."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import replace

from kale.control import Branch, ExitHandler, Loop
from kale.ir import Plan, Task


def groups_of(plan: Plan) -> dict[str, frozenset[str]]:
    """The steps of each group that an exit step stands behind, by the exit step's name."""
    found: dict[str, set[str]] = defaultdict(set)
    for task in plan.tasks:
        for context in task.within:
            if isinstance(context, ExitHandler):
                found[context.exit_step].add(task.name)
    return {step: frozenset(group) for step, group in found.items()}


def with_control(plan: Plan) -> Plan:
    """The plan, its steps after those that decide on them, and exit steps after their groups."""
    if not any(task.within for task in plan.tasks):
        return plan
    groups = groups_of(plan)
    tasks = []
    for task in plan.tasks:
        deciders = [c.decider for c in task.within if isinstance(c, Loop | Branch) and c.decider]
        group = [other.name for other in plan.tasks if other.name in groups.get(task.name, ())]
        after = tuple(dict.fromkeys((*task.after, *deciders, *group)))
        tasks.append(replace(task, after=after))
    return replace(plan, tasks=_sorted(tasks))


def _sorted(tasks: list[Task]) -> tuple[Task, ...]:
    """The tasks in topological order, as near as can be to the order they are in."""
    rank = {task.name: number for number, task in enumerate(tasks)}
    waits = {task.name: set(task.after) for task in tasks}
    followers: dict[str, list[str]] = defaultdict(list)
    for task in tasks:
        for before in waits[task.name]:
            followers[before].append(task.name)
    ready = [number for number, task in enumerate(tasks) if not task.after]
    found = []
    while ready:
        task = tasks[heapq.heappop(ready)]
        found.append(task)
        for name in followers[task.name]:
            waits[name].discard(task.name)
            if not waits[name]:
                heapq.heappush(ready, rank[name])
    assert len(found) == len(tasks)
    return tuple(found)
