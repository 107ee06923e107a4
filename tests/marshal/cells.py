"""What both processes of the tests define, as the cells of a notebook would: classes of all kinds."""

from __future__ import annotations

#: The imports and functions cells.
NOTEBOOK = """
import abc, array, collections, dataclasses, datetime, decimal, enum, fractions, functools
import ipaddress, itertools, json, logging, math, operator, os, pathlib, random, re, string, types
import typing, uuid, weakref, zoneinfo
import numpy as np
import pandas as pd
import sklearn.ensemble, sklearn.linear_model, sklearn.pipeline, sklearn.preprocessing, sklearn.tree

class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return type(other) is Point and vars(self) == vars(other)
    __hash__ = None
    class Inner:
        class Innermost: pass
class Slotted:
    __slots__ = ("a", "__weakref__")
    def __init__(self, a): self.a = a
class SlottedMore(Slotted):
    __slots__ = ("b", "unset")
    def __init__(self, a, b): super().__init__(a); self.b = b
class SlottedAndDict(Slotted):
    pass
@dataclasses.dataclass
class Record:
    name: str
    tags: list = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=0, repr=False, compare=False)
@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
@dataclasses.dataclass(order=True, kw_only=True)
class Made:
    x: int
    double: int = dataclasses.field(init=False)
    def __post_init__(self): self.double = 2 * self.x
T = typing.TypeVar("T")
class Pair(typing.NamedTuple):
    left: int
    right: int = 0
class Both(typing.NamedTuple, typing.Generic[T]):
    item: T
Old = collections.namedtuple("Old", "a b", defaults=[2])
class Color(enum.Enum):
    RED = 1
    BLUE = "b"
    CRIMSON = 1
class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
class Mode(enum.Flag, boundary=enum.KEEP):
    A = enum.auto()
    B = enum.auto()
class Level(str, enum.Enum):
    LOW = "low"
class Planet(enum.Enum):
    EARTH = (5.97, 6.3)
    def __init__(self, mass, radius): self.mass, self.radius = mass, radius
class Trouble(ValueError):
    pass
class Fussy(Exception):
    def __init__(self, code, *, why): super().__init__(f"{code}: {why}"); self.code, self.why = code, why
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, side): self.side = side
    def area(self): return super().__class__ and self.side ** 2
class Box(typing.Generic[T]):
    def __init__(self, item): self.item = item
class Registry(type):
    known = []
    def __new__(meta, name, bases, body, **how):
        made = super().__new__(meta, name, bases, body); meta.known.append(name); return made
    def __init__(cls, name, bases, body, **how): super().__init__(name, bases, body)
class Registered(metaclass=Registry, how=1): pass
class MyInt(int): pass
class MyFloat(float): pass
class MyStr(str): pass
class MyBytes(bytes): pass
class MyTuple(tuple): pass
class MyList(list): pass
class MySet(set): pass
class MyFrozenSet(frozenset): pass
class MyDict(dict):
    def __missing__(self, key): return key
class MyOrdered(collections.OrderedDict): pass
class MyDefault(collections.defaultdict): pass
class MyCounter(collections.Counter): pass
class MyDeque(collections.deque): pass
class MyArray(np.ndarray): pass
class Quantity(np.ndarray):
    def __new__(cls, data, unit=None):
        made = np.asarray(data).view(cls); made.unit = unit; return made
    def __array_finalize__(self, other): self.unit = getattr(other, "unit", None)
    def __reduce__(self):
        make, arguments, state = super().__reduce__(); return make, arguments, (*state, self.unit)
    def __setstate__(self, state): super().__setstate__(state[:-1]); self.unit = state[-1]
class MyFrame(pd.DataFrame):
    @property
    def _constructor(self): return MyFrame
class MyUserDict(collections.UserDict): pass
class Stateful:
    def __init__(self): self.value, self.cache = 1, object()
    def __getstate__(self): return {"value": self.value}
    def __setstate__(self, state): self.value = state["value"]
class Reduced:
    def __init__(self, n): self.n, self.more = n, [n]
    def __reduce__(self): return Reduced, (self.n,), {"more": [self.n]}
class ByItems(list):
    def __reduce__(self): return ByItems, (), {"tag": 1}, iter([1, 2])
class NewArgs:
    def __new__(cls, x, *, y): made = super().__new__(cls); made.x, made.y = x, y; return made
    def __getnewargs_ex__(self): return (self.x,), {"y": self.y}
class Single:
    kept = None
    def __new__(cls):
        cls.kept = cls.kept or super().__new__(cls); return cls.kept
    def __reduce__(self): return Single, ()
class Positive:
    def __set_name__(self, owner, name): self.name = "_" + name
    def __get__(self, obj, kind=None): return self if obj is None else getattr(obj, self.name, 0)
    def __set__(self, obj, value): setattr(obj, self.name, abs(value))
class Account:
    balance = Positive()
    @property
    def owner(self): return self._owner
    @owner.setter
    def owner(self, name): self._owner = name.title()
    @functools.cached_property
    def twice(self): return 2 * self.balance
class Proxy:
    def __init__(self, inner): self.__dict__["inner"] = inner
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return getattr(self.__dict__["inner"], name)
    def __setattr__(self, name, value): setattr(self.inner, name, value)
class Blind(Proxy):
    def __getattr__(self, name): return getattr(self.__dict__["inner"], name)
class Bare:
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return name
class Callable:
    def __init__(self, n): self.n = n
    def __call__(self, x): return x + self.n
class Node:
    def __init__(self): self.children, self.parent = [], None
    def add(self): made = Node(); made.parent = self; self.children.append(made); return made
class Node2:
    __slots__ = "parent", "child", "__weakref__"
class Hashed:
    def __init__(self, n): self.n = n
    def __hash__(self): return hash(self.n)
    def __eq__(self, other): return type(other) is Hashed and self.n == other.n
class Holder:
    count = 0
    @classmethod
    def make(cls): return cls
    @staticmethod
    def help(): return 7
    def twice(self, x): return 2 * x
class Hidden:
    def __init__(self): self.__secret = 1
class Protocolled(typing.Protocol):
    def run(self) -> int: ...
class Runs(Protocolled):
    def run(self): return 1
class Typed(typing.TypedDict):
    a: int
offset = 10
def shifted(x): return x + offset
def adder(n):
    def add(x): return x + n
    return add
def counter():
    n = 0
    def count():
        nonlocal n
        n += 1
        return n
    count(); return count
def factorial(n): return n * factorial(n - 1) if n else 1
def noted(x, /, y=(1, 2), *, z: int = 3) -> str: "A note."; return x
noted.level = 2
def loop():
    a = [1]; a.append(a); return a
def knot():
    d = {}; d["me"] = d; return d
def deep(levels):
    made = []
    for _ in range(levels): made = [made]
    return made
def depth(value):
    n = 0
    while value: value, n = value[0], n + 1
    return n
def tree():
    root = Node(); root.add().add(); root.add(); return root
def with_(value, **attributes):
    for name, item in attributes.items(): setattr(value, name, item)
    return value
def attrs(frame, **attributes):
    frame.attrs.update(attributes); return frame
def frozen(array):
    array.flags.writeable = False; return array
def used(generator, n=5):
    generator.random(n); return generator
def advanced(iterator, n=1):
    for _ in range(n): next(iterator)
    return iterator
def own_loop():
    a = np.empty(2, object); a[0] = a; a[1] = [a]; return a
def raised():
    try:
        try: {}["k"]
        except KeyError as error: raise Trouble("why", 2) from error
    except Trouble as error:
        error.add_note("a note"); error.__traceback__ = None; error.__cause__.__traceback__ = None
        return error
def pair_of(x): return [x, x]
def watched():
    p = Slotted(1); return p, weakref.ref(p)
def context(n):
    made = decimal.Context(prec=n, rounding=decimal.ROUND_UP); made.flags[decimal.Inexact] = True; return made
def masked(**how):
    return np.ma.MaskedArray([1.0, 2.0, 3.0], mask=[0, 1, 0], **how)
def big_record(rows):
    a = np.zeros(rows, dtype=[("a", "i4"), ("b", "f8")]); a["a"] = np.arange(rows); return a
FRAME = lambda: pd.DataFrame({"i": [1, 2], "f": [0.5, math.nan], "s": ["a", None], "b": [True, False]})
FOREST = lambda n: sklearn.ensemble.RandomForestRegressor(n, random_state=0).fit(
    np.random.default_rng(0).random((400, 4)), np.random.default_rng(1).random(400))
"""
