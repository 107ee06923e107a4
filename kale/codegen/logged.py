"""What a step may log, read from its code: KFP wants all outputs of a task named beforehand.

A call of :func:`kale.sdk.log_artifact` or ``log_figure`` whose name is a literal gets an output of
its own; for all others there is one folder. The code that counts is the step's own and whatever
that mentions, one thing after the other: functions and classes of the notebook, and the author's
modules, which are taken whole. Known gap: what is found by a computed name, or lies in an image.
"""

from __future__ import annotations

import ast
import json
import keyword
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from kale.codegen.names import LOGGED_KEY, METRICS_KEY, RESERVED_KEYS, unique
from kale.codegen.runtime_parts import SDK
from kale.dataclass import dataclass
from kale.ir import Files, Plan, Task

_METRIC, _ARTIFACT, _FIGURE = "log_metric", "log_artifact", "log_figure"
_FILES = frozenset({_ARTIFACT, _FIGURE})
_FUNCTIONS = _FILES | {_METRIC}

_WORDS = re.compile(rb"\blog_(?:artifact|figure|metric)\b")

#: Types of files by the end of their names, as :func:`kale.sdk.log_artifact` tells them.
_BY_SUFFIX = {".htm": "HTML", ".html": "HTML", ".md": "Markdown"}

#: The schemas of artifacts that may be asked for.
_TYPES = frozenset({"Artifact", "Dataset", "Model", "HTML", "Markdown"})


@dataclass(frozen=True, slots=True)
class Loggable:
    """What a step may log: ``metrics``, the files that it names, by name, and ``others``.

    ``files`` maps names to types.
    """

    metrics: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    others: bool = False

    def keys(self, taken: Iterable[str]) -> dict[str, str]:
        """The output's key of each of the files: ASCII, and none of those that are ``taken``."""
        known = {*taken, *RESERVED_KEYS, *keyword.kwlist}
        keys: dict[str, str] = {}
        for name in self.files:
            plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
            key = re.sub("[^0-9A-Za-z]+", "_", plain).strip("_").lstrip("_0123456789")
            keys[name] = unique(key or "file", known)
            known.add(keys[name])
        return keys

    def outputs(self, keys: Mapping[str, str]) -> dict[str, str]:
        """The outputs of a task that logs this, and the titles of their schemas."""
        titles = {METRICS_KEY: "system.Metrics"} if self.metrics else {}
        titles |= {keys[name]: f"system.{title}" for name, title in self.files.items()}
        return titles | ({LOGGED_KEY: "system.Artifact"} if self.others else {})

    def __bool__(self) -> bool:
        return bool(self.metrics or self.files or self.others)


def loggable(plan: Plan, task: Task) -> Loggable:
    """What the code of a task may log; of one that prepares a container, what it hands over."""
    if SDK not in plan.backends:
        return Loggable()
    if b'"gives"' in task.notebook:
        given = json.loads(task.notebook)["metadata"]["kale"].get("gives", ())
        return Loggable(files={f"kale_file_{name}": "Artifact" for name in given})
    own = _modules(plan.environment.files)
    cells = [*_cells(plan, task)]
    names = {name: frozenset({name}) for name in _FUNCTIONS}
    for node in _nodes(statement for _, statements in cells for statement in statements):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update(_bound(node, own))
    unseen = names.get("*", frozenset())  # what a star import of such a module may have bound
    metrics, others = _METRIC in unseen, bool(unseen & _FILES)
    files: dict[str, str] = {}
    calls: set[int] = set()
    for node in _nodes(_reached(cells)):
        meant = _meant(node.func if isinstance(node, ast.Call) else node, names)
        if isinstance(node, ast.Call) and len(meant) == 1:
            (function,) = meant
            calls.add(id(node.func))
            name, kind = _file(node, function)
            if function == _METRIC:
                metrics = True
            elif name:
                files[name] = kind if files.get(name, kind) == kind else "Artifact"
            else:
                others = True
        elif id(node) not in calls:
            # Handed about, and called elsewhere; or it has a module of the author's do so.
            metrics |= _METRIC in meant
            others |= bool(meant & _FILES)
    return Loggable(metrics, files, others)


