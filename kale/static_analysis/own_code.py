"""What each function and method of a notebook does with its arguments, callers after callees.

Only names that mean one thing from end to end are looked at: a function that is defined twice,
decorated, asynchronous or a generator is called with the usual caution. Known gap: what a star
import or a module's attribute puts under a function's name is not seen.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from kale.dataclass import dataclass
from kale.static_analysis.binding import bound_names, times_bound
from kale.static_analysis.body_flow import summary_of
from kale.static_analysis.own_calls import OwnClass, OwnCode, Summary
from kale.static_analysis.purity import CONTAINER_METHODS, Purity
from kale.static_analysis.scopes import FunctionNode, argument_names, bindings, walk_scope
from kale.static_analysis.syntax_tree import nodes_of

#: Class decorators that leave methods as they are written.
_PLAIN_DECORATORS = frozenset({"dataclass", "total_ordering", "final", "runtime_checkable"})

#: Methods after which instances are not made, or attributes not found, as usual.
_UNUSUAL = frozenset("__new__ __post_init__ __getattr__ __getattribute__ __setattr__".split())


@dataclass(slots=True)
class _Work:
    """Functions and methods by the name they are called by, and who mentions that name."""

    purity: Purity
    functions: dict[str, Summary] = field(default_factory=dict)
    methods: dict[str, dict[str, Summary | None]] = field(default_factory=dict)
    nodes: dict[tuple[str, str], FunctionNode] = field(default_factory=dict)
    mentions: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, owner: str, name: str, node: FunctionNode) -> None:
        """Take a function (``owner`` is empty) or a method to be summarised."""
        key = (owner, name)
        self.nodes[key] = node
        self._set(key, summary_of(_bodiless(node), self.purity))
        words = {n.id for n in nodes_of(node) if isinstance(n, ast.Name)}
        words |= {n.attr for n in nodes_of(node) if isinstance(n, ast.Attribute)}
        for word in words:
            self.mentions[word].append(key)

    def settle(self, code: OwnCode, parents: Iterable[str]) -> None:
        """Summarise until nothing changes; a recursive function starts as one that does nothing."""
        parents = frozenset(parents)
        pending = deque(self.nodes)
        waiting = set(self.nodes)
        while pending:
            key = pending.popleft()
            waiting.discard(key)
            owner, name = key
            found = summary_of(self.nodes[key], self._seen_from(key, code, parents))
            if found == self._get(key):
                continue
            self._set(key, found)
            for user in self.mentions[owner if name == "__init__" else name]:
                if user not in waiting:
                    pending.append(user)
                    waiting.add(user)

    def _get(self, key: tuple[str, str]) -> Summary | None:
        owner, name = key
        return self.methods[owner][name] if owner else self.functions[name]

    def _set(self, key: tuple[str, str], summary: Summary) -> None:
        owner, name = key
        if owner:
            self.methods[owner][name] = summary
        else:
            self.functions[name] = summary

    def _seen_from(self, key: tuple[str, str], code: OwnCode, parents: frozenset[str]) -> Purity:
        """In a method, ``self`` is an instance of its class, unless another class extends that."""
        owner, node = key[0], self.nodes[key]
        if not owner or owner in parents or isinstance(node, ast.Lambda):
            return replace(self.purity, code=code)
        first = self._get(key)
        bound = bindings([*node.body])[0]
        if first is None or not first.positional or first.positional[0] in bound:
            return replace(self.purity, code=code)
        instances = {**code.instances, first.positional[0]: owner}
        return replace(self.purity, code=replace(code, instances=instances))


def own_code(trees: Iterable[ast.Module], nodes: Sequence[ast.AST], purity: Purity) -> OwnCode:
    """The summaries of a notebook's functions and classes.

    ``trees`` are those of its cells, ``nodes`` all that is in them.
    """
    trees = tuple(trees)
    bound = _times_bound(nodes)
    for name, again in _written_again(trees, bound).items():
        bound[name] -= again
    stored = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    work = _Work(purity)
    found: dict[str, ast.ClassDef] = {}
    for name, node in _defined_once(trees, bound):
        if isinstance(node, ast.ClassDef):
            found[name] = node
        elif _is_plain(node):
            work.add("", name, node)
    classes = {name: _own_class(name, node, found, stored, work) for name, node in found.items()}
    instances = _instances(nodes, bound, classes)
    held = _held_methods(nodes, bound)
    changers = frozenset(name for name, methods in held.items() if methods <= CONTAINER_METHODS)
    code = OwnCode(work.functions, classes, instances, changers)
    work.settle(code, (base for one in classes.values() for base in one.bases))
    # Only now is it known which methods of the notebook's classes change their instance.
    known = {m for one in classes.values() for m in one.methods if code.changes_itself(m)}
    changers = frozenset(n for n, m in held.items() if m <= CONTAINER_METHODS | known)
    return replace(code, changers=changers)


def _times_bound(nodes: Iterable[ast.AST]) -> Counter[str]:
    """How often each name is bound anywhere, as an argument or a local name too."""
    bound = times_bound(nodes)
    for node in nodes:
        if isinstance(node, FunctionNode):
            bound.update(argument_names(node.args))
    return bound


def _written_again(trees: Iterable[ast.Module], bound: Counter[str]) -> Mapping[str, int]:
    """How often functions of a name stand in cells after the first, if all are the same text.

    The steps of a script each hold the function that they call.
    """
    found: dict[str, list[ast.FunctionDef]] = defaultdict(list)
    for statement in (s for tree in trees for s in tree.body):
        if isinstance(statement, ast.FunctionDef) and bound[statement.name] > 1:
            found[statement.name].append(statement)
    return {
        name: len(nodes) - 1
        for name, nodes in found.items()
        if len(nodes) > 1 and len({ast.dump(node) for node in nodes}) == 1
    }


def _defined_once(
    trees: Iterable[ast.Module], bound: Counter[str]
) -> Iterator[tuple[str, FunctionNode | ast.ClassDef]]:
    seen: set[str] = set()
    for statement in (s for tree in trees for s in tree.body):
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if bound[name] == 1:
                if name not in seen:
                    yield name, statement
                seen.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if (
                bound[name] == 1
            ):
                yield name, value


def _is_plain(node: FunctionNode) -> bool:
    """Whether a call runs the body as it is written, from its start to its end."""
    if isinstance(node, ast.Lambda):
        body: list[ast.AST] = [node.body]
    elif isinstance(node, ast.AsyncFunctionDef) or node.decorator_list:
        return False
    else:
        body = [*node.body]
    return not any(isinstance(n, ast.Yield | ast.YieldFrom) for n in walk_scope(body))


def _is_classmethod(node: ast.FunctionDef) -> bool:
    """Whether a method is given its class, and is plain in all else."""
    match node.decorator_list:
        case [ast.Name(id="classmethod")]:
            return not any(
                isinstance(n, ast.Yield | ast.YieldFrom) for n in walk_scope([*node.body])
            )
    return False


def _own_class(
    name: str, node: ast.ClassDef, known: dict[str, ast.ClassDef], stored: set[str], work: _Work
) -> OwnClass:
    methods = work.methods.setdefault(name, {})
    classmethods: set[str] = set()
    for child in walk_scope(node.body):
        for bound in bound_names(child):
            # A method that is set again, decorated or replaced from outside may be anything.
            of_class = isinstance(child, ast.FunctionDef) and _is_classmethod(child)
            plain = of_class or (isinstance(child, ast.FunctionDef) and _is_plain(child))
            classmethods |= {bound} if of_class else set()
            if plain and bound not in methods and bound not in stored and child in node.body:
                assert isinstance(child, ast.FunctionDef)
                work.add(name, bound, child)
            else:
                methods[bound] = None
                work.nodes.pop((name, bound), None)
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id != "object"]
    bases = ["?" if base == name else base for base in bases]  # what had the name before
    closed = (
        len(node.bases) == sum(isinstance(base, ast.Name) for base in node.bases)
        and all(base in known for base in bases)
        and not node.keywords
        and not getattr(node, "type_params", ())
        and methods.keys().isdisjoint(_UNUSUAL)
        and all(_decorator_name(d) in _PLAIN_DECORATORS for d in node.decorator_list)
    )
    return OwnClass(methods, tuple(bases), closed, frozenset(classmethods))


def _decorator_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _instances(
    nodes: Iterable[ast.AST], bound: Counter[str], classes: dict[str, OwnClass]
) -> dict[str, str]:
    """Names whose every binding in the notebook is a new instance of one class."""
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for node in nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=maker))
            ) if maker in classes:
                made[name][maker] += 1
    return {
        name: next(iter(makers))
        for name, makers in made.items()
        if len(makers) == 1 and makers.total() == bound[name]
    }


def _held_methods(nodes: Iterable[ast.AST], bound: Counter[str]) -> dict[str, set[str]]:
    """Names whose every binding in the notebook is an attribute: ``add = log.append``."""
    found: Counter[str] = Counter()
    methods: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=method)):
                found[name] += 1
                methods[name].add(method)
    return {name: methods[name] for name, count in found.items() if count == bound[name]}


def _bodiless(node: FunctionNode) -> FunctionNode:
    """The function with its arguments and an empty body."""
    if isinstance(node, ast.Lambda):
        return ast.Lambda(node.args, ast.Constant(None))
    empty = ast.parse("def empty(): pass").body[0]
    assert isinstance(empty, ast.FunctionDef)
    empty.args = node.args
    return empty
