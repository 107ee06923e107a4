"""The packages of each step: those of its tags, and those that install lines have put there.

In the notebook a package is there from the cell that installs it to the end. So a step gets
what its own cells and the shared ones install, and what the cells above its last one do.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace

from kale.credentials import without_credentials
from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, NotebookError
from kale.ir import Source
from kale.nbparser.cells import Role, TaggedCell
from kale.nbparser.installs import Install, installs
from kale.nbparser.options import PlacedOption, project
from kale.nbparser.tag_kinds import PackagesTag


@dataclass(frozen=True, slots=True)
class Asked:
    """A requirement and what asks for it: ``text``, a tag, or ``lines`` of a cell."""

    requirement: str
    text: str
    at: Location
    lines: tuple[int, int] = (0, 0)

    @property
    def version(self) -> str:
        """Which versions will do, and where; empty when any does."""
        match = re.match(r"[\w.-]+\s*(?:\[[^\]]*\])?", self.requirement)
        return re.sub(r"\s+", "", self.requirement[match.end() :] if match else "")

    def __str__(self) -> str:
        line = "" if self.at.line is None else f", line {self.at.line}"
        return f"`{self.text}` (cell {self.at.cell}{line})"


def asked_by_cells(
    cells: Iterable[TaggedCell], sources: Mapping[int, Source]
) -> tuple[dict[int, tuple[Asked, ...]], tuple[Diagnostic, ...]]:
    """What the install lines of each cell ask for, and KALE119 for those that stay as written."""
    asked: dict[int, tuple[Asked, ...]] = {}
    left: list[Diagnostic] = []
    for tagged in cells:
        source = sources[tagged.cell.number]
        for install in installs(source.code, source.python):
            if tagged.role is Role.METRICS:
                install = replace(install, reason="`pipeline-metrics` cells run in another's pod")
            at = replace(source.at, line=install.first)
            if install.reason:
                left.append(_left_as_written(install, at))
                continue
            lines = (install.first, install.last)
            found = (Asked(one, install.text, at, lines) for one in install.requirements)
            asked[tagged.cell.number] = (*asked.get(tagged.cell.number, ()), *found)
    return asked, tuple(left)


def without_installs(
    sources: Mapping[int, Source], asked: Mapping[int, tuple[Asked, ...]]
) -> dict[int, Source]:
    """The sources, with the lines that a pod leaves out marked."""
    return {
        number: replace(
            source, installs=tuple(dict.fromkeys(one.lines for one in asked.get(number, ())))
        )
        for number, source in sources.items()
    }


def step_packages(
    step: str,
    given: Iterable[str],
    options: Iterable[PlacedOption],
    sources: Iterable[Source],
    asked: Mapping[int, tuple[Asked, ...]],
    shared: Container[int],
) -> tuple[tuple[str, ...], tuple[NotebookError, ...]]:
    """The packages of a step, one requirement a project, and KALE106 for contradictions.

    ``given`` are those of its tags, which are in ``options`` too, and the defaults; ``asked`` is
    what the cells of the notebook install, by their numbers; ``shared`` are the cells of all
    steps. The step's tags and own lines beat what others install, and those beat defaults.
    """
    errors: list[NotebookError] = []
    own = [source.at.cell or 0 for source in sources]
    fixed: dict[str, Asked] = {}
    tagged = tuple(_asked_by_tags(options))
    for one in (*tagged, *(one for number in own for one in asked.get(number, ()))):
        errors += _take(step, fixed, one)
    by_tag = {project(one.requirement) for one in tagged}
    chosen = {project(requirement): requirement for requirement in given}
    for number in sorted(asked):
        if number in own or (number > max(own, default=0) and number not in shared):
            continue
        for one in asked[number]:
            chosen[project(one.requirement)] = one.requirement
            if number in shared and project(one.requirement) in by_tag:
                errors += _take(step, fixed, one)
    chosen.update({name: one.requirement for name, one in fixed.items()})
    return tuple(chosen.values()), tuple(errors)


def _asked_by_tags(options: Iterable[PlacedOption]) -> Iterator[Asked]:
    for option in options:
        if isinstance(option.tag, PackagesTag):
            for requirement in option.tag.packages:
                yield Asked(requirement, f"packages:{requirement}", option.at)


def _take(step: str, fixed: dict[str, Asked], asked: Asked) -> Iterable[NotebookError]:
    """Add a requirement to those of its project, of which the more exact one stays."""
    first = fixed.setdefault(project(asked.requirement), asked)
    if not first.version:
        # `a[extra]` says more than `a`.
        if asked.version or len(asked.requirement) > len(first.requirement):
            fixed[project(asked.requirement)] = asked
    elif asked.version and asked.version != first.version:
        yield NotebookError(
            "KALE106",
            f"step `{step}` has both {first} and {asked}",
            at=asked.at,
            hint="keep one of the two; a step has one version of a package from its start",
        )


def _left_as_written(install: Install, at: Location) -> Diagnostic:
    """KALE119, for an install line that is not understood."""
    text, reason = without_credentials(install.text), without_credentials(install.reason)
    hint = "name packages of the index alone, put them into a `packages:` tag, or use an image that"
    hint += " holds them"
    if text != install.text:
        reason += ", and whoever reads the notebook or its package reads the credentials in it"
        hint = "put the whole address into a Kubernetes secret and name that with --index-secret"
    message = f"`{text}` runs as it is written, also in a pod: {reason}"
    return diagnose("KALE119", message, at=at, hint=hint)


def all_packages(asked: Mapping[int, tuple[Asked, ...]]) -> tuple[str, ...]:
    """All that the notebook has installed where it ends; of two versions, the last."""
    found: dict[str, str] = {}
    for number in sorted(asked):
        found.update({project(one.requirement): one.requirement for one in asked[number]})
    return tuple(found.values())
