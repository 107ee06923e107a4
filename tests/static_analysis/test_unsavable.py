"""Values that cannot be saved, foreseen where they are made; the table is tried for real."""

import contextlib
import importlib
import re

import pytest
from pipelines import chain, pipeline

from kale.marshal import resource_save
from kale.static_analysis import analyze
from kale.static_analysis.channels.unsavable import KINDS

IMPORTS = (
    "imports",
    "import csv, glob, os, queue, re, sqlite3, subprocess, threading, weakref, zipfile\n"
    "import numpy as np\nimport pandas as pd\nfrom pathlib import Path",
)


def made(code, use="x", *, shared="pass"):
    """What is said of `x`, made by one step and used by another."""
    notebook = chain(IMPORTS, ("functions", shared), ("a", code), ("b", use))
    return [d for d in analyze(notebook).diagnostics if d.code == "KALE350"]


SAVABLE = [
    "x = 1",
    "x = list(i for i in [1])",
    "x = (i for i in [1])\nx = list(x)",
    "x = zip([1], [2])",
    "x = map(str, [1])",
    "x = iter([1])",
    "x = {1: 2}.keys()",
    "x = re.compile('a')",
    "x = open('f').read()",
    "with open('f') as f:\n    x = f.read()",
    "x = glob.glob('*')",
    "x = subprocess.run(['true'])",
    "x = np.load('a.npy')",
    "x = pd.read_csv('f', chunksize=None)",
    "x = [i for i in [1]]",
    "x = csv",
    "x = threading.Lock",
]


@pytest.mark.parametrize("code", SAVABLE)
def test_nothing_is_said_of(code):
    assert made(code) == []


def test_nothing_is_said_of_what_does_not_travel():
    assert made("x = open('f')\ny = x.read()", "y") == []


def test_nothing_is_said_of_a_step_that_makes_it_anew():
    assert made("x = open('f')", "x = 1\nx") == []


def test_nothing_is_said_of_a_class_that_says_how_it_is_saved():
    shared = (
        "class C:\n    def __init__(self): self.l = threading.Lock()\n    def __getstate__(self): 1"
    )
    assert made("x = C()", shared=shared) == []


def test_nothing_is_said_of_a_function_whose_inner_one_yields():
    assert (
        made("x = f()", shared="def f():\n    def g():\n        yield 1\n    return list(g())")
        == []
    )


UNSAVABLE = [
    ("x = (i for i in [1])", "`x` is a generator", "save a list of its items"),
    ("x = gen()", "`x` is a generator", "save a list of its items"),
    ("x = [1, (i for i in [1])]", "`x` holds a generator", "save a list of its items"),
    ("y = 1\nx, y = gen(), 2", "`x` is a generator", "save a list of its items"),
    ("x = later()", "`x` is a coroutine", "await it, and save the result"),
    ("x = Path('d').glob('*.csv')", "`x` is a generator", "save a list of its items"),
    ("df = pd.read_csv('f')\nx = df.iterrows()", "`x` is a generator", "save a list of its items"),
    ("x = pd.read_csv('f', chunksize=9)", "`x` is a reader in chunks", "save a list of its items"),
    ("x = os.scandir('.')", "`x` is an iterator over files", "save a list of its items"),
    ("x = csv.reader(open('f'))", "`x` is a CSV reader", "save a list of its items"),
    ("x = open('f')", "`x` is an open file",
     "save its path, and open it in the step that needs it"),
    ("x = {'a': open('f')}", "`x` holds an open file",
     "save its path, and open it in the step that needs it"),
    ("x = [open(f) for f in 'ab']", "`x` holds an open file",
     "save its path, and open it in the step that needs it"),
    ("x = np.load('a.npz')", "`x` is an open archive",
     "save its path, and open it in the step that needs it"),
    ("x = threading.Lock()", "`x` is a lock or the like", "make it in the step that uses it"),
    ("x = Model()", "`x` holds a lock or the like", "make it in the step that uses it"),
    ("x = sqlite3.connect('a.db')", "`x` is a connection", "make it in the step that uses it"),
    ("con = sqlite3.connect('a.db')\nx = con.cursor()", "`x` is a connection",
     "make it in the step that uses it"),
    ("x = subprocess.Popen(['true'])", "`x` is a thread, a process or a pool of them",
     "make it in the step that uses it"),
    ("x = weakref.ref(Model)", "`x` is a weak reference", "save what it refers to"),
    ("x = queue.Queue()", "`x` is a queue", "save a list of what is in it"),
]  # fmt: skip
SHARED = (
    "def gen():\n    yield 1\nasync def later(): 1\n"
    "class Model:\n    def __init__(self): self.lock = threading.Lock()"
)


