"""Random pipelines as Python functions: steps, loops, conditions, lists, changes in place.

Each runs as plain Python without an error, and prints what its steps are given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

STEPS = """from kale.sdk import pipeline, step

BASE = 10


def twice(value):
    return value * 2


@step()
def inc(a):
    return a + 1


@step()
def add(a, b):
    return a + b + BASE


@step()
def pair(a):
    return a, twice(a)


@step()
def some(a):
    return [a + n for n in range(a % 3)]


@step()
def total(values):
    return sum(values)


@step()
def grow(values):
    values.append(len(values))


@step()
def longer(values):
    return [*values, 7]


@step()
def show(*values):
    print("shown", *values)


@pipeline(name="random")
def random_pipeline(p=4, q=[1, 2]):
"""


#: Statements, and the names that each binds.
PLAIN = {
    "inc": ("{new} = inc({n})", "{new}"),
    "add": ("{new} = add({n}, b={m})", "{new}"),
    "pair": ("{new}, {new}b = pair({n})", "{new} {new}b"),
    "some": ("{new} = some({n})", "{new}"),
    "total": ("{new} = total({l})", "{new}"),
    "longer": ("{new} = longer({l})", "{new}"),
    "grow": ("grow({l})", ""),
    "literal": ("{new} = {literal}", "{new}"),
    "sum": ("{new} = inc({n} + {m})", "{new}"),
    "show": ("show({n}, {any})", ""),
}


@dataclass
class _Writer:
    """What has been written so far; ``numbers`` and ``lists`` are the names that can be read."""

    random: Random
    lines: list[str] = field(default_factory=list)
    count: int = 0
    changes: bool = True

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def put(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def block(self, indent: int, numbers: list[str], lists: list[str], depth: int) -> None:
        """Write some statements; what they bind is added to the names."""
        for _ in range(self.random.randint(2, 4)):
            self.statement(indent, numbers, lists, depth)

    def number(self, numbers: list[str]) -> str:
        return self.random.choice([*numbers, *numbers, str(self.random.randint(0, 5))])

    def statement(self, indent: int, numbers: list[str], lists: list[str], depth: int) -> None:
        kind = self.random.choice(
            [*PLAIN, "show", "loop", "loop", "gather", "each", "choose", "choose"]
        )
        if (kind in {"loop", "gather", "flat", "choose"} and depth >= 2) or (
            kind == "grow" and not self.changes
        ):
            kind = "show"
        new = self.name("v")
        if kind not in PLAIN:
            getattr(self, kind)(indent, numbers, lists, depth, new)
            return
        text, made = PLAIN[kind]
        values = {
            "new": new,
            "n": self.number(numbers),
            "m": self.number(numbers),
            "l": self.random.choice(lists),
            "any": self.random.choice([*numbers, *lists]),
            "literal": self.random.choice(["3", "p + 1", "p * 2 - 1", "2 + 2"]),
        }
        self.put(indent, text.format(**values))
        for name in made.format(**values).split():
            (lists if kind in {"some", "longer"} else numbers).append(name)

    def items(self, lists: list[str]) -> str:
        return self.random.choice([*lists, *lists, "q", "[3, 4]", "range(2)", "some(p)"])

    def left(self, lists: list[str]) -> list[str]:
        """The lists that the loop just begun does not go through: a list that grows has no end."""
        head = self.lines[-1]
        return [name for name in lists if not re.search(rf"\b{name}\b", head)] or ["[1]"]

    def loop(self, indent: int, numbers: list[str], lists: list[str], depth: int, new: str) -> None:
        """A loop; nothing that it binds is read after it."""
        kind = self.random.choice(["plain", "plain", "enumerate", "zip"])
        inner = [*numbers, new]
        if kind == "plain":
            self.put(indent, f"for {new} in {self.items(lists)}:")
        elif kind == "enumerate":
            self.put(indent, f"for {new}i, {new} in enumerate({self.items(lists)}):")
            inner.append(f"{new}i")
        else:
            self.put(indent, f"for {new}, {new}z in zip({self.items(lists)}, {self.items(lists)}):")
            inner.append(f"{new}z")
        self.block(indent + 1, inner, self.left(lists), depth + 1)
        self.put(indent + 1, f"show({new})")

    def gather(
        self, indent: int, numbers: list[str], lists: list[str], depth: int, new: str
    ) -> None:
        """A loop that appends to a list, which is read after it."""
        self.put(indent, f"{new}l = []")
        self.put(indent, f"for {new} in {self.items(lists)}:")
        inner = [*numbers, new]
        self.block(indent + 1, inner, self.left(lists), depth + 1)
        self.put(indent + 1, f"{new}l.append(inc({self.number(inner)}))")
        lists.append(f"{new}l")

    def flat(self, indent: int, numbers: list[str], lists: list[str], depth: int, new: str) -> None:
        """A loop in a loop that appends to a list from outside both, some items perhaps."""
        self.put(indent, f"{new}l = []")
        self.put(indent, f"for {new} in {self.items(lists)}:")
        outer = [*numbers, new]
        left = self.left(lists)
        if self.random.random() < 0.5:
            self.statement(indent + 1, outer, left, depth + 1)
        self.put(indent + 1, f"for {new}i in {self.items(left)}:")
        inner = [*outer, f"{new}i"]
        last = indent + 2
        if self.random.random() < 0.4:
            self.put(last, f"if {self.number(inner)} > {self.random.randint(0, 9)}:")
            last += 1
        self.put(last, f"{new}l.append(inc({self.number(inner)}))")
        if self.random.random() < 0.5:
            self.statement(indent + 1, outer, left, depth + 1)
        lists.append(f"{new}l")

    def each(self, indent: int, numbers: list[str], lists: list[str], depth: int, new: str) -> None:
        """A comprehension."""
        self.put(
            indent,
            f"{new}l = [add({new}, {self.number(numbers)}) for {new} in {self.items(lists)}]",
        )
        lists.append(f"{new}l")

    def choose(
        self, indent: int, numbers: list[str], lists: list[str], depth: int, new: str
    ) -> None:
        """A condition; what both branches bind is read after it."""
        tests = [f"{self.number(numbers)} > {self.random.randint(0, 9)}" for _ in range(2)]
        self.put(indent, f"if {tests[0]}:")
        self.block(indent + 1, [*numbers], [*lists], depth + 1)
        self.put(indent + 1, f"{new} = inc({self.number(numbers)})")
        if self.random.random() < 0.3:
            self.put(indent, f"elif {tests[1]}:")
            self.put(indent + 1, f"{new} = inc({self.number(numbers)})")
        if self.random.random() < 0.7:
            self.put(indent, "else:")
            self.block(indent + 1, [*numbers], [*lists], depth + 1)
            self.put(indent + 1, f"{new} = add(1, {self.number(numbers)})")
        else:
            # It must have a value in any case.
            position = max(
                i for i, line in enumerate(self.lines) if line == f"{'    ' * indent}if {tests[0]}:"
            )
            self.lines.insert(position, "    " * indent + f"{new} = inc(0)")
        numbers.append(new)


def random_script(random: Random, *, changes: bool = True) -> str:
    """A script; without ``changes`` no step changes what it is given."""
    writer = _Writer(random, changes=changes)
    numbers, lists = ["p"], ["first"]
    writer.put(1, "first = some(5)")
    writer.block(1, numbers, lists, 0)
    writer.block(1, numbers, lists, 0)
    writer.put(1, f"show({', '.join([*numbers, *lists])})")
    return STEPS + "\n".join(writer.lines) + "\n"
