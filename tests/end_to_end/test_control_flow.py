"""Pipelines with loops, conditions and exit handlers: as plain Python, and by the local engine.

What the steps print is what the two are compared by; in a loop the order is nobody's.
"""

from __future__ import annotations

import runpy
import textwrap

import pytest

from kale import core
from kale.runners import RunOptions

_HEAD = """\
from dataclasses import dataclass

from kale.sdk import exit_handler, parallel, pipeline, step

SIZES = [2, 3]
TABLE = {"a": 1, "b": 2}


@dataclass
class Point:
    x: int
    y: int


@step
def numbers(count):
    return list(range(count))


@step
def words():
    return ["one", "two"]


@step
def points(count):
    return [Point(n, n * n) for n in range(count)]


@step
def described():
    return {"rows": [1, 2, 3], "names": {"b": 1, "a": 2}, "none": []}


@step
def square(x):
    print("square", x)
    return x * x


@step
def add(x, y):
    print("add", x, y)
    return x + y


@step
def span(count):
    return tuple(range(10, 10 + count))


@step
def show(*values, **named):
    print("show", *values, *sorted(named.items()))


@step
def total(values):
    print("total", values)
    return sum(values)


@step
def clean():
    print("clean")


@step
def fail():
    raise OSError("no such table")


"""

#: Parameters, and the body of the pipeline.
BODIES = {
    "loops over all that can be looped over": (
        "sizes=[5, 6]",
        """
        found = numbers(2)
        for x in found:
            show("result", x)
        for size in sizes:
            show("parameter", size)
        for size in SIZES:
            show("constant", size)
        for i, (x, word) in enumerate(zip(found, words())):
            show("zip", i, x, word)
        for name, value in TABLE.items():
            show("items", name, value)
        for n in range(1, len(found) + 2, 2):
            show("range", n)
        """,
    ),
    "loops over parts of a result, and over nothing": (
        "",
        """
        known = described()
        for row in known["rows"]:
            show("row", row)
        for name, count in sorted(known["names"].items()):
            show("name", name, count)
        for nobody in known["none"]:
            show("nobody", nobody)
        show("after")
        """,
    ),
    "items of a class of the module, and two steps an item": (
        "count=3",
        """
        found = points(count)
        sums = []
        for point in found:
            sum_of = add(point.x, point.y)
            sums.append(square(sum_of))
        total(sums)
        """,
    ),
    "an inner list from outside, and lists of lists": (
        "",
        """
        outer, inner = numbers(2), words()
        pairs = []
        for x in outer:
            for word in inner:
                pairs.append(add(word, str(x)))
        show(pairs)
        parts = [span(n) for n in SIZES]
        show(parts)
        flat = [add(x, n) for n in SIZES for x in span(n)]
        show(flat)
        """,
    ),
    "a list in each item of what its own loop made": (
        "",
        """
        sums = []
        for n in numbers(3):
            squares = []
            for x in span(n):
                squares.append(square(x))
            sums.append(total(squares))
        show(sums)
        for n in [1, 2]:
            known = [add(n, x) for x in (3, 4)]
            show(total(known))
        """,
    ),
    "a list of no items, and a loop that waits for a list": (
        "count=0",
        """
        squares = [square(x) for x in numbers(count)]
        found = total(squares)
        for x in parallel(squares, 2):
            show(x)
        show(found)
        """,
    ),
    "the list of one loop is what the next one goes over": (
        "",
        """
        squares = [square(x) for x in numbers(3)]
        cubes = []
        for x in parallel(squares, 1):
            cubes.append(add(x, 1))
        show(squares, cubes)
        """,
    ),
    "a value from one of several branches": (
        "least=4",
        """
        found = total(numbers(3))
        if found > least:
            word = add("more", "!")
            show("only if", word)
        elif found == least:
            word = add("just", "!")
        else:
            word = add("less", "!")
        show(word)
        """,
    ),
    "a name that is bound before, and changed in a branch": (
        "wanted=True",
        """
        x = square(3)
        if wanted:
            x = add(x, 1)
        show(x)
        """,
    ),
    "conditions in a loop, loops in a condition": (
        "",
        """
        odd = []
        for x in numbers(4):
            y = square(x)
            if y % 2:
                odd.append(add(y, 100))
            else:
                show("even", y)
        show(odd)
        if len(odd) > 1:
            for y in odd:
                if y > 105:
                    show("much", y)
        else:
            for y in SIZES:
                show("never", y)
        """,
    ),
    "an exit handler around what fails": (
        "",
        """
        with exit_handler(clean):
            for x in SIZES:
                show(x)
            fail()
        """,
    ),
}


def script(parameters: str, body: str) -> str:
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    main = 'if __name__ == "__main__":\n    made()\n'
    return f"{_HEAD}@pipeline(name='made')\ndef made({parameters}):\n{body}\n\n\n{main}"


@pytest.fixture
def both(tmp_path, capsys):
    """What a script prints as plain Python, and as a pipeline on this machine; both sorted."""

    def run(parameters: str, body: str) -> tuple[list[str], list[str]]:
        path = tmp_path / "made.py"
        path.write_text(script(parameters, body), encoding="utf-8")
        failed = False
        try:
            runpy.run_path(str(path), run_name="__main__")
        except OSError:
            failed = True
        plain = capsys.readouterr().out.splitlines()
        options = RunOptions(use_cache=False)
        result = core.run(path, run_dir=tmp_path / "run", options=options)
        assert result.status == ("failed" if failed else "succeeded"), [
            (step.name, step.error) for step in result.failures
        ]
        logs = [step.log.read_text() for step in result.steps if step.log]
        # Of a failure there is a traceback.
        said = [line for log in logs for line in log.partition("-----")[0].splitlines()]
        return sorted(plain), sorted(said)

    return run


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        *(pytest.param(*body, id=name) for name, body in BODIES.items()),
        pytest.param("least=3", BODIES["a value from one of several branches"][1], id="of elif"),
        pytest.param(
            "wanted=False",
            BODIES["a name that is bound before, and changed in a branch"][1],
            id="a name that is bound before, and not changed",
        ),
    ],
)
def test_a_pipeline_computes_what_plain_python_does(both, parameters, body):
    plain, said = both(parameters, body)
    assert said == plain != []
