"""Builders of plans with loops, conditions and exit handlers, and how their runs went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from runners.plans import PATH, cell, task

from kale.control import Branch, Context, ExitHandler, Loop
from kale.errors import Location
from kale.ir import Port, PortKind, Task

AT = Location(PATH, 1, 1)


def loop(key: str, decider: str = "", *, count: int | None = None, parallelism=None) -> Loop:
    """A loop over what ``decider`` binds, or over ``count`` items."""
    return Loop(key, "x", "xs", f"index_{key[-1]}", AT, count, decider, (), parallelism)


def branches(key: str, decider: str, *tests: str) -> tuple[Branch, ...]:
    """The branches of a condition, the last one for when no test holds."""
    of = len(tests) + 1
    return tuple(Branch(key, number, of, decider, AT, tests) for number in range(of))


def handler(exit_step: str) -> ExitHandler:
    return ExitHandler("exit:1", exit_step, AT)


def standing(
    within: Iterable[Context],
    name: str,
    *cells,
    collects: Mapping[str, str] = {},
    chooses: Mapping[str, tuple[str, ...]] = {},
    decides: Mapping[str, str] = {},
    **options,
) -> Task:
    """A task as :func:`runners.plans.task` makes one, within loops and conditions.

    ``collects`` maps variables to the steps that save ``x``, ``chooses`` to several of which one
    runs. The index variables of the loops around it are its parameters.
    """
    within = tuple(within)
    loops = [context for context in within if isinstance(context, Loop)]
    made = task(name, *cells, **options)
    ports = [
        *made.inputs,
        *(Port(c.index, PortKind.PARAMETER, c.index, (c.key, c.index)) for c in loops),
        *(
            Port(v, PortKind.ARTIFACT, f"in_{v}", (s, "out_x"), collected=True)
            for v, s in collects.items()
        ),
        *(
            Port(v, PortKind.ARTIFACT, f"in_{v}", (s, "out_x"), choice=True)
            for v, steps in chooses.items()
            for s in steps
        ),
    ]
    fed = dict.fromkeys(port.source[0] for port in ports if port.kind is PortKind.ARTIFACT)
    return replace(
        made,
        inputs=tuple(ports),
        after=tuple(dict.fromkeys((*made.after, *fed))),
        within=within,
        decides=tuple(decides.items()),
    )


# --------------------------------------------------------------- steps that can really run

OVER_XS = loop("loop:1", "load")
ITEM = cell("x = __import__('kale_runtime').item(xs, index_1)", "item")


def decides(call: str) -> dict:
    return cell(f"__import__('kale_runtime').decide(globals(), {call})", "decide")


def after_save(made, *cells):
    """A task whose notebook goes on after it has saved."""
    content = json.loads(made.notebook)
    content["cells"] += [{**c, "id": f"end{n}"} for n, c in enumerate(cells)]
    return replace(made, notebook=json.dumps(content).encode())


def load(items: str):
    made = standing((), "load", f"xs = {items}", saves=["xs"], decides={"loop:1": "xs"})
    return after_save(made, decides("{'loop:1': 'xs'}"))


def worker(name: str, code: str, **options):
    """A step in the loop, which saves ``x``."""
    options = {"loads": {"xs": "load"}, "takes": {"index_1": "0"}, "saves": ["x"]} | options
    return standing([OVER_XS], name, ITEM, code, **options)


def collected(*names: str) -> dict:
    return cell(f"__import__('kale_runtime').load_inputs(globals(), {[*names]})", "load")


def shows(name: str, source: str, *, writes: str = "seen"):
    """A step that writes down the list of what ``source`` has saved for all items."""
    code = f"open({writes!r}, 'w').write(repr(squares))"
    return standing((), name, collected("squares"), code, collects={"squares": source})


def branching(number: int):
    """A condition whose branch ``number`` is taken, and who reads what that one made."""
    first, second, rest = branches("if:1", "choose", "score > 0.8", "score > 0.5")
    choose = standing((), "choose", f"number = {number}", decides={"if:1": "number"})
    return (
        after_save(choose, decides("{}, {'if:1': 'number'}")),
        standing([first], "deploy", "x = 'deployed'", saves=["x"]),
        standing([second], "warn", "x = 'warned'", saves=["x"]),
        standing([second], "mail", "open('mail', 'w').write(x)", loads={"x": "warn"}),
        standing([rest], "drop", "x = 'dropped'", saves=["x"]),
        standing(
            (), "report", cell("__import__('kale_runtime').load_inputs(globals(), ['x'])", "load"),
            "open('seen', 'w').write(x)", chooses={"x": ("deploy", "warn", "drop")},
        ),
    )  # fmt: skip


def told(result) -> dict[str, str]:
    return {step.name: step.status + (" cached" if step.cached else "") for step in result.steps}


SQUARES = worker("square", "x = x * x"), shows("show", "square")
