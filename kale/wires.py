"""The way of a value from the step that saves it to one that loads it."""

from __future__ import annotations

from kale.dataclass import dataclass
from kale.errors import Location


@dataclass(frozen=True, slots=True)
class Wire:
    """A value that travels: ``consumer`` loads ``name`` as saved by ``producers``.

    Several producers are unordered steps that may each have changed the value; the load
    takes the version that changed. ``optional`` values may be unbound where they come from.
    Of a ``choice`` the producers stand in branches of one condition, and just one of them runs.
    Of what is ``collected`` the one producer stands in loops that the consumer does not stand in,
    and calls the value ``inside``: the consumer gets the list of all, unbound ones left out.
    """

    name: str
    producers: tuple[str, ...]
    consumer: str
    at: Location
    optional: bool = False
    choice: bool = False
    collected: bool = False
    inside: str = ""
