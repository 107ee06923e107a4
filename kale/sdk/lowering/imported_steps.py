"""Steps that stand in another file of the folder: ``from steps import load``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from kale.errors import KaleError
from kale.sdk.lowering.script import Script, read_script
from kale.sdk.lowering.sdk_names import sdk_names


def imported_steps(
    script: Script, statement: ast.ImportFrom
) -> Iterator[tuple[str, Script, ast.FunctionDef, ast.expr]]:
    """The functions with the decorator ``step`` that an import binds, by the names it gives them.

    Each comes with the file that it stands in, which is read and not run, and the decorator. Files
    that cannot be read have no steps: what is wrong with them is told when they are imported.
    """
    if statement.level or not statement.module:
        return
    place = Path(script.path).parent.joinpath(*statement.module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            break
    else:
        return
    try:
        other = read_script(str(path))
    except KaleError:
        return
    known = sdk_names(other.tree)
    functions = {f.name: f for f in other.tree.body if isinstance(f, ast.FunctionDef)}
    for alias in statement.names:
        function = functions.get(alias.name)
        for decorator in function.decorator_list if function is not None else ():
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if known.called(called) == "step":
                assert function is not None
                yield alias.asname or alias.name, other, function, decorator
