"""State that passes between cells without a name: each step starts without it, so each use is told.

Known gap: what a library or a local module does inside itself is not looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.cells import Cell
from kale.static_analysis.facts import SHARED, Facts

#: Functions of ``random`` and ``numpy.random`` that make a generator of one's own.
_OWN_GENERATORS = frozenset(
    "BitGenerator Generator MT19937 PCG64 PCG64DXSM Philox Random RandomState SFC64 SeedSequence "
    "SystemRandom default_rng".split()
)

#: Calls after which names may be bound that the code does not show.
_BINDING_CALLS = frozenset({"exec", "eval", "locals", "vars", "globals"})

#: Calls that change the process they run in, by their dotted name.
_PROCESS_CALLS = frozenset(
    "os.chdir os.putenv os.environ.update os.environ.setdefault os.environ.pop os.unsetenv "
    "pandas.set_option pandas.reset_option numpy.seterr numpy.set_printoptions "
    "warnings.filterwarnings warnings.simplefilter sys.setrecursionlimit sys.path.append "
    "sys.path.insert sys.path.extend locale.setlocale matplotlib.use matplotlib.rc "
    "matplotlib.pyplot.rc matplotlib.style.use matplotlib.pyplot.style.use".split()
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A channel: its code, which calls use it, and what to say of one in a step."""

    code: str
    uses: Callable[[str], bool]
    message: str
    hint: str
    shared_too: bool = False


_RULES = (
    _Rule(
        "KALE330",
        lambda name: name in _BINDING_CALLS,
        "`{name}` may read or bind names that Kale cannot see; no step hands them on",
        "use plain assignments for what other steps read",
    ),
    _Rule(
        "KALE331",
        lambda name: (
            name.startswith(("random.", "numpy.random."))
            and name.rpartition(".")[2] not in _OWN_GENERATORS
        ),
        "`{name}` uses the process's random state, which no step hands on; the numbers differ from "
        "the notebook's",
        "make a generator, `rng = np.random.default_rng(seed)`, and draw from that",
        shared_too=True,
    ),
    _Rule(
        "KALE332",
        lambda name: name in _PROCESS_CALLS,
        "`{name}` changes the process that this step runs in; other steps do not see the change",
        "make the change in a cell tagged `imports`, which every step runs",
    ),
)


def hidden_channels(facts: Facts) -> Iterator[Diagnostic]:
    """Warnings of state outside of names, where a step after or before another may rely on it."""
    steps = {owner for cell in facts.cells for owner in cell.owners if owner != SHARED}
    if len(steps) < 2:
        return
    modules = _modules(facts)
    for cell in facts.cells:
        for node, name in _channel_uses(cell.tree, modules):
            for rule in _RULES:
                if rule.uses(name) and (rule.shared_too or SHARED not in cell.owners):
                    message = rule.message.format(name=name)
                    yield diagnose(rule.code, message, at=cell.place(node), hint=rule.hint)
        yield from _magics(cell)


def _channel_uses(tree: ast.Module, modules: Mapping[str, str]) -> Iterator[tuple[ast.AST, str]]:
    """Calls by their full dotted names, and stores into ``os.environ``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func, modules)
            if name is not None:
                yield node, name
        elif (
            isinstance(node, ast.Subscript)
            and not isinstance(node.ctx, ast.Load)
            and _dotted(node.value, modules) == "os.environ"
        ):
            yield node, "os.environ.update"


def _dotted(node: ast.expr, modules: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    if node.id not in modules and node.id not in _BINDING_CALLS:
        return None
    return ".".join([modules.get(node.id, node.id), *reversed(parts)])


def _modules(facts: Facts) -> dict[str, str]:
    """What the notebook's imported names stand for: ``np`` for ``numpy``."""
    found: dict[str, str] = {}
    for cell in facts.cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    head = alias.name.partition(".")[0]
                    found[alias.asname or head] = alias.name if alias.asname else head
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _magics(cell: Cell) -> Iterator[Diagnostic]:
    """Magics that bind names out of sight."""
    for number, line in enumerate(cell.source.code.split("\n"), start=1):
        words = line.split()
        node = ast.Pass(lineno=number, col_offset=0)
        if words and words[0] in {"%run", "%store", "%load", "%macro"}:
            yield diagnose(
                "KALE330",
                f"`{words[0]}` may bind names that Kale cannot see; no step hands them on",
                at=cell.place(node),
                hint="import what is needed, or use plain assignments",
            )
        elif words and words[0] in {"%cd", "%env", "%set_env"} and SHARED not in cell.owners:
            yield diagnose(
                "KALE332",
                f"`{words[0]}` changes the process that this step runs in; other steps do not see "
                "the change",
                at=cell.place(node),
                hint="put it into a cell tagged `imports`, which every step runs",
            )
