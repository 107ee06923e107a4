"""The body of a pipeline, run as plain Python and step by step in this process.

Each step prints what it is given; the lines are compared in any order, for items have none.
"""

from __future__ import annotations

import contextlib
import io
import textwrap
from pathlib import Path

from stepwise_loops import run_instances

from kale.codegen import make_plan
from kale.sdk.lowering import lower
from kale.static_analysis import analyze

STEPS = """\
from kale.sdk import exit_handler, pipeline, step

class Model:
    def __init__(self, x): self.x = x

@step
def gen(): return [1, 2, 3]
@step
def none(): return []
@step
def rows(): return [[1], [2, 3], []]
@step
def twins():
    one = [0]
    return [one, one]
@step
def with_first():
    found = [[1], [2]]
    return found, found[0]
@step
def models(): return [Model(1), Model(2)]
@step
def pairs(): return {"a": 1, "b": [2]}
@step
def some_set(): return {1, 2}
@step
def some_iterator(): return (n for n in [1, 2])
@step
def same(x): return x
@step
def wrapped(x): return [x]
@step
def square(x): return x * x
@step
def add(a, b): return a + b
@step
def first(a, b): return a
@step
def half(x: int) -> float: return x / 2
@step
def grow(x):
    x.append(9)
    return len(x)
@step
def grow_first(xs): xs[0].append(7)
@step
def turn(xs): xs.sort(key=str, reverse=True)
@step
def show(*things): print(*things)
@step
def bye(): print("bye")

@pipeline(name="p")
def pipe(PARAMETERS):
BODY

if __name__ == "__main__":
    pipe()
"""


def run_both(folder: Path, body: str, parameters: str = "") -> tuple[list[str], list[str]]:
    """The sorted lines that the plain run prints, and the steps.

    Raises:
        Exception: whatever a step raises.
    """
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    script = STEPS.replace("PARAMETERS", parameters).replace("BODY", body)
    path = folder / "p.py"
    path.write_text(script, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(script, str(path), "exec"), {"__name__": "__main__"})
    stepwise = run_instances(make_plan(analyze(lower(str(path)))))
    return sorted(printed.getvalue().splitlines()), sorted("".join(stepwise.values()).splitlines())
