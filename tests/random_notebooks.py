"""Random tagged notebooks that run: written statement by statement while they run."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from random import Random
from string import Formatter

from notebook_statements import CALLS, GROUPS, POOLS, PRINTS, STARTS, Form
from shared_cells import FUNCTIONS_CELL, IMPORTS, PARAMETERS

#: The owners of cells that belong to no step.
SHARED = ("parameters", "imports", "functions")

#: No value may become larger: its ``repr`` in characters.
_LARGEST = 400

#: The cells that every notebook begins with.
_HEAD = {"parameters": PARAMETERS, "imports": IMPORTS, "functions": FUNCTIONS_CELL}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``changes`` are names whose objects it changes, or may change, in place.

    ``hidden`` is as in :class:`notebook_statements.Form`.
    """

    code: str
    changes: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """The statements of one cell, whose owner is a step or one of ``SHARED``."""

    owner: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Notebook:
    """Cells in order, and the ``prev:`` edges: the predecessors of each step."""

    cells: tuple[Cell, ...]
    after: Mapping[str, tuple[str, ...]]

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps in the order of their first cells."""
        return tuple(dict.fromkeys(c.owner for c in self.cells if c.owner not in SHARED))

    @property
    def hidden(self) -> bool:
        """Whether a statement changes something in a way that no static reading can be sure of."""
        return any(s.hidden for cell in self.cells for s in cell.statements)

    def codes(self) -> list[tuple[str, object]]:
        """The cells as (owner, code); the parameters' as (``parameters``, values)."""
        codes = [(c.owner, "\n".join(s.code for s in c.statements)) for c in self.cells]
        return [(o, _values(code) if o == "parameters" else code) for o, code in codes]

    def __str__(self) -> str:
        found = []
        for owner, code in self.codes():
            before = f"  after {', '.join(self.after[owner])}" if self.after.get(owner) else ""
            found.append(f"--- {owner}{before}\n{code}")
        return "\n".join(found)


def _values(code: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    exec(code, namespace)
    return dict(values_of(namespace))


def random_notebook(random: Random, shape: str) -> Notebook:
    """A notebook of a shape: ``chain``, ``branches`` or ``apart`` (cells of a step stand apart)."""
    steps = [f"s{number}" for number in range(random.randint(2, 5))]
    owners = list(steps)
    if shape == "apart":
        owners += random.choices(steps, k=random.randint(1, 3))
        random.shuffle(owners)
    writer = _Writer(random)
    cells = [Cell(o, tuple(Statement(code) for code in codes)) for o, codes in _HEAD.items()]
    for owner in owners:
        found = [writer.next() for _ in range(random.randint(1, 4))]
        found += [writer.next(prints=True) for _ in range(random.randint(0, 2))]
        cells.append(Cell(owner, tuple(filter(None, found))))
    made = tuple(cell for cell in cells if cell.statements)
    return Notebook(made, _edges(random, Notebook(made, {}).steps, shape))


def _edges(random: Random, steps: tuple[str, ...], shape: str) -> dict[str, tuple[str, ...]]:
    chain = shape == "chain" or (shape == "apart" and random.random() < 0.5)
    after = {
        step: steps[i - 1 : i] if chain and i else
        tuple(sorted(random.sample(steps[:i], k=min(i, random.choice([0, 1, 1, 2])))))
        for i, step in enumerate(steps)
    }  # fmt: skip
    if not chain and random.random() < 0.1:  # an edge against the notebook's order
        late, early = random.choice(steps), random.choice(steps)
        turned = {**after, early: tuple({*after[early], late})}
        with contextlib.suppress(CycleError):
            tuple(TopologicalSorter(turned).static_order())
            return turned
    return after


@dataclass
class _Writer:
    """Writes statements that run after all those before."""

    random: Random
    written: list[str] = field(default_factory=lambda: [c for cs in _HEAD.values() for c in cs])
    namespace: dict[str, object] = field(default_factory=dict)
    groups: list[list[Form]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # With few forms in one notebook, those that it has meet more often (Groce et al., *Swarm
        # testing*, ISSTA 2012).
        self.groups = [
            forms if forms is CALLS else self.random.sample(forms, k=len(forms) // 5 + 2)
            for forms, _ in GROUPS
        ]
        self._replay()

    def next(self, *, prints: bool = False) -> Statement | None:
        """The next statement; ``None`` if none was found."""
        for _ in range(20):
            weights = [weight for _, weight in GROUPS]
            forms = PRINTS if prints else self.random.choices(self.groups, weights)[0]
            if not prints and len(self._names("M")) < 2:
                forms = STARTS
            statement = self._filled(self.random.choice(forms))
            if statement is not None and self._runs(statement.code):
                self.written.append(statement.code)
                return statement
        return None

    def _filled(self, form: Form) -> Statement | None:
        values: dict[str, object] = {
            "n": self.random.randint(0, 5),
            "i": self.random.randint(0, 2),
        }
        for _, hole, _, _ in Formatter().parse(form.template):
            if hole and hole not in values:
                values[hole] = self._fill(hole, values)
        if None in values.values():
            return None
        names = tuple(sorted({str(values.get(hole, hole)) for hole in form.changes.split()}))
        return Statement(form.template.format(**values).strip(), names, form.hidden)

    def _fill(self, hole: str, values: Mapping[str, object]) -> str | None:
        if hole == "u":
            names = [n for n in POOLS["t"] if n != values.get("t")]
        elif hole == "k":
            names = [n for n in POOLS["k"] if n not in self.namespace]
        else:
            names = list(POOLS.get(hole) or self._names(hole[0]))
            others = [n for n in names if n not in values.values()]
            names = others if hole.endswith("2") and others else names
        return self.random.choice(names) if names else None

    def _names(self, kind: str) -> list[str]:
        pool = {"F": "f", "P": "p", "S": "s", "C": "c"}.get(kind)
        names = [n for n in self.namespace if n in (POOLS[pool] if pool else _DATA)]
        wanted = {"L": (list,), "D": (dict,), "B": (self.namespace["Box"],)}.get(kind)
        return sorted(n for n in names if not wanted or isinstance(self.namespace[n], wanted))

    def _runs(self, code: str) -> bool:
        """Run a statement; take all back if it fails or makes too much."""
        try:
            run_quietly(code, self.namespace)
            if all(len(repr(v)) < _LARGEST for _, v in values_of(self.namespace)):
                return True
        except Exception:  # noqa: BLE001 -- random statements fail in many ways
            pass
        self._replay()
        return False

    def _replay(self) -> None:
        self.namespace = {"__name__": "__main__"}
        for code in self.written:
            run_quietly(code, self.namespace)


_DATA = {*POOLS["t"], *POOLS["late"]}


def values_of(namespace: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The variables of a namespace with their values."""
    for name, value in namespace.items():
        if not name.startswith("__"):
            yield name, value


def run_quietly(code: str, namespace: dict[str, object]) -> None:
    """Run code and drop what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "<statement>", "exec"), namespace)
