"""A program run as it stands, with a mark behind each statement: what it showed, what it left.

It runs in the interpreter of the reference, as module ``kale_plain`` beside ``kale_snapshot``, and
imports nothing else of Kale. A *key* says where a mark stands: a number (a line, or a cell), and
the numbers of the items of the loops around it, from 0, with dots between.
"""

from __future__ import annotations

import ast
import importlib
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

_snapshots = importlib.import_module("kale_snapshot")

#: Where snapshots go, what stands around a key in the output, and the names that count.
_folder, _token = "", ""
_wanted: Sequence[str] = ()

#: The number of the item that each loop around is at.
_items: list[int] = []

#: The lists that loops have made of the names that their cells bind.
_collected: dict[str, list[Any]] = {}


def begin(folder: str, token: str, wanted: Sequence[str]) -> None:
    """Write snapshots of the ``wanted`` names to ``folder``, and keys between two ``token``."""
    global _folder, _token, _wanted
    _folder, _token, _wanted = folder, token, wanted


def mark(number: int, scope: Mapping[str, Any]) -> None:
    """Say that what stands at ``number`` is done, and note what the names in ``scope`` are."""
    key = ".".join(map(str, (number, *_items)))
    found = {name: scope[name] for name in _wanted if name in scope}
    _snapshots.take(found, f"{_folder}/{key}.json")
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{_token}{key}{_token}")
        stream.flush()


def told(number: int, scope: Mapping[str, Any], value: Any) -> Any:
    """``value``, with a mark behind it."""
    mark(number, scope)
    return value


def counted(number: int, scope: Mapping[str, Any], items: Iterable[Any]) -> Iterator[Any]:
    """``items``, counted for the keys within the loop over them; with a mark before the first."""
    mark(number, scope)
    _items.append(-1)
    try:
        for item in items:
            _items[-1] += 1
            yield item
    finally:
        _items.pop()


# ------------------------------------------------------------------------ a Python file


def run_function(
    path: str, line: int, parameters: Mapping[str, Any], scope: dict[str, Any]
) -> None:
    """Run the code of a module in ``scope``, and call the function that stands around ``line``.

    What the module does only as a script, it does not do. Marks have the numbers of lines.
    """
    with tokenize.open(path) as file:
        module = ast.parse(file.read(), path)
    name = ""
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            name = node.name
            node.body = list(_marked(node.body))
    module.body = [node for node in module.body if not _is_guard(node)]
    scope["__file__"] = path
    code = compile(ast.fix_missing_locations(module), path, "exec", dont_inherit=True)
    exec(code, scope)  # noqa: S102 - it is the program that was asked for
    scope[name](**parameters)


def _is_guard(node: ast.stmt) -> bool:
    """Whether it is ``if __name__ == "__main__":``."""
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _marked(statements: Iterable[ast.stmt], chain: int = 0) -> Iterator[ast.stmt]:
    """Statements with marks; tests have that of the ``if`` that began their ``chain``."""
    for node in statements:
        number = chain or node.lineno
        if isinstance(node, ast.For):
            node.iter = _call("counted", number, node.iter)
            node.body, node.orelse = list(_marked(node.body)), list(_marked(node.orelse))
            yield node
        elif isinstance(node, ast.If):
            node.test = _call("told", number, node.test)
            node.body = list(_marked(node.body))
            goes_on = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
            node.orelse = list(_marked(node.orelse, number if goes_on else 0))
            yield node
        elif isinstance(node, ast.Return) and node.value is not None:
            node.value = _call("told", number, node.value)
            yield node
        else:
            if isinstance(node, ast.With):
                node.body = list(_marked(node.body))
            yield node
            yield ast.copy_location(ast.Expr(_call("mark", number)), node)


def _call(function: str, number: int, *arguments: ast.expr) -> ast.Call:
    text = f'__import__("kale_plain").{function}({number}, {{**globals(), **locals()}})'
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    # Without places: they get those of what stands around them.
    for node in ast.walk(call):
        for place in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            node.__dict__.pop(place, None)
    call.args += arguments
    return call


# ------------------------------------------------------------------ a notebook with loops


def run_cell(number: int, code: str, scope: Mapping[str, Any]) -> None:
    """Run a cell as IPython runs it, within another one, with a mark behind it.

    Raises:
        BaseException: as the cell does.
    """
    shell: Any = importlib.import_module("IPython").get_ipython()
    shell.run_cell(code, store_history=False).raise_error()
    mark(number, scope)


def collecting(
    number: int, scope: dict[str, Any], items: Callable[[], Iterable[Any]], names: Sequence[str]
) -> Iterator[Any]:
    """As :func:`counted`; behind the loop each of ``names`` is the list of what items bind it to.

    Each item begins with the names as they were before the loop, as if it were the only one.
    """
    before = {name: scope[name] for name in names if name in scope}
    found: dict[str, list[Any]] = {name: [] for name in names}
    for item in counted(number, scope, items()):
        for name in names:
            scope.pop(name, None)
        scope.update(before)
        yield item
        for name in names:
            if name not in scope or (name in before and before[name] is scope[name]):
                continue  # this item has not bound it
            inner = _collected.get(name)
            found[name] += inner if inner is scope[name] is not None else [scope[name]]
    scope.update(found)
    _collected.update(found)
