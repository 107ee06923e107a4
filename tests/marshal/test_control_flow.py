"""Items, counts, branches and lists of all items' values, as steps in loops see them."""

from __future__ import annotations

import json
import re
from collections import OrderedDict, deque

import numpy as np
import pandas as pd
import pytest

from kale import marshal
from kale.marshal import MarshalError, load_inputs, loop_sharing, save_outputs, step, values
from kale.marshal.control_flow import decide, item
from kale.marshal.manifest import read_manifest


@pytest.fixture(autouse=True)
def forget():
    """Have each test know nothing of what others loaded, and what a test calls to forget that."""
    known = {step: "_loaded _before _held _guards _groups others", values: "ties"}
    known[loop_sharing] = "_lists _gone_over"

    def again():
        for module, names in known.items():
            for name in names.split():
                getattr(module, name).clear()

    again()
    yield again
    again()


WORDS = "which the other items of the loop read and need as it was before; change a copy of it"

FRAME = pd.DataFrame({"a": [1, 2], "b": [3, 4]})


class Numbered:
    """Can be looped over by its old protocol alone."""

    def __getitem__(self, number):
        return [7, 8][number]


class Same:
    def __iter__(self):
        return iter([1, 2])


class Restless(Same):
    calls = 0

    def __iter__(self):
        Restless.calls += 1
        return iter([1, Restless.calls])


class Hidden(Same):
    def __iter__(self):
        return iter([lambda: None, (n for n in ())])


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([], id="an empty list"),
        pytest.param([3, 1, 2], id="a list"),
        pytest.param((1, (2, 3)), id="a tuple"),
        pytest.param("añ", id="a text"),
        pytest.param(b"ab", id="bytes"),
        pytest.param(range(5, 0, -2), id="a range"),
        pytest.param({"b": 1, "a": 2}, id="a dictionary, by its keys"),
        pytest.param([*{"b": 1}.items()], id="pairs"),
        pytest.param(OrderedDict(x=1), id="another mapping"),
        pytest.param(deque([1, 2]), id="a deque"),
        pytest.param(np.arange(3), id="an array"),
        pytest.param(pd.Series([5, 6], index=[1, 0]), id="a series, by place and not by label"),
        pytest.param(FRAME, id="a frame, by the names of its columns"),
        pytest.param(Numbered(), id="an object with items by number"),
        pytest.param(Same(), id="an object that gives the same items each time"),
    ],
)
def test_items_are_those_of_a_for_loop(decisions, items):
    expected = [*items]
    decide({"xs": items}, loops={"loop:1": "xs"})
    assert json.loads(decisions.read_text()) == {"loop:1": len(expected)}
    found = [item(items, number) for number in range(len(expected))]
    assert found == expected
    assert [*map(type, found)] == [*map(type, expected)]


def test_what_an_item_is_part_of_changes_with_it():
    array = np.zeros((2, 2))
    item(array, 1)[:] = 1
    assert array.tolist() == [[0, 0], [1, 1]]


ELSEWHERE = "and each item is worked on in a process of its own; loop over"


