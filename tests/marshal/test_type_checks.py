"""Values held against annotations."""

from __future__ import annotations

import typing
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from kale.marshal import check_types


class Model:
    class Part: ...


class Better(Model): ...


class Lazy:
    def __getattr__(self, name):
        raise AssertionError(name)


SCOPE = {
    "np": np,
    "pd": pd,
    "typing": typing,
    "Model": Model,
    "lazy": Lazy(),
    "Maybe": typing.Optional,
    "T": typing.TypeVar("T"),
    "Name": typing.NewType("Name", str),
    "Runs": type("Runs", (typing.Protocol,), {}),
    "number": 3,
}


def is_taken(value, kind):
    try:
        check_types({**SCOPE, "value": value}, [["value", kind, "it"]])
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "takes", "refuses"),
    [
        pytest.param("int", [1, True, np.int64(1)], [1.0, "1", None, np.float32(1)], id="int"),
        pytest.param("float", [1.5, 1, True, np.float32(1), Fraction(1, 2)], ["1", 1j], id="float"),
        pytest.param("complex", [1, 1.5, 1j], ["1"], id="complex"),
        pytest.param("bool", [True, np.bool_(True)], [1, "true", None], id="bool"),
        pytest.param("str", ["", np.str_("a")], [b"", 1, None], id="str"),
        pytest.param("bytes", [b""], ["", bytearray()], id="bytes"),
        pytest.param("None", [None], [0, ""], id="None"),
        pytest.param("object", [None, 1], [], id="anything"),
        pytest.param("list", [[], [1]], [(), {}, "ab"], id="list"),
        pytest.param("list[int]", [[], [1, True]], [[1, "a"], (1,)], id="list of"),
        pytest.param("list[list[int]]", [[[1], []]], [[1], [["a"]]], id="list of lists"),
        pytest.param("set[int]", [{1}, set()], [{"a"}, [1], frozenset()], id="set of"),
        pytest.param("dict", [{}, {1: 2}], [[], None], id="dict"),
        pytest.param("dict[str, int]", [{}, {"a": 1}], [{1: 1}, {"a": "b"}], id="dict of"),
        pytest.param("tuple", [(), (1,)], [[1]], id="tuple"),
        pytest.param("tuple[int, str]", [(1, "a")], [(1,), (1, 2), ("a", 1), [1, "a"]], id="pair"),
        pytest.param("tuple[int, ...]", [(), (1, 2)], [(1, "a")], id="tuple of any length"),
        pytest.param("tuple[()]", [()], [(1,)], id="empty tuple"),
        pytest.param("int | None", [1, None], ["a"], id="or nothing"),
        pytest.param("typing.Optional[int]", [1, None], ["a"], id="Optional"),
        pytest.param("Maybe[int]", [1, None], ["a"], id="Optional under another name"),
        pytest.param("typing.Union[int, list[str]]", [1, ["a"]], ["a", [1]], id="Union"),
        pytest.param("typing.List[int]", [[1]], [["a"], 1], id="List"),
        pytest.param("typing.Dict[str, int]", [{"a": 1}], [{"a": "a"}, 1], id="Dict"),
        pytest.param("typing.Sequence[int]", [[1], (1,), ["a"]], [1, {}], id="Sequence"),
        pytest.param("typing.Annotated[int, 'm']", [1], ["a"], id="Annotated"),
        pytest.param("'int'", [1], ["a"], id="a text"),
        pytest.param("list['int | None']", [[1, None]], [["a"]], id="a text inside"),
        pytest.param("Model", [Model(), Better()], [1, Model, Model.Part()], id="a class"),
        pytest.param("Model.Part", [Model.Part()], [Model()], id="a class in a class"),
        pytest.param("type", [Model], [Model()], id="a class itself"),
        pytest.param("np.ndarray", [np.zeros(1)], [[0.0]], id="an array"),
        pytest.param("np.ndarray[tuple[int], int]", [np.zeros(1)], [[0.0]], id="an array of"),
        pytest.param("pd.DataFrame", [pd.DataFrame()], [pd.Series(dtype=int), None], id="a frame"),
        pytest.param("typing.Callable[[int], int]", [len, Model], [1], id="something to call"),
    ],
)
def test_annotations_are_read_as_python_means_them(kind, takes, refuses):
    assert [value for value in takes if not is_taken(value, kind)] == []
    assert [value for value in refuses if is_taken(value, kind)] == []


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("typing.Any", id="anything"),
        pytest.param("T", id="a type variable"),
        pytest.param("Name", id="a new name of a type"),
        pytest.param("Runs", id="a protocol that cannot be asked"),
        pytest.param("Missing", id="a name that the step does not have"),
        pytest.param("Missing[int]", id="that in a form of types"),
        pytest.param("missing.Class", id="a module that the step does not have"),
        pytest.param("np.Missing", id="what a module does not have"),
        pytest.param("lazy.Class", id="an attribute of an object, which nobody asks"),
        pytest.param("number", id="a name that is no class"),
        pytest.param("typing.Literal['a']", id="a form of types that is not read"),
        pytest.param("list[", id="no Python"),
        pytest.param("", id="nothing"),
        pytest.param("print('ran')", id="a call, which is not made"),
        pytest.param("[c for c in ()]", id="another expression"),
        pytest.param("dict[int]", id="too few parts"),
    ],
)
def test_nothing_is_said_of_what_cannot_be_told(kind, capsys):
    assert is_taken({"a": object()}, kind)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("a", "str", id="a builtin type"),
        pytest.param(np.float32(1), "numpy.float32", id="one of a library"),
        pytest.param([], "list", id="an empty list"),
        pytest.param([1, "a", 2, None], "list[NoneType | int | str]", id="a list"),
        pytest.param((1, 2), "tuple[int, ...]", id="a tuple"),
        pytest.param({"a": 1, "b": [2]}, "dict[str, int | list]", id="a dictionary"),
    ],
)
def test_the_message_names_the_value_both_types_and_a_remedy(value, shown):
    with pytest.raises(TypeError) as caught:
        check_types({"x": value}, [["x", "set[bytes]", "argument `x` of `fit`"]])
    assert str(caught.value) == (
        f"argument `x` of `fit` is annotated as `set[bytes]`, but is `{shown}`; correct one of them"
    )


def test_all_that_is_wrong_is_named_and_what_has_no_value_is_not():
    checks = [["x", "int", "argument `x`"], ["y", "int", "result"], ["z", "int", "argument `z`"]]
    with pytest.raises(TypeError) as caught:
        check_types({"x": "a", "z": None}, checks)
    lines = [line.partition(" is ")[0] for line in str(caught.value).splitlines()]
    assert lines == ["argument `x`", "argument `z`"]
