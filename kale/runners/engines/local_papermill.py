"""papermill, imported without the clients of remote storage: a step's notebook is a local file.

They take as long to import as papermill itself. It looks for each and goes on without.
"""

from __future__ import annotations

import sys

#: What papermill's handlers of remote storage import.
_CLIENTS = ("azure", "boto3", "gcsfs", "github", "pyarrow")


def import_papermill() -> None:
    """Import papermill; the clients can be imported as ever afterwards."""
    if "papermill" in sys.modules:
        return
    hidden = [name for name in _CLIENTS if name not in sys.modules]
    # What stands for `None` there cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import papermill  # noqa: F401 - for its place in sys.modules
    finally:
        for name in hidden:
            del sys.modules[name]
