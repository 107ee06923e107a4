"""Places in a notebook or a Python file, and the tree of errors that name them.

::

    KaleError                  anything a user can cause; exit code 1
    ├── UsageError             a wrong option, path or parameter; exit code 2
    ├── NotebookError          the file, its metadata, a tag or a cell cannot be read
    ├── GraphError             the steps do not form an acyclic graph
    ├── AnalysisError          a name has no value, or more than one
    ├── PackageError           Kubernetes or Kubeflow Pipelines would refuse the result
    ├── RunError               a step could not be run
    ├── ClusterError           a cluster cannot be reached, or refuses; exit code 3
    └── RefusedError           several of the above, found in one pass
"""

from __future__ import annotations

from collections.abc import Iterable

from kale.dataclass import dataclass
from kale.script_words import BODY, script_line, script_words


@dataclass(frozen=True, slots=True)
class Location:
    """A place in what the user wrote; cells (Markdown included), lines and columns count from 1.

    ``path`` is as the user gave it, ``cell_id`` the notebook's own id of the cell when it has one.
    In a Python file lines are those of the file, and ``cell``, a number that orders the pieces of
    its code (see ``kale.control.BODY``), is not for people.
    """

    path: str
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    step: str | None = None
    cell_id: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}:"
        if self.in_script:
            if self.place:
                text += f" {self.place}" + (f" ({self.step})" if self.step else "")
            elif self.step:
                text += f" step {self.step}"
        elif self.cell is not None:
            text += f" cell {self.cell}"
            if self.step:
                text += f" ({self.step})"
            if self.line is not None:
                text += f", line {self.line}"
        elif self.step:
            text += f" step {self.step}"
        return text.removesuffix(":")

    @property
    def in_script(self) -> bool:
        """Whether it is a place in a Python file, which has no cells."""
        return self.path.endswith(".py")

    @property
    def shown_cell(self) -> int | None:
        """The cell, as people count them."""
        return None if self.in_script else self.cell

    @property
    def shown_line(self) -> int | None:
        """The line, as people count them: in the cell, or in the Python file."""
        if self.in_script and self.line is None and self.cell is not None:
            return script_line(self.cell)
        return self.line

    @property
    def shown_column(self) -> int | None:
        """The column, if it counts in the line as the user wrote it.

        A piece of a pipeline's body stands without its indentation, and its variables may have
        other names there.
        """
        rewritten = self.in_script and (self.cell or 0) >= BODY
        return None if rewritten else self.column

    @property
    def number(self) -> int:
        """The number of the cell, or of the line of a Python file; 0 if it is not known."""
        return (self.shown_line if self.in_script else self.cell) or 0

    @property
    def place(self) -> str:
        """Cell and line, or the line of a Python file, in words; empty if neither is known."""
        line = None if self.shown_line is None else f"line {self.shown_line}"
        cell = None if self.shown_cell is None else f"cell {self.shown_cell}"
        return ", ".join(filter(None, (cell, line)))


class KaleError(Exception):
    """A failure that a user can cause: a catalogued code, a message, a place and a remedy.

    ``code`` is a key of :data:`kale.catalogue.CATALOGUE`; ``hint`` says what to do.
    """

    #: What the command line exits with.
    exit_code: int = 1

    def __init__(
        self, code: str, message: str, *, at: Location | None = None, hint: str = ""
    ) -> None:
        if at is not None and at.in_script:
            message, hint = script_words(message), script_words(hint)
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at
        self.hint = hint

    def parts(self) -> tuple[KaleError, ...]:
        """The single errors that this one stands for: itself, unless it bundles several."""
        return (self,)


class UsageError(KaleError):
    """A wrong option, path or parameter on the command line or in a call."""

    exit_code = 2


class NotebookError(KaleError):
    """The notebook file, its metadata, a tag or a cell cannot be read."""


class GraphError(KaleError):
    """The steps do not form an acyclic graph of existing steps."""


class AnalysisError(KaleError):
    """A name that a step reads has no value, or more than one."""


class PackageError(KaleError):
    """Kubernetes or Kubeflow Pipelines would refuse the pipeline."""


class RunError(KaleError):
    """A step could not be run, for a reason outside the author's code."""


class ClusterError(KaleError):
    """A cluster cannot be reached, or refuses what was asked of it.

    ``status`` is the HTTP status of its answer, None when there was none to go by.
    """

    exit_code = 3

    def __init__(
        self,
        code: str,
        message: str,
        *,
        at: Location | None = None,
        hint: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(code, message, at=at, hint=hint)
        self.status = status


class RefusedError(KaleError):
    """Several errors found in one pass, in the order of their places."""

    def __init__(self, errors: Iterable[KaleError]) -> None:
        self.errors = tuple(sorted((part for e in errors for part in e.parts()), key=_order))
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(first.code, first.message + more, at=first.at, hint=first.hint)
        #: Wrong use, as long as nothing is wrong with the notebook itself.
        self.exit_code = min(error.exit_code for error in self.errors)

    def parts(self) -> tuple[KaleError, ...]:
        """The single errors, in the order of their places."""
        return self.errors


def _order(error: KaleError) -> tuple[int, int]:
    at = error.at
    return (0, 0) if at is None else (at.shown_cell or 0, at.shown_line or 0)


def raise_all(errors: Iterable[KaleError]) -> None:
    """Raise what was collected: nothing, the only error itself, or all of them bundled."""
    collected = tuple(errors)
    if len(collected) == 1:
        raise collected[0]
    if collected:
        raise RefusedError(collected)
