"""Where a block of a pipeline gets a value from: steps outside it, or the item of a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kale.control import Loop
from kale.dataclass import dataclass
from kale.ir import Wire


@dataclass(frozen=True, slots=True)
class Supply:
    """A value by the steps that save it; the fields are those of :class:`kale.ir.Wire`."""

    producers: tuple[str, ...]
    choice: bool = False
    collected: bool = False
    inside: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A value that a step takes from the items of a loop around it.

    ``needs`` are the values, by name, that the items come from.
    """

    loop: Loop
    needs: tuple[tuple[str, Supply | Item], ...]


#: What a block can be given, by name.
Supplies = Mapping[str, Supply | Item]


def wires_of(wire: Wire, supply: Supply | Item) -> Iterator[Wire]:
    """The wires that bring a value to the consumer of ``wire``; none for what nobody saves."""
    if isinstance(supply, Supply) and not supply.producers:
        return
    if isinstance(supply, Supply):
        yield replace(
            wire,
            producers=supply.producers,
            choice=supply.choice,
            collected=supply.collected,
            inside=supply.inside,
            optional=wire.optional or supply.optional,
        )
        return
    for name, needed in supply.needs:
        yield from wires_of(replace(wire, name=name, optional=False), needed)


def loops_of(supply: Supply | Item) -> Iterator[str]:
    """The loops whose item a step has to bind for a value, the outermost first."""
    if isinstance(supply, Item):
        for _, needed in supply.needs:
            yield from loops_of(needed)
        yield supply.loop.key
