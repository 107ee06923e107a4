"""Values that no file can hold, foreseen where they are made: generators, open files, locks.

Only what travels is told. The calls of the table are tried for real by its test, where the
library is there. Known gaps: values that a function returns, unless it is a generator function
of the notebook; parts that are added to a value after it is made.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.ir import Wire
from kale.static_analysis.channels.code_walk import FunctionNode
from kale.static_analysis.channels.survey import Survey
from kale.static_analysis.facts import SHARED, Kind
from kale.static_analysis.reaching import Flow


@dataclass(frozen=True, slots=True)
class Unsavable:
    """A kind of value that cannot be saved, and what to do instead."""

    noun: str
    remedy: str
    calls: frozenset[str]


def _kind(noun: str, remedy: str, calls: str) -> Unsavable:
    return Unsavable(noun, remedy, frozenset(calls.split()))


_LIST = "save a list of its items"
_OPEN = "save its path, and open it in the step that needs it"
_MAKE = "make it in the step that uses it"

#: The kinds, each with the calls by their full names.
KINDS = (
    _kind(
        "a generator",
        _LIST,
        "glob.iglob os.walk os.fwalk pathlib.Path().glob pathlib.Path().rglob "
        "pathlib.Path().iterdir pathlib.Path.cwd().glob pathlib.Path.cwd().rglob "
        "pathlib.Path.cwd().iterdir pandas.DataFrame().iterrows pandas.DataFrame().itertuples "
        "pandas.DataFrame().items pandas.read_csv().iterrows pandas.read_csv().itertuples "
        "pandas.read_csv().items xml.etree.ElementTree.iterparse",
    ),
    _kind("an iterator over files", _LIST, "os.scandir"),
    _kind("an iterator over matches", _LIST, "re.finditer re.compile().finditer"),
    _kind(
        "a match",
        "save its groups, `match.groups()`",
        "re.match re.search re.fullmatch re.compile().match re.compile().search "
        "re.compile().fullmatch",
    ),
    _kind("a CSV reader", _LIST, "csv.reader csv.DictReader"),
    _kind("a CSV writer", _OPEN, "csv.writer csv.DictWriter"),
    _kind(
        "an open file",
        _OPEN,
        "open io.open codecs.open gzip.open bz2.open lzma.open tempfile.TemporaryFile "
        "tempfile.NamedTemporaryFile os.fdopen os.popen urllib.request.urlopen mmap.mmap",
    ),
    _kind("an open archive", _OPEN, "zipfile.ZipFile tarfile.open h5py.File"),
    _kind("a spreadsheet writer", _OPEN, "pandas.ExcelWriter pandas.HDFStore"),
    _kind(
        "a lock or the like",
        _MAKE,
        "threading.Lock threading.RLock threading.Condition threading.Event threading.Semaphore "
        "threading.BoundedSemaphore threading.Barrier threading.local multiprocessing.Lock "
        "multiprocessing.RLock multiprocessing.Event multiprocessing.Semaphore "
        "multiprocessing.Value multiprocessing.Array contextvars.ContextVar",
    ),
    _kind(
        "a queue",
        "save a list of what is in it",
        "queue.Queue queue.LifoQueue queue.PriorityQueue queue.SimpleQueue multiprocessing.Queue",
    ),
    _kind(
        "a thread, a process or a pool of them",
        _MAKE,
        "threading.Thread threading.Timer multiprocessing.Process multiprocessing.Pool "
        "multiprocessing.Manager concurrent.futures.ThreadPoolExecutor "
        "concurrent.futures.ProcessPoolExecutor concurrent.futures.Future subprocess.Popen "
        "sched.scheduler asyncio.new_event_loop asyncio.get_event_loop asyncio.create_task "
        "asyncio.ensure_future",
    ),
    _kind(
        "a connection",
        _MAKE,
        "sqlite3.connect sqlite3.connect().cursor sqlite3.connect().execute socket.socket "
        "socket.create_connection ssl.create_default_context selectors.DefaultSelector "
        "sqlalchemy.create_engine sqlalchemy.create_engine().connect psycopg2.connect "
        "pymysql.connect mysql.connector.connect duckdb.connect pymongo.MongoClient "
        "redis.Redis boto3.client boto3.resource boto3.Session",
    ),
    _kind(
        "a weak reference",
        "save what it refers to",
        "weakref.ref weakref.proxy weakref.WeakValueDictionary weakref.WeakKeyDictionary",
    ),
    _kind("a hash", "save its digest", "hashlib.md5 hashlib.sha1 hashlib.sha256 hashlib.sha512"),
    _kind(
        "a handler of log records",
        _MAKE,
        "logging.StreamHandler logging.FileHandler logging.handlers.RotatingFileHandler",
    ),
    _kind("a memory view", "save the object it shows", "memoryview"),
    _kind("a frame", "save what is read from it", "inspect.currentframe"),
    _kind("an iterator over an array", _LIST, "numpy.nditer numpy.ndenumerate"),
)
_BY_CALL = {call: kind for kind in KINDS for call in kind.calls}
_GENERATOR = KINDS[0]
_CHUNKS = Unsavable("a reader in chunks", _LIST, frozenset())
_ARCHIVE = _BY_CALL["zipfile.ZipFile"]
_COROUTINE = Unsavable("a coroutine", "await it, and save the result", frozenset())


def unsavable_values(survey: Survey, flow: Flow) -> Iterator[Diagnostic]:
    """Warnings of values that travel and cannot be saved, at the place where they are made."""
    by_makers: dict[tuple[str, str], list[Wire]] = {}
    for wire in flow.wires:
        for producer in wire.producers:
            by_makers.setdefault((wire.name, producer), []).append(wire)
    bound = _last_bindings(survey, dict.fromkeys(wire.name for wire in flow.wires))
    cells = {cell.number: cell for cell in survey.facts.cells}
    told: set[tuple[str, int]] = set()
    keeping: dict[str, Unsavable] = {}
    for class_name, node in survey.classes.items():
        kept = _part(node, survey)
        if kept is not None:
            keeping[class_name] = kept
    for (name, producer), wires in by_makers.items():
        number = bound.get((name, producer), bound.get((name, SHARED), 0))
        cell = cells.get(number)
        if cell is None or (name, number) in told:
            continue
        bind = cell.effects.binds.get(name)
        value = None if bind is None else _value(name, bind.statement)
        found = None if value is None else _unsavable(value, survey, keeping)
        if found is not None and value is not None:
            told.add((name, number))
            whole, kind = found
            holds = "is" if whole else "holds"
            yield diagnose(
                "KALE350",
                f"`{name}` {holds} {kind.noun}, which cannot be saved; step "
                f"`{min(wires, key=lambda w: w.at.cell or 0).consumer}` wants it",
                at=cell.place(value),
                hint=kind.remedy,
            )


def _last_bindings(survey: Survey, names: Iterable[str]) -> dict[tuple[str, str], int]:
    """The cell whose binding of a name each step hands on, or shared cells give to all."""
    return {
        (name, owner): write.cell
        for name in names
        for write in survey.facts.writes.get(name, ())
        if write.kind is Kind.BIND or write.kind is Kind.MAYBE
        for owner in write.owners
    }


def _value(name: str, statement: ast.stmt | None) -> ast.expr | None:
    """What one statement assigns to a name, if it says so itself."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and target.id == name:
            return value
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for one, part in zip(target.elts, value.elts, strict=False):
                if isinstance(one, ast.Name) and one.id == name:
                    return part
    return None


