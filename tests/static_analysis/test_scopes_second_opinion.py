"""A second opinion on scopes: CPython's own symbol tables, function by function.

Both are asked which global names a function, or what is nested in it, looks up or binds.
"""

import ast
import symtable
from collections import defaultdict

import pytest
from python_sources import package, read, standard_library, standard_library_tests

from kale.static_analysis.deferred import deferred_effects
from kale.static_analysis.purity import Purity
from kale.static_analysis.scopes import FunctionNode, annotations_of, walk_scope

pytestmark = pytest.mark.usefixtures("unmeasured")

#: Tables of comprehensions, which are no functions to the author.
COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


@pytest.mark.parametrize("name", ["numpy", "pandas"])
def test_functions_of_a_package(name):
    assert_agreement(package(name))


def test_functions_of_a_fifth_of_the_standard_library():
    assert_agreement(standard_library()[::5])


@pytest.mark.slow
def test_functions_of_the_whole_standard_library():
    assert_agreement(standard_library() + standard_library_tests())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numpy", "pandas"])
def test_functions_of_a_packages_tests(name):
    assert_agreement(package(name, tests=True))


def assert_agreement(paths):
    compared, differences = 0, []
    for path in paths:
        text = read(path)
        if text is None:
            continue
        ours, theirs = our_globals(ast.parse(text)), symbol_tables(text)
        for place, found in ours.items():
            compared += len(found)
            expected = sorted(theirs[place], key=sorted)
            # Names in annotations that wait are read all the same: somebody may ask for them.
            # Those of a function's own variables are in the symbol table, and nothing reads them.
            if len(found) != len(expected) or any(
                not names <= known | waiting or not known <= names | unread
                for (names, waiting, unread), known in zip(found, expected, strict=True)
            ):
                differences.append((str(path), place, found, expected))
    assert not differences
    assert compared


def our_globals(tree):
    """By name and line of functions: the global names, those of annotations that wait, and the
    names in annotations of variables."""
    postponed = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    found = defaultdict(list)
    for node in functions(tree):
        effects = deferred_effects(node, Purity())
        inside = {c for c in ast.walk(node) if c is not node and isinstance(c, FunctionNode)}
        waiting = {
            name.id
            for child in inside
            if postponed and not isinstance(child, ast.Lambda)
            for annotation in annotations_of(child)
            for name in ast.walk(annotation)
            if isinstance(name, ast.Name)
        } | {
            name.id
            for child in ast.walk(node)
            if postponed and isinstance(child, ast.AnnAssign)
            for name in ast.walk(child.annotation)
            if isinstance(name, ast.Name)
        }
        unread = {
            name.id
            for child in ast.walk(node)
            if isinstance(child, ast.AnnAssign)
            for name in ast.walk(child.annotation)
            if isinstance(name, ast.Name)
        }
        # `__class__` is the methods', and a global name to whoever is in no class.
        names = (effects.reads | effects.binds) - {"__class__"}
        found[getattr(node, "name", "lambda"), node.lineno].append((names, waiting, unread))
    return {place: sorted(each, key=lambda pair: sorted(pair[0])) for place, each in found.items()}


def functions(scope):
    """The functions that stand in no other function."""
    for node in walk_scope(scope.body):
        if isinstance(node, FunctionNode):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def symbol_tables(text):
    """Global names of the functions that stand in no other function, by name and line."""
    found = defaultdict(list)
    pending = [symtable.symtable(text, "<module>", "exec")]
    while pending:
        for table in pending.pop().get_children():
            if table.get_type() == "function":
                if table.get_name() not in COMPREHENSIONS:
                    found[table.get_name(), table.get_lineno()].append(globals_of(table))
            else:
                pending.append(table)
    return found


def globals_of(table):
    # The class of Python 3.11 takes a function called `top` for the module itself.
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if (symbol.is_declared_global() if table.get_name() == "top" else symbol.is_global())
        and (symbol.is_referenced() or symbol.is_assigned() or symbol.is_imported())
    }
    return names.union(*map(globals_of, table.get_children())) - {"__class__"}
