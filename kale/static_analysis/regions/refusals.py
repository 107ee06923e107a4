"""What no run of a loop's or a condition's steps can keep as it is in the notebook."""

from __future__ import annotations

from collections.abc import Sequence

from kale.errors import AnalysisError, GraphError, KaleError, Location
from kale.ir import Wire
from kale.static_analysis.facts import Kind
from kale.static_analysis.regions.numbering import whole
from kale.static_analysis.regions.units import Unit


def cycle(units: Sequence[Unit]) -> KaleError:
    """A step outside a loop or condition runs between two of its steps."""
    first = next(unit for unit in units if unit.contexts)
    return GraphError(
        "KALE748",
        f"a step runs after a step of the loop or condition at `{first.name}` and before another "
        "one of it",
        at=whole(first.step.at),
        hint="take its `prev:` away, or put it into the loop or condition, too",
    )


def depends(name: str, reads: str, at: Location, kind: Kind) -> KaleError:
    """An item of a loop needs what another one has made; ``reads`` says who reads it."""
    does = "changes" if kind is Kind.MUTATE else "sets"
    return AnalysisError(
        "KALE745",
        f"each item of the loop {does} `{name}`, which {reads}; items are worked on side by side",
        at=at,
        hint="append what each item makes to a list, and join the list in a step after the loop",
    )


def last_value(wire: Wire, unit: Unit) -> KaleError:
    """A step reads, after a loop, a name that each item binds anew."""
    return AnalysisError(
        "KALE746",
        f"step `{wire.consumer}` reads `{wire.name}` after the loop that sets it in step "
        f"`{unit.name}`; each item has a value of its own",
        at=wire.at,
        hint=f"append `{wire.name}` to a list in the loop, and read that",
    )


def exit_step_reads(wire: Wire) -> KaleError:
    """An exit step is given a value that a step makes."""
    return AnalysisError(
        "KALE749",
        f"exit step `{wire.consumer}` reads `{wire.name}`, which step `{wire.producers[0]}` makes; "
        "it runs also when that has failed",
        at=wire.at,
        hint="give it parameters and literals alone",
    )
