"""What a cell's code is, whatever its layout, and what it names: modules, files, variables.

IPython's own transformer is too slow to import for this. A cell that is no Python as it
stands has its lines of IPython syntax replaced by calls that hold their text; when that is no
Python either, its text counts as it is.
"""

from __future__ import annotations

import ast
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kale.runners.cache.file_marks import split_words

#: Magics of whole cells whose body is Python of the notebook.
_PYTHON_BODY = re.compile(r"\s*%%(time|timeit|capture|prun)\b[^\n]*\n")

#: A line of IPython syntax: a magic, a command, a request for help, or one assigned.
_IPYTHON_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?P<target>[\w.,\[\]'\" ]+?)[ \t]*=[ \t]*(?=[!%]))?"
    r"(?P<text>[!%].*|\?.*|[\w.%!*]+\?{1,2}[ \t]*)$",
    re.MULTILINE,
)

#: A variable of a shell's command.
_SHELL_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")

#: What may be the name of an environment variable.
_VARIABLE = re.compile(r"[A-Za-z_]\w*")

_QUOTED = re.compile(r"'([^'\n]{1,1000})'|\"([^\"\n]{1,1000})\"")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.M)

#: Libraries, commands and workers that open files, or ask for their size, which nobody hears of.
_UNSEEN = re.compile(
    r"parquet|feather|arrow|polars|duckdb|dask|spark|\borc\b|hdf|h5py|cv2|netcdf|xarray|zarr"
    r"|tensorflow|torchaudio|rasterio|geopandas|fiona|soundfile|lightgbm|xgboost|DMatrix"
    r"|\bParallel\b|loky|multiprocessing|ProcessPool|\bray\b|getsize|st_size"
    r"|subprocess|os\.system|popen|ctypes|__kale_line__|pexpect",
    re.IGNORECASE,
)

#: Libraries that make names of variables of other names.
_SETTINGS = re.compile(r"\bBaseSettings\b|\b(?:environs|decouple|dynaconf)\b")

_IMPORTERS = {"import_module", "__import__", "import_optional_dependency"}
_READERS = {"get", "pop", "setdefault", "__getitem__", "__contains__"}
_JOINERS = {"join", "joinpath", "Path", "PurePath", "PosixPath"}

#: Longer strings name no file.
_LONGEST = 4096

_ENVIRONMENTS = {"environ", "environb", "getenv"}


@dataclass(frozen=True, slots=True)
class CellCode:
    """Some code: ``digest`` is equal where only comments, blank lines and spacing differ.

    ``texts`` are its constant strings, among them paths joined from such; ``modules`` the dotted
    names that it imports, without relative imports. ``every_variable`` says that it may read any
    environment variable, ``unseen_files`` that it may open files out of Python's sight.
    """

    digest: str
    texts: frozenset[str] = field(default_factory=frozenset)
    modules: frozenset[str] = field(default_factory=frozenset)
    every_variable: bool = False
    unseen_files: bool = False

    @property
    def variables(self) -> frozenset[str]:
        """What may be names of environment variables: constant strings, a shell's variables."""
        names = {text for text in self.texts if _VARIABLE.fullmatch(text)}
        for text in self.texts:
            if "$" in text:
                names.update(_SHELL_VARIABLE.findall(text))
        if any(text.startswith("~") or "HOME" in text for text in self.texts):
            names.add("HOME")
        # ``%env NAME`` and ``%set_env NAME`` stand in one text.
        names.update(w for t in self.texts if t.startswith(("%env", "%set_env")) for w in t.split())
        return frozenset(names)


