"""Names that are there in every notebook without being defined: Python's and IPython's."""

from __future__ import annotations

import builtins

#: Names that are there in every notebook without being defined: Python's and IPython's.
AMBIENT = frozenset(dir(builtins)) | frozenset(
    "__name__ __doc__ __builtins__ __builtin__ __annotations__ __debug__ get_ipython display "
    "exit quit".split()
)
