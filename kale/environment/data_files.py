"""Files that a step reads and that lie on this machine: the pods do not have them.

Found is each path that the code puts together of constants and that is there, but for what the
code above has written itself. Known gaps: paths that are computed, and the pattern ``**`` in the
notebook's folder itself.
"""

from __future__ import annotations

# Paths are text here, and patterns those of `glob`.
# ruff: noqa: PTH207
import ast
import glob
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.environment.commands import command_of
from kale.environment.file_writers import writes
from kale.environment.local_modules import LocalCode
from kale.environment.path_texts import PathTexts, called
from kale.environment.sources import all_sources
from kale.errors import Location
from kale.ir import Plan, VolumeMount

#: Calls whose text names a folder or a file, though it has neither slash nor dot.
_OPENERS = frozenset("open glob iglob listdir scandir walk load_from_disk load_dataset".split())
#: Calls whose texts are for people, or that only ask whether a path is there.
_NO_USES = frozenset(
    "debug error exception exists info is_dir is_file isdir isfile print warning".split()
)

#: Where every system has files of its own, and an image other ones; a pattern as those below,
#: which are compiled when they are wanted.
_OF_THE_SYSTEM = (
    r"/(?:(?:usr|bin|sbin|lib|lib64|etc|dev|proc|sys|run)(?:/.*)?|home|mnt|opt|root|(?:var/)?tmp)?"
)
#: What stands between the words of texts, and between the parts of paths.
_BETWEEN = r"[/\s;|&<>()'\"=]+"

_QUOTED = r"""['"]([^'"\n]{1,300})"""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What ``who`` reads, and where; ``step`` is ``None`` where it may be any."""

    path: str
    at: Location
    step: str | None
    who: str


def missing_data(
    plan: Plan, folder: Path, code: LocalCode, shipped: Collection[PurePosixPath]
) -> Iterator[Diagnostic]:
    """A warning of each file that the steps read here and that no pod will have.

    ``code`` are the modules beside the notebook, which may read files, too; ``shipped`` are the
    paths, relative to the notebook's ``folder``, that travel.
    """
    shared = plan.pipeline.volumes.with_data
    volumes = {step.name: (*step.options.volumes, *shared) for step in plan.pipeline.steps}
    every = [volume for mounted in volumes.values() for volume in mounted]
    told = set[str]()
    for reading in (
        *_read_by_cells(plan, folder),
        *_declared(plan, folder),
        *_read_by_modules(folder, code),
    ):
        path = reading.path
        mounted = every if reading.step is None else volumes.get(reading.step, ())
        if path in told or any(_lies_on(volume, path) for volume in mounted):
            continue
        told.add(path)
        missing = _missing(path, folder, shipped)
        if missing is not None:
            yield _warning(reading, missing)


def _missing(path: str, folder: Path, shipped: Collection[PurePosixPath]) -> str | None:
    """What of a path that is there does not travel; ``None`` if nothing."""
    found = [path]
    if glob.has_magic(path) and not (folder / path).exists():
        found = sorted(_matching(path, folder))
    for one in found:
        place = PurePosixPath(posixpath.normpath(one))
        if place in shipped or any(file.is_relative_to(place) for file in shipped):
            continue
        here = folder / Path(place).expanduser()
        if here.exists() and not (here.is_dir() and _is_empty(here)):
            return one
    return None


def _is_empty(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is None
    except OSError:
        return False


def _lies_on(volume: VolumeMount, path: str) -> bool:
    return PurePosixPath(path).is_relative_to(volume.mount_path)


def _warning(reading: _Reading, missing: str) -> Diagnostic:
    if missing.startswith(("/", "~")):
        what = f"{reading.who} reads `{missing}`, a path of this machine"
        hint = "put it beside the notebook, name it by a relative path and ship it with `--include`"
    elif missing.startswith(".."):
        what = f"{reading.who} reads `{missing}`, which is not in the notebook's folder"
        hint = "put it beside the notebook and ship it with `--include`"
    else:
        what = f"{reading.who} reads `{missing}`, a file beside the notebook"
        hint = f"ship it with `--include {missing}`"
    return diagnose(
        "KALE429",
        f"{what}; the pods will not have it",
        at=reading.at,
        hint=f"{hint}, mount a volume that holds it with `volume:CLAIM:FOLDER`, or read it from"
        " a URL",
    )


def _declared(plan: Plan, folder: Path) -> Iterator[_Reading]:
    """The files that ``file:`` tags name, and those in lists among the parameters."""
    for parameter in plan.pipeline.parameters:
        if parameter.type in ("list", "dict"):
            for path in re.findall(_QUOTED, parameter.literal):
                if ("/" in path or "." in path) and _is_there(path, folder):
                    who = f"a step that takes the parameter `{parameter.name}`"
                    yield _Reading(posixpath.normpath(path), parameter.at, None, who)
    for step in plan.pipeline.steps:
        for path in step.options.files:
            yield _Reading(posixpath.normpath(path), step.at, step.name, f"step `{step.name}`")


def _read_by_cells(plan: Plan, folder: Path) -> Iterator[_Reading]:
    """The paths in the cells that are there and that the cells above did not write."""
    pipeline = plan.pipeline
    defaults = ((p.name, p.default) for p in pipeline.parameters if p.type == "str")
    known = {name: value for name, value in defaults if isinstance(value, str)}
    sources = list(all_sources(pipeline))
    if not _any_path(
        [*map(repr, known.values()), *(source.python for _, source in sources)], folder
    ):
        return
    trees = [ast.parse(source.python) for _, source in sources]
    texts, written = PathTexts(trees, known), set[str]()
    for tree, (step, source) in zip(trees, sources, strict=True):
        for path, node, is_written in _mentioned(tree, texts):
            if is_written:
                written.add(path)
            elif not _made(path, written) and _is_there(path, folder):
                line = (source.at.line or 1) + node.lineno - 1
                at = Location(
                    source.at.path, source.at.cell, line, node.col_offset + 1, step,
                    source.at.cell_id,
                )  # fmt: skip
                yield _Reading(path, at, step, f"step `{step}`" if step else "the notebook")


def _read_by_modules(folder: Path, code: LocalCode) -> Iterator[_Reading]:
    """The paths in the author's modules that are there; those of packages' own data as well."""
    for path, module in code.reached.items():
        content = code.files[path]
        text = content.decode("utf-8", "replace")
        if "__file__" not in text and "files(" not in text and not _any_path([text], folder):
            continue
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError):
            continue
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        known = {"__file__": str(path), "__name__": module, "__package__": package}
        mentioned = list(_mentioned(tree, PathTexts([tree], known)))
        written = {read for read, _, is_written in mentioned if is_written} | {str(path)}
        for read, node, _ in mentioned:
            if not _made(read, written) and _is_there(read, folder):
                who = f"line {node.lineno} of the module `{path}`"
                yield _Reading(read, Location(str(folder / path)), None, who)


def _any_path(codes: Iterable[str], folder: Path) -> bool:
    """Whether anything in quotes may be a path that is there; most notebooks have none."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False
    for code in codes:
        for text in re.findall(_QUOTED, code):
            if text[:1] in ("/", "~") or text.startswith(("./", "../")):
                return True
            if not names.isdisjoint(re.split(_BETWEEN, text)):
                return True
    return False


