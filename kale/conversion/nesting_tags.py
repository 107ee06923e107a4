"""What steps stand in as tags: neighbours with equal tags are one loop, so others differ."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from kale.conversion.step_functions import global_reads
from kale.errors import NotebookError
from kale.ir import Branch, Context, ExitHandler, Loop, Step
from kale.nbparser import format_tag
from kale.nbparser.tag_kinds import LoopTag, ParallelismTag, WhenTag

#: What a context is, among those that stand in the same one: its key, and the branch's number.
_Own = tuple[str, int]


class NestingTags:
    """The tags of each step's loops and conditions, step after step."""

    def __init__(self, deciders: Mapping[str, str]) -> None:
        """``deciders`` maps names that steps of Kale's own decide by to their Python text."""
        self.deciders = deciders
        self.before: list[tuple[_Own, LoopTag | WhenTag]] = []

    def of(self, step: Step) -> list[str]:
        """The tags of the next step.

        Raises:
            NotebookError: KALE781, it stands in what a notebook cannot say.
        """
        now: list[tuple[_Own, LoopTag | WhenTag]] = []
        texts: list[str] = []
        for depth, context in enumerate(step.within):
            beside = self.before[depth] if len(self.before) > depth else None
            own = _own(context)
            if beside is not None and beside[0] == own:
                tag = beside[1]
            else:
                tag = self._tag(context, beside)
                if beside is not None and beside[1] == tag:
                    tag = _otherwise_written(tag)
                del self.before[depth:]
            now.append((own, tag))
            texts.append(format_tag(tag))
            if isinstance(context, Loop) and context.parallelism is not None:
                texts.append(format_tag(ParallelismTag(context.parallelism)))
        self.before = now
        return texts

    def _tag(
        self, context: Context, beside: tuple[_Own, LoopTag | WhenTag] | None
    ) -> LoopTag | WhenTag:
        match context:
            case Loop(target=target, items=items):
                text = self.deciders.get(items, items)
                return LoopTag(_plain(target), _without_list(text))
            case Branch(key=key, number=number):
                tests = _tests(self.deciders[key])
                goes_on = beside is not None and beside[0][0] == key
                seen = beside[0][1] + 1 if beside is not None and goes_on else 0
                # Branches without steps are passed over, so that their tests have to fail.
                parts = [f"not ({test})" for test in tests[seen:number]]
                parts += [f"({test})" if parts else test for test in tests[number : number + 1]]
                return WhenTag(_plain(" and ".join(parts)) if parts else "", otherwise=goes_on)
            case ExitHandler(exit_step=name):
                raise NotebookError(
                    "KALE781",
                    f"no cell can be the exit handler `{name}`",
                    at=context.at,
                    hint="call the step at the end, or keep the Python file",
                )


def _own(context: Context) -> _Own:
    return context.key, context.number if isinstance(context, Branch) else 0


def _plain(text: str) -> str:
    """Python text as a tag has it."""
    text = ast.unparse(ast.parse(text))
    return text[1:-1] if text.startswith("(") and _is_pair(text) else text


def _is_pair(text: str) -> bool:
    """Whether text is that of a tuple of several names, which needs no brackets as a target."""
    tree = ast.parse(text, mode="eval").body
    names = isinstance(tree, ast.Tuple) and len(tree.elts) > 1
    return names and all(
        isinstance(n.ctx, ast.Load) for n in ast.walk(tree) if isinstance(n, ast.Name)
    )


def _without_list(text: str) -> str:
    """What a loop goes over, without the list that Kale has made of it."""
    match ast.parse(text, mode="eval").body:
        case ast.List(elts=[ast.Starred(value=value)]):
            return ast.unparse(value)
        case ast.Call(func=ast.Name(id="list"), args=[ast.Call() as value], keywords=[]):
            return ast.unparse(value)
        case node:
            return ast.unparse(node)


def _tests(code: str) -> list[str]:
    """The tests of the expression that numbers the branches: `0 if A else 1 if B else 2`."""
    tests = []
    node = ast.parse(code, mode="eval").body
    while isinstance(node, ast.IfExp):
        tests.append(ast.unparse(node.test))
        node = node.orelse
    return tests


def _otherwise_written(tag: LoopTag | WhenTag) -> LoopTag | WhenTag:
    """A tag of the same meaning and other text, so that it begins a loop of its own."""
    if isinstance(tag, LoopTag):
        return LoopTag(tag.target, f"[*{tag.items}]")
    return WhenTag(f"({tag.test}) and True", tag.otherwise)


def deciding_texts(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """The names and keys that Kale's own code alone decides by, with that code's right side.

    What another step reads, as the last item is read, is a value like any other.
    """
    for step in steps:
        for key, name in step.decides:
            if any(name in global_reads(s.python) for one in steps for s in one.sources):
                continue
            for source in step.sources:
                match ast.parse(source.python).body:
                    case [ast.Assign(targets=[ast.Name(id=target)], value=value)] if (
                        target == name and name.startswith("kale_")
                    ):
                        yield name, ast.unparse(value)
                        yield key, ast.unparse(value)