def _unsavable(
    value: ast.expr, survey: Survey, keeping: dict[str, Unsavable]
) -> tuple[bool, Unsavable] | None:
    """Whether a value, or a part of it, cannot be saved; ``True`` for the value itself."""
    match value:
        case ast.GeneratorExp():
            return True, _GENERATOR
        case ast.Call():
            return _made_by(value, survey, keeping)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            pass
        case ast.Dict(values=parts):
            pass
        case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.DictComp(value=part):
            parts = [part]
        case _:
            return None
    found = (_unsavable(part, survey, keeping) for part in parts)
    return next(((False, kind) for kind in (f[1] for f in found if f is not None)), None)


def _made_by(
    call: ast.Call, survey: Survey, keeping: dict[str, Unsavable]
) -> tuple[bool, Unsavable] | None:
    name = survey.names.of(call.func)
    if name in _BY_CALL:
        return True, _BY_CALL[name]
    own = name.removeprefix("@")
    if own in survey.generators and own != name:
        functions = [node for _, node in survey.functions.get(own, ())]
        return (True, _GENERATOR) if functions and _is_generator(functions[-1]) else None
    if own in keeping and own != name:
        return False, keeping[own]
    if any(isinstance(node, ast.AsyncFunctionDef) for _, node in survey.functions.get(own, ())):
        return True, _COROUTINE
    if name == "numpy.load" and call.args:
        archive = (survey.names.text(call.args[0]) or "").endswith(".npz")
        return (True, _ARCHIVE) if archive else None
    if name.startswith("pandas.read_"):
        options = {k.arg: k.value for k in call.keywords if k.arg in {"chunksize", "iterator"}}
        if any(not isinstance(v, ast.Constant) or v.value for v in options.values()):
            return True, _CHUNKS
    return None


def _is_generator(node: FunctionNode) -> bool:
    """Whether a function itself yields, not one inside it."""
    pending: list[ast.AST] = list(node.body)
    while pending:
        child = pending.pop()
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, FunctionNode | ast.ClassDef | ast.Lambda):
            pending += ast.iter_child_nodes(child)
    return False


def _part(node: ast.ClassDef, survey: Survey) -> Unsavable | None:
    """What ``__init__`` puts into an instance that cannot be saved, unless the class sees to it."""
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
    if methods.keys() & {"__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__"}:
        return None
    for statement in methods["__init__"].body if "__init__" in methods else ():
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
            found = _unsavable(statement.value, survey, {})
            if found is not None:
                return found[1]
    return None
