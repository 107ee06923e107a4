"""What each magic does with names: which read Python, bind a name, or interpolate.

Known gaps: what the body of a cell magic of an extension reads is found only where it is
marked as a name (``:x``, ``$x``, ``{x}``). ``%run`` and its like in a function bind names of the
notebook, and count as binding the function's own. What ``%%timeit`` binds counts as bound by the
cell when its setup statement stands above a compound statement, or a function in its body
reads it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container

from kale.dataclass import dataclass
from kale.nbparser.interpolation import interpolated
from kale.nbparser.magic_names import (
    BINDING_LINES,
    EXTENSION_CELLS,
    OWN_CELLS,
    PYTHON,
    SCRIPTS,
    STRICT,
)
from kale.nbparser.syntax import needs_await, parse_quietly

#: What ``%pylab`` runs, each name in the words that a later step can be given.
_PYLAB = (
    "import numpy; import matplotlib; from matplotlib import pylab, mlab, pyplot;"
    " import numpy as np; import matplotlib.pyplot as plt; from IPython.display import display;"
    " from IPython.core.pylabtools import figsize, getfigs"
)
_PYLAB_ALL = "; from pylab import *; from numpy import *"

#: What looks names up past a class body that it stands in.
_FUNCTIONS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)

_NAME = r"[^\W\d]\w*"

#: What a module in Cython binds for Python: `cdef` functions are its own.
_CYTHON = re.compile(
    rf"^(?:(?:cdef[ \t]+)?class|def)[ \t]+({_NAME})|^cpdef\b[^(\n]*?({_NAME})[ \t]*\("
    rf"|^({_NAME})[ \t]*=|^import[^\n]*?({_NAME})[ \t]*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command is read with: the names that the notebook binds, and the files it may run.

    Without ``known``, each name counts as bound. ``run`` gives the line of Python that stands
    for ``%run`` with these arguments, ``None`` where it cannot tell.
    """

    known: Container[str] | None = None
    run: Callable[[str], str | None] = lambda _: None

    def knows(self, name: str) -> bool:
        """Whether the notebook binds ``name``, as far as anybody knows."""
        return self.known is None or name in self.known


def command_as_python(
    method: str, arguments: tuple[str, ...], around: Surroundings, *, assigned: bool = False
) -> str | None:
    """One line of Python for the call of ``get_ipython().method(*arguments)``.

    ``assigned`` says that its value is wanted: only an expression will do. ``None`` stands for
    a command that fails whenever it runs.
    """
    if method != "run_line_magic":
        return _call(method, arguments, interpolated(arguments[0], around.known))
    name, text = arguments
    if name.startswith("%"):  # `%%name` below the first line of a cell
        return None
    if name in PYTHON:
        python = _python_operand(name, text, assigned=assigned, around=around)
        if python is not None:
            return python
        if name in STRICT and operand(name, text):
            return None
        return _call(method, arguments, [])
    if not assigned:
        python = _statement(name, text, around)
        if python is not None:
            return python
    reads = [*interpolated(text, around.known), *_marked(name, text, around)]
    read, bound = _names_of_options(name, text)
    reads += filter(around.knows, read)
    unseen = name in BINDING_LINES or (name == "store" and text.split() == ["-r"])
    return _bind(bound if not assigned else [], _call(method, arguments, reads, unseen=unseen))


def cell_magic_as_python(name: str, argument: str, body: str, around: Surroundings) -> list[str]:
    """The lines of Python for a cell magic whose body is none; the first says it all."""
    lines = body.count("\n")
    reads = interpolated(argument, around.known)
    read, bound = _names_of_options(name, argument)
    reads += filter(around.knows, read)
    if name == "cython":
        names = sorted({name for found in _CYTHON.findall(body) for name in found if name})
        if names:
            # All lines are one import, so that a later step is given the whole cell.
            return [f"from __cython__ import ({', '.join(names)}", *[""] * (lines - 1), ")"]
    own = name in OWN_CELLS or name in SCRIPTS
    if not own:
        reads += _marked(name, body, around)
    call = _call(
        "run_cell_magic",
        (name, argument, body),
        reads,
        unseen=not own and name not in EXTENSION_CELLS,
    )
    return [_bind(bound, call), *[""] * lines]


def _call(
    method: str, arguments: tuple[str, ...], reads: list[str], *, unseen: bool = False
) -> str:
    """The call with the names it reads; ``unseen`` marks one that may bind any name."""
    looks = [f"{x if x.isidentifier() else f'({x})'} is None" for x in dict.fromkeys(reads)]
    marks = ["unseen=True"] if unseen else []
    return f"get_ipython().{method}({', '.join([*map(repr, arguments), *looks, *marks])})"


