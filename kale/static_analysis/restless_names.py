"""Names whose objects change when they are merely used: iterators, dictionaries with defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from kale.static_analysis.dotted_names import dotted_name

#: Functions of the language whose result is used up by whoever walks over it.
_ITERATORS = frozenset("enumerate filter iter map reversed zip".split())

#: The same of libraries, by module or dotted name.
_ITERATOR_MODULES = frozenset({"itertools"})
_ITERATOR_CALLS = frozenset({"csv.reader", "csv.DictReader", "re.finditer", "os.scandir"})

#: What makes an entry when somebody asks for one that is not there.
_FILLING = frozenset({"collections.defaultdict"})


def restless_names(nodes: Iterable[ast.AST], modules: Mapping[str, str]) -> dict[str, bool]:
    """Such names of a notebook, each with whether using it surely changes its object.

    ``modules`` are the notebook's imports. A name that is bound several times is one if any of
    its values is. An attribute that is given such an object stands with a dot before it.
    """
    found: dict[str, bool] = {}
    for node in nodes:
        if not isinstance(node, ast.Assign):
            continue
        certain = _changes_in_use(node.value, modules)
        for target in node.targets if certain is not None else ():
            if isinstance(target, ast.Name):
                found[target.id] = bool(certain) or found.get(target.id, False)
            elif isinstance(target, ast.Attribute):
                found[f".{target.attr}"] = False
    return found


def _changes_in_use(node: ast.expr, modules: Mapping[str, str]) -> bool | None:
    """Whether using what an expression makes changes it surely or perhaps; ``None`` if not."""
    if isinstance(node, ast.GeneratorExp):
        return True
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id in _ITERATORS:
        return True
    name = dotted_name(node.func, modules) or ""
    if name.partition(".")[0] in _ITERATOR_MODULES or name in _ITERATOR_CALLS:
        return True
    return False if name in _FILLING else None
