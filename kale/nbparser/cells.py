"""What each active cell is part of: its own tags, or those of the tagged cell above it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, NotebookError
from kale.nbparser.notebook import Cell, Notebook
from kale.nbparser.tag_kinds import (
    BlockTag,
    ControlTag,
    FunctionsTag,
    ImportsTag,
    MetricsTag,
    NotebookTag,
    OptionTag,
    ParametersTag,
    PrevTag,
    SkipTag,
    Tag,
)
from kale.nbparser.tags import format_tag, parse_tag


class Role(Enum):
    """What a cell is for; the value is how a message calls it."""

    STEP = "a step"
    IMPORTS = "`imports`"
    FUNCTIONS = "`functions`"
    PARAMETERS = "`pipeline-parameters`"
    METRICS = "`pipeline-metrics`"
    SETUP = "the cells before the first tagged one"
    UNKNOWN = "a kind that its tags do not tell"


@dataclass(frozen=True, slots=True)
class TaggedCell:
    """An active cell and what it is: ``steps`` are the names for :attr:`Role.STEP`.

    ``joined`` says that the role is that of a cell above. ``after`` and ``options`` are the
    cell's own ``prev:`` and option tags, whatever its role; ``misread`` its tags that are wrong;
    ``control`` its tags of loops and conditions, in the order written.
    """

    cell: Cell
    role: Role
    steps: tuple[str, ...]
    after: tuple[str, ...]
    options: tuple[OptionTag, ...]
    joined: bool
    misread: tuple[str, ...] = ()
    control: tuple[ControlTag, ...] = ()


_ROLES: tuple[tuple[type[Tag], Role], ...] = (
    (ImportsTag, Role.IMPORTS),
    (FunctionsTag, Role.FUNCTIONS),
    (ParametersTag, Role.PARAMETERS),
    (MetricsTag, Role.METRICS),
)


def parse_cells(
    notebook: Notebook,
) -> tuple[tuple[TaggedCell, ...], tuple[KaleError, ...], tuple[Diagnostic, ...]]:
    """The active cells in notebook order, what is wrong with their tags, and what to know.

    Errors: those of :func:`kale.nbparser.tags.parse_tag`; KALE104, tags of one cell contradict
    each other; KALE108, a nested notebook; KALE118, ``tags`` is no list of strings; KALE775, a
    loop or a condition of what is no step.
    Diagnostics: KALE107, tags without effect.
    """
    tagged: list[TaggedCell] = []
    errors: list[KaleError] = []
    diagnostics: list[Diagnostic] = []
    role: Role = Role.SETUP
    steps: tuple[str, ...] = ()
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        at = notebook.place(cell)
        wrong: list[KaleError] = []
        tags = _parse(cell, at, wrong)
        if any(isinstance(tag, SkipTag) for tag in tags):
            # The cell does not exist: what its other tags say wrongly does no harm.
            errors.extend(_skip_contradiction(tags, at))
            diagnostics.extend(_no_effect(tags, "`skip`", at))
            continue
        own, wrong_roles = _own_role(tags, at)
        errors += [*wrong, *wrong_roles]
        if own is not None:
            role, steps = own
        elif wrong:
            # It may have meant to be anything; errors that follow from a guess help nobody.
            role, steps = Role.UNKNOWN, ()
        entry = TaggedCell(
            cell,
            role,
            steps,
            tuple(name for tag in tags if isinstance(tag, PrevTag) for name in tag.names),
            tuple(tag for tag in tags if isinstance(tag, OptionTag)),
            joined=own is None,
            misread=tuple(text for text in cell.tags if not _readable(text)),
            control=tuple(tag for tag in tags if isinstance(tag, ControlTag)),
        )
        errors.extend(_no_step_alone(entry, at))
        if role not in {Role.STEP, Role.SETUP, Role.UNKNOWN}:
            idle = [tag for tag in tags if not isinstance(tag, ControlTag)]  # those are errors
            diagnostics.extend(_no_effect(idle, role.value, at))
        elif own is not None:
            diagnostics.extend(_papermill(tags, at))
        tagged.append(entry)
    return tuple(tagged), tuple(errors), tuple(diagnostics)


def _parse(cell: Cell, at: Location, errors: list[KaleError]) -> list[Tag]:
    if cell.bad_tags:
        errors.append(
            NotebookError(
                "KALE118",
                "the cell's `tags` are no list of texts",
                at=at,
                hint='write them as Jupyter does: `"tags": ["block:NAME"]`',
            )
        )
    tags: list[Tag] = []
    for text in cell.tags:
        try:
            tag = parse_tag(text)
        except NotebookError as error:
            errors.append(NotebookError(error.code, error.message, at=at, hint=error.hint))
            continue
        if tag is not None:
            tags.append(tag)
    return tags


def _readable(text: str) -> bool:
    try:
        parse_tag(text)
    except NotebookError:
        return False
    return True


def _own_role(
    tags: Sequence[Tag], at: Location
) -> tuple[tuple[Role, tuple[str, ...]] | None, list[KaleError]]:
    """What the cell's own tags make of it, ``None`` when it goes on with the cell above."""
    errors: list[KaleError] = []
    found: dict[Role, Tag] = {}
    steps: dict[str, None] = {}
    for tag in tags:
        if isinstance(tag, NotebookTag):
            errors.append(_nested(tag, at))
            # What follows belongs to the nested notebook, not to the step above.
            found.setdefault(Role.STEP, tag)
            steps[tag.name] = None
        if isinstance(tag, BlockTag) and tag.names:
            found.setdefault(Role.STEP, tag)
            steps.update(dict.fromkeys(tag.names))
        for kind, role in _ROLES:
            if isinstance(tag, kind):
                found.setdefault(role, tag)
    if len(found) > 1 and found.get(Role.PARAMETERS) == ParametersTag(papermill=True):
        # On a cell of another kind, `parameters` is papermill's business alone.
        del found[Role.PARAMETERS]
    if len(found) > 1:
        first, second, *_ = found.values()
        errors.append(_contradiction(first, second, at))
    if not found:
        return None, errors
    role = next(iter(found))
    return (role, tuple(steps) if role is Role.STEP else ()), errors