@pytest.mark.parametrize(
    ("items", "error", "message"),
    [
        pytest.param(
            5,
            TypeError,
            "`xs` (builtins.int) cannot be looped over: 'int' object is not iterable",
            id="no items at all",
        ),
        pytest.param(
            FRAME["a"].sum,
            TypeError,
            "`xs` (builtins.method) cannot be looped over: 'method' object is not iterable",
            id="a method that nobody called",
        ),
        pytest.param(
            {2, 1},
            MarshalError,
            "`xs` (builtins.set) cannot be looped over: a set has no order, "
            f"{ELSEWHERE} `sorted(xs)`",
            id="a set",
        ),
        pytest.param(
            frozenset(),
            MarshalError,
            "`xs` (builtins.frozenset) cannot be looped over: a set has no order, "
            f"{ELSEWHERE} `sorted(xs)`",
            id="a set that cannot change",
        ),
        pytest.param(
            iter([1]),
            MarshalError,
            "`xs` (builtins.list_iterator) cannot be looped over: it does not give the same items "
            f"each time, {ELSEWHERE} `list(xs)`",
            id="an iterator",
        ),
        pytest.param(
            Restless(),
            MarshalError,
            f"`xs` ({__name__}.Restless) cannot be looped over: it does not give the same items "
            f"each time, {ELSEWHERE} `list(xs)`",
            id="an object that gives others each time",
        ),
        pytest.param(
            Hidden(),
            MarshalError,
            f"`xs` ({__name__}.Hidden) cannot be looped over: it does not give the same items "
            f"each time, {ELSEWHERE} `list(xs)`",
            id="an object of whose items nobody knows",
        ),
    ],
)
def test_what_has_no_fixed_items_is_refused_by_name(decisions, items, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        decide({"xs": items}, loops={"loop:1": "xs"})
    assert not decisions.exists()


def test_a_branch_is_a_number_and_no_count(decisions):
    decide({"n": np.int64(2), "xs": "ab"}, loops={"loop:1": "xs"}, conditions={"if:1": "n"})
    assert decisions.read_text() == '{"loop:1": 2, "if:1": 2}'


def test_what_has_no_value_decides_nothing(decisions):
    for kind in ("loops", "conditions"):
        with pytest.raises(NameError, match=r"^name 'xs' is not defined$"):
            decide({}, **{kind: {"key": "xs"}})
    assert not decisions.exists()


def test_items_that_are_not_there_in_this_process():
    with pytest.raises(MarshalError) as caught:
        item([1], 1)
    assert str(caught.value) == (
        "the loop has no item 1 in this step: what it goes over has other items in each process; "
        "make a list of them first"
    )


def test_the_functions_are_the_runtimes_own():
    assert marshal.item is item
    with pytest.raises(AttributeError, match=r"^items$"):
        marshal.items  # noqa: B018 - it is asked for


# --------------------------------------------------------------------------- lists of all


@pytest.fixture
def decisions(context):
    told = json.loads((context / "context.json").read_text())
    told["decisions"] = str(context / "told" / "decisions.json")
    (context / "context.json").write_text(json.dumps(told))
    return context / "told" / "decisions.json"


@pytest.fixture
def items(context, forget):
    """Saves names as the step of some item would, and has later loads collect them."""
    told = json.loads((context / "context.json").read_text())
    told["inputs"], told["collected"] = {}, ["x", "y"]

    def save(index, names):
        forget()  # a step is a process of its own
        places = {name: context / f"{name}-{index}" for name in ("x", "y")}
        told["outputs"] = {name: str(place) for name, place in places.items()}
        own = {key: value for key, value in told.items() if key != "collected"}
        (context / "context.json").write_text(json.dumps({**own, "index": index}))
        save_outputs(names, ["x", "y"])
        for name, place in places.items():
            told["inputs"].setdefault(name, []).append(str(place))
        (context / "context.json").write_text(json.dumps({**told, "outputs": {}}))
        return places

    return save


def collected(*names):
    load_inputs(found := {}, names)
    return found


def test_a_value_says_which_items_it_is_of(context, items):
    places = items([1, 0], {"x": 1})
    assert read_manifest(places["x"], "x").index == [1, 0]
    assert read_manifest(places["y"], "y").index == [1, 0]


def test_outside_of_loops_a_manifest_is_as_it_was(context):
    save_outputs({"x": 1}, ["x"])
    assert "index" not in json.loads((context / "x" / "manifest.json").read_text())
    assert read_manifest(context / "x", "x").index is None


def test_what_is_handed_on_in_a_loop_says_so_itself(context):
    save_outputs({"x": [1]}, ["x"])
    load_inputs(names := {}, ["x"])
    told = json.loads((context / "context.json").read_text())
    told |= {"index": [3], "outputs": {"x": str(context / "next")}}
    (context / "context.json").write_text(json.dumps(told))
    save_outputs(names, ["x"])
    manifest = read_manifest(context / "next", "x")
    assert (manifest.index, manifest.changed) == ([3], False)


def test_a_list_is_in_the_order_of_the_items(items):
    for number in (10, 2, 0, 1):
        items([number], {"x": f"item {number}", "y": number})
    assert collected("x", "y") == {
        "x": ["item 0", "item 1", "item 2", "item 10"],
        "y": [0, 1, 2, 10],
    }


def test_nested_loops_make_one_list(items):
    for index in ([1, 0], [0, 10], [0, 9]):
        items(index, {"x": index})
    assert collected("x") == {"x": [[0, 9], [0, 10], [1, 0]]}


def test_an_item_without_a_value_is_left_out(items):
    items([0], {"x": 0})
    items([1], {})
    items([2], {"x": 2, "y": None})
    assert collected("x", "y") == {"x": [0, 2], "y": [None]}


def test_a_loop_without_items_gives_an_empty_list(context, items):
    items([0], {})
    assert collected("x") == {"x": []}
    told = json.loads((context / "context.json").read_text())
    (context / "context.json").write_text(json.dumps({**told, "inputs": {}}))
    assert collected("x", "y") == {"x": [], "y": []}


def test_what_one_item_shares_is_shared_between_lists(items):
    for number in range(2):
        shared = [number]
        items([number], {"x": shared, "y": {"held": shared}})
    found = collected("x", "y")
    found["x"][1].append(7)
    assert found["y"] == [{"held": [0]}, {"held": [1, 7]}]


def test_sharing_outlasts_a_load_behind_which_more_is_to_come(context):
    shared = [1]
    save_outputs({"x": [shared], "y": shared}, ["x", "y"])
    for more in (False, True):
        load_inputs(found := {}, ["x"], more=more)
        load_inputs(found, ["y"])
        assert (found["x"][0] is found["y"]) is more


def test_a_list_is_the_steps_own_but_its_values_may_have_to_stay(items):
    for number in (0, 1):
        items([number], {"x": [number]})
    load_inputs(names := {}, ["x"], {"x": WORDS})
    names["x"].reverse()
    names["x"].append(2)
    save_outputs(names, [])
    names["x"][0].append(3)
    with pytest.raises(MarshalError, match=f"^this step changed `x`, {re.escape(WORDS)}$"):
        save_outputs(names, [])


def test_one_item_twice_is_refused(context, items):
    items([0], {"x": 0})
    items([0], {"x": 1})
    with pytest.raises(MarshalError, match=r"^`x` cannot be loaded: two values are of item \[0\]$"):
        collected("x")


def test_a_damaged_item_is_named(context, items):
    items([0], {"x": 0})
    places = items([1], {"x": 1})
    (places["x"] / "manifest.json").write_text("{}")
    with pytest.raises(MarshalError, match=r"^`x` cannot be loaded: .*x-\[1\]/manifest.json is"):
        collected("x")


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        pytest.param(
            "fit",
            "which step `fit` reads and may do so at the same time; "
            "order the two with a `prev:` tag",
            id="a step",
        ),
        pytest.param(WORDS, WORDS, id="in the words of the step's notebook"),
    ],
)
def test_a_change_that_another_one_reads_is_refused(context, reader, message):
    save_outputs({"x": [[1], [2]], "y": 1}, ["x", "y"])
    load_inputs(names := {}, ["x"], {"x": reader})
    save_outputs(names, [])
    item(names["x"], 0).append(3)
    with pytest.raises(MarshalError, match=f"^this step changed `x`, {re.escape(message)}$"):
        save_outputs(names, [])


