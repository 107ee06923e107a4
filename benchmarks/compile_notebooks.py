"""The notebooks that `kale compile` is measured on: small steps as they stand in notebooks."""

from __future__ import annotations

from engine_notebooks import Cell

_FUNCTIONS = """\
def scaled(rows, factor):
    return [{**row, "value": row["value"] * factor} for row in rows]


def mean(rows):
    return sum(row["value"] for row in rows) / len(rows)"""

_LOAD = """\
random.seed(1)
rows0 = [{"id": i, "value": random.random()} for i in range(size)]
print(len(rows0), "rows")"""

_STEP = """\
rows{n} = scaled(rows{before}, factor)
average{n} = mean(rows{n})
rows{n} = [row for row in rows{n} if row["value"] < 2 * average{n}]
if not rows{n}:
    raise ValueError("nothing left in step {n}")
print(json.dumps({{"step": {n}, "rows": len(rows{n}), "mean": math.floor(average{n})}}))"""


def small_steps(steps: int) -> list[Cell]:
    """Imports, functions, parameters; then a chain of steps of three to six lines."""
    return [
        ("imports", "import json\nimport math\nimport random"),
        ("functions", _FUNCTIONS),
        ("pipeline-parameters", "size = 100\nfactor = 1.5"),
        ("block:step0", _LOAD),
        *(
            (f"block:step{n} prev:step{n - 1}", _STEP.format(n=n, before=n - 1))
            for n in range(1, steps)
        ),
    ]
