"""Scripts of the SDK for tests: what they lower to as lines, and a run of it in one namespace.

The run is what `kale.control` says that loops and conditions mean, in 60 lines and without kernels;
beside the plain Python run of the same file it shows what the lowering is to keep.
"""

from __future__ import annotations

import contextlib
import io
import re
from itertools import groupby
from pathlib import Path
from textwrap import indent

import pytest

from kale.control import Branch, ExitHandler, Loop
from kale.diagnostics import from_error
from kale.errors import KaleError
from kale.sdk.lowering import lower
from kale.static_analysis import analyze

#: What stands above the bodies of tests.
HEAD = '''\
"""A script."""
import math

from kale.sdk import exit_handler, parallel, pipeline, step

SIZES = [2, 3]
LIMIT = 3
NAMES = ("a", "b")
TABLE = {"a": 1, "b": 2}
SHARED = [5, 6]


def helper(x):
    return sum(SHARED) + x


@step
def make(n=3):
    return list(range(1, n + 1))


@step
def pair():
    return 1, 2


@step
def f(x):
    return x + 1


@step
def g(x, y):
    return (x, y)


@step
def big(x):
    return helper(x) > 13


@step
def show(value, more=None):
    print(value, more)


@step
def clean(where="home"):
    print("clean", where)


'''


def rows(path: str) -> list[object]:
    """The rows of a file of tests/sdk: ``# title``, code, ``--`` and lines."""
    found = []
    text = (Path(__file__).parent / "sdk" / path).read_text(encoding="utf-8")
    for row in text.strip("\n").removeprefix("# ").split("\n\n# "):
        title, _, rest = row.partition("\n")
        code, _, lines = rest.partition("\n--")
        found.append(pytest.param(code, lines.split("\n")[1:], id=title))
    return found


def script(body: str) -> str:
    """A file with the pipeline `p`, whose body it is; a first line `def p(…):` gives parameters."""
    first, _, rest = body.strip("\n").partition("\n")
    if not first.startswith("def p("):
        first, rest = "def p():", body.strip("\n")
    call = '\n\nif __name__ == "__main__":\n    p()\n'
    return f'{HEAD}@pipeline(name="p")\n{first}\n{indent(rest, "    ")}\n{call}'


def first_line(body: str) -> int:
    """The line of the file at which a body without parameters begins."""
    return HEAD.count("\n") + 3


def written(tmp_path, text: str) -> str:
    path = tmp_path / "flow.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems(path: str, name: str = "flow.py") -> list[str]:
    """What is wrong with a file, as lines ``line:column CODE message (remedy)``."""
    try:
        lower(path)
    except KaleError as error:
        return [
            f"{one.at.line}:{one.at.column} {one.code} {one.message} ({one.hint})".replace(
                path, name
            )
            for one in from_error(error)
        ]
    return []


def graph(path: str) -> list[str]:
    """The steps, loops and conditions that a file lowers to, and where their values come from.

    Of its inputs, a step's line has those that its code, or the loop around it, mentions.
    """
    pipeline = lower(path)
    analyzed = analyze(pipeline)
    own = {step.name for step in pipeline.steps}
    lines = [f"all: {source.code}" for source in pipeline.functions if source.at.cell > 1_000_000]
    told = set()
    for step in pipeline.steps:
        for context in step.within:
            if context not in told:
                told.add(context)
                lines += _context(context, told)
        code = [source.code for source in step.sources if not source.code.startswith("def ")]
        line = f"{step.name}{_within(step)}: {' | '.join(code)}"
        read = set(re.findall(r"\w+", " ".join([*code, *_items(step)])))
        wires = [w for w in analyzed.wires if w.consumer == step.name and w.name in read]
        if wires:
            line += " <- " + ", ".join(dict.fromkeys(_wire(wire, own) for wire in wires))
        lines.append(line)
    return [line for text in lines for line in text.split("\n") if line.strip()]


def _context(context, told):
    match context:
        case Loop():
            count = context.decider if context.count is None else f"{context.count} items"
            line = f"{context.key}: {context.target} in {context.items} ({count})"
            if context.parallelism:
                line += f" at most {context.parallelism}"
            yield line + "".join(f", {a} as {b}" for a, b in context.collected)
        case Branch() if f"told {context.key}" not in told:
            told.add(f"told {context.key}")
            yield f"{context.key}: {' | '.join(context.tests)} ({context.decider})"
        case ExitHandler():
            yield f"{context.key}: {context.exit_step}"


def _items(step):
    return [context.items for context in step.within if isinstance(context, Loop)]


def _within(step):
    keys = [f"{c.key}.{c.number}" if isinstance(c, Branch) else c.key for c in step.within]
    return f" [{' '.join(keys)}]" if keys else ""


def _wire(wire, own):
    producers = "/".join(p if p in own else "…" for p in sorted(wire.producers))
    return f"{wire.name} of {'all ' * wire.collected}{producers}"


def plain_run(path: str, name: str = "p") -> str:
    """What the pipeline prints as plain Python."""
    code = compile(Path(path).read_text(encoding="utf-8"), path, "exec")
    namespace = {"__name__": "flow"}
    exec(code, namespace)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        namespace[name]()
    return out.getvalue()


def lowered_run(path: str) -> str:
    """What the steps print that the pipeline is lowered to, run one after the other."""
    pipeline = lower(path)
    space = {"__name__": "__main__"}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for parameter in pipeline.parameters:
            space[parameter.name] = parameter.default
        for source in (*pipeline.imports, *pipeline.functions):
            exec(source.code, space)
        _run(pipeline.steps, 0, space, {})
    return out.getvalue()


def _run(steps, depth, space, decided):
    def key(step):
        return step.within[depth].key if len(step.within) > depth else step.name

    for _, members in groupby(steps, key):
        group = list(members)
        if len(group[0].within) == depth:
            (step,) = group
            for source in step.sources:
                exec(source.code, space)
            decided.update({key: space[name] for key, name in step.decides})
            continue
        context = group[0].within[depth]
        match context:
            case Loop():
                _loop(context, group, depth, space, decided)
            case Branch():
                taken = decided[context.key]
                chosen = [one for one in group if one.within[depth].number == taken]
                _run(chosen, depth + 1, space, decided)
            case ExitHandler():
                _run(group, depth + 1, space, decided)


def _loop(loop, group, depth, space, decided):
    items = list(eval(loop.items, space))
    if loop.count is None:
        assert len(items) == len(list(decided[loop.key]))
    else:
        assert len(items) == loop.count
    lists = {outside: [] for _, outside in loop.collected}
    for index, item in enumerate(items):
        space[loop.index], space["kale_item"] = index, item
        exec(f"{loop.target} = kale_item", space)
        for inside, _ in loop.collected:
            space.pop(inside, None)
        _run(group, depth + 1, space, decided)
        for inside, outside in loop.collected:
            if inside == outside:
                lists[outside] += space.get(inside, [])
            elif inside in space:
                lists[outside].append(space[inside])
    space.update(lists)
