"""The statements that random notebooks are made of: templates with typed holes.

A hole is filled with a name that has a value of its kind by then, ``{L}``: a list, ``{D}``: a
dictionary, ``{B}``: a ``Box``, ``{M}``: any of these, ``{F}``: a function of a list, ``{P}``: one
of nothing, ``{S}``: one of a number, ``{C}``: a dictionary of functions; or with a name to bind,
``{t}`` and ``{u}`` for values, ``{f}``, ``{p}``, ``{s}``, ``{c}`` for functions, ``{k}`` for a
new class and ``{late}`` for a value that functions read before it is there; ``{n}`` and ``{i}``
are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Names to bind, by the hole.
POOLS = {
    "t": ("a", "b", "c", "d", "e"),
    "f": ("f", "g", "h"),
    "p": ("p", "q"),
    "s": ("push", "feed"),
    "c": ("calls",),
    "late": ("late",),
    "k": ("Kit", "Bag", "Tin", "Jar"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A template, and the holes whose objects it changes, or may change, in place.

    Whether it does no static reading can be sure of when the change is ``hidden``; unordered steps
    may then be stopped when they run.
    """

    template: str
    changes: str = ""
    hidden: bool = False


#: Statements that need nothing to be there.
STARTS = [
    Form("{t} = [{n}]"),
    Form("{t} = {{'k': {n}}}"),
    Form("{t} = {{'k': [{n}]}}"),
    Form("{t} = Box([{n}])"),
    Form("{t} = Crate([{n}])"),
    Form("{t} = [[{n}], [{n}]]"),
    Form("{t} = {u} = [{n}]"),
]

BINDINGS = [
    Form("{t} = {M}"),
    Form("{t} = {M}"),
    Form("{t} = {M} if len({L}) > {i} else {M2}"),
    Form("{t} = {L} + [{n}]"),
    Form("{t} = {L} + {L2}"),
    Form("{t} = list({L})"),
    Form("{t} = {L}[:]"),
    Form("{t} = {L}.copy()"),
    Form("{t} = {D}.copy()"),
    Form("{t} = {L}[0]"),
    Form("{t} = {D}['k']"),
    Form("{t} = {B}.items"),
    Form("{t} = {B}.first"),
    Form("{t} = [{M}, {M2}]"),
    Form("{t} = {{'k': {M}}}"),
    Form("{t} = ({M}, [{n}])"),
    Form("{t} = Box({L})"),
    Form("{t} = [i for i in {L}]"),
    Form("{t} = [{M} for i in range(2)]"),
    Form("{t} = [j for i in [{L}, {L2}] for j in i]"),
    Form("{t} = {{str(i): {L} for i in range(2)}}"),
    Form("{t}, {u} = {M}, {M2}"),
    Form("{t}, {u} = {L} + [1], {L2} + [2]"),
    Form("{t}, *{u} = [{M}, {L}, {n}]"),
    Form("{t} = [({u} := {L}), {n}]"),
    Form("{t} = sorted({L}, key=str)"),
    Form("{t} = total({L})"),
    Form("{t} = maker({L})({L2})"),
    Form("{t} = eval('{L} + {L2}')"),
    Form("del {M}"),
    Form("{t} = {D}.get('k')"),
    Form("{t} = base + [{n}]"),
    Form("{t} = base"),
    Form("{t} = limits['k']"),
    Form("{late} = [{n}]"),
    Form("{late} = {L}"),
    Form("class {k}(Box):\n    def keep(self, item):\n        self.items = self.items + [item]\n"
         "{t} = {k}({L})"),
    Form("class {k}:\n    def __init__(self):\n        self.items = {L}\n"
         "    def keep(self, item):\n        self.items.append(item)\n"
         "    def __repr__(self):\n        return '{k}' + repr(self.items)\n"
         "{t} = {k}()"),
    Form("{t} = copy({M})"),
    Form("{t} = list(walk({L}))"),
    Form("{t} = [i for i in walk([{M}])]"),
    Form("{t}, {u} = {M}, {M2}\n{t}, {u} = {u}, {t}"),
    Form("{t} = list(zip({L}, [{M}]))"),
    Form("{t} = dict(k={M})", hidden=True),
    Form("{t} = {{**{D}}}"),
    Form("{t} = [*{L}, {M}]"),
    Form("{t} = vars({B})", hidden=True),
    Form("{t} = getattr({B}, 'items')", hidden=True),
    Form("{t} = f'{{{L}}}'.split()"),
    Form("{t} = sizes"),
    Form("{t} = sizes + [rate]"),
    Form("sizes = [{n}]"),
    Form("rate = {n}"),
    Form("rate += {n}"),
    Form("{t} = [rate, {M}]"),
    Form("seen = seen + [{n}]"),
    Form("{t} = seen"),
    Form("{t} = swap([{n}], {M})"),
    Form("from copy import deepcopy\n{t} = deepcopy({M})"),
]  # fmt: skip

