"""The body of the pipeline's function: the calls of steps, in their loops and conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from kale.conversion.options_text import call
from kale.conversion.program import (
    IfNode,
    LoopNode,
    Node,
    binds_of,
    free_name,
    reads_of,
    targets_of,
)
from kale.conversion.step_functions import StepFunction, identifier
from kale.ir import Parameter, Step

#: What a condition of the body may be made of.
_TEST = (
    ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Name, ast.Constant, ast.Subscript,
    ast.Attribute, ast.List, ast.Tuple, ast.Load, ast.boolop, ast.unaryop, ast.operator, ast.cmpop,
)  # fmt: skip

#: The functions that a loop of the body may go over.
_CALLS = frozenset({"range", "zip", "enumerate"})


class PipelineBody:
    """The ``lines`` of the body, not moved in, and the steps that compute what it cannot say.

    ``extra`` holds the name of such a step, its function's name and text. ``taken`` are the names
    that are no more free, ``sdk`` maps the SDK's names to what the script calls them.
    """

    def __init__(
        self,
        program: Sequence[Node],
        parameters: Sequence[Parameter],
        taken: set[str],
        sdk: Mapping[str, str],
        deciders: Mapping[str, Step],
    ) -> None:
        self.taken, self.sdk = taken, sdk
        self.deciders = {key: step for step in deciders.values() for key, _ in step.decides}
        self.known = {parameter.name for parameter in parameters}
        self.known |= {name for node in program for name in binds_of(node) | targets_of(node)}
        self.extra: list[tuple[str, str, str]] = []
        self.lists: dict[tuple[str, str], str] = {}
        self.lines = [*self._lines(program, {})]

    def _lines(self, program: Sequence[Node], called: Mapping[str, str]) -> Iterator[str]:
        """The lines of a program; ``called`` maps names to other variables that hold the values."""
        for node in program:
            match node:
                case StepFunction():
                    yield from self._call(node, called)
                case LoopNode():
                    yield from self._loop(node, called)
                case IfNode():
                    yield from self._condition(node, called)

    def _call(self, function: StepFunction, called: Mapping[str, str]) -> Iterator[str]:
        arguments = [called.get(name, name) for name in function.arguments]
        results = ", ".join(called.get(name, name) for name in function.results)
        start = f"{results} = " if results else ""
        yield from call(f"{start}{function.name}", arguments).split("\n")
        yield from self._appends(function.appends, called)

    def _appends(
        self, items: Sequence[tuple[str, str]], called: Mapping[str, str]
    ) -> Iterator[str]:
        for item in items:
            yield f"{self.lists[item]}.append({called.get(item[1], item[1])})"

    def _loop(self, node: LoopNode, called: Mapping[str, str]) -> Iterator[str]:
        items = _renamed(node.items, called)
        # What the loop goes over is looked up before the name is that of a list.
        names_a_list = not set(node.collected).isdisjoint(reads_of(node.items))
        if names_a_list or not _loops_over(ast.parse(node.items, mode="eval").body):
            value = f"[*({node.items})]"
            items = free_name("items", self.taken)
            yield self._computed("items", items, node.items, value, called)
        inside = {name: other for name, other in called.items() if name not in node.targets}
        for name in node.collected:
            # The list has the name, so that what reads it need not know where it comes from.
            own = self.lists[node.loop.key, name] = called.get(name, name)
            inside[name] = free_name(f"{name}_item", self.taken)
            yield f"{own} = []"
        if node.loop.parallelism is not None:
            items = f"{self.sdk['parallel']}({items}, {node.loop.parallelism})"
        yield f"for {node.loop.target} in {items}:"
        yield from (f"    {line}" for line in self._lines(node.body, inside))

    def _condition(self, node: IfNode, called: Mapping[str, str]) -> Iterator[str]:
        tests = [test for test, _ in node.branches]
        if all(_is_test(test) for test in tests if test):
            tests = [_renamed(test, called) for test in tests if test]
        else:
            [assignment] = ast.parse(self.deciders[node.key].sources[0].python).body
            assert isinstance(assignment, ast.Assign)
            value = ast.unparse(assignment.value)
            choice = free_name("choice", self.taken)
            yield self._computed("choice", choice, value, value, called)
            tests = [f"{choice} == {number}" for number, test in enumerate(tests) if test]
        for number, (test, body) in enumerate(node.branches):
            word = ("elif" if number else "if") if test else "else"
            yield f"{word} {tests[number]}:" if test else "else:"
            yield from (f"    {line}" for line in self._lines(body, called))
        yield from self._appends(node.appends, called)

    def _computed(
        self,
        step: str,
        variable: str,
        expression: str,
        value: str,
        called: Mapping[str, str],
    ) -> str:
        """A call of a new step that computes an expression which the body cannot hold."""
        name = identifier(f"{step}_{len(self.extra) + 1}", self.taken)
        names = [name for name in reads_of(expression) if name in self.known]
        text = f"def {name}({', '.join(names)}):\n    return {value}"
        self.extra.append((name.replace("_", "-"), name, text))
        return f"{variable} = {name}({', '.join(called.get(n, n) for n in names)})"


def _is_test(text: str) -> bool:
    return all(isinstance(node, _TEST) for node in ast.walk(ast.parse(text, mode="eval").body))


def _loops_over(node: ast.expr) -> bool:
    """Whether a loop of the body may go over this."""
    match node:
        case ast.Name():
            return True
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
            return all(_loops_over(one) or isinstance(one, ast.Constant) for one in args)
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr="items"), args=[], keywords=[]):
            return True
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _renamed(text: str, called: Mapping[str, str]) -> str:
    """An expression with other names of variables, where they are called otherwise."""
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = called.get(node.id, node.id)
    return ast.unparse(tree)
