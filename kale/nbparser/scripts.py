"""What ``%run`` binds and reads: the file beside the notebook is read for it, and never run.

Known gap: two functions of the file that set one variable of it, by ``global``, each have their
own in a later step; what it seeds or puts into the environment stays in the step. `KALE330` tells.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from collections.abc import Container, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType

from kale.dataclass import dataclass
from kale.nbparser.interpolation import interpolated
from kale.nbparser.syntax import parse_quietly

#: Options of ``%run`` that change nothing about names, and whether a value follows.
_OPTIONS = {"-e": False, "-n": False, "-t": False, "-p": False, "-q": False, "-N": True}

#: The first line of a cell that writes a file whole.
_WRITES = re.compile(r"\s*%%(?:writefile|file)[ \t]+(['\"]?)([^\s'\"]+)\1[ \t]*\n")

#: Calls after which names may be bound that the code does not show.
_BINDING_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars"})

#: Functions that set what belongs to the process, and the methods of its environment that do.
_PROCESS_CALLS = frozenset({"seed", "setstate", "set_state", "manual_seed", "chdir", "putenv"})
_CHANGING_METHODS = frozenset({"clear", "pop", "popitem", "setdefault", "update"})

_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_BLOCKS = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith,
    ast.Match,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scripts:
    """The files that ``%run`` may name: those in ``folder``, and those that cells above wrote.

    ``known`` holds the names that the notebook binds.
    """

    folder: Path
    known: Container[str] | None = None
    written: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def beside(cls, notebook: str, known: Container[str] | None = None) -> Scripts:
        """The files beside a notebook, given by its path."""
        return cls(Path(notebook).parent, known)

    def with_cell(self, code: str) -> Scripts:
        """These, and the file that a ``%%writefile`` cell writes."""
        match = _WRITES.match(code)
        if match is None or "{" in match[2] or "$" in match[2]:
            return self
        path = os.path.normpath(match[2])
        return replace(self, written={**self.written, path: code[match.end() :]})

    def as_python(self, arguments: str) -> str | None:
        """One line of Python that binds and reads what ``%run arguments`` does.

        Its calls are marked ``seen=True``, or ``unseen=True`` where something of the file does
        not travel. ``None`` where nothing can be told: the file is not there, its name is
        computed, or it binds names out of sight.
        """
        found = _file_and_namespace(arguments)
        if found is None:
            return None
        name, inside = found
        tree = self._tree(name)
        if tree is None or any(map(_hides_names, ast.walk(tree))):
            return None
        certain, maybe = _bound(tree.body)
        reads = self._reads(tree, certain) if inside or name.endswith(".ipynb") else []
        reads += [f"({one}) is None" for one in interpolated(arguments, self.known)]
        alone = {one for one, is_alone in certain.items() if is_alone}
        call = f"get_ipython().run_line_magic('run', {arguments!r}"
        marks = [f"get_ipython() and ({one} := get_ipython())" for one in maybe]
        mark = "unseen" if any(map(_stays_behind, ast.walk(tree))) else "seen"
        last = ", ".join([call, *reads, *marks, f"{mark}=True)"])
        together = "".join(f"{one} = " for one in certain if one not in alone)
        return "; ".join([together + last, *(f"{one} = get_ipython()" for one in sorted(alone))])

    def _tree(self, name: str) -> ast.Module | None:
        """The syntax tree of a file, ``None`` when it cannot be read."""
        from kale.nbparser.ipython import to_python  # a notebook's cells recur

        for path in (name, f"{name}.py"):
            text = self.written.get(os.path.normpath(path))
            if text is None:
                try:
                    text = (self.folder / Path(path).expanduser()).read_text(encoding="utf-8-sig")
                except (OSError, ValueError):
                    continue
            if path.endswith(".ipynb"):
                text = _code_of_notebook(text)
            if text is not None and path.endswith((".py", ".ipy", ".ipynb")):
                return parse_quietly(text if path.endswith(".py") else to_python(text))
        return None

    def _reads(self, tree: ast.Module, certain: Container[str]) -> list[str]:
        """The notebook's names that the file finds in the notebook's own namespace."""
        if self.known is None:
            return []
        first: dict[str, tuple[int, bool]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in self.known:
                place = (node.lineno, not isinstance(node.ctx, ast.Load))
                first[node.id] = min(first.get(node.id, place), place)
        return sorted(
            name for name, (_, binds) in first.items() if not binds or name not in certain
        )


def _file_and_namespace(arguments: str) -> tuple[str, bool] | None:
    """The file that ``%run`` is given, and whether it runs in the notebook's namespace."""
    try:
        words = shlex.split(arguments)
    except ValueError:
        return None
    inside = False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-i":
            inside = True
        elif option not in _OPTIONS:
            return None
        elif _OPTIONS[option]:
            del words[:1]
    if not words or re.search(r"[{}$*?\[]", words[0]):
        return None
    return words[0], inside


def _code_of_notebook(text: str) -> str | None:
    """The code cells of a notebook file, each after the other."""
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        codes = [source if isinstance(source, str) else "".join(source) for source in sources]
    except (ValueError, KeyError, TypeError):
        return None
    from kale.nbparser.ipython import to_python

    return "\n".join(to_python(code) for code in codes)


def _hides_names(node: ast.AST) -> bool:
    match node:
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _BINDING_CALLS
        case ast.Call(keywords=[ast.keyword(arg="unseen")]):
            return True
    return False


def _stays_behind(node: ast.AST) -> bool:
    """Whether a file that holds this does what no later step is given."""
    match node:
        case ast.Global():
            return True  # functions that set variables of their file part company when saved
        case ast.Call(func=ast.Attribute(value=value, attr=name)):
            changes = name in _CHANGING_METHODS and _is_environment(value)
            return changes or name in _PROCESS_CALLS
        case ast.Call(func=ast.Name(id=name)):
            return name in _PROCESS_CALLS
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            return _is_environment(value)
    return False


def _is_environment(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name == "environ"


def _bound(body: list[ast.stmt]) -> tuple[dict[str, bool], list[str]]:
    """The names that a file surely binds, and those that it may; sorted as they come.

    The value says whether the object can be no one else's: code, or a plain constant.
    """
    certain: dict[str, bool] = {}
    maybe: dict[str, None] = {}
    for statement in body:
        if isinstance(statement, ast.Delete):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    certain.pop(target.id, None)
                    maybe.pop(target.id, None)
            continue
        value = getattr(statement, "value", None)
        alone = isinstance(statement, _CODE) or isinstance(value, ast.Constant)
        for name in bound_by(statement):
            if isinstance(statement, _BLOCKS):
                maybe.setdefault(name)
            else:
                certain[name] = alone
    changed = set(_globals_of_functions(body))
    for name in changed:
        maybe.setdefault(name)
    _tie(body, certain, changed.union(maybe))
    return certain, sorted(name for name in maybe if name not in certain)


def _tie(body: list[ast.stmt], certain: dict[str, bool], state: set[str]) -> None:
    """Tell that a function which uses a variable of the file holds on to its object."""
    state = state.union(name for name, is_alone in certain.items() if not is_alone)
    code = {
        node.name: {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    while tied := {name for name, used in code.items() if used & state} - state:
        state |= tied
        certain.update(dict.fromkeys(tied & certain.keys(), False))


def _globals_of_functions(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global):
                yield from node.names


def bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds in its own scope."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            named = (n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            yield from (target.id for target in named)
            return
        case ast.Lambda():
            return
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
    for child in ast.iter_child_nodes(node):
        yield from bound_by(child)
