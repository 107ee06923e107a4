"""Why a value cannot be saved: which part is to blame, and what to do instead."""

from __future__ import annotations

import functools
import math
import re
import socket
import sqlite3
import sys
import threading
import types
import weakref

import numpy as np
import pandas as pd
import pytest

from kale.marshal.culprit import explain

LOCK = threading.Lock()
DEFAULT = "make it in the step that uses it, or leave it out in its owner's `__getstate__`"


class Model:
    def __init__(self, part: object) -> None:
        self.callbacks = [None, part]


class Slotted:
    __slots__ = ("inner", "other")

    def __init__(self, inner: object) -> None:
        self.inner = inner


class Proxy:
    """It has every attribute: another proxy."""

    def __getattr__(self, name: str) -> object:
        return Proxy()


class Forwarding:
    """Without what it forwards to, each attribute asks for another."""

    def __getattr__(self, name: str) -> object:
        return getattr(self.target, name)


class Hostile:
    def __getattr__(self, name: str) -> object:
        raise KeyError(name)

    def __iter__(self):
        raise ZeroDivisionError

    def __len__(self):
        raise ZeroDivisionError

    def __repr__(self):
        raise ZeroDivisionError

    def __eq__(self, other):
        raise ZeroDivisionError

    def __hash__(self):
        return 1


class Stateless(Hostile):
    def __getstate__(self):
        raise ValueError("no state here")


class Keeper:
    """What pickling sees of it is not what it has."""

    def __init__(self, part: object) -> None:
        self.part = part

    def __reduce__(self):
        return Keeper, ([1, self.part],)


class Shared(np.ndarray):
    pass


class Numbered:
    def __getstate__(self):
        return {"lock": LOCK}


def deep():
    return functools.reduce(lambda inner, _: [inner], range(5000), [])


LOCKED = "is a _thread.lock: cannot pickle '_thread.lock' object; " + DEFAULT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            Model(Model(LOCK)), "`x.callbacks[1].callbacks[1]` " + LOCKED, id="attributes"
        ),
        pytest.param(Slotted([LOCK]), "`x.inner[0]` " + LOCKED, id="slots"),
        pytest.param({"a": {1: LOCK}}, "`x['a'][1]` " + LOCKED, id="dictionaries"),
        pytest.param({LOCK: 1}, "`list(x)[0]` " + LOCKED, id="a key"),
        pytest.param(
            {Hostile(): LOCK}, "`x[<Hostile>]` " + LOCKED, id="a key that cannot be shown"
        ),
        pytest.param(({LOCK},), "`x[0][0]` " + LOCKED, id="a set"),
        pytest.param(Numbered(), "`x.lock` " + LOCKED, id="a state of its own"),
        pytest.param(Keeper(LOCK), "`x.__reduce_ex__(5)[1][0][1]` " + LOCKED, id="a reduction"),
        pytest.param(functools.partial(print, 1, LOCK), "`x.args[1]` " + LOCKED, id="an argument"),
        pytest.param(Model(LOCK).__init__, "`x.__self__.callbacks[1]` " + LOCKED, id="a method"),
        pytest.param(ValueError(LOCK), "`x.args[0]` " + LOCKED, id="an exception"),
        pytest.param(lambda x=LOCK: x, "`x.__defaults__[0]` " + LOCKED, id="a default"),
        pytest.param(
            (lambda lock: lambda: lock)(LOCK), "`lock (read by x)` " + LOCKED, id="a closure"
        ),
        pytest.param(np.array([1, [LOCK]], object), "`x[1][0]` " + LOCKED, id="an array"),
        pytest.param(pd.Series([LOCK], ["r"]), "`x['r']` " + LOCKED, id="a series"),
        pytest.param(
            pd.DataFrame({"n": [1.5, 2], "c": [0, LOCK]}), "`x['c'][1]` " + LOCKED, id="a frame"
        ),
        pytest.param(
            [Proxy(), LOCK], "`x[1]` " + LOCKED, id="behind an object that has every attribute"
        ),
        pytest.param(
            [Forwarding(), LOCK], "`x[1]` " + LOCKED, id="behind an object that asks without end"
        ),
        pytest.param([Hostile(), LOCK], "`x[1]` " + LOCKED, id="behind an object that only raises"),
        pytest.param(
            [
                np.zeros(3),
                np.ma.zeros(2),
                np.zeros(3).view(Shared),
                bytearray(b"a"),
                math.sin,
                LOCK,
            ],
            "`x[5]` " + LOCKED,
            id="behind arrays",
        ),
        pytest.param(
            [Stateless()],
            f"`x[0]` is a {__name__}.Stateless: no state here; {DEFAULT}",
            id="a state that raises",
        ),
    ],
)
def test_the_part_is_named_with_the_way_to_it(value, expected):
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    text = explain({"fine": Model(1), "x": value}, ValueError("odd"))
    assert text == f"`x` ({kind}) cannot be saved: {expected}"


def connection():
    made = sqlite3.connect(":memory:")
    made.close()
    return made


def unread():
    made = open(__file__)  # noqa: PTH123, SIM115
    made.close()
    return made


def unconnected():
    made = socket.socket()
    made.close()
    return made


def finished():
    async def work() -> None: ...

    made = work()
    made.close()
    return made


def module():
    made = types.ModuleType("fresh")
    made.lock = LOCK
    return made


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        pytest.param(threading.Lock, DEFAULT, id="a lock"),
        pytest.param(lambda: (n for n in ()), "save a list of its items", id="a generator"),
        pytest.param(
            lambda: map(str, (n for n in ())), "save a list of its items", id="an iterator over one"
        ),
        pytest.param(
            unread, "save its path, and open it in the step that needs it", id="an open file"
        ),
        pytest.param(
            unconnected, "save its address, and connect in the step that needs it", id="a socket"
        ),
        pytest.param(
            connection,
            "save what it connects to, without the password, and connect in the step that needs it",
            id="a connection to a database",
        ),
        pytest.param(
            threading.Thread, "instead of `x`, wait for its result, and save that", id="a thread"
        ),
        pytest.param(finished, "await it, and save its result", id="a coroutine"),
        pytest.param(module, "instead of `x`, import it in the step that uses it", id="a module"),
        pytest.param(lambda: memoryview(b""), "save `bytes` of it", id="a view of bytes"),
        pytest.param(lambda: re.match("a", "a"), "save its groups", id="a match"),
        pytest.param(
            lambda: weakref.ref(Model), "save the object that it refers to", id="a weak reference"
        ),
        pytest.param(
            sys._getframe,  # noqa: SLF001 -- nothing else gives a frame
            "save the text that `traceback.format_exc()` gives",
            id="a frame",
        ),
        pytest.param(deep, "flatten it, or raise `sys.setrecursionlimit`", id="too deep"),
    ],
)
def test_the_remedy_is_for_the_kind_of_object(make, remedy):
    assert explain({"x": make()}, ValueError("odd")).endswith(f"; {remedy}")


def test_what_pickles_after_all_keeps_the_error_it_had():
    assert explain({"a": 1, "b": 2}, ValueError("the disk")) == (
        f"`a` (builtins.int) cannot be saved: the disk; {DEFAULT}"
    )
