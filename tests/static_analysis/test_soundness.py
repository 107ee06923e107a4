"""Random notebooks, run top to bottom and step by step with only what the analysis hands over.

Every printed value must agree, or the notebook is refused or stops; a notebook whose steps form
a chain is never refused. Steps run by plain ``exec``; values are copied as one save copies them,
so that variables of one step share what they shared there.
"""

import copy
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipelines import pipeline

from kale.errors import KaleError
from kale.static_analysis import analyze

SHARED = """
class Box:
    def __init__(self, items):
        self.items = items

    def put(self, item):
        self.items.append(item)

    def __lshift__(self, item):
        self.items.append(item)

    def __repr__(self):
        return f"Box({self.items!r})"

def total(v):
    return [sum(x for x in v if isinstance(x, int))]

def counter(v):
    return v.append, lambda: v

def grow(v):
    v.append(len(v))
    return v

def touch_base():
    base.append(9)

base = [7]
"""
NAMES = ["a", "b", "c", "d"]


@st.composite
def statements(draw, defined):
    """One statement that reads only names that are surely lists by now."""
    target = draw(st.sampled_from(NAMES))
    number = draw(st.integers(0, 9))
    if not defined:
        defined.add(target)
        return f"{target} = [{number}]"
    x, y = draw(st.sampled_from(sorted(defined))), draw(st.sampled_from(sorted(defined)))
    kind = draw(st.integers(0, 29))
    forms = [
        f"{target} = [{number}]",
        f"{target} = {x} + [{number}]",
        f"{target} = {x}",
        f"{target} = list({x})",
        f"{target} = total({x})",
        f"{target} = [i for i in {x}] + {y}",
        f"{x}.append({number})",
        f"{x} += [{number}]",
        f"{x}[0] = {number}",
        f"grow({x})",
        f"{target} = grow({x})",
        f"if len({x}) > {number % 4}:\n    {y} = {y} + [{number}]",
        f"if len({x}) > {number % 4}:\n    {y}.append({number})",
        f"for i in {x}[:2]:\n    {y} = {y} + [{number}]",
        f"def helper(v):\n    return v + {x} + [{number}]\n{target} = helper({y})",
        f"box = Box({x})\nbox.put({number})\n{target} = box.items",
        f"{target} = (lambda v: v + {x})({y})",
        "base.append(1)",
        f"touch_base()\n{target} = base + [{number}]",
        f"try:\n    {target} = [{x}[3]]\nexcept IndexError:\n    {target} = {y} + [0]",
        f"{target}, {y} = {y} + [1], {x} + [2]",
        f"def change():\n    {x}.append({number})\nchange()",
        f"push = {x}.append\npush({number})",
        f"calls = {{'on': {x}.append}}\ncalls['on']({number})",
        f"put, get = counter({x})\nput({number})\n{target} = get()",
        f"nested = [{x}, {y}]\nmore = nested.copy()\nmore[0].append({number})",
        f"nested = [{x}] + [[{number}]]\nnested[0].append({number})\n{target} = nested[1]",
        f"box = Box({x})\nbox << {number}\n{target} = box.items",
        f"def change(v=None):\n    global {target}\n    {target} = [{number}] + {x}\nchange()",
        f"{target} = eval('{x} + {y}')",
    ]
    form = forms[kind]
    if re.search(rf"^\s*{target}( =|, )", form, re.MULTILINE):
        defined.add(target)
    return form


@st.composite
def notebooks(draw, linear):
    """Cells of two to five steps and the ``prev:`` edges between them."""
    defined, cells, after = set(), [("functions", SHARED)], {}
    steps = [f"s{i}" for i in range(draw(st.integers(2, 5)))]
    for position, step in enumerate(steps):
        lines = [draw(statements(defined)) for _ in range(draw(st.integers(1, 3)))]
        lines.append(f"print({', '.join(sorted(draw(st.sets(st.sampled_from(sorted(defined))))))})")
        cells.append((step, "\n".join(lines)))
        earlier = steps[:position]
        if linear:
            after[step] = tuple(earlier[-1:])
        else:
            after[step] = (
                tuple(sorted(draw(st.sets(st.sampled_from(earlier), max_size=2))))
                if earlier
                else ()
            )
    return cells, after


def printed_by(code, namespace):
    """Run code in a namespace; what it prints, as text."""
    found = []
    namespace["print"] = lambda *values: found.append(" ".join(map(repr, values)))
    exec(code, namespace)
    return found


def run_top_to_bottom(cells):
    namespace, printed = {}, {}
    for owner, code in cells:
        printed[owner] = printed_by(code, namespace)
    return printed


class StoppedError(Exception):
    """A step changed what it had to leave alone, or two branches both changed a value."""


def run_step_by_step(cells, analyzed):
    codes = dict(cells)
    saved, printed = {}, {}
    done = []
    while len(done) < len(analyzed.pipeline.steps):
        step = next(
            s.name for s in analyzed.pipeline.steps
            if s.name not in done and set(analyzed.after[s.name]) <= set(done)
        )  # fmt: skip
        summary = analyzed.summary(step)
        namespace = {}
        exec(SHARED, namespace)
        for source in summary.carried:
            exec(source.code, namespace)
        load(namespace, step, analyzed, saved)
        before = {
            name: repr(namespace[name])
            for name in namespace
            if name in [*NAMES, "base", "box", "nested"]
        }
        printed[step] = printed_by(codes[step], namespace)
        for name, _ in summary.unchanged:
            if name in before and repr(namespace.get(name)) != before[name]:
                raise StoppedError(name)
        outputs = {w.name for w in analyzed.wires if step in w.producers}
        saved[step] = (copy.deepcopy({n: namespace[n] for n in outputs if n in namespace}), before)
        done.append(step)
    return printed


def load(namespace, step, analyzed, saved):
    """Copy what the wires bring, all of one producer at once."""
    wanted = {}
    for wire in analyzed.wires:
        if wire.consumer == step:
            wanted.setdefault(choose(wire, saved), []).append(wire.name)
    for producer, names in wanted.items():
        values, _ = saved[producer]
        namespace.update(copy.deepcopy({n: values[n] for n in names if n in values}))


def choose(wire, saved):
    """The producer whose version changed; more than one is a stop."""
    changed = [
        p for p in wire.producers if repr(saved[p][0].get(wire.name)) != saved[p][1].get(wire.name)
    ]
    if len(wire.producers) > 1 and len(changed) > 1:
        raise StoppedError(wire.name)
    return (changed or list(wire.producers))[0] if len(wire.producers) > 1 else wire.producers[0]


COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.large_base_example],
}


@settings(max_examples=300, **COMMON)
@given(notebooks(linear=True))
def test_a_chain_of_steps_computes_what_the_notebook_computes(notebook):
    cells, after = notebook
    expected = run_top_to_bottom(cells)
    analyzed = analyze(pipeline(*cells, after=after))
    del expected["functions"]
    assert run_step_by_step(cells, analyzed) == expected


@settings(max_examples=300, **COMMON)
@given(notebooks(linear=False))
def test_branches_compute_what_the_notebook_computes_or_are_refused(notebook):
    cells, after = notebook
    expected = run_top_to_bottom(cells)
    del expected["functions"]
    try:
        found = run_step_by_step(cells, analyze(pipeline(*cells, after=after)))
    except (KaleError, StoppedError):
        return
    assert found == expected
