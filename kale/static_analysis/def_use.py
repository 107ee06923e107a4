"""Which names one cell reads before it binds them, binds, and may change in place."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from kale.static_analysis.deferred import Deferred
from kale.static_analysis.effects import CellEffects
from kale.static_analysis.flow import Flow
from kale.static_analysis.purity import Purity


def analyze_cell(
    tree: ast.Module,
    carriers: Mapping[str, Deferred],
    purity: Purity,
    *,
    postponed_annotations: bool = False,
) -> CellEffects:
    """The effects of one cell, run where ``carriers`` says what calling each name may do.

    ``postponed_annotations`` says that a cell above has imported them from ``__future__``:
    IPython keeps such a setting for all cells that follow.
    """
    flow = Flow(carriers, purity)
    flow.future_annotations = postponed_annotations
    flow.statements(tree.body, top_level=True)
    flow.mutate_by_code(tree)
    state = flow.state if flow.state is not None else frozenset()
    return CellEffects(
        uses=flow.uses,
        binds=flow.binds,
        certain=state & flow.binds.keys(),
        unbound=frozenset(flow.deleted),
        mutations=flow.mutations,
        aliases=frozenset(flow.aliases),
        sure_aliases=frozenset(flow.sure_aliases),
        carriers=flow.carriers,
        soft=frozenset(flow.soft),
        postponed_annotations=flow.future_annotations,
        stars=tuple(flow.stars),
    )