CHANGES = [
    Form("{L}.append({n})", "L"),
    Form("{L}.append({n})", "L"),
    Form("{L} += [{n}]", "L"),
    Form("{L}[0] = {n}", "L"),
    Form("{L}[1:] = [{n}]", "L"),
    Form("{L}.extend({L2})", "L"),
    Form("{L}.append({M})", "L"),
    Form("{L}.insert(0, {n})", "L"),
    Form("{L}.pop()", "L"),
    Form("del {L}[0]", "L"),
    Form("{L}[0].append({n})", "L", hidden=True),
    Form("{D}['k'] = {M}", "D"),
    Form("{D}['k'].append({n})", "D"),
    Form("{D}.update(m={n})", "D"),
    Form("{D}['k'] += [{n}]", "D"),
    Form("{B}.keep({n})", "B"),
    Form("{B}.items.append({n})", "B"),
    Form("{B}.items = {L}", "B"),
    Form("{B}.last = {n}", "B"),
    Form("{B}.items += [{n}]", "B"),
    Form("grow({L})", "L"),
    Form("{t} = grow({L})", "L"),
    Form("widen({L})", "L"),
    Form("({t} := {L}).append({n})", "L"),
    Form("for {t} in [{L}, {L2}]:\n    {t}.append({n})", "L L2", hidden=True),
    Form("[i.append({n}) for i in ({L}, {L2})]", "L L2", hidden=True),
    Form("{L}.clear()", "L"),
    Form("{L}.sort(key=str)", "L"),
    Form("{L}[:] = [{n}]", "L"),
    Form("({L} if {i} else {L2}).append({n})", "L L2"),
    Form("[{L}, {L2}][0].append({n})", "L"),
    Form("list.append({L}, {n})", "L"),
    Form("{D}.setdefault('k', []).append({n})", "D"),
    Form("{D}.setdefault('m', {L}).append({n})", "D L", hidden=True),
    Form("for i in {D}.values():\n    i.append({n})", "D", hidden=True),
    Form("for j, i in enumerate({L}):\n    i.append(j)", "L", hidden=True),
    Form("for {L}[0] in [{n}]:\n    pass", "L"),
    Form("vars({B})['items'].append({n})", "B", hidden=True),
    Form("getattr({B}, 'items').append({n})", "B", hidden=True),
    Form("swap({L}, {M})", "L"),
    Form("swap({L}, {L2}).append({n})", "L L2", hidden=True),
    Form("reduce(swap, [{n}], {L})", "L", hidden=True),
    Form("sorted([{n}], key={L}.append)", "L", hidden=True),
    Form("grow(*[{L}])", "L"),
    Form("grow(v={L})", "L"),
    Form("sizes.append({n})", "sizes"),
    Form("seen.append({n})", "seen"),
    Form("seen += {L}", "seen"),
    Form("base.append({n})"),
    Form("touch_base()"),
    Form("reset_base()"),
    Form("limits['k'].append({n})"),
    Form("limits['m'] = {L}"),
    Form("push_it, get_it = counter({L})\npush_it({n})\n{t} = get_it()", "L", hidden=True),
    Form("push_it = {L}.append\npush_it({n})", "L"),
    Form("list(map({L}.append, [{n}]))", "L", hidden=True),
    Form("(lambda v: v.append({n}))({L})", "L", hidden=True),
    Form("setattr({B}, 'last', {n})", "B", hidden=True),
    Form("nested = [{L}, {L2}]\nmore = nested.copy()\nmore[0].append({n})", "L", hidden=True),
]

CONDITIONS = [
    Form("if len({L}) > {i}:\n    {t} = {M} "),
    Form("if len({L}) > {i}:\n    {t} = [{n}]\nelse:\n    {t} = {L2}"),
    Form("if len({L}) > {i}:\n    {L2}.append({n})", "L2", hidden=True),
    Form("if len({L}) > {i}:\n    {t} = {L2}\n    {t}.append(1)", "L2", hidden=True),
    Form("for i in {L}[:2]:\n    {L2} = {L2} + [{n}]"),
    Form("for i in range({i}):\n    {L}.append(i)", "L", hidden=True),
    Form("for i in {L}[:1]:\n    {t} = [{n}]\nelse:\n    {u} = [0]"),
    Form("while len({L}) < {n}:\n    {L}.append(0)", "L", hidden=True),
    Form("while True:\n    {t} = [{n}]\n    break"),
    Form("try:\n    {t} = [{L}[3]]\nexcept IndexError:\n    {t} = {L2} + [0]"),
    Form("try:\n    {L}.append({n})\n    {L}[9]\nexcept IndexError as error:\n"
         "    {t} = [str(error)]", "L", hidden=True),
    Form("try:\n    {t} = {L}[:]\nfinally:\n    {L2}.append({n})", "L2", hidden=True),
    Form("match {L}:\n    case [first, *{t}]:\n        {u} = [{n}]\n    case _:\n        {t} = []"),
    Form("match {D}:\n    case {{'k': {t}}}:\n        pass\n    case {{**{t}}}:\n        pass"),
    Form("from contextlib import nullcontext\nwith nullcontext({M}) as {t}:\n    pass"),
    Form("from contextlib import suppress\nwith suppress(IndexError):\n    {t} = [{L}[2]]\n"
         "    {L2} = {L2} + [{n}]"),
    Form("if ({t} := {L}[:1]):\n    {u} = {t} + [{n}]"),
    Form("{t} = {L} or {L2}"),
    Form("{t} = {L} and {L2}"),
]  # fmt: skip

