"""Which random notebooks a pipeline can keep: found by running them, not by any of Kale's code.

A notebook is *valid* when the last writer of all that a step reads comes before it in the graph,
or can be made to by an edge along the notebook's order, and no two unordered steps write what a
later step reads. What a step binds is read off its statements; what it changes in place is seen
by looking at every name before and after, so that a change counts for all names of an object.
Reads are taken generously (every name that a statement, or code in its reach, mentions), so that
fewer notebooks than could be are called valid, and none wrongly.
"""

from __future__ import annotations

import ast
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from notebook_statements import POOLS
from random_notebooks import SHARED, Notebook, Statement, run_quietly, values_of

#: Names that only statements of the notebooks define.
_POOLED = {name for pool in POOLS.values() for name in pool}

_SIMPLE = (
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.FunctionDef, ast.ClassDef, ast.Import,
    ast.ImportFrom, ast.Delete,
)  # fmt: skip


@dataclass(slots=True)
class Access:
    """What one step reads from outside, and all that it writes.

    ``reads`` are all names that it may read, ``sure`` those of them that nobody can miss.
    """

    reads: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    certain: set[str] = field(default_factory=set)


def is_valid(notebook: Notebook) -> bool:
    """Whether a pipeline can keep the notebook; one whose steps' cells stand apart is never so."""
    if len(notebook.steps) < sum(cell.owner not in SHARED for cell in notebook.cells):
        return False
    try:
        accesses = step_accesses(notebook)
    except NameError:  # of a name that nothing defines, in code that did not run
        return False
    writers: dict[str, list[str]] = defaultdict(list)
    readers: list[tuple[str, bool, list[str]]] = []
    for step, access in accesses.items():
        readers += [(step, n in access.sure, list(writers[n])) for n in sorted(access.reads)]
        for name in sorted(access.writes):
            writers[name].append(step)
    sure, all_of_them = (_ancestors(notebook, readers, every) for every in (False, True))
    return (
        all_of_them is not None
        and sure is not None
        and all(
            one in sure[other] for *_, found in readers for one, other in combinations(found, 2)
        )
    )


def _ancestors(
    notebook: Notebook, readers: Iterable[tuple[str, bool, list[str]]], every: bool
) -> Mapping[str, set[str]] | None:
    """The steps before each step once reads have added their edges; ``None`` if that cannot be."""
    after = {step: set(notebook.after.get(step, ())) for step in notebook.steps}
    for step, sure, found in readers:
        if every or sure:
            after[step].update(found[-1:])
    above: dict[str, set[str]] = {}
    try:
        for step in TopologicalSorter(after).static_order():
            above[step] = after[step].union(*(above[before] for before in after[step]))
    except CycleError:
        return None
    return above


