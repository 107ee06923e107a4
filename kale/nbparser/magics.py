"""What each magic does with names: which read Python, bind a name, or interpolate.

Known gaps: a line or cell magic that this file does not name may read and bind names of the
notebook (``%%cython`` defines functions); what ``%%timeit`` binds counts as bound by the cell
when its first line holds a setup statement, or a function in its body reads it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from keyword import iskeyword

from kale.nbparser.syntax import parse_quietly

#: Magics whose operand is Python that runs in the notebook's own namespace, with the options
#: that take a value of their own.
_PYTHON = {
    "capture": "",
    "heat": "o",
    "lprun": "fmDTu",
    "memit": "rtci",
    "mprun": "fT",
    "prun": "DlsT",
    "pyinstrument": "",
    "scalene": "",
    "snakeviz": "tf",
    "time": "",
    "timeit": "nrp",
}

#: Cell magics that hand their body to a script and can bind what it prints.
_SCRIPTS = frozenset(
    {"bash", "perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh"}
)

#: Line magics that people write without ``%``, which IPython allows in a cell of one line.
AUTOMAGICS = frozenset(
    "autoreload cat cd conda config cp env less ll load_ext ls mamba man matplotlib mkdir more mv"
    " pip pwd rm rmdir run time timeit uv who whos".split()
)

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


def is_python_cell_magic(name: str) -> bool:
    """Whether the body of ``%%name`` is Python that runs in the notebook's namespace."""
    return name in _PYTHON


def python_cell_magic(name: str, argument: str) -> tuple[str, str]:
    """The line that stands for ``%%name argument``, and an indentation for the body.

    ``%%timeit`` runs its body as a function: what it binds is gone afterwards. A class body
    has just these scopes, and runs where it stands.
    """
    if name == "timeit":
        setup = _operand(name, argument)
        return (setup, "") if setup else ("class __timeit__:", " ")
    call = f"get_ipython().run_cell_magic({name!r}, {argument!r}, '')"
    if name == "capture":
        names = [word for word in argument.split() if word.isidentifier()]
        call = " = ".join([*names[:1], call])
    return call, ""


def command_as_python(
    method: str,
    arguments: tuple[str, ...],
    known: Container[str] | None,
    *,
    assigned: bool = False,
) -> str:
    """One line of Python for the call of ``get_ipython().method(*arguments)``.

    ``assigned`` says that its value is wanted: only an expression will do.
    """
    if method == "run_line_magic" and arguments[0] in _PYTHON:
        python = _python_operand(arguments[0], arguments[1], assigned=assigned, known=known)
        if python is not None:
            return python
    # IPython expands the line of a cell magic, but not its body.
    text = arguments[1] if method.startswith("run_") else arguments[0]
    names = _interpolated(text)
    binds = ""
    if method.startswith("run_") and not assigned:
        read, bound = _option_names(arguments[0], text)
        names += read
        binds = "".join(f"{name} = " for name in bound)
    reads = [f"{name} is None" for name in dict.fromkeys(names) if known is None or name in known]
    return f"{binds}get_ipython().{method}({', '.join([*map(repr, arguments), *reads])})"


def _python_operand(
    name: str, argument: str, *, assigned: bool, known: Container[str] | None
) -> str | None:
    """The Python that ``%name argument`` runs, as one line, or ``None`` when it is none."""
    from kale.nbparser.ipython import to_python  # `%time !ls`: they recur

    operand = _operand(name, argument)
    python = to_python(operand, known).strip()
    tree = parse_quietly(python)
    if not python or tree is None or not tree.body:
        return None
    if assigned:
        # The value of `%time` is the expression's; the others return a report on it.
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            bare = ast.unparse(tree.body[0])
            return (
                f"({bare})" if name == "time" else f"get_ipython().run_line_magic({name!r}, {bare})"
            )
        return None
    if name == "timeit":
        local = f"class __timeit__: {python}"
        return local if is_class_body(local) else python
    return python


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


def _operand(name: str, argument: str) -> str:
    """``argument`` without the options in front of it."""
    rest = argument.strip()
    while match := re.match(r"-{1,2}([A-Za-z])([-\w.]*)\s*", rest):
        rest = rest[match.end() :]
        if match[1] in _PYTHON[name] and not match[2]:
            rest = re.sub(r"^\S+\s*", "", rest)
    return rest


def _interpolated(text: str) -> list[str]:
    """The names in ``{expression}`` and ``$name``, in order; some may be the shell's own."""
    names: list[str] = []
    for match in re.finditer(r"(?<!\{)\{([^{}]+)\}(?!\})|(?<!\$)\$([^\W\d]\w*)", text):
        if match[2]:
            names.append(match[2])
            continue
        field = match[1]
        tree = parse_quietly(field.strip()) or parse_quietly(re.split("[:!]", field)[0].strip())
        nodes = ast.walk(tree) if tree is not None else ()
        found = [node for node in nodes if isinstance(node, ast.Name)]
        names += [node.id for node in sorted(found, key=lambda node: node.col_offset)]
    return [name for name in names if not iskeyword(name)]


def _option_names(name: str, argument: str) -> tuple[list[str], list[str]]:
    """The names that a magic reads and binds by its options."""
    if name in _SCRIPTS:
        return [], re.findall(r"--(?:out|err|proc)[ =]([^\W\d]\w*)", argument)
    if name == "R":
        read, bound = (re.findall(rf"-{o}\s*([\w,]+)", argument) for o in "io")
        return _listed(read), _listed(bound)
    return [], []


def _listed(groups: list[str]) -> list[str]:
    return [name for group in groups for name in group.split(",") if name.isidentifier()]
