"""The state of lowering a pipeline's body: its variables here, and the steps made so far."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from kale.control import BODY
from kale.diagnostics import nearest
from kale.errors import KaleError, Location, NotebookError
from kale.ir import Parameter, Source, StepOptions
from kale.sdk.lowering.drafts import ContextDraft, LoopDraft, StepDraft
from kale.sdk.lowering.module import Module
from kale.sdk.lowering.scope import Kind, StepNames, Variable, VariableNames
from kale.sdk.lowering.script import Placed
from kale.sdk.lowering.sdk_names import COMPILE_TIME
from kale.sdk.lowering.sites import Path, sites_of
from kale.sdk.lowering.step_function import StepFunction

#: Node to the text that stands for it.
Replacements = dict[ast.expr, str]


class Refused(Exception):  # noqa: N818 - it stops a statement; what is wrong is noted already
    """A statement cannot be lowered; the error is in :attr:`Body.errors`."""


class Body:
    """What is known where the lowering has got to.

    ``scope`` maps the author's variables to what they are here, ``within`` is what the place stands
    in; ``drafts`` and ``constants`` are the steps and the code for all steps so far.
    """

    def __init__(
        self,
        module: Module,
        function: ast.FunctionDef,
        steps: Mapping[str, StepFunction],
        defaults: StepOptions,
        parameters: Iterable[Parameter],
        errors: list[KaleError],
    ) -> None:
        self.module, self.script, self.steps, self.errors = module, module.script, steps, errors
        self.function, self.defaults = function, defaults
        self.sites = sites_of(function)
        parameters = tuple(parameters)
        self.scope = {p.name: _parameter(p) for p in parameters}
        self.within: tuple[ContextDraft, ...] = ()
        self.path: Path = ()
        #: The variables that loops around this place go over.
        self.looping: frozenset[str] = frozenset()
        self.drafts: list[StepDraft] = []
        self.constants: list[Source] = []
        self.names = VariableNames({*module.names.all, *(p.name for p in parameters)})
        self.step_names = StepNames(one.step for one in steps.values())
        given = function.args
        for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            # One that is refused has a value all the same: one error is enough.
            self.scope.setdefault(one.arg, Variable(one.arg, Kind.PARAMETER, one.lineno))
        #: What each variable is called in steps, unless one of its values has a name of its own.
        self.called = {p.name: p.name for p in parameters}
        self.called |= {
            name: self.names.fresh(name) for name in self.sites.bound if name not in self.called
        }
        self._pieces = 0
        self._numbers: dict[str, int] = {}

    # -------------------------------------------------------------------------------- findings

    def refuse(self, code: str, node: Placed, message: str, hint: str) -> Refused:
        """Note what is wrong, and give the exception that ends the statement."""
        self.errors.append(NotebookError(code, message, at=self.script.at(node), hint=hint))
        return Refused()

    # ---------------------------------------------------------------------------------- places

    def number(self, what: str) -> int:
        """The next number of a kind of thing, from 1."""
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return self._numbers[what]

    def place(self, node: ast.stmt | ast.expr) -> Location:
        """The place of a new piece of code, whose number of a cell says when it runs."""
        self._pieces += 1
        at = self.script.at(node)
        return replace(at, cell=self._pieces * BODY + node.lineno, column=None)

    def inside(self, within: tuple[ContextDraft, ...]) -> bool:
        """Whether this place stands in just the contexts ``within``."""
        return len(within) == len(self.within) and all(
            one is other for one, other in zip(within, self.within, strict=True)
        )

    # ----------------------------------------------------------------------------------- names

    def builtin(self, node: ast.expr) -> str | None:
        """The builtin that an expression names, if nothing of the file has that name."""
        match node:
            case ast.Name(id=name) if hasattr(builtins, name) and not (
                name in self.called or name in self.module.names.bound
            ):
                return name
        return None

    def read(self, node: ast.Name) -> str:
        """What a variable that is read here is called in steps.

        Raises:
            Refused: it has no value here, or not the same for all.
        """
        name = node.id
        if name not in self.called:
            return self._outer(node)
        variable = self.scope.get(name)
        if variable is None:
            later = name in self.steps
            raise self.refuse(
                "KALE715",
                node,
                f"`{name}` is used before it is given a value",
                f"a variable of the pipeline hides the step `{name}`; rename one of them"
                if later
                else "assign it in a line above",
            )
        if variable.kind is Kind.EARLIER_ITEM:
            raise self.refuse(
                "KALE720",
                node,
                f"`{name}` comes from an earlier item of the loop in line {_line(variable)}, and"
                " all items are worked on side by side",
                "append what each item makes to a list, and join the list after the loop",
            )
        if variable.kind is Kind.AFTER_LOOP and variable.last is not None:
            variable = self.scope[name] = variable.last()
        if variable.kind is Kind.AFTER_LOOP:
            raise self.refuse(
                "KALE721",
                node,
                f"`{name}` has a value for each item of the loop in line {_line(variable)}",
                f"append `{name}` to a list in the loop, and read the list after it",
            )
        if variable.start is not None and variable.filled is None and self.inside(variable.within):
            # It is not this list that a loop fills.
            variable = self.scope[name] = self.value_of(variable.start(), variable.name)
        if variable.kind is Kind.FILLING:
            raise self.refuse(
                "KALE722",
                node,
                f"the list `{name}` is read before the loop that appends to it has ended",
                "read it below the loop, at the level where it is assigned `[]`",
            )
        return variable.name

    def _outer(self, node: ast.Name) -> str:
        """A name of the module, or a builtin one."""
        name = node.id
        if name in self.module.pipelines:
            raise self.refuse(
                "KALE711",
                node,
                f"`{name}` is a pipeline, and pipelines do not nest",
                "call its steps here",
            )
        if self.module.sdk.called(node) in COMPILE_TIME:
            raise self.refuse(
                "KALE724", node, f"`{name}` is no value", "call it as a statement of its own"
            )
        if name not in self.module.names.bound and not hasattr(builtins, name):
            near = nearest(name, {*self.called, *self.module.names.bound})
            raise self.refuse(
                "KALE715",
                node,
                f"nothing is called `{name}`",
                f"did you mean `{near}`?" if near else "assign it in a line above",
            )
        return name

    def nearest_step(self, name: str) -> str | None:
        """The step whose function's name is spelled most like ``name``."""
        return nearest(name, self.steps)

    def bind(self, name: str, variable: Variable) -> str:
        """Give a variable of the author's a value; what it is called in steps."""
        self.scope[name] = variable
        return variable.name

    def own_name(self, name: str) -> str:
        """A name in steps for one of several values of a variable, or the variable's own."""
        if len(self.sites.bound[name]) > 1 and self.sites.only_at_top(name):
            return self.names.fresh(name)
        return self.called[name]

    # ----------------------------------------------------------------------------------- steps

    def source(self, code: str, node: ast.stmt | ast.expr) -> Source:
        """A piece of code that stands where ``node`` does."""
        return Source(code, self.place(node), code)

    def copied(self, source: Source) -> Source:
        """Code of the module that runs here."""
        self._pieces += 1
        cell = self._pieces * BODY + (source.at.line or 0)
        return replace(source, at=replace(source.at, cell=cell))

    def derive(
        self, name: str, code: str, node: ast.stmt | ast.expr, binds: Iterable[str]
    ) -> StepDraft:
        """A step that no function stands for."""
        source = self.source(code, node)
        draft = self._derived(name, source, self.within, binds)
        self.drafts.append(draft)
        return draft

    def derive_here_later(self, node: ast.stmt | ast.expr) -> Callable[..., StepDraft]:
        """What makes a step at this place when it is wanted, as :meth:`derive` does.

        It is called with a name, code and the names that it binds; once made, the step stays.
        """
        behind = self.drafts[-1] if self.drafts else None
        within, at = self.within, self.place(node)
        made: list[StepDraft] = []

        def make(name: str, code: str, binds: Iterable[str]) -> StepDraft:
            if not made:
                made.append(self._derived(name, Source(code, at, code), within, binds))
                place = next((n for n, one in enumerate(self.drafts, 1) if one is behind), 0)
                self.drafts.insert(place, made[0])
            return made[0]

        return make

    def _derived(
        self, name: str, source: Source, within: tuple[ContextDraft, ...], binds: Iterable[str]
    ) -> StepDraft:
        return StepDraft(
            self.step_names.derived(name),
            [source],
            within,
            self.defaults,
            source.at,
            frozenset(binds),
        )

    def value_of(self, draft: StepDraft, name: str) -> Variable:
        """What a variable is that a step has bound here by the name ``name``."""
        return Variable(name, Kind.VALUE, draft.at.line or 0, draft, self.within)

    def item_of(self, loop: LoopDraft, name: str) -> Variable:
        """What a target of a loop is within it."""
        return Variable(name, Kind.ITEM, loop.at.line or 0, None, self.within, loop=loop)


def _line(variable: Variable) -> int:
    return (variable.loop.at.line or 0) if variable.loop else variable.line


def _parameter(parameter: Parameter) -> Variable:
    return Variable(
        parameter.name,
        Kind.PARAMETER,
        parameter.at.line or 0,
        fixed=parameter.type not in {"list", "dict"},
    )
