"""The content digest in several processes: equal content has one, other content another."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

#: Runs in a process of its own; ``turned(x)`` is ``x`` backwards in every other process.
HEAD = """
import array, collections, dataclasses, datetime, decimal, enum, fractions, functools, io, json
import logging, math, pathlib, random, re, sys, types, typing, uuid, weakref, zoneinfo
import numpy as np, pandas as pd
from kale.marshal.digest import digest
backwards = sys.argv[1] == "1"
turned = lambda items: list(items)[::-1] if backwards else list(items)
text = (lambda t: "".join(list(t))) if backwards else sys.intern
words = [f"w{i}" for i in range(20)]

class Plain:
    kind = "plain"
    def __init__(self, **own): vars(self).update(turned(own.items()))
    def double(self): return self.x * 2
class Slots:
    __slots__ = "a", "b"
    def __init__(self, a, b): self.a, self.b = a, b
class Words(set): pass
class Still(frozenset): pass
class Name(str): pass
class Color(enum.Enum):
    RED = 1
    BLUE = "b"
class Flag(enum.Flag):
    A = 1
    B = 2
@dataclasses.dataclass
class Point:
    x: int
    y: list = dataclasses.field(default_factory=list)
Pair = collections.namedtuple("Pair", "a b")
class Bad(ValueError):
    def __init__(self, code, why):
        super().__init__(why)
        self.code = code
class Meta(type): pass
class Made(metaclass=Meta): pass
class Custom:
    def __init__(self, x): self.x = x
    def __reduce__(self): return Custom, (self.x,)
class Stateful:
    def __init__(self, x): self.x = x
    def __getstate__(self): return {"x": self.x, "extra": {1, 2}}
    def __setstate__(self, state): self.x = state["x"]
def scale(x, by=2, *, of={"a": 1}): return [x * by for _ in range(3)] + [{"p", "q", "r"} & {x}]
@functools.cache
def cached(n): return n
def counter():
    n = [0]
    def up(): n[0] += 1; return up
    return up
def recursive_list():
    items = [1]; items.append(items); return items
def recursive_object():
    parent = Plain(name="p"); parent.child = Plain(parent=parent); return parent
def recursive_dict():
    d = {}; d["self"] = (d,); return d
def shared():
    a = [1]; return [a, a, {"k": a}]
def frame():
    return pd.DataFrame({"a": [1, 2, 3], "s": ["x", None, "z"], "f": [1.0, math.nan, -0.0],
        "o": pd.Series([{1}, "t", None], dtype=object), "c": pd.Categorical(["u", "v", "u"]),
        "t": pd.date_range("2024", periods=3, tz="Europe/Berlin"), "n": pd.array([1, None, 3], dtype="Int64")})
def called(function, *args):
    function(*args); return function
def chunked():
    halves = [pd.Series(["a", None]), pd.Series(["b", "c"])]
    whole = pd.concat(halves, ignore_index=True)
    return whole.copy() if backwards else pd.Series(["a", None, "b", "c"])
def grouped():
    g = pd.DataFrame({"k": [1, 1, 2], "v": [1, 2, 3]}).groupby("k")
    if backwards: g.mean(); g.groups; len(g); g.v.sum()
    return g
def neighbors():
    from sklearn.neighbors import KNeighborsClassifier
    m = KNeighborsClassifier(3).fit(X, y)
    if backwards: m.predict(X)
    return m
def forest():
    from sklearn.ensemble import RandomForestClassifier
    return RandomForestClassifier(5, random_state=0).fit(X, y)
def piped():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.linear_model import LogisticRegression
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
def padded():
    a = np.empty(4, np.dtype([("b", "i1"), ("f", "f8")], align=True))
    a.view("u1")[:] = 255 if backwards else 0
    a["b"], a["f"] = 1, 2.0
    return a
def masked_column():
    a = pd.array([1, 2, 3], dtype="Int64")
    a._data[1] = 77 if backwards else 5
    a._mask[1] = True
    return pd.Series(a)
