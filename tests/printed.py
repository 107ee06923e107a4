"""What Python code prints when it is run as a script, in this process."""

from __future__ import annotations

import contextlib
import io


def printed(code):
    """What Python code prints when it is run as a script."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "<script>", "exec"), {"__name__": "__main__"})
    return out.getvalue()
