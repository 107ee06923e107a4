"""Names that a step reads and nothing before it defines."""

from __future__ import annotations

import re

from kale.diagnostics import nearest
from kale.errors import AnalysisError, KaleError
from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.facts import Facts, Kind, Write
from kale.static_analysis.needs import Need
from kale.static_analysis.unseen import first_unseen, may_bind_unseen

#: IPython's memory of earlier cells; each step starts with an empty one.
_HISTORY = re.compile(r"_{1,3}|_\d+|_i+|_i\d+|_ih|_oh|_dh|In|Out")


def undefined_name(facts: Facts, need: Need, base: Write | None) -> KaleError | None:
    """The error that a need without a value is, or ``None`` when the notebook may well run."""
    name, step = need.name, need.step
    if base is not None:
        if not need.strong or name in AMBIENT:  # without the name, a builtin shows again
            return None
        return AnalysisError(
            "KALE306",
            f"step `{step}` uses `{name}`, which cell {base.cell} deletes",
            at=need.at,
            hint=f"define `{name}` again, or delete it after its last use",
        )
    if name in AMBIENT:
        return None
    writes = facts.writes.get(name, ())
    if not need.strong and (writes or need.idle):
        return None  # a function's body, or a path that the notebook may not take
    if any(w.kind is Kind.MAYBE and step in w.owners and w.cell <= need.last for w in writes):
        return None  # the step itself may bind it before it reads it
    if any(cell.effects.stars for cell in facts.cells):
        return None  # KALE310 warns about the star import
    unseen = first_unseen(facts)
    if unseen is not None and unseen <= need.last:
        return None  # KALE330 warns about the magic
    if may_bind_unseen(facts, step, need.last):
        return None  # KALE330 or KALE334 warns about it
    if _HISTORY.fullmatch(name):
        return AnalysisError(
            "KALE302",
            f"step `{step}` uses `{name}`, IPython's memory of another cell; a step starts with "
            "an empty one",
            at=need.at,
            hint="give the value a name where it is computed",
        )
    later = [w for w in writes if w.kind in {Kind.BIND, Kind.MAYBE} and w.cell > need.cell]
    if later:
        owner, cell = later[0].owners[0], later[0].cell
        return AnalysisError(
            "KALE301",
            f"step `{step}` uses `{name}`, which no earlier step defines; "
            f"`{owner}` defines it later, in cell {cell}",
            at=need.at,
            hint=f"move cell {cell} above the cell that uses `{name}`",
        )
    before = {n for n, ws in facts.variables.items() if any(w.cell <= need.cell for w in ws)}
    close = nearest(name, before)
    guess = f"; did you mean `{close}`?" if close else ""
    return AnalysisError(
        "KALE301",
        f"step `{step}` uses `{name}`, which no earlier step defines{guess}",
        at=need.at,
        hint="correct the spelling"
        if close
        else f"define `{name}` in an earlier step, or in a cell tagged `imports` or `functions`",
    )
