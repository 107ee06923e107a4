"""What one cell does to the notebook's names."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field

from kale.dataclass import dataclass
from kale.static_analysis.deferred import Deferred


@dataclass(frozen=True, slots=True)
class Use:
    """An upward-exposed read; a weak one may not happen, or only when a function is called.

    A tied one is no read at all: the name may share an object with one that the cell may change.
    A shared one has no other reason than that, tied or not. An idle one does no harm
    if the name is missing: in a function that is only mentioned, or where the error is caught.
    """

    node: ast.AST
    strong: bool
    tied: bool = False
    shared: bool = False
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Bind:
    """A name that a cell may bind; ``statement`` the top-level one that bound it last."""

    node: ast.AST
    statement: ast.stmt | None


@dataclass(frozen=True, slots=True)
class CellEffects:
    """What one cell does to the notebook's names, each with the first place it does so.

    ``certain`` are names bound whenever the cell ends, ``unbound`` those surely deleted.
    ``mutations`` tells which of the changed objects are surely changed. ``aliases`` are pairs of
    names that may share an object from now on, ``sure_aliases`` those that do; the names in
    ``soft`` only may share what is inside theirs (a shallow copy). ``carriers`` maps names to what
    calling their values may do, as it stands after the cell. ``stars`` are the star imports.
    ``through`` maps a name that is changed only because it may share an object to the other name,
    and to whether the cell changes that one or does no more than tie the two.
    """

    uses: Mapping[str, Use]
    binds: Mapping[str, Bind]
    certain: frozenset[str]
    unbound: frozenset[str]
    mutations: Mapping[str, tuple[ast.AST, bool]]
    aliases: frozenset[tuple[str, str]]
    carriers: Mapping[str, Deferred]
    sure_aliases: frozenset[tuple[str, str]] = frozenset()
    soft: frozenset[str] = frozenset()
    postponed_annotations: bool = False
    stars: tuple[ast.ImportFrom, ...] = ()
    through: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
