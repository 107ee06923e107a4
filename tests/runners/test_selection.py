"""Which steps a run is about: refusals first, then every combination on one graph."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runners.control_plans import handler, loop, standing
from runners.plans import plan, task

from kale.errors import RefusedError, UsageError
from kale.runners.control_edges import with_control
from kale.runners.options import RunOptions
from kale.runners.selection import select

#   a -> b -> d -> e
#   a -> c -> d        c -> f        g
PLAN = plan(
    task("a"),
    task("b", after=["a"]),
    task("c", after=["a"]),
    task("d", after=["b", "c"]),
    task("e", after=["d"]),
    task("f", after=["c"]),
    task("g"),
)


def options(*, until: str = "", start: str = "", refresh: str = "", **more) -> RunOptions:
    return RunOptions(
        until=frozenset(until), start=frozenset(start), refresh=frozenset(refresh), **more
    )


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        pytest.param(
            RunOptions(until=frozenset(["aa"])),
            "`--until aa`: the notebook has no such step",
            "did you mean `a`?",
            id="a step that does not exist, with the nearest spelling",
        ),
        pytest.param(
            RunOptions(only="train"),
            "`--only train`: the notebook has no such step",
            "it has `a`, `b`, `c`, `d`, `e`, `f`, `g`",
            id="nothing is spelled like it",
        ),
        pytest.param(
            options(refresh="x"),
            "`--refresh x`: the notebook has no such step",
            "it has `a`, `b`, `c`, `d`, `e`, `f`, `g`",
            id="refreshing what is not there",
        ),
        pytest.param(
            options(start="d", until="b"),
            "`--until b` leaves out step `d`, which `--from` asks for",
            "leave one of the two out, or name a later step after `--until`",
            id="from a step that comes after the last one",
        ),
        pytest.param(
            options(start="f", until="be"),
            "`--until b --until e` leaves out step `f`, which `--from` asks for",
            "leave one of the two out, or name a later step after `--until`",
            id="from a step of another branch",
        ),
        pytest.param(
            options(refresh="g", until="e"),
            "`--until e` leaves out step `g`, which `--refresh` asks for",
            "leave one of the two out, or name a later step after `--until`",
            id="refreshing what is left out",
        ),
        *(
            pytest.param(
                options(**{name: "a"}, only="b"),
                f"`--only b` runs one step, so `--{option} a` means nothing beside it",
                "leave one of the two out",
                id=f"only one step and --{option}",
            )
            for name, option in (("until", "until"), ("start", "from"), ("refresh", "refresh"))
        ),
        pytest.param(
            options(until="b", only="b"),
            "`--only b` runs one step, so `--until b` means nothing beside it",
            "leave one of the two out",
            id="only and until the same step",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(given, message, hint):
    with pytest.raises(UsageError) as caught:
        select(PLAN, given)
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "KALE509",
        message,
        hint,
    )


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(RefusedError) as caught:
        select(PLAN, options(until="xy", refresh="z"))
    assert len(caught.value.parts()) == 3
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("given", "run", "force"),
    [
        pytest.param(options(), "abcdefg", "", id="nothing asked: all, and any may be known"),
        pytest.param(options(until="a"), "a", "", id="until the first step"),
        pytest.param(options(until="d"), "abcd", "", id="until a step that joins two branches"),
        pytest.param(options(until="bg"), "abg", "", id="until two steps"),
        pytest.param(options(until="e"), "abcde", "", id="until the last, without other branches"),
        pytest.param(options(start="a"), "abcdefg", "abcdef", id="from the first step"),
        pytest.param(options(start="d"), "abcdefg", "de", id="from a later one"),
        pytest.param(options(start="bf"), "abcdefg", "bdef", id="from two steps"),
        pytest.param(options(start="b", until="d"), "abcd", "bd", id="between two steps"),
        pytest.param(options(start="c", until="df"), "abcdf", "cdf", id="between, to two ends"),
        pytest.param(options(start="d", until="d"), "abcd", "d", id="from and until one step"),
        pytest.param(
            options(refresh="b"), "abcdefg", "b", id="refreshing one step, not what follows"
        ),
        pytest.param(options(refresh="b", until="b"), "ab", "b", id="refreshing the last"),
        pytest.param(options(start="d", refresh="a"), "abcdefg", "ade", id="from and refreshing"),
        pytest.param(options(only="d"), "d", "d", id="one step alone"),
        pytest.param(options(only="d", refresh="d"), "d", "d", id="alone, said twice"),
        pytest.param(options(only="d", use_cache=False), "d", "d", id="alone without the cache"),
    ],
)
def test_the_steps_of_a_run(given, run, force):
    found = select(PLAN, given)
    assert ("".join(sorted(found.run)), "".join(sorted(found.force))) == (run, force)
    assert {name for name in "abcdefg" if found.left_out(name)} == {*"abcdefg"} - {*run}


@pytest.mark.parametrize(
    ("given", "step", "words"),
    [
        pytest.param(options(start="b"), "b", "asked to by --from", id="the step itself"),
        pytest.param(options(start="b"), "e", "asked to by --from b", id="one that follows"),
        pytest.param(options(start="b", refresh="b"), "b", "asked to by --refresh", id="both"),
        pytest.param(options(only="b"), "b", "asked to by --only", id="alone"),
    ],
)
def test_who_asked_for_a_step_to_run(given, step, words):
    assert select(PLAN, given).asked[step] == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(options(until="bc"), "not asked for: `--until b --until c` does not need it", id="until"),
        pytest.param(options(only="b"), "not asked for: `--only b`", id="only"),
    ],
)  # fmt: skip
def test_why_a_step_is_left_out(given, words):
    assert select(PLAN, given).left_out("g") == words


def test_a_plan_without_steps_has_none_to_run():
    assert select(plan(), options()).run == frozenset()


class _Counted(tuple):
    """What a task waits for, counting how often it is gone through."""

    seen = 0

    def __iter__(self):
        _Counted.seen += len(self)
        return super().__iter__()


def test_each_edge_is_looked_at_once_for_each_option():
    names = [f"s{number}" for number in range(60)]
    steps = [task(name, after=names[:rank]) for rank, name in enumerate(names)]
    dense = plan(*(replace(step, after=_Counted(step.after)) for step in steps))
    before = _Counted.seen
    select(dense, RunOptions(until=frozenset(names[-1:]), start=frozenset(names[:1])))
    assert 0 < _Counted.seen - before <= 2 * sum(range(60))


#: `load` tells how often `fit` runs; `clean` runs behind `fit` in any case.
LOOP = with_control(
    plan(
        task("clean"),
        task("load"),
        standing([handler("clean"), loop("loop:1", "load")], "fit"),
        task("apart"),
    )
)


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        pytest.param("fit", "load fit", id="a step in a loop, and who tells its length"),
        pytest.param("clean", "load fit clean", id="an exit step and its group"),
    ],
)
def test_what_decides_on_a_step_belongs_to_what_it_needs(until, kept):
    assert select(LOOP, RunOptions(until=frozenset([until]))).run == {*kept.split()}


def test_what_follows_a_decider_runs_again_with_it():
    assert {*select(LOOP, RunOptions(start=frozenset(["load"]))).force} == {"load", "fit", "clean"}


def test_an_item_of_a_loop_cannot_be_chosen():
    with pytest.raises(UsageError) as caught:
        select(LOOP, RunOptions(only="fit.0"))
    assert caught.value.hint == "name `fit`, which means all items of its loop"
