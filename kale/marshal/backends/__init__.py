"""How objects are saved, described and compared: a module for each library, for exact types.

Importing them imports no library; a function of theirs is called with one of its objects in
hand. In a step there are those modules that its notebook's libraries call for.
"""

from __future__ import annotations

import importlib
import pkgutil

# The first one: endings such as `.sparse.json` go before its `.json`.
from . import builtin as builtin

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
