"""The item of a loop is the loop's own: what reads it behind the loop would find the last one.

No step has the last item, as all items are worked on side by side. The analysis finds such a read
where nothing else has bound the name; here it is found where something has, as well.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kale.control import Branch, Loop
from kale.errors import Location, NotebookError
from kale.ir import Source, Step
from kale.nbparser.loop_names import target_names
from kale.nbparser.scripts import bound_by
from kale.nbparser.syntax import parse_quietly


def reads_behind(steps: Sequence[Step], metrics: Sequence[Source]) -> Iterator[NotebookError]:
    """KALE746 for each read of a loop's variable by a step below the loop, or by the metrics."""
    loops = {one.key: one for step in steps for one in step.within if isinstance(one, Loop)}
    for key, loop in loops.items():
        inside = [number for number, step in enumerate(steps) if _stands_in(step, key)]
        behind = steps[inside[-1] + 1 :]
        first = steps[inside[0]]
        for name in dict.fromkeys(target_names(loop.target)):
            found = _first_read(name, first, behind, metrics)
            if found is not None:
                step, at = found
                yield NotebookError(
                    "KALE746",
                    f"{step} reads `{name}` after the loop that sets it in step `{first.name}`;"
                    " each item has a value of its own",
                    at=at,
                    hint=f"assign `{name}` to another name in the loop, and read that: it is a"
                    " list after it",
                )


def _stands_in(step: Step, key: str) -> bool:
    return any(one.key == key for one in step.within)


def _first_read(
    name: str, looping: Step, steps: Iterable[Step], metrics: Iterable[Source]
) -> tuple[str, Location] | None:
    """Who reads what a loop has left in a variable, and where; ``None`` if it is set before."""
    branches = _branches(looping)
    for step in steps:
        own = _branches(step)
        loops = [one for one in step.within if isinstance(one, Loop)]
        if any(branches.get(key, number) != number for key, number in own.items()):
            continue  # it runs only when the loop does not
        if any(name in target_names(loop.target) for loop in loops):
            continue  # that loop has set it
        for source in step.sources:
            line, is_set = _read_or_set(name, source)
            if line:
                return f"step `{step.name}`", replace(source.at, line=line)
            if is_set and own.keys() <= branches.keys():
                return None
            if is_set:
                break  # where its branch is not taken, the item is still there
    for source in metrics:
        line, is_set = _read_or_set(name, source)
        if line:
            return "the code of `pipeline-metrics`", replace(source.at, line=line)
        if is_set:
            return None
    return None


def _branches(step: Step) -> dict[str, int]:
    return {one.key: one.number for one in step.within if isinstance(one, Branch)}


def _read_or_set(name: str, source: Source) -> tuple[int, bool]:
    """The line where a cell reads a variable, 0 for none, and whether it sets it before."""
    tree = parse_quietly(source.python)
    for one in tree.body if tree else ():
        header = one.iter if isinstance(one, ast.For) else one
        if name in _read(header):
            return (source.at.line or 1) + one.lineno - 1, False
        if name in bound_by(one):
            return 0, True
    return 0, False


def _read(node: ast.AST) -> set[str]:
    """The variables that code looks up outside of functions, whose calls the analysis follows."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    try:
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return set()  # what awaits at the top level; the analysis reads it
    found: set[str] = set()
    waiting = [table]
    while waiting:
        one = waiting.pop()
        waiting += one.get_children()
        found.update(
            symbol.get_name()
            for symbol in one.get_symbols()
            if symbol.is_referenced() and (one is table or symbol.is_global())
        )
    return found
