"""What a script calls the names of the SDK: ``step``, ``k.step``, ``kale.sdk.step``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field

from kale.dataclass import dataclass

#: What Kale reads when it lowers a script; the rest of the SDK runs in steps.
COMPILE_TIME = frozenset({"exit_handler", "parallel", "pipeline", "step"})

#: The modules, by their dotted name.
_PACKAGE, _MODULE = "kale", "kale.sdk"

#: Statements of a module, whose `import` binds names for all of its code.
Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class SdkNames:
    """The names that the imports of a module give to the SDK.

    ``names`` maps a variable to a name of the SDK, ``modules`` one to ``kale`` or ``kale.sdk``.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)

    def called(self, node: ast.expr) -> str | None:
        """The name of the SDK that an expression stands for: ``step`` for ``k.step``."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=value, attr=name) if self._module(value) == _MODULE:
                return name
        return None

    def _module(self, node: ast.expr) -> str | None:
        match node:
            case ast.Name(id=name):
                return self.modules.get(name)
            case ast.Attribute(value=value, attr="sdk") if self._module(value) == _PACKAGE:
                return _MODULE
        return None


def sdk_names(tree: ast.Module) -> SdkNames:
    """What the imports at the top level of a module call the SDK."""
    names: dict[str, str] = {}
    modules: dict[str, str] = {}
    for statement in tree.body:
        match statement:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.name == _MODULE and alias.asname:
                        modules[alias.asname] = _MODULE
                    elif alias.name in {_PACKAGE, _MODULE}:
                        modules[alias.asname or _PACKAGE] = _PACKAGE
            case ast.ImportFrom(module="kale", level=0, names=aliases):
                modules.update({a.asname or a.name: _MODULE for a in aliases if a.name == "sdk"})
            case ast.ImportFrom(module="kale.sdk", level=0, names=aliases):
                for alias in aliases:
                    own = {*COMPILE_TIME, "ContainerStep"} if alias.name == "*" else {alias.name}
                    names.update({alias.asname or name: name for name in own})
    return SdkNames(names, modules)


def without_sdk(statement: Import, names: SdkNames, used: frozenset[str]) -> str | None:
    """An import without what only Kale needs of the SDK, as text; ``None`` to leave it as it is.

    ``used`` are the variables that the rest of the code looks up. The text may be empty.
    """
    kept = list(_kept(statement, names, used))
    if kept == statement.names:
        return None
    if not kept:
        return ""
    rest: Import = ast.Import(names=kept)
    if isinstance(statement, ast.ImportFrom):
        rest = ast.ImportFrom(module=statement.module, names=kept, level=0)
    return ast.unparse(rest)


def _kept(statement: Import, names: SdkNames, used: frozenset[str]) -> Iterator[ast.alias]:
    for alias in statement.names:
        bound = alias.asname or alias.name.partition(".")[0]
        if isinstance(statement, ast.ImportFrom):
            of_sdk = statement.module == _MODULE and statement.level == 0
            if of_sdk and alias.name == "*":
                from kale.sdk import __all__ as public

                yield from (
                    ast.alias(name=name)
                    for name in public
                    if name not in COMPILE_TIME and name in used
                )
            elif not (of_sdk and alias.name in COMPILE_TIME) and not _idle(bound, names, used):
                yield alias
        elif not _idle(bound, names, used):
            yield alias


def _idle(bound: str, names: SdkNames, used: frozenset[str]) -> bool:
    """Whether a variable is one of Kale's modules that only decorators use."""
    return bound in names.modules and bound not in used
