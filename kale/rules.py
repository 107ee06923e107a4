"""What a code of the catalogue says."""

from __future__ import annotations

from enum import Enum

from kale.dataclass import dataclass


class Severity(Enum):
    """How much a finding matters: an error refuses the notebook, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means, for ``--explain`` and the documentation."""

    code: str
    severity: Severity
    title: str
    meaning: str
    example: str
    remedy: str
