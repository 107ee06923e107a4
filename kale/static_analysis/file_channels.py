"""Files that one step writes and another reads: they order nothing, so the author has to.

Only relative paths that stand in the call as text are seen, and only the usual functions.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location
from kale.static_analysis.facts import Facts
from kale.static_analysis.roots import called_name

_WRITERS = frozenset(
    "dump imwrite save savefig savetxt savez savez_compressed to_csv to_excel to_feather to_hdf "
    "to_json to_parquet to_pickle write_bytes write_image write_text".split()
)
_READERS = frozenset(
    "exists fromfile genfromtxt imread is_file load loadtxt read_bytes read_csv read_excel "
    "read_feather read_hdf read_json read_parquet read_pickle read_table read_text".split()
)


@dataclass(frozen=True, slots=True)
class _Access:
    """One cell's use of a file."""

    path: str
    writes: bool
    cell: int
    owners: tuple[str, ...]
    at: Location


def file_channels(facts: Facts, ancestors: Mapping[str, set[str]]) -> Iterator[Diagnostic]:
    """Warnings of files whose writer and reader may run in the other order, or at once."""
    found = list(_accesses(facts))
    told: set[tuple[str, str, str]] = set()
    for writer in (access for access in found if access.writes):
        for reader in (access for access in found if not access.writes):
            if reader.path != writer.path:
                continue
            for one, other in ((w, r) for w in writer.owners for r in reader.owners if w != r):
                first, last = (one, other) if writer.cell < reader.cell else (other, one)
                if {first, last} <= ancestors.keys() and first not in ancestors[last]:
                    if (writer.path, first, last) not in told:
                        yield diagnose(
                            "KALE333",
                            f"step `{other}` reads the file `{reader.path}`, which step `{one}` "
                            "writes, and nothing keeps the two in the notebook's order",
                            at=reader.at,
                            hint=f"tag a cell of `{last}` with `prev:{first}`",
                        )
                    told.add((writer.path, first, last))


def _accesses(facts: Facts) -> Iterator[_Access]:
    for cell in facts.cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Call):
                path, writes = _path(node), _writes(node)
                if path is not None and writes is not None:
                    yield _Access(path, writes, cell.number, cell.owners, cell.place(node))


def _writes(node: ast.Call) -> bool | None:
    """Whether a call writes its file or reads it; ``None`` when it does neither."""
    name = called_name(node)
    if name == "open":
        given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
        mode = given[0].value if given and isinstance(given[0], ast.Constant) else "r"
        return isinstance(mode, str) and bool(set(mode) & set("wax+"))
    return name in _WRITERS if name in _WRITERS | _READERS else None


def _path(node: ast.Call) -> str | None:
    """The relative path in a call: an argument, or that of the ``Path`` it is a method of."""
    candidates = [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        candidates = [*node.func.value.args, *candidates]
    for candidate in candidates:
        if isinstance(candidate, ast.Constant) and isinstance(candidate.value, str):
            text = candidate.value
            if text and not text.startswith("/") and "://" not in text:
                return posixpath.normpath(text)
            return None
    return None
