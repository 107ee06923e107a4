"""Files that one step writes and another reads: they order nothing, and no cluster shares them.

What a reader finds is what the last cell above it wrote that names the same file, so each use is
held against the nearest ones on both sides only. Known gaps: those of the table of calls; two
names of one file (a link, a relative and an absolute path).
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import field
from fnmatch import fnmatch

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.ir import Pipeline
from kale.static_analysis.channels.file_calls import Access, FileUse, file_uses
from kale.static_analysis.channels.survey import Survey
from kale.static_analysis.order import Order


@dataclass(frozen=True, slots=True)
class _Access:
    """A step's use of a file in one cell."""

    use: FileUse
    step: str
    cell: int
    path: str


@dataclass(slots=True)
class _Folder:
    """All writes by path, in notebook order, and the paths by the folders they lie in."""

    writes: dict[str, list[_Access]] = field(default_factory=lambda: defaultdict(list))
    below: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def file_channels(survey: Survey, pipeline: Pipeline, order: Order) -> Iterator[Diagnostic]:
    """Warnings of files whose uses may come in another order, notices of those on one disk."""
    uses = list(_uses(survey))
    folder = _Folder()
    for access in uses:
        if Access.WRITE in access.use.access:
            if access.path not in folder.writes:
                for parent in _parents(access.path):
                    folder.below[parent].append(access.path)
            folder.writes[access.path].append(access)
    shared = pipeline.volumes.mounts
    volumes = {step.name: (*step.options.volumes, *shared) for step in pipeline.steps}
    told: set[tuple[str, str, str]] = set()
    for access in uses:
        for other in _related(access, folder):
            first, last = sorted((access, other), key=lambda one: one.cell)
            key = (access.path, first.step, last.step)
            if key in told or not {first.step, last.step} <= order.keys():
                continue
            if first.step not in order[last.step]:
                told.add(key)
                yield _unordered(access, other, first, last)
            elif other is first and Access.READ in access.use.access:
                both = set(volumes.get(first.step, ())) & set(volumes.get(last.step, ()))
                if not any(access.path.startswith(volume.mount_path) for volume in both):
                    told.add(key)
                    yield _one_disk(access, other)


def _uses(survey: Survey) -> Iterator[_Access]:
    for sight in survey.sights:
        for use in file_uses(sight, survey.names):
            if use.path is not None:
                for run in sight.runs:
                    yield _Access(use, run.owner, run.cell, use.path)


def _related(access: _Access, folder: _Folder) -> Iterator[_Access]:
    """The nearest writes of other steps, above and below, that concern the same file."""
    for path in _same(access, folder):
        writes = folder.writes[path]
        made = Access.TREE in access.use.access and Access.TREE in writes[0].use.access
        if made and Access.READ not in access.use.access:
            continue  # two steps that make the same folder
        index = bisect_left(writes, access.cell, key=lambda one: one.cell)
        above = writes[index - 1] if index else None
        while index < len(writes) and writes[index].cell == access.cell:
            index += 1
        below = writes[index] if index < len(writes) else None
        # Of two that write, the later one is told.
        near = (above,) if Access.WRITE in access.use.access else (above, below)
        yield from (other for other in near if other is not None and other.step != access.step)


def _same(access: _Access, folder: _Folder) -> Iterator[str]:
    """The written paths that are the one used, a folder that holds it, or lie inside it."""
    path = access.path
    if path in folder.writes:
        yield path
    for parent in _parents(path):
        if parent in folder.writes and Access.TREE in folder.writes[parent][0].use.access:
            yield parent
    if Access.READ in access.use.access:
        if Access.TREE in access.use.access:
            yield from (p for p in folder.below.get(path, ()) if p != path)
        if any(letter in path for letter in "*?["):
            fixed = posixpath.dirname(re.split(r"[*?[]", path)[0])
            yield from (p for p in folder.below.get(fixed, ()) if fnmatch(p, path) and p != path)


def _parents(path: str) -> Iterator[str]:
    """The folders that a path lies in, the innermost first; the empty one last, if relative."""
    while path and path != "/":
        path = posixpath.dirname(path)
        yield path


def _unordered(access: _Access, other: _Access, first: _Access, last: _Access) -> Diagnostic:
    if Access.READ in access.use.access:
        uses = (
            f"step `{access.step}` reads the file `{access.path}`, which step `{other.step}` writes"
        )
    else:
        uses = f"steps `{first.step}` and `{last.step}` both write the file `{access.path}`"
    return diagnose(
        "KALE333",
        f"{uses}, and nothing keeps the two in the notebook's order",
        at=access.use.sight.at,
        hint=f"tag a cell of `{last.step}` with `prev:{first.step}`",
    )


def _one_disk(access: _Access, other: _Access) -> Diagnostic:
    return diagnose(
        "KALE340",
        f"step `{access.step}` reads the file `{access.path}`, which step `{other.step}` writes; "
        "on a cluster each step has a disk of its own",
        at=access.use.sight.at,
        hint="let the value travel instead, or mount one volume in both steps with "
        "`volume:CLAIM:FOLDER` and write the file there",
    )
