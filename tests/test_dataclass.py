"""The light dataclasses are what the standard library makes of the same words."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from kale.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Frozen:
    """A point."""

    x: int
    y: str = "y"
    more: list[int] = field(default_factory=list)

    def both(self) -> str:
        return f"{self.x}{self.y}"


@dataclass(slots=True)
class Open:
    x: int
    y: int = 2


@dataclass(frozen=True, slots=True)
class One:
    x: Any


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    x: int
    y: str = "y"
    more: list[int] = field(default_factory=list)


def many() -> range:
    """More instances than are made before ``__init__`` is compiled."""
    return range(12)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda cls: cls(1), id="defaults"),
        pytest.param(lambda cls: cls(1, "z", [3]), id="all by place"),
        pytest.param(lambda cls: cls(more=[3], x=1), id="by name"),
        pytest.param(lambda cls: dataclasses.replace(cls(1, "z", [3]), x=2), id="a replaced one"),
        pytest.param(lambda cls: copy.deepcopy(cls(1, more=[3])), id="a deep copy"),
        pytest.param(lambda cls: pickle.loads(pickle.dumps(cls(1, more=[3]))), id="a pickled one"),
    ],
)
def test_an_instance_is_as_the_standard_library_makes_it(make: Callable[[Any], Any]) -> None:
    for _ in many():
        ours, model = make(Frozen), make(Model)
        assert repr(ours).replace("Frozen", "Model") == repr(model)
        assert dataclasses.asdict(ours) == dataclasses.asdict(model)
        assert ours == make(Frozen)
        assert ours != model
        assert not hasattr(ours, "__dict__")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda cls: cls(), id="a value is missing"),
        pytest.param(lambda cls: cls(1, "z", [], 4), id="one too many"),
        pytest.param(lambda cls: cls(1, x=2), id="one twice"),
        pytest.param(lambda cls: cls(1, z=2), id="an unknown name"),
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[Any], Any]) -> None:
    @dataclass(frozen=True, slots=True)
    class Fresh:
        x: int
        y: str = "y"
        more: list[int] = field(default_factory=list)

    for _ in many():
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            call(Fresh)
        assert Fresh(1).more == []


def test_what_the_classes_say_of_themselves() -> None:
    for cls in (Frozen, Model):
        assert dataclasses.is_dataclass(cls)
        assert cls.__match_args__ == ("x", "y", "more")
        assert [f.name for f in dataclasses.fields(cls)] == ["x", "y", "more"]
        assert [f.type for f in dataclasses.fields(cls)] == ["int", "str", "list[int]"]
    ours, model = dataclasses.fields(Frozen), dataclasses.fields(Model)
    assert [(f.default, f.default_factory) for f in ours] == [
        (f.default, f.default_factory) for f in model
    ]
    assert Frozen.__qualname__ == "Frozen"
    assert Frozen.__doc__ == "A point."
    assert inspect.getmodule(Frozen) is inspect.getmodule(Model)


def test_a_frozen_one_does_not_change() -> None:
    value = Frozen(1)
    for change in (
        lambda: setattr(value, "x", 2),
        lambda: setattr(value, "z", 2),
        lambda: delattr(value, "x"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert value.both() == "1y"


def test_hashes() -> None:
    assert {One(1), One(1), One(2), Empty(), Empty()} == {One(1), One(2), Empty()}
    with pytest.raises(TypeError, match="unhashable"):
        hash(One([]))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_an_open_one_changes() -> None:
    for _ in many():
        value = Open(1)
        value.x = 5
        assert (value, value.y) == (Open(5), 2)
        with pytest.raises(AttributeError):
            value.z = 1  # type: ignore[attr-defined]


def test_a_factory_makes_a_new_value_for_each() -> None:
    values = [Frozen(1) for _ in many()]
    values[0].more.append(1)
    values[-1].more.append(2)
    assert [value.more for value in values[1:-1]] == [[]] * (len(values) - 2)


def test_a_match_statement_takes_it_apart() -> None:
    match Frozen(1, "z"):
        case Frozen(x, y):
            assert (x, y) == (1, "z")
        case _:
            pytest.fail("not matched")


def test_a_not_a_number_equals_itself_as_in_a_tuple() -> None:
    nan = float("nan")
    assert One(nan) == One(nan)
    assert One(1) != (1,)
