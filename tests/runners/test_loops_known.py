"""Runs with loops and conditions that know earlier ones: from the cache, resumed, one step alone."""

from __future__ import annotations

import pytest
from runners.control_plans import SQUARES, branching, load, told, worker

from kale.errors import UsageError
from kale.runners.history.past_run import read_run


def test_a_second_run_takes_all_items_from_the_first(run_plan):
    run_plan(load("[1, 2]"), *SQUARES)
    assert told(run_plan(load("[1, 2]"), *SQUARES)) == dict.fromkeys(
        ("load", "square.0", "square.1", "show"), "succeeded cached"
    )


def test_an_edit_of_a_step_in_a_loop_leaves_the_step_before_it_alone(run_plan, tmp_path):
    run_plan(load("[1, 2]"), *SQUARES)
    result = run_plan(load("[1, 2]"), worker("square", "x = x + 1"), SQUARES[1])
    assert told(result) == {
        "load": "succeeded cached",
        "square.0": "succeeded",
        "square.1": "succeeded",
        "show": "succeeded",
    }
    assert (tmp_path / "seen").read_text() == "[2, 3]"


def test_an_item_that_failed_runs_again_when_the_run_is_resumed(run_plan, tmp_path):
    picky = worker("square", "x = x * x if x < 3 or open(str(x)) else 0")
    first = run_plan(load("[1, 2, 3]"), picky, SQUARES[1])
    assert told(first)["square.2"] == "failed"
    past = read_run(first.run_dir)
    assert past.order == past.wanted == ("load", "square.0", "square.1", "square.2", "show")
    (tmp_path / "3").touch()
    second = run_plan(load("[1, 2, 3]"), picky, SQUARES[1], origin=past)
    assert told(second) == {
        "load": "succeeded cached",
        "square.0": "succeeded cached",
        "square.1": "succeeded cached",
        "square.2": "succeeded",
        "show": "succeeded",
    }
    assert (tmp_path / "seen").read_text() == "[1, 4, 9]"


def test_one_step_alone_means_all_items_of_its_loop(run_plan, tmp_path):
    first = run_plan(load("[1, 2]"), *SQUARES)
    alone = {"origin": read_run(first.run_dir), "only": "square"}
    second = run_plan(load("[1, 2]"), worker("square", "open(f'alone-{x}', 'w').close()"), **alone)
    assert {n: s for n, s in told(second).items() if s == "succeeded"} == {
        "square.0": "succeeded",
        "square.1": "succeeded",
    }
    assert {path.name for path in tmp_path.glob("alone-*")} == {"alone-1", "alone-2"}
    third = run_plan(load("[1, 2]"), *SQUARES, origin=read_run(first.run_dir), only="show")
    assert third.status == "succeeded"
    assert (tmp_path / "seen").read_text() == "[1, 4]"


def test_a_step_in_a_loop_that_no_run_knows_the_length_of_cannot_run_alone(run_plan):
    first = run_plan(load("1 / 0"), *SQUARES)
    with pytest.raises(UsageError, match="`xs`"):
        run_plan(load("[1]"), *SQUARES, origin=read_run(first.run_dir), only="square")


def test_what_a_branch_or_an_empty_loop_left_out_is_not_missing_from_a_run(run_plan):
    past = read_run(run_plan(*branching(0)[:-1]).run_dir)
    assert past.wanted == ("choose", "deploy")
    past = read_run(run_plan(load("[]"), *SQUARES).run_dir)
    assert past.wanted == ("load", "show")


def test_a_condition_is_known_from_the_cache_too(run_plan):
    run_plan(*branching(2)[:-1])
    states = told(run_plan(*branching(2)[:-1]))
    assert states == {
        "choose": "succeeded cached",
        "deploy": "skipped",
        "warn": "skipped",
        "mail": "skipped",
        "drop": "succeeded cached",
    }