def _cells(plan: Plan, task: Task) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The role and the statements of each of the author's cells in the task's notebook."""
    pipeline = plan.pipeline
    steps = (source for step in pipeline.steps for source in step.sources)
    sources = (*pipeline.imports, *pipeline.functions, *pipeline.metrics, *steps)
    python = {source.code: source.python for source in sources}
    for cell in json.loads(task.notebook)["cells"]:
        code = "".join(cell["source"])
        if code in python:
            yield cell["metadata"]["kale"]["role"], ast.parse(python[code]).body


def _reached(cells: Iterable[tuple[str, list[ast.stmt]]]) -> Iterator[ast.stmt]:
    """The statements that the task runs, and the functions and classes that they mention."""
    waiting: list[ast.stmt] = []
    defined: dict[str, list[ast.stmt]] = {}
    for role, statements in cells:
        for statement in statements:
            if isinstance(statement, _DEFINITIONS) and role != "step":
                # An instance of a class may come from elsewhere: a method stands for its class.
                methods = statement.body if isinstance(statement, ast.ClassDef) else ()
                inner = [m.name for m in methods if isinstance(m, _DEFINITIONS)]
                for name in (statement.name, *inner):
                    defined.setdefault(name, []).append(statement)
            elif not isinstance(statement, ast.Import | ast.ImportFrom):
                waiting.append(statement)
    seen: set[int] = set()
    while waiting:
        statement = waiting.pop()
        if id(statement) in seen:
            continue
        seen.add(id(statement))
        yield statement
        for node in ast.walk(statement):
            word = getattr(node, "id", None) or getattr(node, "attr", None)
            waiting += defined.get(word, ()) if isinstance(word, str) else ()


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _nodes(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes, each before those inside it."""
    for statement in statements:
        yield from ast.walk(statement)


def _bound(
    node: ast.Import | ast.ImportFrom, own: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """The names that an import binds, and which of our functions their use may call."""
    for alias in node.names:
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        top = module.partition(".")[0]
        if top == "kale" and isinstance(node, ast.ImportFrom) and alias.name in _FUNCTIONS:
            yield alias.asname or alias.name, frozenset({alias.name})
        elif own.get(top):
            yield alias.asname or alias.name.partition(".")[0], own[top]


def _meant(node: ast.AST, names: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Which of our functions the use of a name or of an attribute may call."""
    if isinstance(node, ast.Attribute):
        return frozenset({node.attr} & _FUNCTIONS)
    return names.get(node.id, frozenset()) if isinstance(node, ast.Name) else frozenset()


def _file(call: ast.Call, function: str) -> tuple[str, str]:
    """The name of a file that a call logs, if it is a literal, and the type that it has."""
    given = {f"{number}": value for number, value in enumerate(call.args)}
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if function == _FIGURE:
        return _text(given, "1", "name"), "HTML"
    path, name = _text(given, "0", "path"), _text(given, "1", "name")
    kind = _text(given, "2", "type") or _BY_SUFFIX.get(posixpath.splitext(path)[1].lower(), "")
    if "1" not in given and "name" not in given:
        name = posixpath.basename(path)
    return name, kind if kind in _TYPES else "Artifact"


def _text(given: Mapping[str, ast.expr], *places: str) -> str:
    """The text that stands as a literal in one of some places; empty where none does."""
    for place in places:
        value = given.get(place)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def _modules(files: Files) -> dict[str, frozenset[str]]:
    """The functions that the author's modules may call, by top-level module; each has all.

    A module that is called is none of them, which ``*`` tells.
    """
    code = {path: text for path, text in files.items() if path.suffix == ".py"}
    words = frozenset(word.decode() for text in code.values() for word in _WORDS.findall(text))
    return {path.parts[0].removesuffix(".py"): words | {"*"} for path in code} if words else {}