def masked():
    a = np.ma.masked_array([1, 2, 3], [0, 1, 0])
    if backwards: a.fill_value
    return a
def drawn():
    g = np.random.default_rng(3); g.random(5); g.integers(3); return g
X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
"""

#: Expressions of which the digest is equal in all processes.
EVERYWHERE = """
None; True; 7; 10 ** 50; -0.0; math.nan; 1 + 2j; ...; NotImplemented; "text"; "\\ud800"; b"bytes" * 9
text("name"); [text("a_b"), "a_b"]; (1, (2, 3)); [(1, 2), (1, 2)]; {"b": 1, "a": 2}; [[1], [2, [3, [4, [5, [6]]]]]]
set(turned(words)); frozenset(turned(words)); {1.5, 2, "x", None, (1, "y")}; set(map(float, turned(range(50))))
{frozenset(turned(words)), frozenset({frozenset(turned(words[:3]))})}; {"k": set(turned(words))}
set(turned([("a", 1), ("b", None), (1, 2.0)])); set(turned([Pair(1, 2), Pair(2, "x")])); Words(turned(words)); Still(turned(words))
weakref.WeakSet(turned([Point, Pair, Color])); bytearray(b"abc"); array.array("d", [1, 2]); range(3, 9, 2); slice(1, None)
collections.OrderedDict(a=1, b=2); collections.Counter("abca"); collections.deque([1, 2], 5); collections.defaultdict(list, a=[1])
collections.ChainMap({"a": 1}, {}); types.SimpleNamespace(**dict(turned({"a": 1, "b": 2}.items())))
Plain(x=1, y=[2], z="t"); Plain(a=Plain(b=1, c=2), b={1, "x"}); Slots(1, [2]); Point(1, [2]); Pair(1, "b"); Name("n"); Custom({1, 2})
Stateful("x"); Made(); Color.RED; [Color.BLUE, Color.BLUE]; Flag.A | Flag.B; Bad(3, "why"); ValueError("x", 1); [Plain, Point, Color]
Plain; int; np.ndarray; typing.Any; list[int]; typing.Optional[int]; len; [].append; math.sin; scale; lambda a, b=[1]: a in {"x", "y", "z"}
counter(); functools.partial(scale, 1, by=3); cached; called(cached, 1); Plain(x=2).double; np.mean; np.add; property(len)
datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")); datetime.date(2024, 1, 1); datetime.timedelta(1, 2)
decimal.Decimal("1.10"); fractions.Fraction(1, 3); uuid.UUID(int=7); pathlib.Path("a/b"); re.compile("a+", re.I); logging.getLogger("a.b")
io.BytesIO(b"abc"); random.Random(4); json; types.ModuleType("fresh"); recursive_list(); recursive_object(); recursive_dict(); shared()
np.arange(6).reshape(2, 3); np.asfortranarray(np.arange(6.0).reshape(2, 3)); np.arange(10)[::3]; np.zeros(0); np.array(5); np.float32(1.5)
np.array(["a", None, {1, 2}], dtype=object); np.array(["a", "bc"]); np.array([1, 2], dtype="M8[s]"); np.array(["x", "yy"], dtype=np.dtypes.StringDType())
padded(); masked(); np.longdouble(1) / 3; np.ones(3, "g"); np.dtype([("a", "i4")]); np.matrix([[1]]); np.datetime64("2024-01-01"); np.random.RandomState(3); drawn()
np.random.PCG64(5); np.random.SeedSequence(5); np.random.mtrand._rand; frame(); frame().groupby("c", observed=True); grouped(); chunked(); masked_column()
pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])); pd.Index(["a", "b"], name="n"); pd.RangeIndex(5); pd.NA; pd.NaT
[pd.Timestamp("2024"), pd.Timestamp("2024")]; pd.Timedelta(1, "h"); pd.Period("2024-01"); pd.interval_range(0, 3); pd.array([0, 0, 1], dtype="Sparse[int]")
pd.Series(["a", None], dtype="string[python]"); pd.Series([[1], None], dtype=object); pd.Series(pd.date_range("2024", periods=3, freq="B"))
forest(); piped(); neighbors()
""".replace("\n", ";").split(";")  # fmt: skip

EVERYWHERE = [value.strip() for value in EVERYWHERE if value.strip()]


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """The digests of all values, of three processes."""
    script = tmp_path_factory.mktemp("digests") / "values.py"
    lines = [f"found.append(digest({value}))" for value in EVERYWHERE]
    script.write_text("\n".join([HEAD, "found = []", *lines, "print(json.dumps(found))"]))
    made = []
    for seed, backwards in (("0", "0"), ("1", "1"), ("2", "0")):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, str(script), backwards]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        made.append(json.loads(done.stdout))
    return [dict(zip(EVERYWHERE, found, strict=True)) for found in made]


@pytest.mark.parametrize("value", EVERYWHERE)
def test_the_digest_is_equal_in_any_process(digests, value):
    first, *others = [found[value] for found in digests]
    assert first is not None
    assert others == [first, first]


def test_different_values_have_different_digests(digests):
    found = digests[0]
    alike = {("cached", "called(cached, 1)"), ('text("name")', '"name"')}
    seen: dict[str, str] = {}
    clashes = {(seen[d], v) for v, d in found.items() if seen.setdefault(d, v) != v}
    assert clashes <= alike


#: Pairs of expressions whose digests differ.
DIFFERENT = [
    ("1", "True"),
    ("1", "1.0"),
    ("0.0", "-0.0"),
    ("1.0", "1 + 0j"),
    ("None", "False"),
    ("'a'", "b'a'"),
    ("b'a'", "bytearray(b'a')"),
    ("''", "()"),
    ("[]", "()"),
    ("[1]", "[[1]]"),
    ("[1, 2]", "[2, 1]"),
    ("[[1], 2]", "[[1, 2]]"),
    ("{1}", "[1]"),
    ("{1}", "frozenset({1})"),
    ("{1, 2}", "{1, 3}"),
    ("{1}", "{1.0}"),
    ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ("{'a': 1}", "collections.OrderedDict(a=1)"),
    ("{'a': 1}", "[('a', 1)]"),
    ("(lambda a: [a, a])([1])", "[[1], [1]]"),
    ("(lambda a, b: [a, b, a])([1], [1])", "(lambda a, b: [a, b, b])([1], [1])"),
    ("(lambda p: [p, p])(Point(1))", "[Point(1), Point(1)]"),
    ("(lambda p: {(1, p), (2, p)})(Made())", "{(1, Made()), (2, Made())}"),
    ("recursive_list()", "[1, [1]]"),
    ("[('again', 0)]", "(lambda a: [a, a])([1])"),
    ("Plain(x=1)", "Plain(y=1)"),
    ("Plain(x=1)", "Plain(x=2)"),
    ("Plain(x=1)", "types.SimpleNamespace(x=1)"),
    ("Plain(x=1)", "Made()"),
    ("Slots(1, 2)", "Slots(2, 1)"),
    ("Pair(1, 2)", "(1, 2)"),
    ("Name('n')", "'n'"),
    ("Color.RED", "Color.BLUE"),
    ("Words(words)", "set(words)"),
    ("called(Words(words).add, 'new').__self__", "Words(words)"),
    ("Bad(1, 'a')", "Bad(2, 'a')"),
    ("lambda: 1", "lambda: 2"),
    ("lambda a=1: a", "lambda a=2: a"),
    ("lambda a=[]: a", "lambda a=[1]: a"),
    ("lambda: len", "lambda: sum"),
    ("called(lambda f: setattr(f, 'n', 1), scale)", "called(lambda f: setattr(f, 'n', 2), scale)"),
    ("counter()", "(lambda up: (up(), up)[1])(counter())"),
    ("functools.partial(scale, by=1)", "functools.partial(scale, by=2)"),
    ("collections.deque([1], 2)", "collections.deque([1], 3)"),
    ("collections.defaultdict(int)", "collections.defaultdict(list)"),
    ("datetime.datetime(2024, 1, 1)", "datetime.date(2024, 1, 1)"),
    ("decimal.Decimal('1.0')", "decimal.Decimal('1.00')"),
    ("re.compile('a')", "re.compile('a', re.I)"),
    ("random.Random(1)", "random.Random(2)"),
    ("type('T', (), {'x': 1})", "type('T', (), {'x': 2})"),
    ("np.arange(3)", "[0, 1, 2]"),
    ("np.arange(3)", "np.arange(3.0)"),
    ("np.arange(3, dtype='<i4')", "np.arange(3, dtype='>i4')"),
    ("np.zeros((2, 3))", "np.zeros((3, 2))"),
    ("np.zeros((2, 3))", "np.zeros((2, 3), order='F')"),
    ("np.array(5)", "np.int64(5)"),
    ("np.array([0.0])", "np.array([-0.0])"),
    ("np.array([1, 2], 'M8[s]')", "np.array([1, 2], 'M8[ms]')"),
    ("np.array(['a', 'b'], object)", "np.array(['a', 'b'])"),
    ("np.zeros(2, [('a', 'i4')])", "np.zeros(2, [('b', 'i4')])"),
    ("np.zeros(2, np.dtype('i4', metadata={'u': 1}))", "np.zeros(2, 'i4')"),
    ("(lambda a: [a, a[:2]])(np.zeros(4))", "(lambda a: [a, a[:2].copy()])(np.zeros(4))"),
    ("(lambda a: [a, a[:2]])(np.zeros(4))", "(lambda a: [a, a[1:3]])(np.zeros(4))"),
    ("(lambda a: [a, a])(np.zeros(4))", "[np.zeros(4), np.zeros(4)]"),
    ("(lambda a: (a.setflags(write=False), a))(np.zeros(4))", "(None, np.zeros(4))"),
    ("np.ma.masked_array([1, 2], [0, 1])", "np.ma.masked_array([1, 2], [1, 0])"),
    ("np.random.default_rng(1)", "np.random.default_rng(2)"),
    ("np.random.default_rng(3)", "drawn()"),
    ("pd.Series([1])", "pd.Series([1], name='n')"),
    ("pd.Series([1])", "pd.Series([1], index=[5])"),
    ("pd.Series([1])", "pd.Series([1], dtype='Int64')"),
    ("pd.Series([1])", "pd.DataFrame({0: [1]})"),
    ("pd.Series(['a', None])", "pd.Series(['a', None], dtype=object)"),
    ("pd.Series(['a', None])", "pd.Series(['a', ''])"),
    ("pd.Series(['ab', 'c'])", "pd.Series(['a', 'bc'])"),
    ("pd.Series([None], dtype=object)", "pd.Series([np.nan], dtype=object)"),
    ("pd.array([1, None])", "pd.array([1, 0])"),
    ("pd.Categorical(['a'], ['a', 'b'])", "pd.Categorical(['a'], ['a'])"),
    ("pd.Categorical(['a'])", "pd.Categorical(['a'], ordered=True)"),
    ("pd.Index([1], name='a')", "pd.Index([1])"),
    ("pd.RangeIndex(2)", "pd.Index([0, 1])"),
    ("pd.DataFrame({'a': [1]})", "pd.DataFrame({'b': [1]})"),
    ("pd.DataFrame({'a': [1], 'b': 2})", "pd.DataFrame({'b': [2], 'a': 1})"),
    ("pd.DataFrame({'a': [1]})", "pd.DataFrame({'a': [1]}).set_flags(allows_duplicate_labels=False)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Both digests of each pair."""
    script = tmp_path_factory.mktemp("pairs") / "pairs.py"
    lines = [f"found.append([digest({one}), digest({other})])" for one, other in DIFFERENT]
    script.write_text("\n".join([HEAD, "found = []", *lines, "print(json.dumps(found))"]))
    command = [sys.executable, str(script), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("number", range(len(DIFFERENT)), ids=[" | ".join(p) for p in DIFFERENT])
def test_another_content_has_another_digest(pairs, number):
    one, other = pairs[number]
    assert None not in (one, other)
    assert one != other