def _bind(names: list[str], call: str) -> str:
    return "".join(f"{name} = " for name in names) + call


def _statement(name: str, text: str, around: Surroundings) -> str | None:
    """The statement that a line magic is as good as, if there is one."""
    if name == "run":
        return around.run(text)
    if name == "pylab":
        return _PYLAB + ("" if "--no-import-all" in text else _PYLAB_ALL)
    if name == "xdel":
        names = [word for word in text.split() if word.isidentifier() and around.knows(word)]
        return f"del {names[0]}" if names else None
    return None


def _python_operand(
    name: str, argument: str, *, assigned: bool, around: Surroundings
) -> str | None:
    """The Python that ``%name argument`` runs, as one line, or ``None`` when it is none."""
    from kale.nbparser.ipython import as_python  # `%time !ls`: they recur

    python = as_python(operand(name, argument), around).strip()
    tree = parse_quietly(python)
    if not python or tree is None or not tree.body or (name in STRICT and needs_await(python)):
        return None
    bare = (
        ast.unparse(tree.body[0])
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)
        else None
    )
    report = None if bare is None else f"get_ipython().run_line_magic({name!r}, {bare})"
    if assigned:
        # The value of `%time` is the expression's; the others return a report on it.
        value = f"({bare})" if name == "time" and bare is not None else report
        return value or _call("run_line_magic", (name, argument), [])
    if name != "timeit":
        return python
    kept = re.findall(rf"(?:^|\s)-v\s*({_NAME})\s", argument)
    if kept:
        return _bind(kept, report) if report else f"{kept[0]} = get_ipython(); {python}"
    local = f"class __timeit__: {python}"
    return local if is_class_body(local) else python


def is_class_body(definition: str) -> bool:
    """Whether a class definition is Python whose body would mean the same in a function.

    It would not where a function or comprehension in it reads a name that the body binds.
    """
    tree = parse_quietly(definition)
    if tree is None:
        return False
    names = {node for node in ast.walk(tree) if isinstance(node, ast.Name)}
    functions = (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))
    inner = names.intersection(node for function in functions for node in ast.walk(function))
    bound = {node.id for node in names - inner if isinstance(node.ctx, ast.Store)}
    return bound.isdisjoint(node.id for node in inner)


def operand(name: str, argument: str) -> str:
    """``argument`` without the options in front of it."""
    rest = argument.strip()
    if name == "time":  # `%time -x` times an expression
        return rest.removeprefix("--no-raise-error").strip()
    while match := re.match(r"-{1,2}([A-Za-z])([-\w.]*)\s*", rest):
        rest = rest[match.end() :]
        if match[1] in PYTHON[name] and not match[2]:
            rest = re.sub(r"^\S+\s*", "", rest)
    return rest


def _names_of_options(name: str, argument: str) -> tuple[list[str], list[str]]:
    """The names that a magic reads and binds by its options and arguments."""
    words = argument.split()
    plain = [word for word in words if word.isidentifier()]
    if name in SCRIPTS or name in {"!", "sx", "system"}:
        return [], re.findall(rf"--(?:out|err|proc)[ =]({_NAME})", argument)
    match name:
        case "R":
            read, bound = (re.findall(rf"-{o}\s*([\w,]+)", argument) for o in "io")
            return _listed(read), _listed(bound)
        case "store":
            if words[:1] in (["-r"], ["-d"]):
                return [], plain if words[0] == "-r" else []
            return plain[:1] if ">" in argument else plain, []
        case "sc":
            return [], re.findall(rf"^\s*(?:-\w+\s+)*({_NAME})\s*=", argument)
        case "macro":
            return [], plain[:1] if len(words) > 1 else []
        case "sql":
            return [], re.findall(rf"(?:^|\s)({_NAME})\s*<<", argument)
        case "bigquery":
            return [], [word for word in words[:1] if word.isidentifier()]
    return [], []


def _listed(groups: list[str]) -> list[str]:
    return [name for group in groups for name in group.split(",") if name.isidentifier()]


def _marked(name: str, text: str, around: Surroundings) -> list[str]:
    """The notebook's names that a magic of an extension finds in its text, as SQL's ``:x``."""
    if name not in {"sql", "bigquery"} and around.known is None:
        return []
    found = re.findall(rf"(?<![:\w])[:$@]({_NAME})|\{{+\s*({_NAME})", text)
    names = [one or other for one, other in found]
    return [word for word in names if around.known is not None and word in around.known]
