"""Places in a notebook, and the tree of errors that name them.

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


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's notebook; cells (Markdown included), lines and columns count from 1.

    ``path`` is as the user gave it, ``cell_id`` the notebook's own id of the cell when it has one.
    """

    path: str
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    step: str | None = None
    cell_id: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}:"
        if self.cell is not None:
            text += f" cell {self.cell}"
            if self.step:
                text += f" ({self.step})"
            if self.line is not None:
                text += f", line {self.line}"
        elif self.step:
            text += f" step {self.step}"
        return text.removesuffix(":")


class KaleError(Exception):
    """A failure that a user can cause: a catalogued code, a message, a place and a remedy.

    ``code`` is a key of :data:`kale.catalogue.CATALOGUE`; ``hint`` says what to do.
    """

    #: What the command line exits with.
    exit_code: int = 1

    def __init__(
        self, code: str, message: str, *, at: Location | None = None, hint: str = ""
    ) -> None:
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
    return (0, 0) if at is None else (at.cell or 0, at.line or 0)


def raise_all(errors: Iterable[KaleError]) -> None:
    """Raise what was collected: nothing, the only error itself, or all of them bundled."""
    collected = tuple(errors)
    if len(collected) == 1:
        raise collected[0]
    if collected:
        raise RefusedError(collected)
