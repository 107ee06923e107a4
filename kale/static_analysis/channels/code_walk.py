"""A walk over the cells of a notebook: its chains of names, and which cells run which function.

A function's body counts in every cell that mentions the function, by itself or through others; a
method's in every cell that mentions an attribute of its name. Known gaps: a lambda that is part
of an expression counts where it stands; what runs only in a thread or by a callback of a library
counts where the function is handed over.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import field
from enum import Enum

from kale.dataclass import dataclass
from kale.static_analysis.cells import Cell
from kale.static_analysis.dotted_names import add_imports

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Verb(Enum):
    """What is done with a chain of names, attributes, calls and subscripts."""

    CALL = "calls"
    STORE = "sets"
    READ = "reads"


@dataclass(frozen=True, slots=True)
class Run:
    """A cell that runs something; ``owner`` is its step, or ``SHARED``: every step runs it."""

    owner: str
    cell: int


@dataclass(frozen=True, slots=True)
class Found:
    """A node as the walk meets it, before what its names stand for is known."""

    cell: Cell
    node: ast.expr
    verb: Verb
    statement: ast.stmt
    within: str
    guards: tuple[ast.expr, ...]


#: A node, the innermost statement, the key of the body, the guards, and whether the node is the
#: head of a longer chain.
_Item = tuple[ast.AST, ast.stmt | None, str, tuple[ast.expr, ...], bool]


@dataclass(slots=True)
class Walk:
    """A walk in source order, without recursion: code may nest as deeply as Python lets it."""

    found: list[Found] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    generators: set[str] = field(default_factory=set)
    nested: dict[str, list[ast.AST]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, list[tuple[Cell, FunctionNode]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    defined: dict[str, None] = field(default_factory=dict)
    #: Each name (or ``.attribute``) to the functions whose bodies mention it, and to the cells.
    mentioned_by: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    mentioned_in: dict[str, dict[int, Cell]] = field(default_factory=lambda: defaultdict(dict))

    def over(self, cell: Cell) -> None:
        """Add what stands in one cell."""
        stack: list[_Item] = [(node, None, "", (), False) for node in reversed(cell.tree.body)]
        while stack:
            node, statement, within, guards, inner = stack.pop()
            if isinstance(node, ast.stmt):
                statement = node
            if isinstance(node, ast.Import | ast.ImportFrom):
                add_imports(node, self.modules)
            if statement is not None and isinstance(node, ast.expr):
                self._note(cell, node, statement, within, guards, inner)
            if isinstance(node, ast.Name | ast.Constant):
                continue
            stack += reversed(list(self._children(cell, (node, statement, within, guards, inner))))

    def _children(self, cell: Cell, item: _Item) -> Iterator[_Item]:
        node, statement, within, guards, _ = item
        body = within
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                body = self._define(cell, node, within)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not within:
                self.values[name] = value
                if isinstance(value, ast.Lambda):
                    self.defined[name] = None
                    body = name
            case ast.With() | ast.AsyncWith():
                calls = tuple(part.context_expr for part in node.items)
                yield from ((part, statement, within, guards, False) for part in node.items)
                guards = (*guards, *calls)
                yield from ((part, statement, within, guards, False) for part in node.body)
                return
            case ast.Lambda() if within:
                self.nested[within].append(node)
            case ast.Yield() | ast.YieldFrom() if within:
                self.generators.add(within)
        outside = _evaluated_outside(node) if body != within else ()
        chained = isinstance(node, ast.Attribute | ast.Subscript | ast.Call)
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else (value,):
                # Contexts and operators have no parts and are no expressions.
                if isinstance(child, ast.AST) and child._fields:
                    where = within if child in outside else body
                    head = chained and name in {"value", "func"}
                    yield child, statement, where, guards, head

    def _define(self, cell: Cell, node: ast.AST, within: str) -> str:
        """Note a definition; the key of its body."""
        assert isinstance(node, FunctionNode | ast.ClassDef)
        key = within or node.name
        if within in self.classes and isinstance(node, FunctionNode):
            if node in self.classes[within].body and not node.name.startswith("__"):
                key = f".{node.name}"
        elif within:
            self.nested[within].append(node)
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
        if isinstance(node, FunctionNode) and key != within:
            self.functions[key].append((cell, node))
        self.defined[key] = None
        return key

    def _note(
        self,
        cell: Cell,
        node: ast.expr,
        statement: ast.stmt,
        within: str,
        guards: tuple[ast.expr, ...],
        inner: bool,
    ) -> None:
        verb = Verb.READ
        match node:
            case ast.Name(id=name, ctx=ctx):
                if isinstance(ctx, ast.Load):
                    self._mention(name, cell, within)
                elif not within:
                    self.bound[name] += 1
                    return
            case ast.Attribute(attr=attr):
                self._mention(f".{attr}", cell, within)
            case ast.Call():
                verb, inner = Verb.CALL, False
            case ast.Subscript():
                pass
            case _:
                return
        if not isinstance(node, ast.Call) and not isinstance(node.ctx, ast.Load):
            verb = Verb.STORE
        if not inner and not (isinstance(node, ast.Name) and verb is Verb.STORE):
            self.found.append(Found(cell, node, verb, statement, within, guards))

    def _mention(self, name: str, cell: Cell, within: str) -> None:
        if within:
            self.mentioned_by[name].add(within)
        else:
            self.mentioned_in[name][cell.number] = cell

    def runs_of(self, key: str) -> tuple[Run, ...]:
        """The cells whose code mentions a function, by itself or through other functions."""
        reached, pending = {key}, [key]
        cells: dict[int, Cell] = {}
        while pending:
            name = pending.pop()
            cells |= self.mentioned_in.get(name, {})
            fresh = self.mentioned_by.get(name, set()) - reached
            reached |= fresh
            pending += fresh
        return tuple(
            Run(owner, number) for number in sorted(cells) for owner in cells[number].owners
        )


def _evaluated_outside(node: ast.AST) -> tuple[ast.AST, ...]:
    """What of a definition runs where it stands: decorators, defaults, bases."""
    if isinstance(node, ast.ClassDef):
        return (*node.decorator_list, *node.bases, *node.keywords)
    if isinstance(node, FunctionNode):
        return (*node.decorator_list, node.args)
    return ()
