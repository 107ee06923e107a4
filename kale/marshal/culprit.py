"""Why a value cannot be saved: the path to the part that is to blame, and the ways out."""

from __future__ import annotations

import inspect
import pickle
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from .dispatch import full_name
from .notebook_objects import class_data, is_our_class
from .pickling import Rules, pickler_with
from .walk import ATOMS, Nowhere, is_from_pandas, plain_containers, reduction, traverse

_DEFAULT = "make it in the step that uses it, or leave it out in its owner's `__getstate__`"
_ITEMS = "save a list of its items"
_CONNECT = "and connect in the step that needs it"

#: What to do instead, by the full name of a type or of one of its bases.
_REMEDIES = {
    r"builtins\.(generator|\w+_?iterator|dict_\w+|zip|map|filter|enumerate)": _ITEMS,
    r"itertools\..*|_csv\.reader|posix\.ScandirIterator": _ITEMS,
    r"builtins\.(coroutine|async_generator)|_?asyncio\..*": "await it, and save its result",
    r"_io\..*|mmap\.mmap|tempfile\..*|zipfile\..*|tarfile\..*|h5py\..*": (
        "save its path, and open it in the step that needs it"
    ),
    r"_?socket\..*|ssl\..*|http\.client\..*": f"save its address, {_CONNECT}",
    r"(sqlite3|psycopg2?|sqlalchemy|pymysql|MySQLdb|mysql|pyodbc|oracledb|_?duckdb|pymongo|redis"
    r"|asyncpg|pymssql|trino|snowflake|google\.cloud)\..*": (
        f"save what it connects to, without the password, {_CONNECT}"
    ),
    r"torch\.(Tensor|_C\.TensorBase)": "save `.detach().cpu()` of it",
    r"builtins\.module": "import it in the step that uses it",
    r"threading\.Thread|concurrent\.futures\..*|subprocess\.Popen"
    r"|multiprocessing\.(pool|process|managers)\..*": "wait for its result, and save that",
    r"builtins\.memoryview": "save `bytes` of it",
    r"builtins\.mappingproxy": "save a `dict` of it",
    r"builtins\.(frame|traceback)": "save the text that `traceback.format_exc()` gives",
    r"re\.Match": "save its groups",
    r"_?weakref\.\w+": "save the object that it refers to",
}

#: What objects of builtin types hold, where a reduction does not name it.
_MEMBERS = "__self__ __func__ func args keywords __wrapped__ cell_contents".split()


class _Place(NamedTuple):
    path: str
    part: Any
    owner: Any = None


class _Found(Exception):  # noqa: N818 -- what is found is the error
    def __init__(self, place: _Place, error: Exception) -> None:
        self.place, self.error = place, error


def explain(values: Mapping[str, object], error: Exception) -> str:
    """Say why variables could not be saved (together): the error, or what it comes from."""
    found = next(filter(None, map(_search, values, values.values())), None)
    if not found:
        # Only pickling the whole shows it, such as that it is too deep.
        failed = {name: why for name, value in values.items() if (why := _failure(value))}
        name = next(iter(failed or values))
        found = _Found(_Place(name, values[name]), failed.get(name, error))
    place, why = found.place, found.error
    name = next(name for name in values if name == _root(place).path)
    whole = full_name(type(values[name]))
    at = f"`{place.path}` is a {full_name(type(place.part))}: " if place.owner else ""
    deep = isinstance(why, RecursionError) or "recursion" in str(why)
    remedy = "flatten it, or raise `sys.setrecursionlimit`" if deep else _remedy(place)
    return f"`{name}` ({whole}) cannot be saved: {at}{why}; {remedy}"


def _failure(value: object) -> Exception | None:
    try:
        pickler_with(Rules)(Nowhere()).dump(value)
    except Exception as error:  # noqa: BLE001 -- reducers of any library run here; it is the answer
        return error
    return None


def _root(place: _Place) -> _Place:
    return _root(place.owner) if place.owner else place