@pytest.mark.parametrize(("code", "what", "remedy"), UNSAVABLE, ids=[row[0] for row in UNSAVABLE])
def test_a_value_that_cannot_be_saved(code, what, remedy):
    [found] = made(code, shared=SHARED)
    assert found.message == f"{what}, which cannot be saved; step `b` wants it"
    assert (found.hint, found.at.cell, found.at.line) == (remedy, 3, code.count("\n") + 1)


def test_a_value_that_several_steps_want_is_told_once():
    cells = (("a", "x = (i for i in [1])"), ("b", "list(x)"), ("c", "list(x)"))
    found = analyze(pipeline(*cells, after={"b": ["a"], "c": ["b"]})).diagnostics
    assert [d.message for d in found if d.code == "KALE350"] == [
        "`x` is a generator, which cannot be saved; step `b` wants it"
    ]


#: How to try the calls that need arguments; the file is there.
TRIALS = {
    "open": "open('new', 'wb')",
    "io.open": "io.open('new', 'w')",
    "codecs.open": "codecs.open('new', 'w', 'utf-8')",
    "gzip.open": "gzip.open('new', 'wb')",
    "bz2.open": "bz2.open('new', 'wb')",
    "lzma.open": "lzma.open('new', 'wb')",
    "mmap.mmap": "mmap.mmap(-1, 8)",
    "os.popen": "os.popen('true')",
    "urllib.request.urlopen": "urllib.request.urlopen(pathlib.Path('csv').resolve().as_uri())",
    "zipfile.ZipFile": "zipfile.ZipFile('zip', 'w')",
    "tarfile.open": "tarfile.open('tar', 'w')",
    "h5py.File": "h5py.File('h5', 'w')",
    "glob.iglob": "glob.iglob('*')",
    "os.walk": "os.walk('.')",
    "os.fwalk": "os.fwalk('.')",
    "pathlib.Path().glob": "pathlib.Path().glob('*')",
    "pathlib.Path().rglob": "pathlib.Path().rglob('*')",
    "pathlib.Path.cwd().glob": "pathlib.Path.cwd().glob('*')",
    "pathlib.Path.cwd().rglob": "pathlib.Path.cwd().rglob('*')",
    "pandas.DataFrame().iterrows": "pandas.DataFrame({'a': [1]}).iterrows()",
    "pandas.DataFrame().itertuples": "pandas.DataFrame({'a': [1]}).itertuples()",
    "pandas.DataFrame().items": "pandas.DataFrame({'a': [1]}).items()",
    "pandas.read_csv().iterrows": "pandas.read_csv('csv').iterrows()",
    "pandas.read_csv().itertuples": "pandas.read_csv('csv').itertuples()",
    "pandas.read_csv().items": "pandas.read_csv('csv').items()",
    "xml.etree.ElementTree.iterparse": "xml.etree.ElementTree.iterparse('csv')",
    "re.finditer": "re.finditer('a', 'a')",
    "re.compile().finditer": "re.compile('a').finditer('a')",
    "re.compile().fullmatch": "re.compile('a').fullmatch('a')",
    "re.compile().match": "re.compile('a').match('a')",
    "re.compile().search": "re.compile('a').search('a')",
    "re.match": "re.match('a', 'a')",
    "re.search": "re.search('a', 'a')",
    "re.fullmatch": "re.fullmatch('a', 'a')",
    "csv.reader": "csv.reader(['a'])",
    "csv.DictReader": "csv.DictReader(['a'])",
    "csv.writer": "csv.writer(open('new', 'w'))",
    "csv.DictWriter": "csv.DictWriter(open('new', 'w'), ['a'])",
    "threading.Barrier": "threading.Barrier(2)",
    "threading.Timer": "threading.Timer(1, print)",
    "contextvars.ContextVar": "contextvars.ContextVar('a')",
    "multiprocessing.Value": "multiprocessing.Value('i')",
    "multiprocessing.Array": "multiprocessing.Array('i', 1)",
    "subprocess.Popen": "subprocess.Popen(['true'])",
    "sqlite3.connect": "sqlite3.connect(':memory:')",
    "sqlite3.connect().cursor": "sqlite3.connect(':memory:').cursor()",
    "sqlite3.connect().execute": "sqlite3.connect(':memory:').execute('select 1')",
    "sqlalchemy.create_engine": "sqlalchemy.create_engine('sqlite://')",
    "sqlalchemy.create_engine().connect": "sqlalchemy.create_engine('sqlite://').connect()",
    "weakref.ref": "weakref.ref(pathlib.Path)",
    "weakref.proxy": "weakref.proxy(pathlib.Path)",
    "memoryview": "memoryview(b'a')",
    "logging.FileHandler": "logging.FileHandler('log')",
    "logging.handlers.RotatingFileHandler": "logging.handlers.RotatingFileHandler('log')",
    "numpy.nditer": "numpy.nditer([1])",
    "numpy.ndenumerate": "numpy.ndenumerate([1])",
}
#: What needs a server, an account, an event loop, another package, or processes that outlive
#: the test.
NOT_TRIED = frozenset(
    "psycopg2.connect pymysql.connect mysql.connector.connect pymongo.MongoClient redis.Redis "
    "boto3.client boto3.resource boto3.Session socket.create_connection asyncio.create_task "
    "asyncio.ensure_future asyncio.get_event_loop asyncio.new_event_loop multiprocessing.Manager "
    "multiprocessing.Pool os.fdopen pandas.ExcelWriter pandas.HDFStore".split()
)
CALLS = sorted({call for kind in KINDS for call in kind.calls} - NOT_TRIED)
SAVED = [
    "iter([1])",
    "zip([1], [2])",
    "map(str, [1])",
    "enumerate([1])",
    "filter(None, [1])",
    "reversed([1])",
    "{1: 2}.keys()",
    "{1: 2}.values()",
    "{1: 2}.items()",
    "io.StringIO('a')",
    "io.BytesIO(b'a')",
    "logging.getLogger('a')",
    "re.compile('a')",
    "random.Random()",
    "requests.Session()",
    "numpy.random.default_rng()",
    "subprocess.run(['true'])",
    "types.SimpleNamespace(a=1)",
    "csv",
]


def tried(expression):
    """The value of an expression whose names are those of modules."""
    words = set(re.findall(r"[a-z_]\w*(?:\.\w+)*", re.sub("'[^']*'", "", expression)))
    modules = {}
    for parts in (word.split(".") for word in words):
        with contextlib.suppress(ImportError):
            modules[parts[0]] = importlib.import_module(parts[0])
            for end in range(2, len(parts)):
                importlib.import_module(".".join(parts[:end]))
    missing = {"h5py", "sqlalchemy", "duckdb"} & {w.split(".")[0] for w in words} - modules.keys()
    if missing:
        pytest.skip(f"{missing} is not installed")
    return eval(expression, modules)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a file in it, and a place to save to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "saved").mkdir()
    return tmp_path / "saved"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_what_the_table_names_cannot_be_saved(call, folder):
    value = tried(TRIALS.get(call, f"{call}()"))
    with pytest.raises(Exception):  # noqa: B017, PT011 -- each type has an exception of its own
        resource_save(value, folder / "value")
    if hasattr(value, "close"):
        value.close()


@pytest.mark.parametrize("expression", SAVED)
def test_what_is_not_in_the_table_can_be_saved(expression, folder):
    resource_save(tried(expression), folder / "value")
