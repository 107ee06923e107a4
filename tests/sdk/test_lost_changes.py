"""Changes of objects that several values hold in plain Python: the step that makes one stops."""

from __future__ import annotations

import pytest
from sdk.stepwise_pipelines import run_both

COPY = "which shares objects with other values and would change without them; change a copy of it"
ITEMS = "which the other items of the loop read and need as it was before; change a copy of it"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            """
            outer = rows()
            ys = [first(outer, x) for x in gen()]
            grow_first(ys)
            show(ys)
            """,
            f"`ys`, {COPY}",
            id="values of several items are one object",
        ),
        pytest.param(
            """
            found = rows()
            ys = [same(row) for row in found]
            grow_first(ys)
            show(found)
            """,
            f"`ys`, {COPY}",
            id="a value is an item, and the items are read later",
        ),
        pytest.param(
            """
            outer = rows()
            ys = [first(outer, x) for x in gen()]
            grow_first(outer)
            show(ys)
            """,
            f"`outer`, {COPY}",
            id="a value is an object of before the loop, which changes",
        ),
        pytest.param(
            """
            outer = rows()
            ys = [first(outer, x) for x in gen()]
            best = ys[0]
            grow(best)
            """,
            f"`best`, {COPY}",
            id="one of them, taken out of the list",
        ),
        pytest.param(
            """
            ys = []
            zs = []
            for x in gen():
                y = wrapped(x)
                ys.append(y)
                zs.append(same(y))
            grow_first(ys)
            show(zs)
            """,
            f"`ys`, {COPY}",
            id="values in two lists are one object",
        ),
        pytest.param(
            """
            outer = rows()
            for x in gen():
                y = first(outer, x)
                show(grow(y))
            """,
            f"`y`, {COPY}",
            id="a value in a loop is one of before",
        ),
        pytest.param(
            """
            found = rows()
            if found:
                z = same(found)
            else:
                z = gen()
            grow(z)
            show(found)
            """,
            f"`z`, {COPY}",
            id="a value of a branch is one of before, which is read later",
        ),
        pytest.param(
            """
            found = rows()
            if found:
                z = same(found)
            else:
                z = gen()
            grow(found)
            show(z)
            """,
            f"`found`, {COPY}",
            id="and the other way round",
        ),
        pytest.param(
            """
            found = rows()
            for row in found:
                for x in found:
                    show(grow(x))
            """,
            f"`kale_items_2`, {ITEMS}",
            id="an item is that of another loop, too",
        ),
        pytest.param(
            "for row in twins(): show(grow(row))",
            f"`twins_result`, {ITEMS}",
            id="two items are one object",
        ),
        pytest.param(
            """
            found, one = with_first()
            for row in found:
                show(grow(row))
            show(one)
            """,
            f"`found`, {ITEMS}",
            id="an item is another variable, too",
        ),
        pytest.param(
            """
            found = rows()
            for row in found:
                show(grow(row))
            show(found)
            """,
            "`found`, which step `show-2` reads and needs as it was before; change a copy of it",
            id="the items are read later",
        ),
        pytest.param(
            """
            found, one = with_first()
            grow(one)
            show(found)
            """,
            "`found`, which step `show` reads and needs as it was before; change a copy of it",
            id="without any loop the message knows no tags, either",
        ),
    ],
)
def test_a_change_that_would_be_lost_stops_the_step(tmp_path, body, message):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of a runtime of its own
        run_both(tmp_path, body)
    assert f"{type(caught.value).__name__}: {caught.value}" == (
        f"MarshalError: this step changed {message}"
    )
