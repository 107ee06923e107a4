"""The wires of a package across its groups: what each group takes in for its tasks and gives out.

A task sees only what stands in the same graph. So what comes from outside is an input of each group
around the task, and what goes out of a group is an output of it, named as the compiler names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from kale.codegen.groups import Group, common
from kale.codegen.names import parameter_keys
from kale.codegen.package_layout import PackagedTask
from kale.codegen.parameters import PARAMETER_TYPES
from kale.codegen.volume_tasks import CLAIM_OUTPUT, VolumeTask
from kale.control import Branch, Loop
from kale.dataclass import dataclass
from kale.decisions import told_key
from kale.ir import Pipeline

#: An output: the task or group that has it, and its key there.
_Output = tuple[str, str]

#: What the compiler puts before the names of what groups take in.
PREFIX = "pipelinechannel--"

#: Where an input's value comes from, as a specification writes it.
_Feed = dict[str, Any]


@dataclass(slots=True)
class Wires:
    """How a task or a group is wired, in the words of a specification.

    ``artifacts`` and ``parameters`` say what feeds its inputs, ``after`` what of its own graph it
    waits for. Of a group: ``lists`` maps its input artifacts to whether they are lists, ``types``
    its input parameters to their types, and ``outputs`` its output artifacts to whether they are
    lists, and to the outputs in it of which one is there. ``item`` is the input that a loop gives
    its item's number to, ``told`` the one with all numbers, or with the number of the branch.
    ``claims`` are the feeds of a task's mounts, by their paths.
    """

    artifacts: dict[str, _Feed] = field(default_factory=dict)
    parameters: dict[str, _Feed] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    lists: dict[str, bool] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, tuple[bool, tuple[_Output, ...]]] = field(default_factory=dict)
    item: str = ""
    told: str = ""
    claims: dict[str, _Feed] = field(default_factory=dict)


def wires_of(pipeline: Pipeline, root: Group) -> dict[str, Wires]:
    """The wires of all tasks and groups in ``root``, by their names."""
    return _Wiring(pipeline, root).wires


def surfaced(owner: str, output: str) -> str:
    """What a group calls an output of a task or group elsewhere; a parameter has no ``owner``."""
    return f"{PREFIX}{owner}-{output}" if owner else f"{PREFIX}{output}"


class _Wiring:
    def __init__(self, pipeline: Pipeline, root: Group) -> None:
        self.wires: dict[str, Wires] = {}
        #: The groups around each task and group, but for the root; the outermost first.
        self._around: dict[str, tuple[Group, ...]] = {}
        self._tasks: list[PackagedTask] = []
        self._groups: list[Group] = []
        self._volumes: list[VolumeTask] = []
        self._enter(root, ())
        self._keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
        self._types = {self._keys[p.name]: PARAMETER_TYPES[p.type] for p in pipeline.parameters}
        self._named = {task.title: task.key for task in self._tasks}
        self._choices: dict[tuple[_Output, ...], _Output] = {}
        for volume in self._volumes:
            for before in volume.after:
                self._wait(volume.key, before)
        for group in self._groups:
            self._connect_group(group)
        for task in self._tasks:
            self._connect(task)

    def _enter(self, group: Group, around: tuple[Group, ...]) -> None:
        for child in group.children:
            name = child.name if isinstance(child, Group) else child.key
            self._around[name], self.wires[name] = around, Wires()
            if isinstance(child, Group):
                self._groups.append(child)
                self._enter(child, (*around, child))
            elif isinstance(child, PackagedTask):
                self._tasks.append(child)
            else:
                self._volumes.append(child)

    def _told_by(self, context: Loop | Branch) -> _Output:
        """What tells the numbers of a loop's items, or the number of the branch."""
        return self._named[context.decider], told_key(context)

    # ---------------------------------------------------------------------- one by one

    def _connect_group(self, group: Group) -> None:
        wires, context = self.wires[group.name], group.context
        if group.kind == "branch":
            assert isinstance(context, Branch)
            wires.told = surfaced(*self._told_by(context))
        if group.kind == "loop" and not group.item:
            assert isinstance(context, Loop)
            told = self._told_by(context)
            wires.told = surfaced(*told)
            self._wait(group.name, told[0])
            self._parameter((*self._around[group.name], group), told, "LIST")
        if group.kind in ("loop", "once"):
            wires.item = surfaced("", group.item) if group.item else f"{wires.told}-loop-item"
            wires.types[wires.item] = "STRING"

    def _connect(self, task: PackagedTask) -> None:
        own, around = self.wires[task.key], self._around[task.key]
        for port in task.parameters:
            own.parameters[port.key] = self._given(around, self._keys[port.name])
        if task.exits:
            handlers = (group.name for group in self._groups if group.context == task.exits)
            own.after.update(handlers)
            return
        for before in task.after:
            self._wait(task.key, before)
        for key, loop in task.indices.items():
            own.parameters[key] = self._index(around, loop)
        for key, told in task.fed.items():
            self._wait(task.key, told[0])
            own.parameters[key] = self._parameter(around, told, "STRING")
        for group in around:
            if group.kind == "branch":
                assert isinstance(group.context, Branch)
                told = self._told_by(group.context)
                self._wait(task.key, told[0])
                self._parameter(around, told, "NUMBER_INTEGER")
        for mount in task.mounts:
            if mount.task:
                self._wait(task.key, mount.task)
                claim = mount.task, CLAIM_OUTPUT
                own.claims[mount.path] = self._parameter(around, claim, "STRING")
            elif mount.parameter:
                own.claims[mount.path] = self._given(around, mount.parameter, "STRING")
        for key, output in task.artifacts.items():
            own.artifacts[key] = self._artifact(task, key, output)

    # ---------------------------------------------------------------------- coming in

    def _artifact(self, task: PackagedTask, key: str, output: _Output) -> _Feed:
        is_list = key in task.lists
        around = self._around[task.key]
        if key in task.choices:
            output = self._choice(task.choices[key])
        elif is_list:
            output = self._collected(around, output)
        self._wait(task.key, output[0])
        name, feed = surfaced(*output), _output("Artifact", output)
        for group in self._entered(around, output[0]):
            wires = self.wires[group.name]
            wires.artifacts[name], wires.lists[name] = feed, is_list
            feed = {"componentInputArtifact": name}
        return feed

    def _parameter(self, around: Sequence[Group], output: _Output, kind: str) -> _Feed:
        """The feed of a parameter that a task tells, within all of the groups ``around``."""
        entered = self._entered(around, output[0])
        return self._handed_down(entered, surfaced(*output), _output("Parameter", output), kind)

    def _given(self, around: Sequence[Group], key: str, kind: str = "") -> _Feed:
        """The feed of a parameter of the pipeline."""
        feed = {"componentInputParameter": key}
        return self._handed_down(around, surfaced("", key), feed, kind or self._types[key])

    def _index(self, around: Sequence[Group], key: str) -> _Feed:
        """The feed of the number of a loop's item."""
        level = next(n for n, g in enumerate(around) if g.context and g.context.key == key)
        name = self.wires[around[level].name].item
        feed = {"componentInputParameter": name}
        return self._handed_down(around[level + 1 :], name, feed, "STRING")

    def _handed_down(self, groups: Iterable[Group], name: str, feed: _Feed, kind: str) -> _Feed:
        for group in groups:
            wires = self.wires[group.name]
            wires.parameters[name], wires.types[name] = feed, kind
            feed = {"componentInputParameter": name}
        return feed

    # ---------------------------------------------------------------------- going out

    def _collected(self, around: Sequence[Group], output: _Output) -> _Output:
        """The output of the outermost loop around a task that is the list of all that it makes."""
        name = surfaced(*output)
        for group in reversed(self._left(output[0], around)):
            self.wires[group.name].outputs[name] = True, (output,)
            output = group.name, name
        return output

    def _choice(self, outputs: tuple[_Output, ...]) -> _Output:
        """The output of a condition that is the one of ``outputs`` whose branch has run."""
        if outputs in self._choices:
            return self._choices[outputs]
        *_, whole, _ = self._around[outputs[0][0]]
        assert whole.kind == "branches"
        number = 1 + sum(owner == whole.name for owner, _ in self._choices.values())
        made = whole.name, surfaced("", f"{whole.name}-oneof-{number}")
        branches = []
        for output in outputs:
            branch = self._around[output[0]][-1]
            name = surfaced(*output)
            self.wires[branch.name].outputs[name] = False, (output,)
            branches.append((branch.name, name))
        self.wires[whole.name].outputs[made[1]] = False, tuple(branches)
        self._choices[outputs] = made
        return made

    # ---------------------------------------------------------------------- where things stand

    def _entered(self, around: Sequence[Group], owner: str) -> Sequence[Group]:
        """Those of the groups ``around`` that what has the name ``owner`` does not stand in."""
        return around[common(_names(around), _names(self._around[owner])) :]

    def _left(self, owner: str, around: Sequence[Group]) -> Sequence[Group]:
        """The groups that ``owner`` stands in and that are not among those ``around``."""
        own = self._around[owner]
        return own[common(_names(around), _names(own)) :]

    def _wait(self, waiting: str, before: str) -> None:
        """Let one wait for the other, or for what that stands in."""
        own = [*_names(self._around[waiting]), waiting]
        other = [*_names(self._around[before]), before]
        level = common(own, other)
        self.wires[own[level]].after.add(other[level])


def _names(groups: Iterable[Group]) -> list[str]:
    return [group.name for group in groups]


def _output(what: str, output: _Output) -> _Feed:
    owner, key = output
    return {f"taskOutput{what}": {f"output{what}Key": key, "producerTask": owner}}
