"""Outputs that are an input which did not change: handed on as its folder, where that is allowed."""

from __future__ import annotations

import json

import pytest

from kale.marshal import load_inputs, save_outputs, step


@pytest.fixture
def hand_on(context, monkeypatch):
    """A step that reads ``x`` and ``y`` in one place, and saves them in another or hands them on."""
    for known in ("_loaded", "_before", "_held"):  # a step is a process of its own
        monkeypatch.setattr(step, known, {})

    def start(*names):
        own, told = "next", json.loads((context / "context.json").read_text())
        told["outputs"] = {name: str(context / own / name) for name in ("x", "y")}
        told["hand_on"] = {name: str(context / own / f"{name}.txt") for name in names}
        (context / own).mkdir()
        (context / "context.json").write_text(json.dumps(told))
        return context / own

    return start


def test_what_did_not_change_is_handed_on_where_that_is_allowed(context, hand_on):
    save_outputs({"x": [1], "y": [2]}, ["x", "y"])
    before = {path: path.stat().st_mtime_ns for path in context.rglob("*/*")}
    saved = hand_on("x")
    load_inputs(names := {}, ["x", "y"])
    save_outputs(names, ["x", "y"])
    assert sorted(path.name for path in saved.iterdir()) == ["x.txt", "y"]
    assert (saved / "x.txt").read_text() == str(context / "x")
    assert before.items() <= {p: p.stat().st_mtime_ns for p in context.rglob("*/*")}.items()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda names: names["x"].append(2), id="changed"),
        pytest.param(lambda names: names.update(x=[1]), id="made anew"),
        pytest.param(lambda names: names.pop("x"), id="deleted"),
    ],
)
def test_what_is_not_what_was_loaded_is_never_handed_on(hand_on, change):
    save_outputs({"x": [1], "y": [2]}, ["x", "y"])
    saved = hand_on("x", "y")
    load_inputs(names := {}, ["x", "y"])
    change(names)
    save_outputs(names, ["x", "y"])
    assert sorted(path.name for path in saved.iterdir()) == ["x", "y.txt"]


def test_what_was_loaded_together_is_one_again_if_only_a_part_is_handed_on(context, hand_on):
    shared = [1]
    save_outputs({"x": [shared], "y": {"a": shared}}, ["x", "y"])
    saved = hand_on("x")
    load_inputs(names := {}, ["x", "y"])
    save_outputs(names, ["x", "y"])
    told = json.loads((context / "context.json").read_text())
    told["inputs"] = {"x": [(saved / "x.txt").read_text()], "y": [str(saved / "y")]}
    (context / "context.json").write_text(json.dumps(told))
    load_inputs(again := {}, ["x", "y"])
    assert again["x"][0] is again["y"]["a"]


def test_two_of_a_group_that_part_are_saved_anew(context, hand_on):
    shared = [1]
    save_outputs({"x": [shared], "y": {"a": shared}}, ["x", "y"])
    saved = hand_on("x", "y")
    load_inputs(names := {}, ["x", "y"])
    names["y"] = {"a": [1]}
    save_outputs(names, ["x", "y"])
    assert (saved / "y").is_dir()
