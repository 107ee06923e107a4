"""Text that anybody wrote, as one line that a terminal shows and does not obey."""

from __future__ import annotations

import re

#: What moves the cursor, ends a line, turns the direction of writing, or is no character at all.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: Colours and other looks (SGR); they carry no text.
_LOOKS = re.compile("\x1b\\[[0-9;:]*m")


def printable(text: str) -> str:
    """``text`` with escapes for all that is not plainly shown in one place."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printed_line(text: str) -> str:
    """One line that a program printed, as it looks at last.

    Without its colours, and of what carriage returns have overwritten only the last; tabs stay.
    """
    *before, last = _LOOKS.sub("", text).rstrip("\r").split("\r")
    shown = last or next(filter(None, reversed(before)), "")
    return "\t".join(map(printable, shown.split("\t")))
