"""Where the names come from that a step is given, and why it is given them."""

from __future__ import annotations

from enum import Enum

from kale.dataclass import dataclass
from kale.errors import Location


class InputKind(Enum):
    """How a step comes by a name that it does not make itself."""

    VALUE = "value"  #: an earlier step saves it
    PARAMETER = "parameter"
    CODE = "code"  #: its source stands at the head of the step
    SHARED = "shared value"  #: cells that every step runs make it anew


class Reason(Enum):
    """Why a step is given a name."""

    READ = "the step reads it"
    SHARE = "the step changes an object that it may share with another name"
    TIE = "it may share an object with another name, so the two travel together"
    HAND_ON = "the step may leave it as it was, and a later one reads it"
    CODE = "code that the step is given reads it"
    SHARED_CELL = "cells that every step runs read it"


@dataclass(frozen=True, slots=True)
class Origin:
    """A write that the value of a name comes from.

    ``step`` is empty for a parameter and for a cell that every step runs. ``effect`` is what the
    write does to the name: binds, may bind, imports, defines, changes, may change; or ties, when
    it does no more than make it share an object with the name ``through``. Otherwise ``through``
    is the other name by which it changes an object that the two may share.
    """

    step: str
    effect: str
    at: Location
    through: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A name that a step is given; ``origins`` stand in notebook order.

    ``at`` is where the step first reads it, or does what the ``reason`` says; ``shares`` is the
    other name that the reason speaks of. There is no ``at`` where shared cells read it.
    """

    name: str
    kind: InputKind
    origins: tuple[Origin, ...]
    at: Location | None
    reason: Reason = Reason.READ
    shares: str = ""
