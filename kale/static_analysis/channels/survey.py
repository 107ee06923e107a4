"""Each call, store and read of a notebook by its full name, for the rules on unseen state.

One walk serves all of those rules, so that the time stays linear in the notebook's length.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import METRICS_STEP
from kale.static_analysis.cells import Cell
from kale.static_analysis.channels.code_walk import FunctionNode, Run, Verb, Walk
from kale.static_analysis.dotted_names import Names
from kale.static_analysis.facts import PARAMETERS, SHARED, Facts, Kind

#: The length of code that a message can quote, in characters.
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Sight:
    """One call, store or read.

    ``name`` is as :meth:`.Names.of` gives it, of a call what is called: ``%cd`` and ``!`` too.
    ``direct`` tells that it begins with an imported name. ``statement`` is the innermost one,
    ``within`` the function, class or ``.method`` whose body it stands in, or empty; ``guards``
    are the context managers around it, the calls of ``with`` statements. ``runs`` are the cells
    that run it, in notebook order.
    """

    cell: Cell
    node: ast.expr
    verb: Verb
    name: str
    direct: bool
    statement: ast.stmt
    within: str
    guards: tuple[str, ...]
    runs: tuple[Run, ...]

    @property
    def at(self) -> Location:
        """Where it stands."""
        return self.cell.place(self.node)

    @property
    def text(self) -> str:
        """What is called, set or read, as the author wrote it, if that is short."""
        node = self.node.func if isinstance(self.node, ast.Call) else self.node
        written = ast.get_source_segment(self.cell.source.python, node)
        if self.name[0] in "%!" or written is None or len(written) > _SHORT or "\n" in written:
            return self.name
        return written


@dataclass(frozen=True, slots=True)
class Survey:
    """All sights in notebook order, and what else the walk has found.

    All of it tells functions apart by the keys that :attr:`Sight.within` has. ``last`` maps each
    step to its last cell, the latest first; the metrics are none. ``generators`` are the
    functions that yield, ``nested`` maps a function to those inside it.
    """

    facts: Facts
    names: Names
    sights: tuple[Sight, ...]
    last: Mapping[str, int]
    generators: frozenset[str]
    nested: Mapping[str, tuple[ast.AST, ...]]
    functions: Mapping[str, tuple[tuple[Cell, FunctionNode], ...]]
    classes: Mapping[str, ast.ClassDef]
    runs_of: Mapping[str, tuple[Run, ...]]


def latest_users(survey: Survey, kind: Callable[[Sight], str]) -> dict[str, list[Run]]:
    """For each kind of sight, the last cell of each step that runs one, the latest first.

    ``kind`` gives the empty text for sights that do not matter.
    """
    last: dict[str, dict[str, int]] = defaultdict(dict)
    for sight in survey.sights:
        of_kind = kind(sight)
        for run in sight.runs if of_kind else ():
            if run.owner in survey.last:
                last[of_kind][run.owner] = max(last[of_kind].get(run.owner, 0), run.cell)
    return {
        of_kind: sorted((Run(*item) for item in cells.items()), key=lambda run: -run.cell)
        for of_kind, cells in last.items()
    }


def survey(facts: Facts) -> Survey:
    """Walk over every cell of a notebook once."""
    walk = Walk()
    for cell in facts.cells:
        walk.over(cell)
    given = {n for n, writes in facts.writes.items() if any(PARAMETERS in w.owners for w in writes)}
    names = Names(
        walk.modules,
        frozenset(n for n, ws in facts.writes.items() if any(w.kind is not Kind.TOUCH for w in ws)),
        {n: v for n, v in walk.values.items() if walk.bound[n] == 1 and n not in given},
    )
    last: dict[str, int] = {}
    for cell in facts.cells:
        for owner in cell.owners:
            last.pop(owner, None)
            last[owner] = cell.number
    runs = {key: walk.runs_of(key) for key in walk.defined}
    return Survey(
        facts,
        names,
        tuple(_sights(walk, names, runs)),
        {step: last[step] for step in reversed(last) if step not in {SHARED, METRICS_STEP}},
        frozenset(walk.generators),
        {key: tuple(found) for key, found in walk.nested.items()},
        {key: tuple(found) for key, found in walk.functions.items()},
        walk.classes,
        runs,
    )


def _sights(walk: Walk, names: Names, runs: Mapping[str, tuple[Run, ...]]) -> Iterator[Sight]:
    own: dict[int, tuple[Run, ...]] = {}
    guards: dict[tuple[ast.expr, ...], tuple[str, ...]] = {(): ()}
    for raw in walk.found:
        name, direct = _named(raw.node, names)
        if raw.verb is Verb.READ and name[0] in "@?":
            continue
        if raw.guards not in guards:
            guards[raw.guards] = tuple(names.of(guard) for guard in raw.guards)
        cell = raw.cell
        if cell.number not in own:
            own[cell.number] = tuple(Run(owner, cell.number) for owner in cell.owners)
        yield Sight(
            cell,
            raw.node,
            raw.verb,
            name,
            direct,
            raw.statement,
            raw.within,
            guards[raw.guards],
            runs[raw.within] if raw.within else own[cell.number],
        )


def _named(node: ast.expr, names: Names) -> tuple[str, bool]:
    """The name of what a call calls, or of a chain; magics and shell commands by their own."""
    if not isinstance(node, ast.Call):
        return names.trace(node)
    name, direct = names.trace(node.func)
    if name.startswith(_SHELL):
        kind = _KINDS.get(name.removeprefix(_SHELL))
        first = names.text(node.args[0]) if node.args else None
        if kind == "!":
            return "!", False
        if kind is not None and first:
            return f"{kind}{first}", False
    return name, direct


_SHELL = "get_ipython()."

#: What IPython's commands are written with, by the method that they call.
_KINDS = {"run_line_magic": "%", "run_cell_magic": "%%", "system": "!", "getoutput": "!"}