def _made(path: str, written: set[str]) -> bool:
    """Whether the code has written a path, or something in the folder that it is."""
    return path in written or any(other.startswith(f"{path}/") for other in written)


def _is_there(path: str, folder: Path) -> bool:
    if path.startswith("/") and re.fullmatch(_OF_THE_SYSTEM, path):
        return False
    try:
        place = Path(path).expanduser() if path.startswith("~") else folder / path
        if glob.has_magic(path) and not place.exists():
            return next(_matching(path, folder), None) is not None
        return place.exists() and path not in ("", ".", "..", "~")
    except (OSError, ValueError, RuntimeError):  # no path at all
        return False


def _matching(pattern: str, folder: Path) -> Iterator[str]:
    """The files of a pattern; of one that goes through all folders the one where it begins."""
    fixed, through, _ = pattern.partition("**")
    if not through:
        yield from glob.iglob(pattern, root_dir=folder)
    elif fixed.strip("/") and not glob.has_magic(fixed) and (folder / fixed).is_dir():
        yield posixpath.normpath(fixed)


def _mentioned(tree: ast.Module, texts: PathTexts) -> Iterator[tuple[str, ast.expr, bool]]:
    """The paths in a cell, in its order: where each stands, and whether it is written there."""
    waiting: list[tuple[ast.AST, ast.Call | None]] = [(tree, None)]
    while waiting:
        node, call = waiting.pop()
        if texts.is_known(node) or _is_no_use(node):
            continue
        text = texts.text(node) if isinstance(node, ast.expr) else None
        if text is None:
            inner = node if isinstance(node, ast.Call) else call
            waiting += ((child, inner) for child in reversed([*ast.iter_child_nodes(node)]))
            continue
        assert isinstance(node, ast.expr)
        name = called(call) if call is not None else ""
        if call is not None and (command := command_of(call, node, text)) is not None:
            paths = command
        elif texts.is_path(node) or name in _OPENERS:
            paths = [text]
        else:
            continue
        for path in paths:
            if path and len(path) < 1000 and "://" not in path and "\n" not in path:
                yield posixpath.normpath(path), node, call is not None and writes(call, node, texts)


def _is_no_use(node: ast.AST) -> bool:
    """Whether texts in a node are no uses of files: a docstring, or what ``print`` is given."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Call() if called(node) in _NO_USES:
            return True
    return False
