"""Loops, conditions and exit handlers in the script: the pipeline's calls, block in block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kale.codegen.group_spec import numbers
from kale.codegen.group_wires import PREFIX, wires_of
from kale.codegen.groups import Group, Leaf
from kale.codegen.literals import python_literal
from kale.codegen.names import identifier, parameter_keys, unique
from kale.codegen.package_layout import PackagedTask
from kale.codegen.script_text import called
from kale.control import Branch, ExitHandler, Loop
from kale.decisions import told_key
from kale.ir import Pipeline

#: The annotations of output parameters.
PYTHON_TYPES: Mapping[str, str] = {
    "BOOLEAN": "bool",
    "LIST": "list",
    "NUMBER_DOUBLE": "float",
    "NUMBER_INTEGER": "int",
    "STRING": "str",
    "STRUCT": "dict",
}

#: Columns of a line.
_WIDTH = 100

#: The lines of a task's call.
_Calling = Callable[[Leaf, int], Iterator[str]]


class Blocks:
    """The body of the pipeline's function.

    ``names`` maps what :mod:`kale.codegen.kfp_script` names to variables, and gets the variables
    of groups; ``displays`` says whether groups have titles.
    """

    def __init__(
        self, root: Group, names: dict[str, str], taken: set[str], *, displays: bool
    ) -> None:
        self._root, self._names, self._displays = root, names, displays
        self._deciders: dict[str, str] = {}
        #: The variable of the handler's group around each task, which others wait for as a whole.
        self._handlers: dict[str, str] = {}
        self._tasks: list[PackagedTask] = []
        self._either: dict[tuple[tuple[str, str], ...], str] = {}
        self._taken = taken
        self._enter(root, "")
        waited = (self.waited(task, before) for task in self._tasks for before in task.after)
        self._awaited = {*waited} & {*self._handlers.values()}

    def _enter(self, group: Group, handler: str) -> None:
        for child in group.children:
            if isinstance(child, Group):
                inside = handler
                if child.kind == "exit":
                    inside = self._variable(child.name)
                    self._names[f"group {child.name}"] = inside
                if isinstance(child.context, Loop):
                    self._names[f"item {child.context.key}"] = self._variable(child.context.index)
                self._enter(child, inside)
            elif isinstance(child, PackagedTask):
                self._handlers[child.key] = handler
                self._deciders[child.title] = child.key
                self._tasks.append(child)

    def _variable(self, name: str) -> str:
        made = unique(identifier(name), self._taken)
        self._taken.add(made)
        return made

    def lines(self, call: _Calling) -> Iterator[str]:
        """All calls, in blocks; ``call`` gives the lines of one."""
        return self._inside(self._root, 4, call)

    def index(self, loop: str) -> str:
        """The variable that holds the number of a loop's item."""
        return self._names[f"item {loop}"]

    def output(self, owner: str, key: str) -> str:
        """The expression of an output of a task."""
        return f"{self._names[f'task {owner}']}.outputs[{python_literal(key)}]"

    def artifact(self, task: PackagedTask, key: str) -> str:
        """The expression of what feeds an input artifact."""
        if key in task.choices:
            return self._either[task.choices[key]]
        output = self.output(*task.artifacts[key])
        return f"{self._names['dsl']}.Collected({output})" if key in task.lists else output

    def waited(self, task: PackagedTask, before: str) -> str:
        """The variable of what a task waits for: from outside of a handler's group, the group."""
        handler = self._handlers.get(before, "")
        inside = not handler or handler == self._handlers[task.key]
        return self._names[f"task {before}"] if inside else handler

    def implied(self, task: PackagedTask) -> set[str]:
        """What a task waits for because of the loops and conditions that it stands in."""
        contexts = (c for c in task.within if isinstance(c, Loop | Branch) and c.decider)
        return {self._deciders[context.decider] for context in contexts}

    def hide_parameters(self, pipeline: Pipeline) -> bool:
        """Whether the compiler takes one of the pipeline's parameters for the item of a loop.

        It does where the name of the one is a part of the other's, and leaves the parameter out of
        the groups in that loop.
        """
        wires = wires_of(pipeline, self._root)
        given = {*parameter_keys(parameter.name for parameter in pipeline.parameters).values()}
        given.update(volume.parameter for volume in pipeline.volumes.clones)

        def hides(group: Group, items: Sequence[str]) -> bool:
            """``items`` are what the loops around the group call theirs."""
            own = wires[group.name].item if group.name in wires else ""
            for child in group.children:
                if isinstance(child, Group):
                    if hides(child, [*items, own]):
                        return True
                elif isinstance(child, PackagedTask):
                    fed = wires[child.key].parameters | wires[child.key].claims
                    names = {feed.get("componentInputParameter", "") for feed in fed.values()}
                    read = {name.removeprefix(PREFIX) for name in names} & given
                    if any(name in item for item in items for name in read):
                        return True
            return False

        return hides(self._root, [])

    def _inside(self, group: Group, indent: int, call: _Calling) -> Iterator[str]:
        before = " " * indent
        for child in group.children:
            if isinstance(child, Group):
                if child.kind == "branches":
                    yield from self._inside(child, indent, call)
                    continue
                yield from self._with(child, before)
                yield from self._inside(child, indent + 4, call)
                continue
            if isinstance(child, PackagedTask):
                for outputs in child.choices.values():
                    if outputs not in self._either:
                        name = self._either[outputs] = self._variable("either")
                        options = [self.output(*output) for output in outputs]
                        yield from _call(
                            f"{before}{name} = {self._names['dsl']}.OneOf", options, ""
                        )
            yield from call(child, indent)

    def _with(self, group: Group, before: str) -> Iterator[str]:
        """The head of a block."""
        dsl, context = self._names["dsl"], group.context
        words: list[str] = []
        end = ":"
        match group.kind:
            case "exit":
                assert isinstance(context, ExitHandler)
                task = self._names[f"task {self._deciders[context.exit_step]}"]
                name, words = "ExitHandler", [f"exit_task={task}"]
                variable = self._names[f"group {group.name}"]
                end = f" as {variable}:" if variable in self._awaited else ":"
            case "loop" | "once":
                items = python_literal(numbers(context)) if group.item else self._told(group)
                name, words = "ParallelFor", [items]
                if isinstance(context, Loop):
                    end = f" as {self.index(context.key)}:"
                    if context.parallelism:
                        words.append(f"parallelism={context.parallelism}")
            case _:
                name = "Else" if group.rest else "Elif" if group.before else "If"
                if not group.rest:
                    assert isinstance(context, Branch)
                    words = [f"{self._told(group)} == {context.number}"]
        if self._displays and group.title:
            words.append(f"name={python_literal(group.title)}")
        yield from _call(f"{before}with {dsl}.{name}", words, end)

    def _told(self, group: Group) -> str:
        context = group.context
        assert isinstance(context, Loop | Branch)
        return self.output(self._deciders[context.decider], told_key(context))


def _call(start: str, words: Sequence[str], end: str) -> Iterator[str]:
    """A call on one line, or on one for each argument where that is too long."""
    line = f"{start}({', '.join(words)}){end}"
    indent = len(start) - len(start.lstrip())
    yield from [line] if len(line) <= _WIDTH else called(start.lstrip(), words, indent, end)
