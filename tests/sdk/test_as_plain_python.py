"""Pipelines run as plain Python and step by step print the same."""

from __future__ import annotations

import pytest
from sdk.stepwise_pipelines import run_both


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        pytest.param("a=3", "show(add(square(a), 1))", id="calls inside of calls"),
        pytest.param("", "show([square(x) for x in gen()])", id="a comprehension"),
        pytest.param(
            "",
            """
            ys = []
            for x in gen():
                y = square(x)
                ys.append(y)
                show(x, y)
            show(ys)
            """,
            id="a loop, its items and its list",
        ),
        pytest.param(
            "",
            """
            ys = [square(x) for x in none()]
            show(ys)
            for y in ys:
                show(y)
            """,
            id="no items",
        ),
        pytest.param(
            "",
            """
            ys = []
            for row in rows():
                for x in row:
                    ys.append(square(x))
            show(ys)
            """,
            id="a loop over an item",
        ),
        pytest.param(
            "",
            """
            xs = gen()
            others = rows()
            for x in xs:
                for other in others:
                    show(x, other)
            """,
            id="an inner loop over what comes from outside",
        ),
        pytest.param(
            "",
            """
            found = []
            for row in rows():
                inner = []
                for x in row:
                    inner.append(square(x))
                found.append(same(inner))
            show(found)
            """,
            id="a list of lists",
        ),
        pytest.param(
            "n=2",
            """
            for i in [1, n]:
                for j in (3, "b"):
                    show(i, j)
            for r in range(2):
                show(r)
            for k, x in enumerate(gen()):
                show(k, x)
            for a, b in zip(gen(), "abc"):
                show(a, b)
            for key, value in {"a": 1}.items():
                show(key, value)
            for key in pairs():
                show(key)
            """,
            id="all that can be looped over",
        ),
        pytest.param("xs=[1, 2]", "for x in xs: show(square(x))", id="a parameter"),
        pytest.param(
            "",
            """
            for m in models():
                show(m.x)
            """,
            id="objects of a class of the file",
        ),
        pytest.param(
            "",
            """
            ys = []
            for x in gen():
                if x > 1:
                    y = square(x)
                else:
                    y = same("small")
                ys.append(y)
            show(ys)
            """,
            id="a value from either branch, in a loop",
        ),
        pytest.param(
            "",
            """
            ys = []
            for x in gen():
                if x > 1:
                    ys.append(square(x))
            show(ys)
            """,
            id="some items alone append",
        ),
        *(
            pytest.param(
                f"a={a}",
                """
                y = square(a)
                if y > 8:
                    z = square(y)
                elif y > 3:
                    z = add(y, 1)
                    show("mid")
                else:
                    z = same(y)
                show(y, z)
                """,
                id=f"branch {number} of three",
            )
            for number, a in enumerate((3, 2, 1), start=1)
        ),
        *(
            pytest.param(
                f"a={a}",
                """
                y = square(a)
                if y > 1:
                    if y > 8:
                        show("big")
                    else:
                        for x in gen():
                            show(add(x, y))
                show(y)
                """,
                id=f"nested conditions, {a}",
            )
            for a in (1, 2, 3)
        ),
        pytest.param(
            "",
            """
            with exit_handler(bye):
                for x in gen():
                    show(x)
            """,
            id="an exit handler",
        ),
        pytest.param("", "show(half(3))", id="values of their types"),
        pytest.param(
            "",
            """
            for row in rows():
                size = grow(row)
                show(size, row)
            """,
            id="an item that a step changes and the next one reads",
        ),
        pytest.param(
            "a=1",
            """
            for row in rows():
                if a:
                    show(grow(row))
                show(row)
            """,
            id="one that a branch changes",
        ),
        *(
            pytest.param(
                f"a={a}",
                """
                found = rows()
                if a:
                    show(grow(found))
                show(found)
                """,
                id=f"what a branch that is {'taken' if a else 'not taken'} changes",
            )
            for a in (0, 1)
        ),
        pytest.param(
            "",
            """
            ys = [wrapped(x) for x in gen()]
            grow_first(ys)
            show(ys)
            best = ys[0]
            grow(best)
            show(ys, best)
            for y in ys:
                show(grow(y))
            """,
            id="a value of one item alone may change",
        ),
        *(
            pytest.param(
                f"a={a}",
                """
                y = square(a)
                xs = none()
                if y > 3:
                    xs = gen()
                ys = [square(x) for x in xs]
                show(ys)
                """,
                id=f"a loop over what a branch may have made, {a}",
            )
            for a in (1, 2)
        ),
        pytest.param(
            "",
            """
            x = square(2)
            for y in gen():
                if y == 1:
                    z = add(x, y)
                elif y == 2:
                    z = wrapped(y)
                else:
                    z = same("z")
                if y > 1:
                    show(x, z)
            """,
            id="conditions side by side in a loop",
        ),
        pytest.param(
            "",
            """
            outer = rows()
            ys = [first(x, outer) for x in gen()]
            turn(ys)
            show(ys, outer)
            """,
            id="and so may the list",
        ),
        pytest.param(
            "",
            """
            outer = rows()
            ys = [first(outer, x) for x in gen()]
            turn(ys)
            show(ys, outer)
            """,
            id="also that of values which are one object",
        ),
        pytest.param(
            "",
            """
            ys = [same(row) for row in rows()]
            grow_first(ys)
            show(ys)
            """,
            id="an item that nobody else reads later",
        ),
    ],
)
def test_both_print_the_same(tmp_path, parameters, body):
    plain, stepwise = run_both(tmp_path, body, parameters)
    assert plain
    assert stepwise == plain
