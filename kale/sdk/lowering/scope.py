"""What the variables of a pipeline's body are at some place, and what they are called in steps."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterable
from enum import Enum

from kale.dataclass import dataclass
from kale.nbparser.names import STEP_LENGTH, kubernetes_name, suggest_step_name
from kale.sdk.lowering.drafts import ContextDraft, LoopDraft, StepDraft


class Kind(Enum):
    """What gives a variable its value."""

    PARAMETER = "a parameter of the pipeline"
    CONSTANT = "an assignment that every step makes for itself"
    VALUE = "a step"
    ITEM = "a loop, for each item"
    FILLING = "an empty list that a loop appends to"
    EARLIER_ITEM = "an earlier item of the loop, if it has come"
    AFTER_LOOP = "the last item of a loop"


@dataclass(slots=True)
class Variable:
    """A variable as a place of the body sees it.

    ``name`` is what steps call it. ``step`` binds it, in the contexts ``within``. ``fixed`` says
    that the value cannot be changed in place, ``literal`` is what a constant is assigned. ``loop``
    is the one that ``kind`` is about; ``last`` makes a variable that holds its items that of the
    last one. ``filled`` is the line that appends to a list, ``start`` makes a step that binds it.
    """

    name: str
    kind: Kind
    line: int
    step: StepDraft | None = None
    within: tuple[ContextDraft, ...] = ()
    fixed: bool = False
    literal: ast.expr | None = None
    loop: LoopDraft | None = None
    last: Callable[[], Variable] | None = None
    filled: int | None = None
    start: Callable[[], StepDraft] | None = None


class VariableNames:
    """Names for variables in steps, none of them taken."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {*taken, *dir(builtins), *_OF_IPYTHON}

    def free(self, name: str) -> bool:
        """Whether a name may stay as it is; one of IPython's own results may not."""
        return name not in self._taken and not re.fullmatch("_+[0-9]*|_i+[0-9]*|_[io]?h", name)

    def fresh(self, name: str) -> str:
        """A name like ``name``, which is taken from now on."""
        found, count = name, 0
        while not self.free(found):
            count += 1
            found = f"{name.strip('_') or 'unused'}_{count}"
        self._taken.add(found)
        return found


_OF_IPYTHON = ("In", "Out", "exit", "quit", "get_ipython", "display")


class StepNames:
    """Names for steps: each call of a function has one of its own."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own = {kubernetes_name(name) for name in own}
        self._taken: set[str] = set()

    def of_call(self, name: str) -> str:
        """The name of the next call of the step ``name``: itself, then with numbers from 2."""
        if kubernetes_name(name) not in self._taken:
            self._taken.add(kubernetes_name(name))
            return name
        return self._numbered(name)

    def derived(self, name: str) -> str:
        """The name of a step that no function stands for, like ``name``."""
        base = suggest_step_name(name) or "value"
        key = kubernetes_name(base)
        if key not in self._own and key not in self._taken:
            self._taken.add(key)
            return base
        return self._numbered(base)

    def _numbered(self, base: str) -> str:
        count = 2
        while True:
            ending = f"-{count}"
            found = base[: STEP_LENGTH - len(ending)].rstrip("-_") + ending
            key = kubernetes_name(found)
            if key not in self._own and key not in self._taken:
                self._taken.add(key)
                return found
            count += 1
