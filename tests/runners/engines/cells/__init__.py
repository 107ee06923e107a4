"""Cells whose outputs have to be the same by whichever engine."""

from __future__ import annotations

from runners.engines.cells.displays import DISPLAYS
from runners.engines.cells.errors import ERRORS
from runners.engines.cells.fresh import FRESH
from runners.engines.cells.kernel import KERNEL
from runners.engines.cells.magics import MAGICS
from runners.engines.cells.row import Row
from runners.engines.cells.streams import STREAMS

__all__ = ["FRESH", "SHARED", "Row"]

#: Rows that do not disturb one another.
SHARED = [*STREAMS, *DISPLAYS, *ERRORS, *MAGICS, *KERNEL]
