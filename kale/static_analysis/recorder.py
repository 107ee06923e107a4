"""The record that a walk over a cell keeps: what is bound here, and what was done to each name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from kale.static_analysis.deferred import NOTHING, Deferred
from kale.static_analysis.effects import Bind, Use
from kale.static_analysis.mutation import mutated_roots
from kale.static_analysis.purity import Purity

#: Names certainly bound at a point of the code; ``None`` where the code is not reached.
State = frozenset[str] | None


class Recorder:
    """Uses, bindings, changes and aliases of names, each with the first place it was seen at."""

    def __init__(self, carriers: Mapping[str, Deferred], purity: Purity) -> None:
        self.state: State = frozenset()
        self.uses: dict[str, Use] = {}
        self.binds: dict[str, Bind] = {}
        self.deleted: set[str] = set()
        self.mutations: dict[str, tuple[ast.AST, bool]] = {}
        self.aliases: set[tuple[str, str]] = set()
        self.sure_aliases: set[tuple[str, str]] = set()
        self.soft: set[str] = set()
        self.carriers = dict(carriers)
        self.stars: list[ast.ImportFrom] = []
        self.purity = purity
        self.hidden: list[frozenset[str]] = []  # of comprehensions and type parameters
        self.outer: list[State] = []  # where each class body began that is being walked
        self.local: set[str] = set()  # what the innermost of them may bind
        self.idle: set[ast.AST] = set()  # names in the tree that are mentioned, not called
        self.called: set[ast.AST] = set()  # names of classes whose methods are called there
        self.guarded = 0  # where a read may not happen
        self.caught = 0  # where it may fail without harm
        self.statement: ast.stmt | None = None
        self.future_annotations = False
        self.raised: list[State] = []

    # -- names

    @property
    def module_state(self) -> State:
        """What is bound for code that does not see the class body that it stands in."""
        return self.outer[0] if self.outer else self.state

    @property
    def nested_state(self) -> State:
        """What is bound for a scope nested here, which does not see the names of a class body."""
        return None if self.state is None else self.module_state

    def use(
        self,
        name: str,
        node: ast.AST,
        *,
        strong: bool = True,
        elsewhere: bool = False,
        idle: bool = False,
    ) -> None:
        """Record a read, unless the name is certainly bound or belongs to an inner scope.

        One that happens ``elsewhere``, in the body of a function, sees no inner scope from here;
        an ``idle`` one would happen there if anybody called the function.
        """
        state = self.module_state if elsewhere else self.state
        if self.state is None or state is None or name in state:
            return
        if not elsewhere and any(name in hidden for hidden in self.hidden):
            return
        # A name bound on some path above may well be bound here.
        strong = strong and not self.guarded and name not in self.binds and name not in self.local
        idle, strong = idle or self.caught > 0, strong and not self.caught
        known = self.uses.get(name)
        if known is None or (strong and not known.strong) or (known.idle and not idle):
            self.uses[name] = Use(node, strong, idle=idle)

    def bind(self, name: str, node: ast.AST) -> None:
        """Record that the name is bound from here on."""
        if self.state is None:
            return
        self.state |= {name}
        if self.outer:
            self.local.add(name)
            return
        self.deleted.discard(name)
        first = self.binds.get(name)
        self.binds[name] = Bind(first.node if first else node, self.statement)

    def unbind(self, name: str, node: ast.AST) -> None:
        """Record a ``del``, which also reads the name."""
        self.use(name, node)
        if self.state is not None:
            self.state -= {name}
            self.raised.append(self.state)
            if self.outer:
                return
            if self.statement is not None:  # under a condition, it may not happen
                self.deleted.add(name)
            self.binds.setdefault(name, Bind(node, None))
            self.binds[name] = Bind(self.binds[name].node, None)

    def mention(self, name: str, node: ast.AST, *, idle: bool = False) -> None:
        """A function, class or value of that name is in hand: its body may run from now on.

        It is ``idle`` where nothing shows that the body will.
        """
        pending, seen = [name], {name}
        while pending:
            effects = self.carriers.get(pending.pop(), NOTHING)
            for read in sorted(effects.reads):
                self.use(read, node, strong=False, elsewhere=True, idle=idle)
            for bound in sorted(effects.binds):
                self.binds[bound] = Bind(self.binds.get(bound, Bind(node, None)).node, None)
            for changed in sorted(effects.mutates):
                self.use(changed, node, strong=False, elsewhere=True, idle=idle)
                self.mutate(changed, node, certain=changed in effects.stores)
            written = effects.binds | effects.mutates
            self.tie(written, effects.reads)
            fresh = effects.names - seen
            seen |= fresh
            pending.extend(fresh)

    def mutate(self, name: str, node: ast.AST, *, certain: bool) -> None:
        """Record that the object of that name is, or may be, changed in place."""
        known = self.mutations.get(name)
        if known is None or (certain and not known[1]):
            self.mutations[name] = (known[0] if known else node, certain)

    def tie(self, names: Iterable[str], others: Iterable[str], *, sure: bool = False) -> None:
        """Record that each of the names may share an object with each of the others.

        It is ``sure`` where nothing that happens on the way may make a copy. A name may be tied
        to itself: rebound, it may still have its old object.
        """
        fixed = self.purity.fixed
        values = [other for other in others if other not in fixed]
        changing = [name for name in names if name not in fixed]
        pairs = {(name, other) for name in changing for other in values}
        self.aliases |= pairs
        if sure:
            self.sure_aliases |= pairs

    def mutate_by_code(self, tree: ast.Module) -> None:
        """Record the in-place changes that the cell's own statements make."""
        for statement in tree.body:
            inner = class_bodies(statement)
            for root in (r for s in (statement, *inner) for r in mutated_roots(s, self.purity)):
                self.mutate(root.name, root.node, certain=root.certain)


def meet(states: Iterable[State]) -> State:
    """What is bound on all the paths that get here."""
    reached = [state for state in states if state is not None]
    return frozenset.intersection(*reached) if reached else None


def class_bodies(statement: ast.AST) -> list[ast.stmt]:
    """The statements of class bodies in a statement: they run with it."""
    found: list[ast.stmt] = []
    pending = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef):
            inner = [s for s in node.body if not isinstance(s, ast.FunctionDef)]
            found.extend(inner)
            pending.extend(inner)
    return found