FUNCTIONS = [
    Form("def {f}(v):\n    return v + [{n}]"),
    Form("def {f}(v):\n    return v"),
    Form("def {f}(v):\n    v.append({n})\n    return v"),
    Form("def {f}(v):\n    v = v + [0]\n    v.append({n})\n    return v"),
    Form("def {f}(v):\n    return v + {L}"),
    Form("def {f}(v):\n    {L}.append({n})\n    return v"),
    Form("def {f}(v):\n    return {L}"),
    Form("def {f}(v):\n    return v + late"),
    Form("def {f}(v):\n    late.append({n})\n    return v"),
    Form("def {f}(v, w={L}):\n    return v + w"),
    Form("def {f}(v, w={L}):\n    w.append({n})\n    return v"),
    Form("def {f}(v):\n    def inner(w):\n        return w + {L}\n    return inner(v)"),
    Form("def {f}(v):\n    def inner():\n        v.append({n})\n    inner()\n    return v"),
    Form("def {f}(v):\n    global {t}\n    {t} = [{n}] + v\n    return {t}"),
    Form("def {f}(v):\n    return {F}(v) + [{n}]"),
    Form("def {f}(v):\n    return [i for i in v] + [sum(x for x in {L} if x == {n})]"),
    Form("def {f}(v):\n    if len(v) > {i}:\n        return {L}\n    return v"),
    Form("def {f}(v):\n    grow(v)\n    return [{n}]"),
    Form("def {f}(v):\n    return total(v)"),
    Form("{f} = lambda v: v + {L}"),
    Form("{f} = maker({L})"),
    Form("{f} = {F}"),
    Form("@twice\ndef {f}(v):\n    return v + [{n}]"),
    Form("@twice\ndef {f}(v):\n    {L}.append({n})\n    return v"),
    Form("{f} = twice({F})"),
    Form("def {f}(*v, **w):\n    return list(v) + [{n}]"),
    Form("def {f}(v):\n    {t} = v\n    {t}.append({n})\n    return {t}"),
    Form("def {f}(v):\n    seen.append({n})\n    return v + sizes"),
    Form(
        "def {f}(v):\n    n = 0\n    def inner():\n        nonlocal n\n        n += len({L})\n"
        "    inner()\n    return v + [n]"
    ),
    Form("def {f}(v):\n    box = Box(v)\n    box.keep({n})\n    return box.items"),
    Form("def {p}():\n    return {L} + [{n}]"),
    Form("def {p}():\n    {L}.append({n})\n    return {L}"),
    Form("def {p}():\n    global {t}\n    {t} = [{n}]\n    return {t}"),
    Form("def {p}():\n    return late"),
    Form("def {p}():\n    base.append({n})\n    return base"),
    Form("{p} = lambda: {L}"),
    Form("{p} = {B}.grown"),
    Form("from functools import partial\n{p} = partial({F}, {L})", hidden=True),
    Form("{s} = {L}.append"),
    Form("{s} = {B}.keep"),
    Form("def {s}(i):\n    {L}.append(i)"),
    Form("def {s}(i, w={L}):\n    w.append(i)"),
    Form("{s} = lambda i: {L}.append(i)"),
    Form("{c} = {{'on': {F}}}"),
    Form("{c} = {{'on': lambda v: v + {L}}}"),
]

CALLS = [
    Form("{t} = {F}({L})"),
    Form("{t} = {F}({L})"),
    Form("{F}({L})"),
    Form("{t} = {F}(v={L})"),
    Form("{t} = {F}({F2}({L}))"),
    Form("{t} = [{F}(i) for i in ({L}, {L2})]"),
    Form("{t} = list(map({F}, [{L}]))", hidden=True),
    Form("{t} = {P}()"),
    Form("{P}()"),
    Form("{t} = {P}() + [{n}]"),
    Form("{S}({n})"),
    Form("{S}({n})"),
    Form("[{S}(i) for i in range(2)]"),
    Form("{t} = {C}['on']({L})"),
    Form("if len({L}) > {i}:\n    {t} = {F}({L2})", "L2", hidden=True),
]

PRINTS = [
    Form("print({M})"),
    Form("print({M})"),
    Form("print({M})"),
    Form("print({M} is {M2})"),
    Form("print(base, limits)"),
    Form("print(seen, sizes, rate)"),
    Form("print({M} is base, {M} is sizes)"),
    Form("print({F}([{n}]))"),
    Form("print({P}())"),
    Form("print(len({L}))"),
    Form("print(isinstance({B}, Box))"),
]

#: Groups of statements with their weights.
GROUPS = [(BINDINGS, 5), (CHANGES, 5), (CONDITIONS, 2), (FUNCTIONS, 3), (CALLS, 4), (STARTS, 1)]
