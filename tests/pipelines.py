"""Tiny builders: a pipeline from (owner, code) cells, without a notebook."""

from __future__ import annotations

from itertools import pairwise

from kale.errors import Location
from kale.ir import Parameter, Pipeline, Source, Step, StepOptions


def pipeline(*cells, after=None, parameters=()):
    """Cells are ("imports" | "functions" | "metrics" | "parameters" | step names, code).

    Step names may be joined by ``;``. ``after`` maps a step to its predecessors, ``prev:``.
    ``("parameters", {"alpha": 1})`` declares parameters.
    """
    found = {"imports": [], "functions": [], "metrics": []}
    steps, declared = {}, []
    for number, (owner, code) in enumerate(cells, start=1):
        if owner == "parameters":
            for line, (name, value) in enumerate(code.items(), start=1):
                at = Location("nb.ipynb", number, line)
                declared.append(Parameter(name, type(value).__name__, repr(value), at))
        elif owner in found:
            found[owner].append(Source(code, Location("nb.ipynb", number, 1), code))
        else:
            for name in owner.split(";"):
                at = Location("nb.ipynb", number, 1, step=name)
                steps.setdefault(name, []).append(Source(code, at, code))
    return Pipeline(
        name="nb",
        title="nb",
        path="nb.ipynb",
        parameters=tuple(declared),
        imports=tuple(found["imports"]),
        functions=tuple(found["functions"]),
        metrics=tuple(found["metrics"]),
        steps=tuple(
            Step(
                name,
                tuple(sources),
                tuple((after or {}).get(name, ())),
                StepOptions(),
                sources[0].at,
            )
            for name, sources in steps.items()
        ),
    )


def chain(*cells, parameters=()):
    """A pipeline whose steps run one after the other, each tagged with the one before."""
    names = list(dict.fromkeys(owner for owner, _ in cells if owner not in _NO_STEPS))
    return pipeline(*cells, after={b: (a,) for a, b in pairwise(names)})


_NO_STEPS = {"imports", "functions", "metrics", "parameters"}
