"""Which function handles an object or a file: found by the type's full name, or by the URI.

The later registration wins. A function that returns ``NotImplemented``, before it has written
anything, leaves its object to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .manifest import MarshalError

Function = Callable[..., Any]


@dataclass(frozen=True)
class Entry:
    """A registered function; ``safe`` says that it never runs code that a file holds."""

    pattern: re.Pattern[str]
    function: Function
    subclasses: bool = False
    safe: bool = False


class _Dispatcher:
    def __init__(self, purpose: str) -> None:
        #: What the functions do, for messages: ``save``, ``load``.
        self.purpose = purpose
        #: The registrations, the latest first.
        self.entries: list[Entry] = []

    def _add(self, pattern: str, **how: bool) -> Callable[[Function], Function]:
        def decorate(function: Function) -> Function:
            self.entries.insert(0, Entry(re.compile(pattern, re.DOTALL), function, **how))
            return function

        return decorate

    def _first(self, entries: Iterator[Entry], what: str, *args: Any, **kwargs: Any) -> Any:
        for entry in entries:
            result = entry.function(*args, **kwargs)
            if result is not NotImplemented:
                return result
        hint = "register a function for it"
        if kwargs.get("no_pickle"):
            hint = "only pickle might, which is forbidden here (`--no-pickle`)"
        raise MarshalError(f"nothing is registered to {self.purpose} {what}; {hint}")


class PatternDispatcher(_Dispatcher):
    r"""Calls the function whose pattern matches the whole of a text, such as a URI.

    >>> load = PatternDispatcher("load")
    >>> @load.register(r".*\.txt")
    ... def load_text(uri): return f"the text in {uri}"
    >>> load("a/b.txt")
    'the text in a/b.txt'
    """

    def register(self, pattern: str, *, safe: bool = False) -> Callable[[Function], Function]:
        """Register the decorated function for texts that ``pattern`` matches whole.

        ``safe`` promises that it runs no code from a file; others do not load without pickle.
        """
        return self._add(pattern, safe=safe)

    def find(self, text: str) -> Iterator[Entry]:
        """The registrations for ``text``, the one to prefer first."""
        return (entry for entry in self.entries if entry.pattern.fullmatch(text))

    def __call__(self, text: str, *args: Any, **kwargs: Any) -> Any:
        """What the function for ``text`` returns for it and the other arguments.

        Raises:
            MarshalError: nothing is registered for it.
        """
        return self._first(self.find(text), f"`{text}`", text, *args, **kwargs)


class TypeDispatcher(_Dispatcher):
    r"""Calls the function whose pattern matches the full name of an object's type.

    >>> describe = TypeDispatcher("describe")
    >>> @describe.register(r"builtins\..*")
    ... def describe_builtin(obj): return f"a {type(obj).__name__}"
    >>> describe(1)
    'a int'
    """

    def register(
        self, pattern: str, *, subclasses: bool = False, safe: bool = False
    ) -> Callable[[Function], Function]:
        """Register the decorated function for types whose full name ``pattern`` matches whole.

        A full name is as ``numpy.ndarray``. With ``subclasses`` it serves types derived from
        such a type, too, nearer bases before farther ones. ``safe`` promises that what it writes
        can be read without pickle.
        """
        return self._add(pattern, subclasses=subclasses, safe=safe)

    def find(self, kind: type) -> Iterator[Entry]:
        """The registrations for objects whose exact type is ``kind``, the one to prefer first."""
        for base in kind.__mro__:
            name = full_name(base)
            for entry in self.entries:
                if (base is kind or entry.subclasses) and entry.pattern.fullmatch(name):
                    yield entry

    def __call__(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """What the function for the type of ``obj`` returns for it and the other arguments.

        Raises:
            MarshalError: nothing is registered for the type, or all that is declined.
        """
        kind = type(obj)
        return self._first(self.find(kind), f"a {full_name(kind)}", obj, *args, **kwargs)


def full_name(kind: type) -> str:
    """The full name of a type, as ``numpy.ndarray``."""
    return f"{kind.__module__}.{kind.__qualname__}"
