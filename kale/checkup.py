"""What a checkup found: of one thing after another, whether it is well, and what to do if not."""

from __future__ import annotations

from enum import Enum

from kale.dataclass import dataclass
from kale.errors import KaleError


class Status(Enum):
    """How one thing is; what could not be looked at is skipped, and nobody knows."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``code`` is one of the catalogue, where one fits."""

    what: str
    status: Status
    detail: str
    remedy: str = ""
    code: str = ""

    def as_json(self) -> dict[str, str]:
        """The check as JSON values."""
        return {
            "what": self.what,
            "status": self.status.value,
            "detail": self.detail,
            "remedy": self.remedy,
            "code": self.code,
        }


def failed(what: str, error: KaleError) -> Check:
    """The check that ended in an error."""
    place = f"{error.at}: " if error.at else ""
    return Check(what, Status.FAILED, f"{place}{error.message}", error.hint, error.code)
