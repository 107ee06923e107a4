"""A module's code apart from its pipelines: imports, other code, and which functions are steps."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Mapping

from kale.dataclass import dataclass
from kale.errors import KaleError, Location, NotebookError
from kale.ir import Source
from kale.sdk.lowering.global_names import GlobalNames, global_names
from kale.sdk.lowering.imported_steps import imported_steps
from kale.sdk.lowering.literals import is_fixed_literal
from kale.sdk.lowering.mentions import calls, first_mention, mentions, walk_without
from kale.sdk.lowering.pieces import Function, Pieces
from kale.sdk.lowering.script import Script
from kale.sdk.lowering.sdk_names import COMPILE_TIME, Import, SdkNames, sdk_names, without_sdk


@dataclass(frozen=True, slots=True)
class Decorated:
    """A function with a decorator of the SDK; ``others`` says that it has further ones.

    ``script`` is the file that it stands in.
    """

    node: ast.FunctionDef
    decorator: ast.expr
    others: bool
    script: Script


@dataclass(frozen=True, slots=True)
class Module:
    """The code of a file, read.

    ``steps`` and ``pipelines`` are functions by name, in the order of the file; ``own`` is the code
    of steps that nothing but calls of them needs, and ``functions`` are without it. ``containers``
    maps names to calls of ``ContainerStep``. ``names`` are those of the code that steps run.
    ``guard`` is the line of ``if __name__ == "__main__":``.
    """

    script: Script
    sdk: SdkNames
    imports: tuple[Source, ...]
    functions: tuple[Source, ...]
    steps: Mapping[str, Decorated]
    own: Mapping[str, Source]
    containers: Mapping[str, ast.Call]
    pipelines: Mapping[str, Decorated]
    names: GlobalNames
    guard: int | None = None


def read_module(script: Script, errors: list[KaleError]) -> Module:
    """Sort the code of a file; what is wrong with it is added to ``errors``.

    Errors: KALE705, the file runs its pipeline when it is imported, or uses the SDK's names for
    something else; KALE707, a decorated function can be no step; KALE708, two of one name.
    """
    return _Sorter(script, errors).module()


class _Sorter:
    def __init__(self, script: Script, errors: list[KaleError]) -> None:
        self.script, self.errors = script, errors
        self.sdk = sdk_names(script.tree)
        self.steps: dict[str, Decorated] = {}
        self.pipelines: dict[str, Decorated] = {}
        self.containers: dict[str, ast.Call] = {}
        self.guard: int | None = None

    def module(self) -> Module:
        body = self.script.tree.body
        docstring = ast.get_docstring(self.script.tree, clean=False) is not None
        kept = [statement for statement in body[docstring:] if not self._taken(statement)]
        kept = self._without_runners(kept)
        names = global_names([self._plain(s) for s in kept if not self._of_sdk(s)])
        self._check_sdk_names(kept, names)
        decorators = frozenset(id(one.decorator) for one in self.steps.values())
        passed_on = self._passed_on()
        pieces = Pieces(self.script, self.sdk, names.read, decorators)
        own = {
            name: pieces.of([one.node])[0]
            for name, one in self.steps.items()
            if one.node in kept and self._stands_alone(one, kept, passed_on)
        }
        kept = [one for one in kept if not (isinstance(one, Function) and one.name in own)]
        position = next((n for n, one in enumerate(kept) if not isinstance(one, Import)), len(kept))
        while 0 < position < len(kept) and kept[position - 1].end_lineno == kept[position].lineno:
            position -= 1  # pieces are told apart by their first lines
        return Module(
            self.script,
            self.sdk,
            (*pieces.file_name(), *pieces.of(kept[:position])),
            pieces.of(kept[position:]),
            self.steps,
            own,
            self.containers,
            self.pipelines,
            names,
            self.guard,
        )

    # ------------------------------------------------------------------- what is no code of steps

    def _taken(self, statement: ast.stmt) -> bool:
        """Whether a statement is for Kale alone; steps are for both."""
        match statement:
            case ast.If(test=test) if _is_main_guard(test):
                if statement.orelse:
                    self._wrong(
                        "KALE705",
                        "the file does something of its own when it is imported",
                        self.script.at(statement.orelse[0]),
                        'write `if __name__ == "__main__":` without `else`',
                    )
                self.guard = self.guard or statement.lineno
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self._decorated(statement)
            case ast.ImportFrom():
                for name, script, node, decorator in imported_steps(self.script, statement):
                    self._check_new(name, statement)
                    others = len(node.decorator_list) > 1
                    self.steps[name] = Decorated(node, decorator, others, script)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called) as call):
                if self.sdk.called(called) == "ContainerStep":
                    self._check_new(name, statement)
                    self.containers[name] = call
        return False

    def _decorated(self, function: Function) -> bool:
        own = [d for d in function.decorator_list if self._decorator(d) in {"step", "pipeline"}]
        if not own:
            return False
        kind = self._decorator(own[0])
        if not isinstance(function, ast.FunctionDef):
            is_class = isinstance(function, ast.ClassDef)
            what = "a class" if is_class else "an `async` function"
            self._wrong(
                "KALE707",
                f"`{function.name}` is {what}; a {kind} is a plain function",
                self.script.at(function),
                "decorate a function that makes the object"
                if is_class
                else "write `def`, and call what is asynchronous with `asyncio.run`",
            )
            return kind == "pipeline"
        if len(own) > 1:
            self._wrong(
                "KALE707",
                f"`{function.name}` has several decorators of the SDK",
                self.script.at(own[1]),
                "keep one of them",
            )
        self._check_new(function.name, function)
        others = len(function.decorator_list) > len(own)
        found = Decorated(function, own[0], others, self.script)
        (self.pipelines if kind == "pipeline" else self.steps)[function.name] = found
        return kind == "pipeline"

    def _decorator(self, node: ast.expr) -> str | None:
        return self.sdk.called(node.func if isinstance(node, ast.Call) else node)

    def _check_new(self, name: str, node: ast.stmt) -> None:
        for kind, known in (("step", self.steps), ("pipeline", self.pipelines)):
            if name in known:
                line = known[name].node.lineno
                self._wrong(
                    "KALE708",
                    f"`{name}` is defined twice, first as a {kind} in line {line}",
                    self.script.at(node),
                    "give each function a name of its own",
                )

    def _wrong(self, code: str, message: str, at: Location, hint: str) -> None:
        self.errors.append(NotebookError(code, message, at=at, hint=hint))

    # -------------------------------------------------------------------- who runs the pipeline

    def _without_runners(self, kept: list[ast.stmt]) -> list[ast.stmt]:
        """The statements without the functions that call a pipeline, which the main guard calls."""
        runners = set(self.pipelines)
        while more := {
            s.name
            for s in kept
            if isinstance(s, Function) and s.name not in runners and mentions(s, runners)
        }:
            runners |= more
        for name in runners & self.steps.keys():
            self._wrong(
                "KALE711",
                f"the step `{name}` calls a pipeline, and pipelines do not nest",
                self.script.at(first_mention(self.steps[name].node, runners - {name})),
                "call a plain function that does the work",
            )
        left = [s for s in kept if not (isinstance(s, Function) and s.name in runners)]
        for statement in left:
            if not isinstance(statement, Function) and mentions(statement, runners):
                node = first_mention(statement, runners)
                self._wrong(
                    "KALE705",
                    f"the file uses the pipeline `{node.id}` when it is imported"
                    if node.id in self.pipelines
                    else f"the file runs a pipeline when it is imported, by `{node.id}`",
                    self.script.at(node),
                    'put the call under `if __name__ == "__main__":`',
                )
        return left

    def _plain(self, statement: ast.stmt) -> ast.stmt:
        """A statement without decorators of the SDK."""
        if not isinstance(statement, Function):
            return statement
        plain = copy.copy(statement)
        plain.decorator_list = [d for d in plain.decorator_list if self._decorator(d) != "step"]
        return plain

    def _of_sdk(self, statement: ast.stmt) -> bool:
        """Whether an import is of Kale alone, and binds nothing for other code."""
        return isinstance(statement, Import) and without_sdk(statement, self.sdk, frozenset()) == ""

    def _check_sdk_names(self, kept: list[ast.stmt], names: GlobalNames) -> None:
        """Decorators and their like mean nothing in code that runs."""
        known = {name for name, of in self.sdk.names.items() if of in COMPILE_TIME} & names.read
        own = {
            id(d)
            for one in kept
            if isinstance(one, Function)
            for d in one.decorator_list
            if self._decorator(d) in {"step", "pipeline"}
        }
        for statement in kept:
            for node in walk_without(statement, own):
                called = self.sdk.called(node) if isinstance(node, ast.expr) else None
                local = isinstance(node, ast.Name) and node.id not in known
                if called in COMPILE_TIME and not local and isinstance(node, ast.expr):
                    name, decorates = ast.unparse(node), called in {"step", "pipeline"}
                    self._wrong(
                        "KALE705",
                        f"`{name}` of the SDK "
                        + ("decorates functions" if decorates else "belongs into a pipeline's body")
                        + ", and is nothing for other code",
                        self.script.at(node),
                        f"write `@{name}(…)` above a `def` at the top level of the file"
                        if decorates
                        else "move it there",
                    )
                    return

    def _stands_alone(
        self, step: Decorated, kept: list[ast.stmt], passed_on: frozenset[str]
    ) -> bool:
        """Whether the code of a step can be in its calls alone, each with a copy.

        It holds no state from one call to the next, and nothing else of the file knows it.
        """
        name, arguments = step.node.name, step.node.args
        defaults = [one for one in (*arguments.defaults, *arguments.kw_defaults) if one is not None]
        inside = sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(step.node))
        return (
            not step.others
            and all(map(is_fixed_literal, defaults))
            and inside == calls(step.node, name)
            and not any(mentions(one, {name}) for one in kept if one is not step.node)
            and name not in passed_on
        )

    def _passed_on(self) -> frozenset[str]:
        """The names that pipelines use in another way than to call them, at the end or at once."""
        uses: Counter[str] = Counter()
        for pipeline in self.pipelines.values():
            for one in ast.walk(pipeline.node):
                if isinstance(one, ast.Name):
                    uses[one.id] += 1
                elif isinstance(one, ast.Call):
                    first = [one.func]
                    if self.sdk.called(one.func) == "exit_handler":
                        first += one.args[:1]
                    uses.subtract(name.id for name in first if isinstance(name, ast.Name))
        return frozenset(+uses)


def _is_main_guard(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = {ast.unparse(left), ast.unparse(right)}
            return sides == {"__name__", "'__main__'"}
    return False
