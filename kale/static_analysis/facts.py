"""The notebook as a time line: what each cell reads, and every write of every name."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from kale.dataclass import dataclass
from kale.ir import METRICS_STEP, Pipeline, Source
from kale.random_states import is_random_state
from kale.static_analysis.cells import Cell
from kale.static_analysis.def_use import analyze_cell
from kale.static_analysis.deferred import Deferred
from kale.static_analysis.definitions import Definition, definitions
from kale.static_analysis.effects import Bind, CellEffects
from kale.static_analysis.imports.imported import imported_names, top_level
from kale.static_analysis.imports.star_imports import spell_out
from kale.static_analysis.mangling import mangle
from kale.static_analysis.namespace_lookups import name_lookups
from kale.static_analysis.own_code import own_code
from kale.static_analysis.own_state import changes_when_looked_at, counts_calls, keeps_state
from kale.static_analysis.purity import Purity, purity_of
from kale.static_analysis.random_draws import random_draws
from kale.static_analysis.restless_names import restless_names
from kale.static_analysis.sharing import tie
from kale.static_analysis.supers import spell_out_supers
from kale.static_analysis.syntax_tree import nodes_of
from kale.static_analysis.writes import NEVER, PARAMETERS, SHARED, Kind, Timeline, Write

__all__ = ["PARAMETERS", "SHARED", "Facts", "Kind", "Write", "gather_facts", "sources_of"]


@dataclass(frozen=True, slots=True)
class Facts:
    """All cells in notebook order, and all writes by name, each in notebook order.

    ``groups`` maps a name to all names that may share its object at some time. ``stars`` are the
    star imports that stand in steps and bind what nobody knows. ``futures`` are the imports
    from ``__future__`` in steps; IPython keeps what they set for all cells that follow. ``owned``
    maps a step to its cells. ``timelines`` are the writes again, to be asked by cell and owner.
    ``imports`` maps each cell to what it imports (:func:`imported_names`), ``modules`` are the
    top-level modules of all.
    """

    cells: tuple[Cell, ...]
    writes: Mapping[str, tuple[Write, ...]]
    groups: Mapping[str, frozenset[str]]
    stars: tuple[Write, ...] = ()
    futures: tuple[Write, ...] = ()
    owned: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    timelines: Mapping[str, Timeline] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    imports: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @property
    def variables(self) -> Mapping[str, tuple[Write, ...]]:
        """The writes of names that code can spell: random states are left out."""
        return {name: found for name, found in self.writes.items() if not is_random_state(name)}

    def timeline(self, name: str) -> Timeline:
        """The writes of a name, to be asked by cell and owner."""
        return self.timelines.get(name, NEVER)

    def without(self, unwanted: Callable[[Write], bool]) -> Facts:
        """The same without some of the writes."""
        writes = {n: tuple(w for w in ws if not unwanted(w)) for n, ws in self.writes.items()}
        timelines = {name: Timeline(found) for name, found in writes.items()}
        return replace(self, writes=writes, timelines=timelines)

    def cells_of(self, owner: str) -> tuple[Cell, ...]:
        """The cells that a step (or ``SHARED``, or the metrics) runs."""
        return self.owned.get(owner, ())


def gather_facts(pipeline: Pipeline) -> Facts:
    """Read every active cell of a pipeline once."""
    found = sorted(_owned_sources(pipeline), key=lambda item: item[0].at.cell or 0)
    merged: dict[int, tuple[Source, tuple[str, ...]]] = {}
    for source, owner in found:
        number = source.at.cell or 0
        first, owners = merged.get(number, (source, ()))
        merged[number] = (first, (*owners, owner))
    trees = {number: _parse(source) for number, (source, _) in merged.items()}
    nodes = [node for tree in trees.values() for node in nodes_of(tree)]
    imports = {number: imported_names(nodes_of(tree)) for number, tree in trees.items()}
    spell_out(nodes, Path(pipeline.path).parent)
    spell_out_supers(nodes)
    purity = purity_of(nodes, pipeline.parameters)
    random = random_draws(nodes)
    restless = restless_names(nodes, random.modules)
    purity = replace(purity, restless_names=restless, random=random)
    purity = replace(
        purity,
        restless=_restless(nodes, purity),
        counting=_counting(nodes, purity),
        code=own_code(trees.values(), nodes, purity),
        fixed=purity.fixed.union(random.states.values()) - _collecting(nodes, purity),
    )

    # A shared cell is at the head of every step, so its functions are known everywhere.
    carriers: dict[str, Deferred] = {}
    for source in (*pipeline.imports, *pipeline.functions):
        carriers.update(analyze_cell(trees[source.at.cell or 0], carriers, purity).carriers)

    cells: list[Cell] = []
    postponed = False
    for number, (source, owners) in merged.items():
        effects = analyze_cell(trees[number], carriers, purity, postponed_annotations=postponed)
        carriers = dict(effects.carriers)
        postponed = effects.postponed_annotations
        code = dict(
            definitions(trees[number], source, carriers, purity, postponed_annotations=postponed)
        )
        # Only the next cell needs to know what names hold; with all cells it would be much.
        effects = replace(effects, carriers={})
        cells.append(Cell(number, owners, source, trees[number], effects, code))
    cells, groups = tie(cells, (parameter.name for parameter in pipeline.parameters))
    writes = _writes(pipeline, cells, purity.fixed)
    return Facts(
        tuple(cells),
        writes,
        groups,
        stars=tuple(_imports_of_steps(cells, future=False)),
        futures=tuple(_imports_of_steps(cells, future=True)),
        owned=_by_owner(cells),
        timelines={name: Timeline(found) for name, found in writes.items()},
        modules=top_level(name for names in imports.values() for name in names),
        imports=imports,
    )


def _by_owner(cells: Iterable[Cell]) -> dict[str, tuple[Cell, ...]]:
    owned: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        for owner in cell.owners:
            owned[owner].append(cell)
    return {owner: tuple(found) for owner, found in owned.items()}


def _counting(nodes: Iterable[ast.AST], purity: Purity) -> frozenset[str]:
    defined = (n for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef))
    return frozenset(node.name for node in defined if counts_calls(node, purity))


def _collecting(nodes: Iterable[ast.AST], purity: Purity) -> set[str]:
    """Functions that collect things in a default value: they hold an object that may change."""
    functions = (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.args.defaults and keeps_state(node, purity)}


def _restless(nodes: Iterable[ast.AST], purity: Purity) -> bool:
    return any(changes_when_looked_at(n, purity) for n in nodes if isinstance(n, ast.ClassDef))


def _owned_sources(pipeline: Pipeline) -> Iterator[tuple[Source, str]]:
    for source in (*pipeline.imports, *pipeline.functions):
        yield source, SHARED
    for step in pipeline.steps:
        for source in step.sources:
            yield source, step.name
    for source in pipeline.metrics:
        yield source, METRICS_STEP


def sources_of(pipeline: Pipeline) -> Iterator[Source]:
    """The active cells of a pipeline, once for each step that they belong to."""
    return (source for source, _ in _owned_sources(pipeline))


def _parse(source: Source) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's remarks on the author's code are not ours
        tree = ast.parse(source.python)
    if "__" in source.python:
        mangle(tree)
    if "globals" in source.python:
        name_lookups(tree)
    return tree


def _writes(
    pipeline: Pipeline, cells: list[Cell], fixed: frozenset[str]
) -> dict[str, tuple[Write, ...]]:
    writes: dict[str, list[Write]] = defaultdict(list)
    for parameter in pipeline.parameters:
        writes[parameter.name].append(
            Write(parameter.name, Kind.BIND, parameter.at.cell or 0, (PARAMETERS,), parameter.at)
        )
    # A number or a text can only be replaced, and then a cell binds the name.
    rebound = {name for cell in cells for name in cell.effects.binds}
    plain = {p.name for p in pipeline.parameters if p.type not in {"list", "dict"}} - rebound
    # What nothing binds is the language's own, or a star import's: no step hands it on.
    bound = set(writes).union(*(cell.effects.binds for cell in cells))
    for cell in cells:
        effects = cell.effects
        for name, bind in effects.binds.items():
            kind = _binding_kind(name, effects)
            changed = effects.mutations.get(name)
            # What is changed after it was defined is more than its source.
            found = _definition_of(bind, kind, cell.code)
            if found is not None and not found.is_import and changed and changed[1]:
                found = None
            writes[name].append(
                Write(
                    name,
                    kind,
                    cell.number,
                    cell.owners,
                    cell.place(bind.node),
                    found,
                )
            )
        for name, (node, certain) in effects.mutations.items():
            if name not in effects.binds and name in bound and name not in plain:
                kind = Kind.MUTATE if certain else Kind.TOUCH
                if kind is Kind.TOUCH and name in fixed:
                    continue
                place, tied = cell.place(node), name in effects.through
                writes[name].append(Write(name, kind, cell.number, cell.owners, place, tied=tied))
    return {name: tuple(sorted(found, key=lambda w: w.cell)) for name, found in writes.items()}


def _imports_of_steps(cells: Iterable[Cell], *, future: bool) -> Iterator[Write]:
    """The imports from ``__future__``, or else the star imports, that stand in steps."""
    for cell in cells:
        if SHARED in cell.owners:
            continue
        for node, code in cell.code.items():
            if isinstance(node, ast.ImportFrom) and (
                node.module == "__future__" if future else node.names[0].name == "*"
            ):
                yield Write("*", Kind.BIND, cell.number, cell.owners, cell.place(node), code)


def _binding_kind(name: str, effects: CellEffects) -> Kind:
    if name in effects.certain:
        return Kind.BIND
    return Kind.UNBIND if name in effects.unbound else Kind.MAYBE


def _definition_of(
    bind: Bind, kind: Kind, code: Mapping[ast.stmt, Definition]
) -> Definition | None:
    return code.get(bind.statement) if bind.statement is not None and kind is Kind.BIND else None
