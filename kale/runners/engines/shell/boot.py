"""How a process that holds this package under a private name is started."""

from __future__ import annotations

import sys
from pathlib import Path

#: The private name.
NAME = "_kale_shell"

#: Run with ``-c``: the first entry of ``sys.path`` is taken away before anything is imported, so
#: that no module beside the notebook is taken for one of the library's. (``-P`` would do so too,
#: but tells IPython to leave the notebook's folder out of the path for good.)
_CODE = """import sys; del sys.path[0]
import importlib.util as u
s = u.spec_from_file_location({name!r}, {init!r}, submodule_search_locations=[{folder!r}])
m = sys.modules[{name!r}] = u.module_from_spec(s); s.loader.exec_module(m)
from {name}.{module} import main
main(*sys.argv[1:])"""


def command(module: str, *arguments: str) -> list[str]:
    """The command that calls ``main(*arguments)`` of a module of this package."""
    folder = Path(__file__).parent
    code = _CODE.format(
        name=NAME, init=str(folder / "__init__.py"), folder=str(folder), module=module
    )
    # A notebook's warnings are its own: none are asked for here.
    return [sys.executable, "-c", code, *arguments]


def forget() -> None:
    """Take the private package out of ``sys.modules``; what is in use lives on."""
    for name in [*sys.modules]:
        if name == NAME or name.startswith(f"{NAME}."):
            del sys.modules[name]
