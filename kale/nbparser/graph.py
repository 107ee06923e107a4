"""The graph of steps: what ``prev:`` asks for, checked, and as networkx' ``DiGraph``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kale.dataclass import dataclass
from kale.diagnostics import nearest
from kale.errors import GraphError, Location
from kale.ir import Pipeline
from kale.nbparser.names import kubernetes_name

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Edge:
    """``step`` runs after ``before``, as the tag at ``at`` says."""

    before: str
    step: str
    at: Location


def to_graph(pipeline: Pipeline) -> nx.DiGraph[str]:
    """The pipeline's steps, with an edge from each step to those that have a ``prev:`` of it.

    A node is a step's name; its attribute ``code`` is the tuple of the sources of its cells,
    ``step`` the :class:`kale.ir.Step`. Nodes are in the order of ``pipeline.steps``.
    """
    import networkx as nx  # costs 0.2 s, and most commands need no graph

    graph: nx.DiGraph[str] = nx.DiGraph(name=pipeline.name)
    for step in pipeline.steps:
        graph.add_node(step.name, code=tuple(source.code for source in step.sources), step=step)
    graph.add_edges_from((before, step.name) for step in pipeline.steps for before in step.after)
    return graph


def check_names(steps: Mapping[str, Location]) -> tuple[GraphError, ...]:
    """KALE203 for each step, placed at its first cell, whose name Kubernetes takes for another."""
    errors: list[GraphError] = []
    taken: dict[str, str] = {}
    for name, at in steps.items():
        other = taken.setdefault(kubernetes_name(name), name)
        if other != name:
            errors.append(
                GraphError(
                    "KALE203",
                    f"the steps `{other}` (cell {steps[other].cell}) and `{name}`"
                    f" (cell {at.cell}) have the same name in Kubernetes,"
                    f" `{kubernetes_name(name)}`",
                    # The name is in a tag; no line of the cell has it.
                    at=replace(at, line=None, column=None),
                    hint="rename one of them",
                )
            )
    return tuple(errors)


def check_edges(edges: Sequence[Edge], steps: Sequence[str]) -> tuple[GraphError, ...]:
    """KALE200 for each edge from a step that is not there, KALE202 for a cycle of the others."""
    errors: list[GraphError] = []
    after: dict[str, dict[str, Edge]] = {name: {} for name in steps}
    for edge in edges:
        if edge.before in after:
            after[edge.step].setdefault(edge.before, edge)
        else:
            errors.append(_unknown(edge, steps))
    cycle = _cycle(after)
    if cycle:
        path = " → ".join(f"`{name}`" for name in [*cycle, cycle[0]])
        closing = after[cycle[0]][cycle[-1]]
        errors.append(
            GraphError(
                "KALE202",
                f"the steps wait for each other: {path}"
                if len(cycle) > 1
                else f"the step `{cycle[0]}` waits for itself",
                at=closing.at,
                hint=(
                    "remove one of these `prev:` tags, for example" if len(cycle) > 1 else "remove"
                )
                + f" `prev:{closing.before}` from cell {closing.at.cell}",
            )
        )
    return tuple(errors)


def _unknown(edge: Edge, steps: Sequence[str]) -> GraphError:
    near = nearest(edge.before, (name for name in steps if name != edge.step))
    offer = f"did you mean `prev:{near}`? " if near else ""
    return GraphError(
        "KALE200",
        f"step `{edge.step}` is to run after `{edge.before}`, but no step has that name",
        at=edge.at,
        hint=offer + "The steps are " + ", ".join(f"`{name}`" for name in steps),
    )


def _cycle(after: Mapping[str, Mapping[str, Edge]]) -> list[str]:
    """A shortest cycle, each step before the one that waits for it; empty when there is none."""
    shortest: list[str] = []
    for start in after:
        # Breadth first, from a step to those it waits for, until the step itself comes up.
        came_from: dict[str, str] = {}
        queue = [start]
        for name in queue:
            for before in after[name]:
                if before not in came_from:
                    came_from[before] = name
                    queue.append(before)
        if start in came_from:
            path = [start]
            while (name := came_from[path[-1]]) != start:
                path.append(name)
            if not shortest or len(path) < len(shortest):
                shortest = path
    return shortest
