"""Which names the value of an expression may be, hold, or lie inside.

The *roots* of a chain of attributes and subscripts are those of its head: ``df.loc[0, "a"]`` has
the root ``df``. A root is *sure* where the value surely is that object or a part of it: ``x[0]``
lies inside ``x``, while ``df[mask]`` may be a new frame. Known imprecision: a container counts as
each of its elements. Known gap: what a library's function returns is taken for a new object, but
for those in the table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale.static_analysis.own_calls import called_name
from kale.static_analysis.purity import Purity

#: Nothing is known of the notebook's own functions.
_NO_PURITY = Purity()

#: Calls whose result may be, hold or view what they are given.
ALIASING_CALLS = frozenset(
    "_replace array_split asanyarray asarray ascontiguousarray atleast_1d atleast_2d atleast_3d "
    "broadcast_to choice choices closing cpu deque detach diagonal dict dsplit enter_context "
    "enumerate expand_dims filter flip fliplr flipud from_numpy frombuffer get getattr hsplit imag "
    "islice iter items keys list map max memoryview min moveaxis nditer next nlargest nsmallest "
    "nullcontext ravel real reduce reshape reversed rollaxis rot90 set setdefault "
    "sliding_window_view sorted squeeze swapaxes to to_numpy transpose tuple values vars view "
    "vsplit zip".split()
)

#: Calls whose result is a new object that may hold what the old one holds.
SHALLOW_CALLS = frozenset("accumulate chain copy groupby partial product repeat replace".split())

#: Functions of the language that make a new container of what they are given.
COLLECTING_CALLS = frozenset("dict frozenset list set sorted tuple".split())

#: Calls whose result works on what it was made of: scikit-learn fits the parts of a pipeline.
_COMPOSING_CALLS = frozenset({"Pipeline", "make_pipeline"})

#: Methods after which their receiver holds what they were given.
KEEPING_METHODS = frozenset("add append appendleft extend insert setdefault update".split())


def root_names(node: ast.AST, purity: Purity = _NO_PURITY) -> Iterator[str]:
    """Names whose objects the value of an expression may be, hold or lie inside.

    ``purity`` tells which functions, methods and classes the notebook defines.
    """
    yield from (name for name, _ in sure_roots(node, purity))


def sure_roots(node: ast.AST, purity: Purity = _NO_PURITY) -> Iterator[tuple[str, bool]]:
    """The names of :func:`root_names`, and whether each is a sure one."""
    if isinstance(node, ast.Name):
        yield node.id, True
        return
    for part, sure in _parts(node, purity):
        yield from ((name, sure and inner) for name, inner in sure_roots(part, purity))


def shallow_names(node: ast.AST, purity: Purity = _NO_PURITY) -> Iterator[str]:
    """Names whose *elements* the value may share: of a sum of lists, a copy, a new instance."""
    if isinstance(node, ast.BinOp):
        parts: list[ast.expr] = [node.left, node.right]
    elif isinstance(node, ast.Call) and _may_keep(node):
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        parts = [*receiver, *node.args, *(keyword.value for keyword in node.keywords)]
    else:
        parts = []
        for part, _ in _parts(node, purity):
            yield from shallow_names(part, purity)
    for part in parts:
        yield from root_names(part, purity)
        yield from shallow_names(part, purity)


def _may_keep(node: ast.Call) -> bool:
    """Whether a result may hold what was given: a copy's, and what a class makes."""
    name = called_name(node)
    return name in SHALLOW_CALLS or name[:1].isupper()


def may_alias(node: ast.Call, purity: Purity) -> bool:
    """Whether a call's result may be, hold or lie inside what the call is given.

    What is called without a name, as in ``itemgetter(0)(x)``, may give anything back.
    """
    name = called_name(node)
    aliasing = name in ALIASING_CALLS or name in _COMPOSING_CALLS or name == "super"
    return not name or aliasing or name in purity.own or _shares_memory(node)


def _shares_memory(node: ast.Call) -> bool:
    """``np.array(x, copy=False)``."""
    return any(
        keyword.arg == "copy"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in node.keywords
    )


def is_element(index: ast.expr) -> bool:
    """Whether a subscript surely gives something that lies inside: ``x[0]``, not ``df[mask]``."""
    if isinstance(index, ast.UnaryOp):
        return is_element(index.operand)
    if isinstance(index, ast.Tuple):
        return all(is_element(one) for one in index.elts)
    return isinstance(index, ast.Constant)


def _parts(node: ast.AST, purity: Purity) -> Iterable[tuple[ast.expr, bool]]:
    """The expressions whose objects this one's value may be, hold or lie inside; which surely."""
    if isinstance(node, ast.Subscript):
        return [(node.value, is_element(node.slice))]
    if isinstance(node, ast.Call):
        return _parts_of_call(node, purity)
    return [(part, True) for part in _sure_parts(node)]


def _parts_of_call(node: ast.Call, purity: Purity) -> Iterable[tuple[ast.expr, bool]]:
    called = purity.code.called(node)
    if called is not None:
        return [(e, sure) for name, sure in called.results() for e in called.expressions_of(name)]
    if not may_alias(node, purity):
        return []
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if called_name(node) in _COMPOSING_CALLS:
        return [(part, True) for part in given]
    if called_name(node) == "getattr":
        return [(part, True) for part in given[:1]]
    if called_name(node) == "super":
        return [(part, True) for part in given[1:2]]
    if isinstance(node.func, ast.Attribute):
        given = [node.func.value, *given]
    elif not called_name(node) or called_name(node) in purity.own:
        # A closure or a bound method that is called holds what it was made with.
        given = [node.func, *given]
    return [(part, False) for part in given]


def _sure_parts(node: ast.AST) -> Iterable[ast.expr]:
    match node:
        case ast.Attribute(value=value) | ast.Starred(value=value):
            return [value]
        case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.DictComp(value=value):
            comprehension = node.generators if isinstance(node, ast.DictComp) else []
            return [value, *(generator.iter for generator in comprehension)]
        case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
            return values
        case ast.Dict(values=values) | ast.BoolOp(values=values):
            return values
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element, *(generator.iter for generator in node.generators)]
        case _:
            return []