def read_cell(source: str) -> CellCode:
    """The code of one cell, as its author wrote it."""
    for kind, text in _readings(source):
        try:
            tree = ast.parse(text)
            shape = ast.dump(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        # A last semicolon keeps the last value from being shown.
        silent = source.rstrip().endswith(";")
        found = _Facts(tree)
        short = frozenset(t for t in found.texts if 0 < len(t) <= _LONGEST)
        digest = _hash(kind, shape, str(silent))
        modules = frozenset(found.modules)
        every = found.every or bool(_SETTINGS.search(text))
        return CellCode(digest, short, modules, every, bool(_UNSEEN.search(text)))
    return _loose(source, _hash("text", source))


def read_text(source: str) -> CellCode:
    """The code of a module: every change of its text counts, and its names are found roughly."""
    return _loose(source, _hash("text", source))


def read_script(source: str) -> CellCode:
    """What a program that is no Python names: all its words may be names."""
    found = read_text(source)
    return replace(found, texts=found.texts | frozenset(split_words(source)))


def _readings(source: str) -> Iterator[tuple[str, str]]:
    """The cell as Python, with a word on how that was made of it."""
    if not source.lstrip().startswith("%%"):
        yield "python", source
        yield "ipython", _IPYTHON_LINE.sub(_as_call, source)
    elif found := _PYTHON_BODY.match(source):
        head, body = source[: found.end()], source[found.end() :]
        yield f"magic {head.strip()}", body
        yield f"magic {head.strip()} ipython", _IPYTHON_LINE.sub(_as_call, body)


def _as_call(found: re.Match[str]) -> str:
    target = f"{found['target']} = " if found["target"] else ""
    return f"{found['indent']}{target}__kale_line__({found['text']!r})"


def _hash(*parts: str) -> str:
    # Strings of Python may hold what UTF-8 cannot.
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Facts:
    """What a walk over the syntax tree finds."""

    def __init__(self, tree: ast.AST) -> None:
        self.texts: set[str] = set()
        self.modules: set[str] = set()
        self.every = False
        self._understood: set[int] = set()
        self._environments: list[ast.AST] = []
        for node in ast.walk(tree):
            if seen := _SEEN.get(type(node)):
                seen(self, node)
        self.every |= any(id(node) not in self._understood for node in self._environments)

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str):
            return
        self.texts.add(value)
        self.every |= value in _ENVIRONMENTS
        if value.startswith("%"):
            # A magic's line may hold Python, whose names count.
            magic = _loose(value.partition(" ")[2], "")
            self.texts |= magic.texts
            self.modules |= magic.modules
            self.every |= magic.every_variable

    def imported(self, node: ast.Import) -> None:
        self.modules.update(alias.name for alias in node.names)

    def imported_from(self, node: ast.ImportFrom) -> None:
        renamed = {alias.name for alias in node.names if alias.asname}
        self.every |= node.module == "os" and bool(renamed & _ENVIRONMENTS)
        if node.module and not node.level:
            # A name may be a module of the package; what is none will not be found.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            self.modules |= {node.module, *names}

    def subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant):
            self._understood.add(id(node.value))

    def compared(self, node: ast.Compare) -> None:
        if isinstance(node.left, ast.Constant):
            self._understood.update(map(id, node.comparators))

    def called(self, node: ast.Call) -> None:
        function = node.func
        if node.args and isinstance(node.args[0], ast.Constant):
            self._understood.add(id(function))
            if isinstance(function, ast.Attribute) and function.attr in _READERS:
                self._understood.add(id(function.value))
            if _name(function) in _IMPORTERS and isinstance(node.args[0].value, str):
                self.modules.add(node.args[0].value)
        if _name(function) in _JOINERS:
            self.joined(node)

    def joined(self, node: ast.AST) -> None:
        if path := _path(node):
            self.texts.add(path)

    def named(self, node: ast.Name | ast.Attribute) -> None:
        if _name(node) in _ENVIRONMENTS:
            self._environments.append(node)


_SEEN: dict[type, Callable[[_Facts, Any], None]] = {
    ast.Constant: _Facts.constant,
    ast.Import: _Facts.imported,
    ast.ImportFrom: _Facts.imported_from,
    ast.Subscript: _Facts.subscript,
    ast.Compare: _Facts.compared,
    ast.Call: _Facts.called,
    ast.BinOp: _Facts.joined,
    ast.JoinedStr: _Facts.joined,
    ast.Name: _Facts.named,
    ast.Attribute: _Facts.named,
}


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _path(node: ast.AST) -> str | None:
    """The path that an expression of constants makes, so far as that is easy to see.

    What an f-string fills in is a ``*``: a pattern of the files it may be.
    """
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            text = "".join(_path(value) or "*" for value in values)
            return text if set(text) & set("./") and not re.search(r"\s|^\W+$", text) else None
        case ast.BinOp(left=left, op=ast.Add() | ast.Div() as way, right=right):
            head, tail = _path(left), _path(right)
            if head is None or tail is None:
                return None
            return f"{head}/{tail}" if isinstance(way, ast.Div) else head + tail
        case ast.Call(func=function, args=arguments) if _name(function) in _JOINERS:
            parts = [_path(argument) for argument in arguments]
            # ``Path("a").joinpath("b")``; the other joins are functions of modules.
            if _name(function) == "joinpath" and isinstance(function, ast.Attribute):
                parts.insert(0, _path(function.value))
            known = [part for part in parts if part is not None]
            return posixpath.join(*known) if known and len(known) == len(parts) else None
    return None


def _loose(source: str, digest: str) -> CellCode:
    """What code names as far as patterns find it, comments and all."""
    texts = {one or other for one, other in _QUOTED.findall(source)}
    if "%%" in source[:100] or "\n!" in f"\n{source}":
        texts.update(source.split())
    modules: set[str] = set()
    for one, several in _IMPORT.findall(source):
        names = [one] if one else [part.split()[0] for part in several.split(",") if part.strip()]
        modules.update(name for name in names if not name.startswith("."))
    known = len(re.findall(r"environb?(?:\.(?:get|pop)\(|\[)\s*['\"]|getenv\(\s*['\"]", source))
    every = len(re.findall(r"\benvironb?\b|\bgetenv\b", source)) > known
    every |= bool(_SETTINGS.search(source))
    variables = {f"${name}" for name in _SHELL_VARIABLE.findall(source)}
    return CellCode(
        digest,
        frozenset(text for text in texts if len(text) <= _LONGEST) | variables,
        frozenset(modules),
        every,
        bool(_UNSEEN.search(source)) or source.lstrip().startswith("%%"),
    )