def _remedy(place: _Place) -> str:
    """What to do instead of saving the part, or what holds it."""
    held: _Place | None = place
    while held:
        bases = [full_name(base) for base in type(held.part).__mro__]
        for pattern, text in _REMEDIES.items():
            if any(re.fullmatch(pattern, base) for base in bases):
                return text if held is place else f"instead of `{held.path}`, {text}"
        held = held.owner
    return _DEFAULT


def _search(name: str, value: object) -> _Found | None:
    """The first part in the order of pickling that cannot be taken apart."""
    pickler, seen = pickler_with(Rules)(Nowhere()), dict[int, object]()

    def visit(place: _Place) -> Iterator[_Place] | None:
        part = place.part
        if type(part) in ATOMS or id(part) in seen or plain_containers(part) is not None:
            return None
        seen[id(part)] = part
        try:
            named = _parts(part, pickler)
        except Exception as error:  # noqa: BLE001 -- reducers of any library run here; as asked for
            raise _Found(place, error) from None
        return (_Place(_joined(place.path, at), item, place) for at, item in named)

    try:
        traverse(visit, _Place(name, value))
    except _Found as found:
        return found
    except Exception:  # noqa: BLE001 -- what runs here is any library's; then the path is shorter
        return None
    return None


def _joined(path: str, at: str) -> str:
    if at.startswith("key "):
        return f"list({path})[{at[4:]}]"
    return f"{at} (read by {path})" if at.isidentifier() else path + at


def _parts(part: Any, pickler: Rules) -> Iterable[tuple[str, Any]]:
    """What an object holds, with what leads there: behind the object's path, or a global name."""
    kind: Any = type(part)
    if kind is dict:
        return _pairs(part.items())
    # The items of a set have no expression; this one is readable.
    if kind in (list, tuple, set, frozenset):
        return _items(part)
    if is_from_pandas(kind):
        return _of_frame(part)
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and part.dtype.hasobject:
        return _items(part) if part.ndim else [("[()]", part[()])]
    made = reduction(part, pickler)
    if is_our_class(part):
        return _attributes(class_data(part))
    if made is None:
        pickle.Pickler(Nowhere(), 5).dump(part)  # whether it is found by its name
        return ()
    if kind is types.FunctionType:
        read = inspect.getclosurevars(part)
        own = {name: getattr(part, name) for name in ("__defaults__", "__kwdefaults__", "__dict__")}
        return chain(read.nonlocals.items(), read.globals.items(), _attributes(own))
    function, arguments, state, items, pairs, _ = made
    states = state if type(state) is tuple and len(state) == 2 else (state,)
    native = types.MemberDescriptorType, types.GetSetDescriptorType
    members = {"__class__": kind}
    for name in _MEMBERS:
        if isinstance(inspect.getattr_static(kind, name, None), native):
            members[name] = getattr(part, name)
    rest = (
        (f".__reduce_ex__(5)[{i}]", item) for i, item in enumerate((function, arguments, state))
    )
    return chain(
        _attributes(members),
        *(_attributes(one) for one in states if isinstance(one, dict)),
        _items(items),
        _pairs(pairs),
        rest,
    )


def _items(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"[{index}]", item) for index, item in enumerate(items))


def _pairs(pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    for number, (key, item) in enumerate(pairs):
        try:
            at = f"[{key!r:.80}]"
        except Exception:  # noqa: BLE001 -- code of any class runs here; its name is enough
            at = f"[<{type(key).__name__}>]"
        yield at, item
        if type(key) not in ATOMS:
            yield f"key {number}", key


def _attributes(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((f".{name}", item) for name, item in attributes.items())


def _of_frame(obj: Any) -> Iterator[tuple[str, Any]]:
    """The items of a pandas object, and what hangs on it."""
    if not hasattr(obj, "iloc"):
        yield from _items(obj)
    elif obj.ndim > 1:
        yield from _pairs((key, obj.iloc[:, at]) for at, key in enumerate(obj.columns))
    elif obj.dtype == object:
        yield from _pairs(obj.items())
    yield from _attributes({name: getattr(obj, name) for name in ("attrs",) if hasattr(obj, name)})
