"""Imports cut down to the names that a step takes from them.

At the head of a step, ``from math import *`` would hide parameters, shared functions and builtins
that the notebook has bound, or deleted, since. A list of names as the author wrote it stays as
it is as long as the step gets none of them from elsewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import replace

from kale.ir import Source
from kale.static_analysis.definitions import Definition
from kale.static_analysis.facts import Write
from kale.static_analysis.needs import Place


def cut_down(
    carried: Mapping[Place, Write], read: Collection[str], taken: Mapping[str, Write]
) -> tuple[Write, ...]:
    """The code that a step is given, by place; it ``read``s these names and has ``taken`` some."""
    inner = {name for w in carried.values() if w.definition for name in w.definition.reads}
    found: list[Write] = []
    for place in sorted(carried):
        write = carried[place]
        definition = write.definition
        assert definition is not None
        other = {n for n in read if n not in taken or taken[n].definition is not definition}
        found.append(replace(write, definition=_cut(definition, {*read} - other | inner, other)))
    return tuple(found)


def _cut(definition: Definition, wanted: Collection[str], other: Collection[str]) -> Definition:
    names = definition.names.intersection(wanted)
    if not definition.is_import or len(definition.names) < 2 or not names:
        return definition
    statement = ast.parse(definition.source.python).body[0]
    if not isinstance(statement, ast.ImportFrom) or statement.module == "__future__":
        return definition
    if statement.names[0].name == "*":
        statement.names = [ast.alias(name=name) for name in sorted(names)]
    elif definition.names.isdisjoint(other):
        return definition
    else:
        statement.names = [a for a in statement.names if (a.asname or a.name) in names]
    text = ast.unparse(statement)
    return replace(definition, source=Source(text, definition.source.at, text))
