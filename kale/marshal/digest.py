"""The content digest of a value: equal where the content is equal, in any process.

It sees what pickling would see: a changed item, attribute or type; one object held twice, or two
equal ones. It does not see which equal constants are one object, the order of sets and of
attributes, and the memory's layout. Functions count by code, defaults and closure, not by the
global names that they read; classes of the notebook by name and code, and by their attributes
when they are the variable.

Known gaps: objects in a set that differ only in who else holds them may count as changed in
another process; so does an object that has cached something in itself.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import Any

from . import notebook_objects as notebook
from .dispatch import TypeDispatcher, full_name
from .files import new_hash
from .pickling import Rules, pickler_with
from .walk import ATOMS, Nowhere, is_mutable, plain_containers, reduction, traverse

#: The content of objects of libraries: ``function(obj)`` returns builtins, buffers in one piece
#: (``PickleBuffer``, ``memoryview``), :class:`Window` and further objects. What it returns is
#: equal exactly when the content is, in any process; the type is told apart already.
content = TypeDispatcher("digest")

#: What a code object does, without where it was written.
_CODE = (
    "co_name co_code co_consts co_names co_varnames co_freevars co_cellvars co_argcount "
    "co_posonlyargcount co_kwonlyargcount co_flags co_exceptiontable"
).split()

_FUNCTION = "__qualname__ __code__ __defaults__ __kwdefaults__ __closure__".split()


#: Digests of objects that are variables themselves: ``function(obj)`` returns it, in full.
whole = TypeDispatcher("digest")


class Window:
    """Where an object lies in memory that other objects may lie in, too; part of its content.

    It counts only where several objects lie in one ``memory``: then it tells how far they are
    apart, in bytes, and how each is spread.
    """

    def __init__(self, memory: object, offset: int, strides: object = None) -> None:
        self.memory, self.offset, self.strides = memory, offset, strides


class _Digest:
    """Writes a value into a hash: pickles of plain content, and tokens that end in ``;``.

    What can change, or has attributes, is numbered when it is met, and later named by its
    number. All else is hashed by itself, so that it does not matter how often it is met.
    """

    def __init__(self) -> None:
        self.name, self.hasher = new_hash()
        self.empty = self.hasher.copy()
        self.pickler = pickler_with(Rules)(Nowhere())
        plain = pickle.Pickler(self, 5)
        plain.fast = True  # without a memo: what is equal is written alike
        self.plain = plain.dump
        #: Numbers by id, of memory by the negative one; and what they belong to, kept alive.
        self.numbers: dict[int, int] = {}
        self.numbered: list[Any] = []
        #: The hashes of what holds nothing that has no number yet.
        self.hashed: dict[int, tuple[bytes, Any]] = {}
        self.rules: dict[type, list[Any]] = {}

    def write(self, data: Any) -> None:
        self.hasher.update(data)

    def token(self, name: str, *numbers: int) -> None:
        self.hasher.update(f"{name}{numbers};".encode())

    def number(self, key: int, obj: Any) -> None:
        self.numbers[key] = len(self.numbered)
        self.numbered.append(obj)

    def visit(self, obj: Any) -> Iterator[Any] | None:
        """Write ``obj``, or return what has to be written of it."""
        kind: Any = type(obj)
        if kind in ATOMS:
            self.plain(obj)
        elif (number := self.numbers.get(id(obj))) is not None:
            self.token("again", number)
        elif id(obj) in self.hashed:
            self.write(self.hashed[id(obj)][0])
        elif self.was_plain(obj):
            pass
        elif kind in (memoryview, pickle.PickleBuffer):
            raw = pickle.PickleBuffer(obj).raw()
            self.token("buffer", raw.nbytes)
            self.write(raw)
        elif kind is Window:
            return self.visit_window(obj)
        elif _has_identity(obj, kind):
            self.number(id(obj), obj)
            return iter(self.parts(obj, kind))
        else:
            return self.visit_still(obj, kind)
        return None

    def was_plain(self, obj: Any) -> bool:
        """Whether ``obj`` is a tree of plain containers, none met before, and was written."""
        found = plain_containers(obj)
        if found is None:
            return False
        ids = set(map(id, found))
        if len(ids) < len(found) or not self.numbers.keys().isdisjoint(ids):
            return False
        self.numbers.update(zip(map(id, found), count(len(self.numbered)), strict=False))
        self.numbered += found
        self.plain(obj)
        return True

    def visit_still(self, obj: Any, kind: Any) -> Iterator[Any]:
        """What cannot change: by a hash of its own."""
        before, outer = len(self.numbered), self.hasher
        self.hasher = self.empty.copy()
        yield from self.parts(obj, kind)
        made = b"part %s;" % self.hasher.digest()
        self.hasher = outer
        self.write(made)
        # Few are met again; those are held by others than this walk, too.
        if len(self.numbered) == before and sys.getrefcount(obj) > _ONCE:
            self.hashed[id(obj)] = made, obj

    def visit_window(self, window: Window) -> Iterator[Any]:
        key = -id(window.memory)
        if key not in self.numbers:
            self.number(key, window)
            self.token("window")
        else:
            number = self.numbers[key]
            self.token("window", number + 1)
            yield window.offset - self.numbered[number].offset, window.strides

    def visit_set(self, items: Any) -> Iterator[Any]:
        kinds = set(map(type, items))
        if kinds in ({str}, {int}, {bytes}):
            self.plain(sorted(items))
            return
        hashes, outer, before, inside = [], self.hasher, len(self.numbered), False
        for item in items:
            self.hasher = self.empty.copy()
            yield item
            hashes.append((self.hasher.digest(), item))
            if len(self.numbered) > before:
                inside = True
                self.hashed.clear()
            while len(self.numbered) > before:
                self.numbered.pop()
                self.numbers.popitem()
        self.hasher = outer
        hashes.sort(key=lambda pair: pair[0])
        self.write(b"".join(key for key, _ in hashes))
        if inside:
            # Once more, in an order that is no accident, for what they share.
            for _, item in hashes:
                yield item

    def parts(self, obj: Any, kind: Any) -> Iterable[Any]:
        """Write what sort of object it is; what has to be written of it then, in that order."""
        if kind in _SIZED:
            self.token(kind.__name__, len(obj))
            parts: Iterable[Any] = _SIZED[kind](obj)
            return parts
        if kind in (set, frozenset):
            self.token(kind.__name__, len(obj))
            return self.visit_set(obj)
        if kind is types.CodeType:
            self.token("code")
            return [getattr(obj, name) for name in _CODE]
        if issubclass(kind, type):
            by_name = self.pickler.reducer_override(obj) is NotImplemented
            self.token("name" if by_name else "class")
            self.plain(obj if by_name else notebook.class_key(obj))
            return ()
        if kind not in self.rules:
            self.rules[kind] = [entry.function for entry in content.find(kind)]
        for rule in self.rules[kind]:
            found = rule(obj)
            if found is not NotImplemented:
                self.token("content")
                return kind, found
        made = reduction(obj, self.pickler)
        if made is None:
            self.plain(obj)
            return ()
        return self.reduced(obj, kind, *made)

    def reduced(
        self,
        obj: Any,
        kind: Any,
        function: Any,
        arguments: Any,
        state: Any,
        items: list[Any],
        pairs: list[Any],
        setter: Any,
    ) -> Iterable[Any]:
        if kind is types.FunctionType:
            self.token("function")
            return [*[getattr(obj, name) for name in _FUNCTION], *_ordered(vars(obj))]
        if kind.__reduce__ in _SETS or full_name(kind) == "_weakrefset.WeakSet":
            arguments = [frozenset(part) if type(part) is list else part for part in arguments]
        states = state if type(state) is tuple and len(state) == 2 else (state,)
        self.token("object", len(arguments), len(states), len(items), len(pairs))
        # What is ours has another name in a step.
        ours = str(getattr(function, "__module__", "")).startswith(__package__)
        parts = [function.__name__ if ours else function, *arguments]
        own = getattr(obj, "__dict__", ()) if hasattr(kind, "__setstate__") else None
        for part in states:
            if type(part) is dict and (own is None or not part.keys().isdisjoint(own)):
                parts += _ordered(part)
            else:
                parts.append(part)
        return [*parts, *items, *chain.from_iterable(pairs), setter]


_SIZED: dict[type, Any] = {
    list: iter,
    tuple: iter,
    dict: lambda items: chain.from_iterable(items.items()),
    bytearray: lambda data: (pickle.PickleBuffer(data),),
}

_SETS = set.__reduce__, frozenset.__reduce__

#: How many references there are to an object that is visited and held once.
_ONCE = 3


def _ordered(attributes: dict[Any, Any]) -> list[Any]:
    """Attributes, whose order does not count; in one piece if that is plain."""
    if not {str}.issuperset(map(type, attributes)):
        return [attributes]
    names = sorted(attributes)
    values = [attributes[name] for name in names]
    if ATOMS.issuperset(map(type, values)):
        return [(True, *names, *values)]
    return [(False, *names), *values]


def _has_identity(obj: Any, kind: Any) -> bool:
    """Whether it matters which of several equal objects this is; no walk goes on without end."""
    if is_mutable(kind) or kind is types.FunctionType or issubclass(kind, type):
        return True
    # Attributes; pandas keeps at hand what somebody has read.
    return any(name != "_cache" for name in getattr(obj, "__dict__", ()))


def digest(value: object) -> str | None:
    """The content digest of ``value``, as ``algorithm:hex``; ``None`` when it cannot be pickled."""
    walk = _Digest()
    root = (value, notebook.class_data(value)) if notebook.is_our_class(value) else value
    try:
        for entry in whole.find(type(value)):
            found = entry.function(value)
            if found is not NotImplemented:
                return str(found)
        traverse(walk.visit, root)
        return f"{walk.name}:{walk.hasher.hexdigest()}"
    except Exception:  # noqa: BLE001 -- reducers of any library run here; unknown is an answer
        return None
    finally:
        vars(walk).clear()  # what was met is not kept until the garbage is collected
