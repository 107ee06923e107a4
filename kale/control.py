"""What a step can stand in: a loop, a branch of a condition, or the body of an exit handler.

A pipeline stays a flat sequence of steps; ``Step.within`` names what each stands in, the outermost
first. Steps that stand in the same loop, condition or handler follow each other in the pipeline.
"""

from __future__ import annotations

from kale.dataclass import dataclass
from kale.errors import Location

#: The number of the first "cell" of the body of a pipeline that is a Python function; the code of
#: its module, which runs before it, has the lower numbers.
BODY = 1_000_000

#: Ordered (name, name) pairs.
Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop whose steps run once for each item, side by side.

    ``key`` is unique in the pipeline and no step's name (``loop:1``). ``target`` is Python text to
    assign an item to (``x``, ``i, (a, b)``). ``items`` is Python text of what is looped over: a
    bare name, which a step has bound; or, where ``count`` is known, a literal or a name of the
    module. ``index`` is the name of the variable that holds the number of the item, from 0, in each
    step within. ``count`` is the number of items where it does not depend on the run; else the
    step ``decider`` tells it, which stands in the same contexts as the loop itself. ``collected``
    maps names that steps within bind to the names by which later steps read the list of all, in
    the order of the items. ``parallelism`` is how many items are worked on at the same time.
    """

    key: str
    target: str
    items: str
    index: str
    at: Location
    count: int | None = None
    decider: str = ""
    collected: Names = ()
    parallelism: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a condition, the ``number``-th from 0 of ``of``; just one of them runs.

    All branches of a condition have the same ``key`` (``if:1``). The step ``decider``, which stands
    in the same contexts as the condition, tells the number. ``tests`` are the conditions as their
    author wrote them; the last branch is what is left where none holds, and may have no steps.
    """

    key: str
    number: int
    of: int
    decider: str
    at: Location
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExitHandler:
    """A group after which the step ``exit_step`` runs, whatever has become of the group's steps.

    It stands in nothing else, and the exit step in no context and reads nothing of the group.
    """

    key: str
    exit_step: str
    at: Location


Context = Loop | Branch | ExitHandler


@dataclass(frozen=True, slots=True)
class TypeCheck:
    """A type that a value must have when a step begins or ends: that of an annotation.

    ``name`` is the variable, ``type`` the annotation as its author wrote it, ``what`` the words
    that a message calls the value by (``argument `value` of `squared```). ``result`` says that it
    is checked when the step ends.
    """

    name: str
    type: str
    what: str
    at: Location
    result: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What a container step runs, in the place of Python code.

    ``command`` and ``args`` are texts; ``{inputs.NAME}`` in them stands for the value of an input,
    ``{inputs.NAME.path}`` for a file with its text and ``{outputs.NAME.path}`` for the file that
    the container writes an output's text to. ``inputs`` maps those names to Python text (a
    variable of the pipeline or a literal), ``outputs`` to the variables that their texts become.
    """

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    inputs: Names = ()
    outputs: Names = ()