def test_an_item_may_change_but_for_what_it_shares_with_others(context):
    part = [1]
    save_outputs({"x": [[], [part], [part]], "y": 1}, ["x", "y"])
    load_inputs(names := {}, ["x"], more=True)
    own = item(names["x"], 1, "x")
    load_inputs(names, [], {"x": WORDS})
    own.append(7)
    save_outputs(names, [])
    own[0].append(7)
    with pytest.raises(MarshalError, match=f"^this step changed `x`, {re.escape(WORDS)}$"):
        save_outputs(names, [])


def test_whether_something_changed_for_other_items_may_not_be_known(context):
    told = json.loads((context / "context.json").read_text())
    (context / "context.json").write_text(json.dumps({**told, "outputs": {}}))
    load_inputs(names := {"z": (n for n in ())}, [], {"z": WORDS})
    with pytest.warns(RuntimeWarning) as caught:
        save_outputs(names, [])
    assert str(caught[0].message) == (
        "whether this step changes `z`, which the other items of the loop read, is not known"
    )


def test_the_item_of_a_loop_over_its_own_name_is_compared_with_itself(context):
    save_outputs({"x": [[1], [2]], "y": 1}, ["x", "y"])
    load_inputs(names := {}, ["x"], more=True)
    names["x"] = item(names["x"], 1)
    load_inputs(names, [])
    save_outputs(names, ["x"])
    assert read_manifest(context / "x", "x").changed is False
    load_inputs(names, ["x"])
    assert names["x"] == [2]
