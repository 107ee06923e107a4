"""Kale turns a tagged Jupyter notebook into a pipeline."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kale.version import __version__ as __version__

if TYPE_CHECKING:
    from kale.compilation import Compilation
    from kale.core import check, compile_notebook, load, plan, run, verify
    from kale.errors import KaleError, Location
    from kale.original import Kale

__all__ = [
    "Compilation",
    "Kale",
    "KaleError",
    "Location",
    "check",
    "compile_notebook",
    "load",
    "plan",
    "run",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562), so that ``import kale`` costs nothing."""
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "kale.core")), name)
    raise AttributeError(f"module 'kale' has no attribute {name!r}")


#: The modules of the names that are not of ``kale.core``.
_HOMES = {
    "Compilation": "kale.compilation",
    "Kale": "kale.original",
    "KaleError": "kale.errors",
    "Location": "kale.errors",
}
