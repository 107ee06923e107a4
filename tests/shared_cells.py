"""The parameters, imports and functions cells that random notebooks begin with."""

from __future__ import annotations

#: The pipeline's parameters.
PARAMETERS = ["rate = 3", "sizes = [1, 2]"]

IMPORTS = ["from copy import copy", "from functools import reduce", "seen = [0]"]

#: What the functions cell holds; a statement can be taken away if nothing needs it.
FUNCTIONS_CELL = [
    """\
class Box:
    def __init__(self, items):
        self.items = items

    def keep(self, item):
        self.items.append(item)

    def grown(self):
        return self.items + [0]

    @property
    def first(self):
        return self.items[:1]

    def __repr__(self):
        return f"Box({self.items!r})\"""",
    """\
class Crate(Box):
    def keep(self, item):
        super().keep(item)
        self.last = item""",
    "def total(v):\n    return [len(v), sum(i for i in v if isinstance(i, int))]",
    "def grow(v):\n    v.append(len(v))\n    return v",
    "def widen(v):\n    grow(v)",
    "def counter(v):\n    return v.append, lambda: v",
    "def maker(v):\n    def inner(w):\n        return v + w\n    return inner",
    "def touch_base():\n    base.append(9)",
    "def reset_base():\n    global base\n    base = [0]",
    "def walk(v):\n    yield from v",
    "def swap(v, w):\n    v.append(w)\n    return w",
    "def twice(function):\n    def inner(v):\n        return function(function(v))\n    return inner",
    "base = [7]",
    "limits = {'k': [1]}",
]