def step_accesses(notebook: Notebook) -> Mapping[str, Access]:
    """What each step reads and writes, in notebook order."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    accesses: dict[str, Access] = {}
    for cell in notebook.cells:
        for statement in cell.statements:
            if cell.owner in SHARED:
                run_quietly(statement.code, namespace)
            else:
                _observe(statement, namespace, accesses.setdefault(cell.owner, Access()))
    return accesses


def _observe(statement: Statement, namespace: dict[str, object], access: Access) -> None:
    tree = ast.parse(statement.code)
    loads = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_load(n)}
    loads |= {n.target.id for n in ast.walk(tree) if _augments(n)}
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "eval":
            loads |= {n.id for n in ast.walk(ast.parse(call.args[0].value)) if hasattr(n, "id")}
    before = dict(values_of(namespace))
    states = {name: state_of(value) for name, value in before.items()}
    same = {n for c in statement.changes for n in before if before[n] is before.get(c)}
    run_quietly(statement.code, namespace)
    now = dict(values_of(namespace))
    reads = _closed(loads, before) | _closed(loads, now)
    binds = set(_bindings(tree.body)) | (before.keys() ^ now.keys())
    unknown = (loads & _POOLED) - before.keys() - binds
    if unknown:
        raise NameError(sorted(unknown)[0])
    reads &= before.keys()
    rebound = {n for n in before.keys() & now.keys() if before[n] is not now[n]}
    binds |= rebound
    certain = set(_bindings(s for s in tree.body if isinstance(s, _SIMPLE)))
    # A walrus, or a function that was called, may bind under a condition.
    certain = {n for n in certain if n in now or isinstance(tree.body[0], ast.Delete)}
    changes = {n for n in before.keys() & now.keys() - binds if states[n] != state_of(now[n])}
    # What may be bound, or is changed, has to be there to be handed on.
    access.reads |= (reads | changes | same | (binds - certain)) - access.certain
    code = {n for n, v in before.items() if isinstance(v, type | types.FunctionType)}
    outright = {n.id for n in _outright(tree) if isinstance(n, ast.Name) and _is_load(n)}
    outright |= {n.target.id for n in _outright(tree) if _augments(n)}
    outright &= loads & before.keys() - code
    access.sure |= (outright | changes) - access.bound - rebound
    access.sure |= {n for n in outright if _simple(tree)} - access.bound
    access.writes |= binds | changes | same
    access.bound |= binds
    access.certain |= certain


def _outright(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are evaluated with their statement: not the bodies of functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Lambda) and child is node.body:
            continue
        if isinstance(node, ast.FunctionDef) and child in node.body:
            continue
        yield from _outright(child)


def _simple(tree: ast.Module) -> bool:
    return isinstance(tree.body[0], _SIMPLE) and not isinstance(tree.body[0], ast.FunctionDef)


def _is_load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load | ast.Del)


def _augments(node: ast.AST) -> bool:
    return isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)


def _bindings(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that statements of a module bind or delete themselves."""
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
            continue
        for child in _scope(node):
            if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
                yield child.id
            elif isinstance(child, ast.alias):
                yield child.asname or child.name
            elif isinstance(child, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and child.name:
                yield child.name
            elif isinstance(child, ast.MatchMapping) and child.rest:
                yield child.rest


def _scope(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that belong to the module's own scope, walrus targets included."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.ListComp | ast.DictComp):
            yield from (n.target for n in ast.walk(child) if isinstance(n, ast.NamedExpr))
            continue
        yield from _scope(child)


def _closed(names: set[str], namespace: Mapping[str, object]) -> set[str]:
    """Names with all that the code in reach of their values mentions."""
    found, pending = set(), list(names)
    while pending:
        name = pending.pop()
        if name in found or name not in namespace:
            continue
        found.add(name)
        for value in reachable(namespace[name]):
            if isinstance(value, types.CodeType):
                pending += value.co_names
    return found


def reachable(value: object) -> Iterator[object]:
    """The objects in reach of a value, itself first, each once, always in the same order."""
    seen: dict[int, object] = {}
    pending = [value]
    while pending:
        current = pending.pop()
        if id(current) not in seen:
            seen[id(current)] = current
            yield current
            pending += reversed(parts_of(current))


def parts_of(value: object) -> list[object]:
    """What a value holds directly."""
    match value:
        case list() | tuple():
            return list(value)
        case dict():
            return [*value.keys(), *value.values()]
        case types.FunctionType():
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return [value.__code__, value.__defaults__, *cells]
        case types.CodeType():
            return [c for c in value.co_consts if isinstance(c, types.CodeType)]
        case types.MethodType():
            return [value.__self__, value.__func__]
        case types.BuiltinMethodType() if not isinstance(value.__self__, types.ModuleType):
            return [value.__self__]
        case type() if value.__module__ == "__main__":
            return [v for k, v in vars(value).items() if not k.startswith("__") or callable(v)]
        case property():
            return [value.fget]
        case _ if type(value).__module__ == "__main__":
            return [type(value), vars(value)]
        case _ if hasattr(value, "func") and hasattr(value, "args"):  # a partial
            return [value.func, value.args]
    return []


def state_of(value: object) -> tuple[object, ...]:
    """What can be seen of a value: its content, and where the same object stands twice."""
    found: list[object] = []
    numbers: dict[int, int] = {}
    for current in reachable(value):
        numbers[id(current)] = len(numbers)
        leaf = isinstance(current, int | str | type(None))
        found.append(current if leaf else type(current).__name__)
        parts = parts_of(current)
        found.append(len(parts))
        found.append([numbers.get(id(part)) for part in parts])
    return tuple(found)
