"""What comparing a pipeline with its notebook found: a verdict on each value and output."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from kale.diagnostics import Diagnostic


class Verdict(Enum):
    """How a value or an output of the pipeline compares with the notebook's own."""

    SAME = "same"
    DIFFERENT = "different"
    FAILED = "failed"  #: in the notebook, in the pipeline, or in both
    NOT_REPEATABLE = "not repeatable"  #: the notebook itself differs from one run to the next
    ADDRESS = "address"  #: only places in memory and names of temporary files differ
    WARNINGS = "warnings"  #: only warnings differ, which Python prints once in a process
    SHARING = "sharing"  #: the same values, but another object is held in common
    UNKNOWN = "cannot be compared"
    UNUSED = "not used here"  #: another version of a value that the step does not look at
    NOT_RUN = "not run"  #: a step before it failed


#: What is wrong in any case, and what a strict verification does not let pass either.
WRONG = frozenset({Verdict.DIFFERENT, Verdict.FAILED, Verdict.SHARING})
DOUBTFUL = frozenset(
    {
        Verdict.NOT_REPEATABLE,
        Verdict.ADDRESS,
        Verdict.WARNINGS,
        Verdict.UNKNOWN,
        Verdict.NOT_RUN,
    }
)

#: What is compared: a variable at the end of a step, what a cell shows, a metric, a step itself.
CheckKind = Literal["value", "output", "metric", "step"]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: of the variable ``name``, or of what cell ``cell`` shows, in step ``step``.

    ``type`` is the value's type in the pipeline, or in the notebook where it lacks there;
    ``detail`` says in words what differs.
    """

    step: str
    kind: CheckKind
    name: str
    verdict: Verdict
    type: str = ""
    detail: str = ""
    cell: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "step": self.step,
            "kind": self.kind,
            "name": self.name,
            "cell": self.cell,
            "type": self.type,
            "verdict": self.verdict.value,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """All comparisons, step by step; ``runs`` is how often the notebook was run for them.

    With ``strict``, what does not repeat or cannot be compared counts as a difference.
    """

    pipeline: str
    path: str
    checks: tuple[Check, ...]
    runs: int
    seconds: float
    strict: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the pipeline computes what the notebook computes, so far as can be told."""
        return not self.wrong

    @property
    def wrong(self) -> tuple[Check, ...]:
        """The comparisons that count as differences."""
        counted = WRONG | DOUBTFUL if self.strict else WRONG
        return tuple(check for check in self.checks if check.verdict in counted)

    @property
    def counts(self) -> dict[str, int]:
        """How many comparisons came to each verdict, those that occur."""
        found = Counter(check.verdict for check in self.checks)
        return {verdict.value: found[verdict] for verdict in Verdict if found[verdict]}

    def as_json(self) -> dict[str, Any]:
        """The verification as ``kale verify --json`` prints it."""
        return {
            "pipeline": self.pipeline,
            "path": self.path,
            "status": "same" if self.same else "different",
            "strict": self.strict,
            "notebook_runs": self.runs,
            "seconds": round(self.seconds, 3),
            "counts": self.counts,
            "checks": [check.as_json() for check in self.checks],
            "diagnostics": [finding.as_json() for finding in self.diagnostics],
        }
