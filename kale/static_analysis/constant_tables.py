"""Names that only ever hold a container of constants which the notebook does no more than read.

``COLUMNS = ["a", "b"]`` with ``df[COLUMNS]``: nothing can change such a list, and what is taken out
of it shares nothing. A name that is given to a function nobody knows is none of them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

#: Methods that give an element, a view or a count of a container of constants.
_READING = frozenset("copy count get index items keys values".split())

#: Calls that read what they are given, whatever it is: functions of the language, pandas' methods.
_READERS = frozenset(
    "all any assign astype drop dropna enumerate filter fillna frozenset groupby isin len list "
    "map max merge min pivot_table print range rename replace reversed set set_index sort_values "
    "sorted str sum tuple zip".split()
)


def constant_tables(
    nodes: Iterable[ast.AST], bound: Counter[str], own: Collection[str]
) -> Iterator[str]:
    """The names of a notebook that are such tables.

    ``bound`` tells how often each is bound, ``own`` are names that the notebook defines itself.
    """
    readers, reading = _READERS.difference(own), _READING.difference(own)
    made: Counter[str] = Counter()
    read: Counter[str] = Counter()
    mentioned: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            mentioned[node.id] += 1
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_table(node.value):
            made.update(t.id for t in node.targets if isinstance(t, ast.Name))
        read.update(
            name.id for name in _only_read(node, readers, reading) if isinstance(name, ast.Name)
        )
    for name, count in made.items():
        if count == bound[name] and read[name] == mentioned[name]:
            yield name


def _is_table(node: ast.expr) -> bool:
    """Whether an expression makes a new container with nothing but constants in it."""
    if isinstance(node, ast.Dict):
        return all(isinstance(one, ast.Constant) for one in (*node.keys, *node.values))
    if isinstance(node, ast.List | ast.Set):
        return all(isinstance(one, ast.Constant) for one in node.elts)
    return False


def _only_read(
    node: ast.AST, readers: Collection[str], reading: Collection[str]
) -> Iterator[ast.expr]:
    """The expressions right below a node that it does no more than read."""
    match node:
        case ast.Subscript(value=value, slice=index, ctx=ast.Load()):
            yield from (value, index)
        case ast.Subscript(slice=index):
            yield index
        case ast.Compare(comparators=comparators):
            yield from comparators
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            yield iterable
        case ast.FormattedValue(value=value):
            yield value
        case ast.BinOp(left=left, right=right):
            yield from (left, right)
        case ast.Call(func=ast.Attribute(value=receiver, attr=method), args=given):
            if method in reading:
                yield receiver
            if method in readers:
                yield from given
        case ast.Call(func=ast.Name(id=function), args=given) if function in readers:
            yield from given
