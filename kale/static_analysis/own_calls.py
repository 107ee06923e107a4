"""Calls of the notebook's own functions, and what those do with what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from kale.dataclass import dataclass


def called_name(node: ast.Call) -> str:
    """The function's or method's own name; empty when it has none."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a function does with its arguments and with the global names that it reads.

    ``positional`` are the names that take positional arguments, ``named`` those that take
    keywords only; ``rest`` are those of ``*args`` and ``**kwargs``. ``changes`` maps arguments
    and global names whose objects the body may change in place to whether it does so by a
    store; ``returns`` are those whose objects the result may be, hold or lie inside, ``gives``
    those of them of which it is no copy; ``keeps`` are pairs of a keeper and what may be inside
    its object afterwards. ``defaults`` are what arguments are when they are not given.
    """

    positional: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    changes: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    returns: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    keeps: frozenset[tuple[str, str]] = frozenset()
    defaults: Mapping[str, ast.expr] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def arguments(self) -> frozenset[str]:
        """The names of all arguments; what else is named here is a global name."""
        return frozenset((*self.positional, *self.named, *self.rest))


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a function whose summary is known; ``receiver`` is its first argument, if bound."""

    node: ast.Call
    summary: Summary
    receiver: ast.expr | None = None
    makes: bool = False

    def given(self) -> Iterator[tuple[str, ast.expr]]:
        """Each argument's name with each expression that it may be given here."""
        summary = self.summary
        expressions = [*([self.receiver] if self.receiver is not None else []), *self.node.args]
        if any(isinstance(e, ast.Starred) for e in expressions) or any(
            keyword.arg is None for keyword in self.node.keywords
        ):
            every = [*expressions, *(keyword.value for keyword in self.node.keywords)]
            yield from self._by_default(summary.defaults)
            yield from ((name, e) for name in sorted(summary.arguments) for e in every)
            return
        # An instance that is being made is nothing yet: its first argument has no expression.
        positional = summary.positional[1:] if self.makes else summary.positional
        missing = dict(summary.defaults)
        for position, expression in enumerate(expressions):
            if position < len(positional):
                missing.pop(positional[position], None)
                yield positional[position], expression
            else:
                yield from ((name, expression) for name in summary.rest)
        for keyword in self.node.keywords:
            if keyword.arg in summary.positional or keyword.arg in summary.named:
                assert keyword.arg is not None
                missing.pop(keyword.arg, None)
                yield keyword.arg, keyword.value
            else:
                yield from ((name, keyword.value) for name in summary.rest)
        yield from self._by_default(missing)

    def _by_default(self, defaults: Mapping[str, ast.expr]) -> Iterator[tuple[str, ast.expr]]:
        """What arguments are that are not given: a name's object, or the function's own."""
        for name, default in defaults.items():
            yield name, default
            if isinstance(self.node.func, ast.Name) and not isinstance(default, ast.Constant):
                yield name, self.node.func

    def expressions_of(self, name: str) -> list[ast.expr]:
        """What stands, at the call, for an argument or a global name of the summary."""
        if name not in self.summary.arguments:
            return [ast.Name(name, ast.Load())]
        return [expression for argument, expression in self.given() if argument == name]

    def results(self) -> Iterator[tuple[str, bool]]:
        """The names of the summary that the result may share an object with, and which surely."""
        summary = self.summary
        linked: set[str] = set()
        if self.makes and summary.positional:  # what the new instance was put into, or holds
            made = summary.positional[0]
            linked = {name for pair in summary.keeps if made in pair for name in pair} - {made}
        for name in sorted(summary.returns | linked):
            yield name, name in summary.gives or name in linked


@dataclass(frozen=True, slots=True)
class OwnClass:
    """A class of the notebook: its methods, and its bases if they are the notebook's too.

    A ``closed`` one has no other bases, and nothing that changes how instances are made or how
    methods are found. A method of ``None`` may be anything. The first argument of one in
    ``classmethods`` is the class.
    """

    methods: Mapping[str, Summary | None]
    bases: tuple[str, ...] = ()
    closed: bool = True
    classmethods: frozenset[str] = frozenset()


#: What making an instance does where the class has no ``__init__`` of its own: a dataclass's.
_FIELDS = Summary(rest=("fields",), returns=frozenset({"fields"}), gives=frozenset({"fields"}))


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The notebook's functions and classes whose names mean one thing from end to end.

    ``instances`` maps names that only ever hold instances of one class to that class;
    ``changers`` are names that only ever hold a method which changes what it is bound to.
    """

    functions: Mapping[str, Summary] = field(default_factory=lambda: MappingProxyType({}))
    classes: Mapping[str, OwnClass] = field(default_factory=lambda: MappingProxyType({}))
    instances: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changers: frozenset[str] = frozenset()

    def changes_itself(self, method: str) -> bool:
        """Whether all methods of that name in the notebook store into their instance."""
        found = [one.methods[method] for one in self.classes.values() if method in one.methods]
        return bool(found) and all(
            summary is not None and summary.changes.get(summary.positional[0], False)
            for summary in found
            if summary is None or summary.positional
        )

    def called(self, node: ast.Call) -> Called | None:
        """The function of the notebook that a call surely runs, or ``None``."""
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in self.functions:
                return Called(node, self.functions[function.id])
            made = self._method(function.id, "__init__")
            return None if made is None else Called(node, made, makes=True)
        if isinstance(function, ast.Attribute):
            method, receiver = self._bound_method(function)
            return None if method is None else Called(node, method, receiver=receiver)
        return None

    def _bound_method(self, function: ast.Attribute) -> tuple[Summary | None, ast.expr]:
        """The method that an attribute surely is, and what it is bound to."""
        match function.value:
            case ast.Call(func=ast.Name(id="super"), args=[_, receiver]):
                below = self.classes.get(self.class_of(receiver) or "")
                alone = below is not None and below.closed and len(below.bases) == 1
                owner = below.bases[0] if below is not None and alone else None
            case ast.Name(id=name) as receiver if name in self.classes:
                known = function.attr in self.classes[name].classmethods
                owner = name if known else None
            case receiver:
                owner = self.class_of(receiver)
        return (None if owner is None else self._method(owner, function.attr)), receiver

    def class_of(self, node: ast.expr) -> str | None:
        """The notebook's class that an expression's value is surely an instance of."""
        if isinstance(node, ast.Name):
            return self.instances.get(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id if node.func.id in self.classes else None
        return None

    def _method(self, owner: str, name: str) -> Summary | None:
        """The method that an instance of a class has, unless it may come from elsewhere."""
        found = self.classes.get(owner)
        if found is None:
            return None
        if name in found.methods:
            return found.methods[name]
        if len(found.bases) == 1 and found.closed:
            return self._method(found.bases[0], name)
        if name == "__init__" and found.closed and not found.bases:
            return _FIELDS
        return None


#: Of a notebook of which nothing is known.
NO_OWN_CODE = OwnCode()
