"""``if`` statements: a step tells the number of the branch, and just that one runs."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from kale.sdk.lowering.body import Body
from kale.sdk.lowering.drafts import BranchDraft, Condition, StepDraft
from kale.sdk.lowering.expressions import calls_steps, is_step_call, lowered_text
from kale.sdk.lowering.loops import Block
from kale.sdk.lowering.mentions import walk_without
from kale.sdk.lowering.scope import Kind, Variable
from kale.sdk.lowering.sites import Path, below


def lower_if(body: Body, node: ast.If, block: Block) -> None:
    """Lower a condition.

    Raises:
        Refused: a test is not allowed.
    """
    number = body.number("if")
    tests, suites = _branches(body, node)
    before = len(body.drafts)
    texts = [lowered_text(body, test) for test in tests]
    name = body.names.fresh(f"kale_branch_{number}")
    code = f"{name} = " + "".join(f"{n} if ({text}) else " for n, text in enumerate(texts))
    code += str(len(texts))
    decider = _just_before(body, tests, len(body.drafts) - before)
    if decider is None:
        decider = body.derive(f"if-{number}", code, node.test, [name])
    else:
        decider.sources.append(body.source(code, node.test))
    condition = Condition(
        f"if:{number}",
        tuple(body.script.text(test).replace("\n", " ") for test in tests),
        decider,
        body.place(node),
    )
    decider.decides[condition.key] = name
    before, within, path, scope = len(body.drafts), body.within, body.path, body.scope
    ends = []
    for branch, (statements, inside) in enumerate(suites):
        body.scope = dict(scope)
        body.within = (*within, BranchDraft(condition, branch))
        body.path = inside
        block(body, statements)
        ends.append(body.scope)
    body.within, body.path = within, path
    body.scope = _joined(ends if len(suites) > len(tests) else [*ends, scope])
    if len(body.drafts) == before:
        del decider.decides[condition.key]


def _branches(body: Body, node: ast.If) -> tuple[list[ast.expr], list[tuple[list[ast.stmt], Path]]]:
    """The tests of a chain, and the statements of each branch with their paths.

    An ``elif`` whose test calls a step is an ``if`` under ``else``: only then it is called.
    """
    tests, path = [node.test], body.path
    suites = [(node.body, below(path, node))]
    while node.orelse:
        path = below(path, node, 1)
        match node.orelse:
            case [ast.If(test=test) as inner] if not calls_steps(body, test):
                node = inner
                tests.append(test)
                suites.append((node.body, below(path, node)))
            case otherwise:
                suites.append((otherwise, path))
                break
    return tests, suites


def _just_before(body: Body, tests: Sequence[ast.expr], called: int) -> StepDraft | None:
    """The step just above, if the tests are about its results and what every step knows.

    ``called`` is how many steps the tests call themselves.
    """
    last = body.drafts[-1] if body.drafts else None
    if last is None or last.container is not None or not body.inside(last.within) or called > 1:
        return None
    about = called == 1
    calls = frozenset(id(n) for test in tests for n in ast.walk(test) if is_step_call(body, n))
    for test in tests:
        for node in walk_without(test, calls):
            variable = body.scope.get(node.id) if isinstance(node, ast.Name) else None
            if variable is None or variable.kind in {Kind.PARAMETER, Kind.CONSTANT}:
                continue
            if variable.step is last:
                about = True
            elif variable.kind is not Kind.ITEM:
                return None
    return last if about else None


def _joined(ends: Sequence[dict[str, Variable]]) -> dict[str, Variable]:
    """What the variables are after a condition, given what they are at the end of each branch."""
    joined: dict[str, Variable] = {}
    for end in ends:
        for name, variable in end.items():
            known = joined.get(name)
            if known is None or _RANK[variable.kind] > _RANK[known.kind]:
                joined[name] = variable
    for name, variable in joined.items():
        found = [end.get(name) for end in ends]
        for one in found:
            if variable.kind is Kind.VALUE and one is not None and one.start is not None:
                one.start()  # the list stays empty in that branch
        if variable.kind is Kind.VALUE and any(one is not found[0] for one in found):
            # One of several steps binds it: none of them is the one that a loop goes over.
            joined[name] = Variable(variable.name, Kind.VALUE, variable.line, within=())
    return joined


#: Which of several things a variable is taken for that is not the same in all branches.
_RANK = {
    Kind.PARAMETER: 0,
    Kind.CONSTANT: 0,
    Kind.ITEM: 1,
    Kind.FILLING: 2,
    Kind.VALUE: 3,
    Kind.AFTER_LOOP: 4,
    Kind.EARLIER_ITEM: 5,
}
