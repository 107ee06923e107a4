"""Notebooks with loops and conditions held against the program that their tags say."""

from __future__ import annotations

CELLS = (
    ("pipeline-parameters", "n = 3"),
    ("block:make", "xs = list(range(n))\nprint('xs', xs)\nn"),
    (["block:sq", "loop:x in xs"], "y = x * x\nprint(y)\ny"),
    (["block:next", "loop:x in xs"], "z = y + 1\nif x:\n    w = z"),
    ("block:inner", "print(y, z, w)"),
    (["block:high", "when:n > 2"], "word = 'high'\nprint('high')"),
    (["block:low", "when:else"], "word = 'low'\nprint('low')"),
    ("block:show", "print(word)"),
    (["block:deep", "loop:x in xs"], "q = [x]"),
    (["block:deeper", "loop:x in xs", "loop:i in [1, 2]"], "r = q + [i]"),
    ("block:end", "print(r, q)"),
    ("pipeline-metrics", "total = sum(y)\nprint(total)"),
)


def different(found):
    return [(c.step, c.name, c.detail) for c in found.checks if c.verdict.value != "same"]


def test_loops_and_conditions_compute_what_their_program_computes(verified):
    found = verified(*CELLS, parameters=["n=2"], repeat=0)
    assert different(found) == []
    checks = {(check.step, check.kind, check.name) for check in found.checks}
    assert checks >= {
        ("make", "output", "cell 2"),
        ("sq.1", "value", "y"),
        ("sq.1", "output", "cell 3, item 1"),
        ("next.1", "value", "w"),
        ("inner", "value", "w"),
        ("inner", "output", "cell 5"),
        ("low", "value", "word"),
        ("deeper.1.1", "value", "r"),
        ("end", "value", "q"),
    }
    assert [check.name for check in found.checks if check.kind == "metric"] == ["total"]
    assert not any(check.step == "high" for check in found.checks)


def test_what_a_loop_leaves_in_its_process_is_different(verified):
    found = verified(
        ("imports", "import decimal"),
        ("block:coarse", "decimal.getcontext().prec = 3\nxs = [1, 2]"),
        (["block:third", "loop:x in xs"], "y = decimal.Decimal(x) / 3"),
        ("block:show", "print(len(y))"),
        repeat=0,
    )
    assert different(found)[0] == (
        "third.0",
        "y",
        "0.3333333333333333333333333333, in the notebook 0.333",
    )
    assert len(different(found)) == 3
