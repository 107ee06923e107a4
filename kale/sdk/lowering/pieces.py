"""The code of a module as pieces that keep their lines, without what is for Kale alone."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import Source
from kale.sdk.lowering.script import Script
from kale.sdk.lowering.sdk_names import Import, SdkNames, without_sdk

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Pieces:
    """How statements of a file become sources.

    ``read`` are the variables that its code looks up, ``decorators`` the `id` of each decorator
    of the SDK.
    """

    script: Script
    sdk: SdkNames
    read: frozenset[str]
    decorators: frozenset[int]

    def of(self, statements: Sequence[ast.stmt]) -> tuple[Source, ...]:
        """The code of statements; those that stand next to each other are one piece."""
        pieces: list[dict[int, str]] = []
        last = -1
        for statement in statements:
            first, lines = self._lines(statement)
            if not any(lines.values()):
                last = -1
                continue
            if pieces and last >= 0 and self._nothing_between(last, first):
                if first == last:
                    lines[first] = f"{pieces[-1][first]}; {lines[first]}"
                between = {n: self.script.lines[n - 1] for n in range(last + 1, first)}
                pieces[-1].update({**between, **lines})
            else:
                pieces.append(lines)
            last = statement.end_lineno or statement.lineno
        return tuple(map(self._source, pieces))

    def file_name(self) -> tuple[Source, ...]:
        """What gives ``__file__`` the value that it has in a script, if the code reads it."""
        if "__file__" not in self.read:
            return ()
        name = PurePath(self.script.path).name
        code = f"__file__ = __import__('os').path.abspath({name!r})"
        return (Source(code, Location(self.script.path, 0, 1), code),)

    def _lines(self, statement: ast.stmt) -> tuple[int, dict[int, str]]:
        """The lines of a statement by number, without decorators and imports of the SDK."""
        first, end = statement.lineno, statement.end_lineno or statement.lineno
        hidden: set[int] = set()
        if isinstance(statement, Function):
            for decorator in statement.decorator_list:
                if id(decorator) in self.decorators:
                    hidden |= {*range(decorator.lineno, (decorator.end_lineno or 0) + 1)}
                else:
                    first = min(first, decorator.lineno)
        lines = {n: self.script.lines[n - 1] for n in range(first, end + 1) if n not in hidden}
        if hidden:
            lines = {n: lines.get(n, "") for n in range(min(lines), end + 1)}
        elif not self.script.alone(statement):
            lines = dict(enumerate(self.script.text(statement).split("\n"), first))
        if isinstance(statement, Import):
            text = without_sdk(statement, self.sdk, self.read)
            if text is not None:
                lines = {n: text if n == first else "" for n in lines}
        return first, lines

    def _nothing_between(self, last: int, first: int) -> bool:
        """Whether only comments and blank lines stand between two lines."""
        between = self.script.lines[last : first - 1]
        return all(not line.strip() or line.lstrip().startswith("#") for line in between)

    def _source(self, lines: Mapping[int, str]) -> Source:
        first = min(lines)
        code = "\n".join(lines[n] for n in sorted(lines)).rstrip()
        at = Location(self.script.path, first, first)
        return Source(code, at, code)
