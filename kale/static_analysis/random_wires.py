"""How global random states travel: each step goes on with the state that the last draw left.

A draw orders nothing, for then no two steps of a seeded notebook could run at the same time. Where
the last draw stands in a step that does not come before, the numbers differ, which is a warning.
"""

from __future__ import annotations

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.facts import SHARED, Facts, Write
from kale.static_analysis.needs import Need
from kale.static_analysis.order import Order

_HINT = "make a generator, `rng = np.random.default_rng(seed)`, and draw from that"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Where a step's random state comes from; ``write`` is ``None`` if it starts with a fresh one.

    ``warning`` says why the numbers differ from the notebook's, if they do.
    """

    need: Need
    write: Write | None
    producer: str | None
    warning: Diagnostic | None


def inherit(facts: Facts, need: Need, order: Order) -> Inheritance:
    """Where a step that draws from a random state gets it from."""
    writes = [w for w in facts.writes.get(need.name, ()) if need.step not in w.owners]
    above = [w for w in writes if w.cell < need.cell]
    late = next((w for w in writes if w.shared and w.cell > need.cell), None)
    base = above[-1] if above else None
    if base is None or base.shared:
        warning = _hoisted(need, late) if base is not None and late is not None else None
        return Inheritance(need, base, None, warning)
    reachable = [w for w in above if not w.shared and not order[need.step].isdisjoint(w.owners)]
    if base not in reachable:
        chosen = reachable[-1] if reachable else None
        return Inheritance(need, chosen, _owner(chosen, need, order), _unordered(need, base))
    producer = _owner(base, need, order)
    again = [w for w in writes if need.cell < w.cell < need.last]
    again += [
        w for w in facts.writes[need.name]
        if producer in w.owners and need.step not in w.owners and w.cell > need.cell
    ]  # fmt: skip
    warning = _mixed(need, again[0]) if again else None
    return Inheritance(need, base, producer, warning)


def last_user(facts: Facts, need: Need) -> str | None:
    """The step that draws from, or seeds, a random state last before a step of a script does.

    A script has one order, and no tag to ask for it: there the one waits for the other.
    """
    above = [
        write
        for write in facts.writes.get(need.name, ())
        if need.step not in write.owners and write.cell < need.cell
    ]
    if not above or above[-1].shared or not need.at.path.endswith(".py"):
        return None
    return above[-1].owners[0]


def _owner(write: Write | None, need: Need, order: Order) -> str | None:
    if write is None:
        return None
    return next(owner for owner in write.owners if owner in order[need.step])


def _library(name: str) -> str:
    return "NumPy's" if name.startswith("numpy") else "Python's"


def _unordered(need: Need, base: Write) -> Diagnostic:
    return diagnose(
        "KALE331",
        f"step `{need.step}` may draw from {_library(need.name)} global random state, which step "
        f"`{base.owners[0]}` uses in cell {base.cell}, and nothing orders the two; the numbers "
        "differ from the notebook's",
        at=need.at,
        hint=f"{_HINT}; or tag a cell of `{need.step}` with `prev:{base.owners[0]}`",
    )


def _mixed(need: Need, write: Write) -> Diagnostic:
    other = "a shared cell" if SHARED in write.owners else f"step `{write.owners[0]}`"
    return diagnose(
        "KALE331",
        f"step `{need.step}` and {other} take turns in using {_library(need.name)} global random "
        f"state (cells {need.cell} and {write.cell}); all cells of a step run together, so the "
        "numbers differ from the notebook's",
        at=need.at,
        hint=_HINT,
    )


def _hoisted(need: Need, write: Write) -> Diagnostic:
    return diagnose(
        "KALE331",
        f"cell {write.cell} sets {_library(need.name)} global random state at the head of every "
        f"step, in the notebook only after step `{need.step}` has used it; the numbers differ from "
        "the notebook's",
        at=need.at,
        hint=f"move cell {write.cell} above cell {need.cell}",
    )
