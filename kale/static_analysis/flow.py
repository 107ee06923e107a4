"""The flow of control through a cell's statements: which names are certainly bound where.

A forward must-analysis of "certainly bound here" over the syntax tree (Aho et al., *Compilers*,
2nd ed., section 9.2): a read of a name that is not certainly bound is upward exposed. Where paths
meet, only what every path binds stays bound. A state of ``None`` marks code that is not reached.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from kale.dataclass import dataclass
from kale.static_analysis.deferred import Deferred
from kale.static_analysis.defining import Defining
from kale.static_analysis.idioms import (
    catches_name_error,
    is_for_type_checkers,
    is_transparent,
    matches_all,
    only_mentioned,
    pattern_names,
    suppresses_name_error,
    truth,
)
from kale.static_analysis.purity import Purity
from kale.static_analysis.recorder import State, meet


@dataclass(slots=True)
class _Loop:
    """Where the ``break`` and ``continue`` statements of a loop leave off."""

    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


class Flow(Defining):
    """Visit statements along their paths."""

    def __init__(self, carriers: Mapping[str, Deferred], purity: Purity) -> None:
        super().__init__(carriers, purity)
        self._loops: list[_Loop] = []

    def branch(self, start: State, body: Iterable[ast.AST]) -> State:
        self.state = start
        self.statements(body)
        return self.state

    def loop(self, head: State, body: Sequence[ast.stmt], target: ast.expr | None) -> State:
        """Run a loop's body, twice if it unbinds names; return the state when it ends by itself."""
        loop = _Loop()
        self._loops.append(loop)
        for _ in range(2):
            self.state = head
            if target is not None:
                self.visit(target)
            self.statements(body)
            back = meet([self.state, *loop.continues])
            again = meet([head, back])
            if again == head:
                break
            head = again
        self._loops.pop()
        self._loops_left = loop.breaks
        return head

    def visit_Expr(self, node: ast.Expr) -> None:
        self.idle |= set(only_mentioned(node.value))
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.idle |= set(only_mentioned(node.value))
        self.visit(node.value)
        for target in node.targets:
            self.assign(target, node.value)
        for target in node.targets[1:]:
            self.share(target, node.targets[0])  # x = y = []

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.idle |= set(only_mentioned(node.value))
            self.visit(node.value)
            self.assign(node.target, node.value)
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)
        self.annotation(node.annotation)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.use(node.target.id, node)
            self.mention(node.target.id, node)
            self.visit(node.value)
            self.visit(node.target)
        else:  # the object and its index first, as the reference has it (section 7.2.1)
            self.visit(node.target)
            self.visit(node.value)
        self.share_elements(node.target, node.value)  # a list takes over what is in the other

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.share(node.target, node.iter)
        end = self.loop(self.state, node.body, node.target)
        self._leave_loop(end, node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        start, holds = self.state, truth(node.test)
        end = self.loop(None if holds is False else start, node.body, None)
        if holds is not None:
            end = None if holds else start
        self._leave_loop(end, node.orelse)

    def _leave_loop(self, end: State, orelse: Sequence[ast.stmt]) -> None:
        breaks = self._loops_left
        self.state = meet([self.branch(end, orelse), *breaks])

    def visit_Break(self, node: ast.Break) -> None:
        if self._loops:
            self._loops[-1].breaks.append(self.state)
        self.state = None

    def visit_Continue(self, node: ast.Continue) -> None:
        if self._loops:
            self._loops[-1].continues.append(self.state)
        self.state = None

    def visit_Raise(self, node: ast.Raise) -> None:
        self.generic_visit(node)
        self.state = None

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        start = self.state
        holds = truth(node.test)
        unreal = is_for_type_checkers(node.test)
        self.caught += unreal  # what stands there fails nobody
        taken = self.branch(None if holds is False else start, node.body)
        self.caught -= unreal
        other = self.branch(None if holds else start, node.orelse)
        self.state = meet([taken, other])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.share(item.optional_vars, item.context_expr)
                self.visit(item.optional_vars)
        start = self.state
        raised, self.raised = self.raised, []
        caught = any(suppresses_name_error(item.context_expr) for item in node.items)
        self.caught += caught
        self.statements(node.body)
        self.caught -= caught
        if not all(is_transparent(item.context_expr) for item in node.items):
            self.state = meet([start, self.state, *self.raised])
        self.raised = raised + self.raised

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        start, jumps = self.state, self._jumps()
        raised, self.raised = self.raised, []
        guarded = any(catches_name_error(handler) for handler in node.handlers)
        self.caught += guarded
        body_end = self.branch(start, node.body)
        self.caught -= guarded
        # An exception may come at any point of the body: what it unbinds may be gone by then.
        entry = meet([start, *self.raised]) if start is not None else None
        normal = self.branch(body_end, node.orelse)
        ends = [normal]
        for handler in node.handlers:
            self.state = entry
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name, handler)
            inside = self._jumps()
            self.statements(handler.body)
            ends.append(self.state)
            if handler.name:  # unbound when the handler ends, however it does
                unbound = _without(handler.name)
                ends[-1] = unbound(ends[-1])
                self._reroute(inside, unbound)
                self.raised += ends[-1:]
        after = meet(ends)
        if node.finalbody:
            # What the finally clause reads must hold for the paths that raise, too.
            self.branch(entry, node.finalbody)
            self._reroute(jumps, lambda state: self.branch(state, node.finalbody))
            after = self.branch(after, node.finalbody)
        self.state = after
        self.raised = raised + self.raised

    def _jumps(self) -> tuple[int, int]:
        """How many ``break`` and ``continue`` statements have left the innermost loop so far."""
        loop = self._loops[-1] if self._loops else _Loop()
        return len(loop.breaks), len(loop.continues)

    def _reroute(self, since: tuple[int, int], through: Callable[[State], State]) -> None:
        """Send the jumps made since then through what runs on the way out of the loop."""
        for loop in self._loops[-1:]:
            for states, first in zip((loop.breaks, loop.continues), since, strict=True):
                states[first:] = [through(state) for state in states[first:]]

    visit_TryStar = visit_Try  # type: ignore[assignment]  # the same fields under another class

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        start, ends, exhaustive = self.state, [], False
        for case in node.cases:
            self.state = start
            self.visit(case.pattern)
            for name in (n for p in ast.walk(case.pattern) for n in pattern_names(p)):
                self.share(ast.Name(name, ast.Store()), node.subject)
            if case.guard is not None:
                self.visit(case.guard)
            self.statements(case.body)
            ends.append(self.state)
            exhaustive |= case.guard is None and matches_all(case.pattern)
        self.state = meet(ends if exhaustive else [start, *ends])

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name:
            self.bind(node.name, node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self.bind(node.rest, node)


def _without(name: str) -> Callable[[State], State]:
    return lambda state: None if state is None else state - {name}
