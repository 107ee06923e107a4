"""Plans whose loops and conditions are told how to go on, without a run."""

from __future__ import annotations

from runners.control_plans import branches, loop, standing
from runners.plans import plan

from kale.runners.expansion import Expansion

OUTER, INNER = loop("loop:1", "load"), loop("loop:2", "split")
TAKEN, OTHER, REST = branches("if:1", "load", "score > 0.8", "score > 0.5")


def grown(*tasks, told=()):
    """The steps after deciders have told their numbers, (decider, {key: number}) in turn."""
    steps = Expansion(plan(*tasks))
    for decider, numbers in told:
        steps.decide(decider, steps.check(decider, numbers))
    return steps


def loads(xs: str = "loop:1", **decides):
    return standing((), "load", saves=["xs"], decides={xs: "xs"} if xs else decides)


LOOP = (
    loads(),
    standing([OUTER], "fit", loads={"xs": "load"}, saves=["x"]),
    standing([OUTER], "score", loads={"x": "fit"}, saves=["x"]),
    standing((), "best", collects={"scores": "score"}),
)
NESTED = (
    loads(),
    standing([OUTER], "split", loads={"xs": "load"}, saves=["x"], decides={"loop:2": "x"}),
    standing([OUTER, INNER], "fit", loads={"x": "split"}, saves=["x"]),
    standing([OUTER], "mean", collects={"fits": "fit"}, saves=["x"]),
    standing((), "best", collects={"fits": "fit", "means": "mean"}),
)
CHOICE = (
    standing((), "load", saves=["score"], decides={"if:1": "score"}),
    standing([TAKEN], "deploy", loads={"score": "load"}, saves=["x"]),
    standing([OTHER], "warn", saves=["x"]),
    standing([REST], "drop", saves=["x"]),
    standing((), "report", chooses={"x": ("deploy", "warn", "drop")}),
)
