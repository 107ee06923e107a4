"""Which steps a read value comes from: the graph, inferred edges, conflicts and undefined names."""

import pytest
from both_ways import ROW, codes, row, wires

FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}
NONE = {}

LAST = [
    row("a step that only stands between", ("a", "x = 1"), ("b", "y = 2"), ("c", "r = x"),
        wires={"x: a -> c"}),
    row("the last definition", ("a", "x = 1"), ("b", "x = 2"), ("c", "r = x"), wires={"x: b -> c"}),
    row("the last change", ("a", "x = [1]"), ("b", "x.append(2)"), ("c", "r = x"),
        wires={"x: a -> b", "x: b -> c"}),
    row("a sibling's reassignment counts for those after it", ("a", "x = 1"), ("b", "x = 2\ny = x"),
        ("c", "z = 5"), ("d", "r = x, y, z"), after=FORK,
        wires={"x: b -> d", "y: b -> d", "z: c -> d"}),
    row("a later sibling's reassignment does not reach an earlier one", ("a", "x = 1"), ("b", "y = x"),
        ("c", "x = 5"), ("d", "r = x, y"), after=FORK, wires={"x: a -> b", "x: c -> d", "y: b -> d"}),
    row("a change after a sibling's waits for it", ("a", "x = [1]"), ("b", "x.append(2)"),
        ("c", "x.append(3)"), ("d", "r = x"), after=FORK,
        wires={"x: a -> b", "x: b -> c", "x: c -> d"}),
    row("loop variables of two branches", ("a", "x = [1]"), ("b", "for i in x: y = i"),
        ("c", "for i in x: z = i"), ("d", "r = y, z"), after=FORK),
    row("functions of one name in two branches", ("a", "x = 1"), ("b", "def f(): return 1\ny = f()"),
        ("c", "def f(): return 2\nz = f()"), ("d", "r = y, z"), after=FORK),
    row("a cell of two steps", ("a", "k = 2"), ("b;c", "x = k * 2"), ("b", "y = x + 1"),
        ("c", "z = x + 2"), ("d", "r = y, z"), after=FORK),
]  # fmt: skip