def _contradiction(first: Tag, second: Tag, at: Location) -> NotebookError:
    return NotebookError(
        "KALE104",
        f"the tags `{format_tag(first)}` and `{format_tag(second)}` contradict each other",
        at=at,
        hint="keep one of them, or split the cell",
    )


def _no_step_alone(tagged: TaggedCell, at: Location) -> list[NotebookError]:
    """KALE775: a loop or a condition on a cell that is of no step, or of several."""
    if not tagged.control or tagged.role is Role.UNKNOWN:
        return []
    if tagged.role in {Role.STEP, Role.SETUP}:
        if len(tagged.steps) < 2:
            return []
        where = "that belongs to several steps"
    else:
        where = f"of {tagged.role.value}"
    return [
        NotebookError(
            "KALE775",
            f"the tag `{format_tag(tagged.control[0])}` stands on a cell {where}",
            at=at,
            hint="loops and conditions are of one step: give the code a cell of its own, tagged"
            " `block:NAME`",
        )
    ]


def _skip_contradiction(tags: Sequence[Tag], at: Location) -> list[NotebookError]:
    for tag in tags:
        other_role = isinstance(tag, ImportsTag | FunctionsTag | MetricsTag | NotebookTag)
        step = isinstance(tag, BlockTag) and tag.names
        if other_role or step or tag == ParametersTag():
            return [_contradiction(SkipTag(), tag, at)]
    return []


def _nested(tag: NotebookTag, at: Location) -> NotebookError:
    return NotebookError(
        "KALE108",
        f"`{format_tag(tag)}`: nested notebooks are not supported yet",
        at=at,
        hint="copy that notebook's cells here and tag them `block:NAME`, or tag this cell `skip`",
    )


def _no_effect(tags: Sequence[Tag], on: str, at: Location) -> list[Diagnostic]:
    idle = [format_tag(tag) for tag in tags if isinstance(tag, PrevTag | OptionTag | ControlTag)]
    return [
        diagnose(
            "KALE107",
            f"the tag `{tag}` has no effect on a cell of {on}",
            at=at,
            hint="remove it, or put it on a cell of a step",
        )
        for tag in idle
    ]


def _papermill(tags: Sequence[Tag], at: Location) -> list[Diagnostic]:
    if ParametersTag(papermill=True) not in tags:
        return []
    return [
        diagnose(
            "KALE107",
            "the tag `parameters` has no effect on a cell of a step",
            at=at,
            hint="to make its assignments parameters of the pipeline, give them a cell tagged"
            " `pipeline-parameters`",
        )
    ]