@pytest.mark.parametrize(ROW, LAST)
def test_a_value_comes_from_the_last_definitions_and_changes_that_reach_the_step(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


def test_prev_edges_are_kept_even_where_no_data_flows(analyzed):
    found = analyzed(("a", "x = 1"), ("b", "y = 1"), ("c", "r = x"), after={"b": "a", "c": "b"})
    assert dict(found.after) == {"a": (), "b": ("a",), "c": ("b",)}
    assert codes(found) == []


def test_a_last_writer_that_is_no_ancestor_becomes_one_with_a_notice(both):
    found = both(("a", "x = 1"), ("b", "y = x"), ("c", "z = 1\nr = y"), after={})
    assert found.same
    assert dict(found.analyzed.after) == {"a": (), "b": ("a",), "c": ("b",)}
    assert [f"{d.severity.value} {d.message}; {d.hint}" for d in found.analyzed.diagnostics] == [
        "notice step `b` waits for `a`, because it reads `x`, which cell 1 binds; "
        "add the tag `prev:a` to say so in the notebook",
        "notice step `c` waits for `b`, because it reads `y`, which cell 2 binds; "
        "add the tag `prev:b` to say so in the notebook",
    ]


def test_a_change_waits_for_nobody_who_read_the_value_before_it(both):
    found = both(
        ("a", "x = [1]"), ("b", "y = len(x)"), ("c", "x.append(2)\nz = len(x)"), ("d", "r = y, z"),
        after=FORK,
    )  # fmt: skip
    assert found.same
    assert wires(found.analyzed) == {"x: a -> b", "x: a -> c", "y: b -> d", "z: c -> d"}


REFUSED = [
    pytest.param(
        (("a", "x = 1"), ("b", "x = 2"), ("c", "x = 3"), ("d", "r = x")), FORK,
        "KALE210 cell 4, line 1: step `d` reads `x`, which steps `b` (cell 2) and `c` (cell 3) both "
        "write, and nothing orders the two; tag a cell of `c` with `prev:b`, or use two names",
        id="two assignments",
    ),
    pytest.param(
        (("a", "x = 1"), ("b", "y = x"), ("a", "x = 2"), ("c", "r = y + x")),
        {"b": ["a"], "c": ["a", "b"]},
        "KALE212 cell 2, line 1: `x` is read in cell 2 and step `a` binds it in cell 3; all cells of "
        "step `a` run together, so the two cannot keep their order; put the cells of `a` together, "
        "or give the later ones a step of their own",
        id="a cell of the producer below the reader",
    ),
    pytest.param(
        (("a", "x = 1"), ("b", "y = x"), ("a", "z = y"), ("c", "r = z")),
        {"b": ["a"], "c": ["a", "b"]},
        "KALE211 cell 3, line 1: step `a` reads `y` as step `b` leaves it in cell 2, but `b` runs "
        "after `a`; move the cell, or take the `prev:` away that puts `b` after `a`",
        id="two steps that wait for each other",
    ),
    pytest.param(
        (("functions", "k = 1"), ("a", "x = k"), ("functions", "k = 2"), ("b", "r = k, x")), None,
        "KALE213 cell 3, line 1: cell 3 sets `k`, which cell 2 uses with its earlier meaning; imports "
        "and functions cells run at the head of every step; move cell 3 above cell 2, or use another "
        "name",
        id="a shared cell that sets a name anew",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "after", "error"), REFUSED)
def test_two_writers_that_nothing_orders_are_refused_where_a_later_step_reads(
    refusals, cells, after, error
):
    assert refusals(*cells, after=after) == (error,)


def test_two_writers_whose_value_nobody_reads_later_are_no_conflict(both):
    found = both(
        ("a", "x = 1"), ("b", "x = 2\ny = x"), ("c", "x = 3\nz = x"), ("d", "r = y, z"), after=FORK
    )
    assert found.same


UNDEFINED = [
    pytest.param(
        (("a", "total = 1"), ("b", "q = 1\nr = totl")),
        "KALE301 cell 2, line 2: step `b` uses `totl`, which no earlier step defines; did you mean "
        "`total`?; correct the spelling",
        id="misspelt",
    ),
    pytest.param(
        (("a", "x = 1"), ("b", "r = zzz")),
        "KALE301 cell 2, line 1: step `b` uses `zzz`, which no earlier step defines; define `zzz` in "
        "an earlier step, or in a cell tagged `imports` or `functions`",
        id="unlike any other",
    ),
    pytest.param(
        (("a", "r = later"), ("b", "later = 1")),
        "KALE301 cell 1, line 1: step `a` uses `later`, which no earlier step defines; `b` defines it "
        "later, in cell 2; move cell 2 above the cell that uses `later`",
        id="defined later",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "error"), UNDEFINED)
def test_a_name_that_nobody_defines_is_refused_with_the_nearest_spelling(refusals, cells, error):
    assert refusals(*cells) == (error,)


PUT = "def put(v, c):\n    if c: v.append(5)"

MAYBE = [
    row("nobody changed it", ("functions", PUT), ("a", "x = [1]"), ("b", "put(x, 0)"),
        ("c", "put(x, 0)"), ("d", "r = x"), after=FORK),
    row("the second branch changed it", ("functions", PUT), ("a", "x = [1]"), ("b", "put(x, 0)"),
        ("c", "put(x, 1)"), ("d", "r = x"), after=FORK),
    row("a change that was taken back", ("functions", PUT), ("a", "x = [1]"),
        ("b", "put(x, 1)\nif len(x) > 1: put(x, 0); x = x[:1]"), ("c", "z = 1"), ("d", "r = x"), after=FORK),
    row("a set, whose order differs from process to process", ("imports", "from json import dumps as f"),
        ("a", "x = {'b', 'a', 'c'}"), ("b", "f(sorted(x))"), ("c", "f(list(x))"), ("d", "r = sorted(x)"),
        after=FORK),
    row("branches of a library's calls", ("imports", "from copy import copy as f"), ("a", "x = [1]"),
        ("b", "f(x)"), ("c", "f(x)"), ("d", "r = x"), after=FORK),
    row("one that may assign, one that reads", ("a", "x = 1\nc = 0"), ("b", "if c: x = 2"),
        ("c", "y = x"), ("d", "r = x, y"), after=FORK),
]  # fmt: skip


@pytest.mark.parametrize(ROW, MAYBE)
def test_of_versions_that_may_have_changed_the_one_that_did_is_taken(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


def test_a_run_stops_where_two_branches_changed_what_only_one_may(both):
    found = both(
        ("imports", "from operator import methodcaller"), ("a", "x = [1]"),
        ("b", "methodcaller('append', 5)(x)"), ("c", "methodcaller('append', 6)(x)"),
        ("d", "r = x"), after=FORK,
    )  # fmt: skip
    assert found.stopped == (
        "b: MarshalError: this step changed `x`, which step `c` reads and may do so at the same time; "
        "order the two with a `prev:` tag"
    )


def test_two_branches_that_may_change_a_value_both_hand_on_their_version(analyzed):
    found = analyzed(
        ("imports", "from m import f"), ("a", "x = [1]"), ("b", "f(x)"), ("c", "f(x)"), ("d", "r = x"),
        after=FORK,
    )  # fmt: skip
    assert wires(found) == {"x: a -> b", "x: a -> c", "x: b+c -> d"}
