"""A step is taken from an earlier run exactly when it would compute the same again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from runners.plans import plan, task

#: Long enough for a file not to count as just written.
AGE = 0.03


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    time.sleep(AGE)


def one_step(*cells, **options):
    return plan(task("load", *cells, saves=["x"], **options))


def edit_keeping_size_and_time(path: Path, text: str) -> None:
    before = path.stat()
    assert len(text) == before.st_size
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_link(folder: Path) -> None:
    (folder / "data.csv").unlink()
    (folder / "data.csv").symlink_to("b.csv")


READS_DATA = "x = open('data.csv').read()"

STALE = [
    pytest.param(
        READS_DATA,
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="the file it read has other content",
    ),
    pytest.param(
        READS_DATA,
        lambda f: edit_keeping_size_and_time(f / "data.csv", "2"),
        "2",
        id="the file it read was edited, its size and its time are as before",
    ),
    pytest.param(
        "name = 'data'\nx = open(name + '.csv').read()",
        lambda f: edit_keeping_size_and_time(f / "data.csv", "2"),
        "2",
        id="a file whose name is made at run time was edited",
    ),
    pytest.param(
        "import os\nname = 'da' + 'ta'\nos.chdir('sub')\nx = open('../' + name + '.csv').read()",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="a file opened from another working directory was edited",
    ),
    pytest.param(
        "!cat data.csv > out.txt\nx = open('out.txt').read()",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="a command's file was edited",
    ),
    pytest.param(
        "import subprocess\nn = 'data'\nx = subprocess.run(f'cat {n}.csv', shell=True, capture_output=True, text=True).stdout",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="the file of a command made at run time was edited",
    ),
    pytest.param(
        "import ctypes\nlibc = ctypes.CDLL(None)\nf = libc.open(b'data.csv', 0)\nb = ctypes.create_string_buffer(9)\nlibc.read(f, b, 9)\nx = b.value.decode()",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="a file that only native code opens was edited, and the code names it",
    ),
    pytest.param(
        "import os\npid = os.fork()\nif not pid:\n    n = 'data'\n    open('o.txt', 'w').write(open(f'{n}.csv').read())\n    os._exit(0)\nos.waitpid(pid, 0)\nx = open('o.txt').read()",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="a file that a forked process read was edited",
    ),
    pytest.param(
        "import threading\nr = []\nt = threading.Thread(target=lambda: r.append(open('da' 'ta.csv').read()))\nt.start(); t.join()\nx = r[0]",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="a file that a thread read was edited",
    ),
    pytest.param(
        "x = open('link.csv').read()",
        lambda f: write(f / "data.csv", "2"),
        "2",
        id="the file behind a link was edited",
    ),
    pytest.param(READS_DATA, swap_link, "b", id="a link leads to another file now"),
    pytest.param(
        "import glob\nx = str(sorted(glob.glob('*.csv')))",
        lambda f: write(f / "z.csv", "2"),
        "['a.csv', 'b.csv', 'data.csv', 'link.csv', 'z.csv']",
        id="a pattern matches one file more",
    ),
    pytest.param(
        "from pathlib import Path\nx = str(sorted(p.name for p in Path('sub').iterdir()))",
        lambda f: write(f / "sub" / "new", "2"),
        "['deep.txt', 'new']",
        id="a folder has one file more",
    ),
    pytest.param(
        "import os\nx = 'yes' if os.path.exists('flag') else 'no'",
        lambda f: write(f / "flag", ""),
        "yes",
        id="a file that it looked for is there now",
    ),
    pytest.param(
        "try:\n    x = open('no' + 'ne.txt').read()\nexcept OSError:\n    x = 'none'",
        lambda f: write(f / "none.txt", "some"),
        "some",
        id="a file that it could not open is there now",
    ),
    pytest.param(
        "import os\nx = 'yes' if os.path.exists('data.csv') else 'no'",
        lambda f: (f / "data.csv").unlink(),
        "no",
        id="a file that it looked for is gone",
    ),
    pytest.param(
        "import helpers\nx = helpers.X",
        lambda f: write(f / "helpers.py", "X = '22'"),
        "22",
        id="a local module was edited",
    ),
    pytest.param(
        "import helpers\nx = helpers.X",
        lambda f: write(f / "helpers.py", "X = '2'"),
        "2",
        id="a local module was edited to another text of equal size",
    ),
    pytest.param(
        "import helpers\nx = helpers.X",
        lambda f: edit_keeping_size_and_time(f / "helpers.py", "X = '2'"),
        "2",
        id="a local module was edited, its size and its time are as before",
    ),
    pytest.param(
        "import outer\nx = outer.X",
        lambda f: write(f / "helpers.py", "X = '22'"),
        "22",
        id="a module that a local module imports was edited",
    ),
    pytest.param(
        "import pack.inner\nx = pack.inner.X",
        lambda f: write(f / "pack" / "other.py", "Y = '22'"),
        "22",
        id="a module of a local package was edited",
    ),
    pytest.param(
        "import importlib\nx = importlib.import_module('hel' + 'pers').X",
        lambda f: write(f / "helpers.py", "X = '22'"),
        "22",
        id="a module imported by a name made at run time was edited",
    ),
    pytest.param(
        "try:\n    import missing\n    x = missing.X\nexcept ImportError:\n    x = 'none'",
        lambda f: write(f / "missing.py", "X = 'some'"),
        "some",
        id="a module that was missing is there now",
    ),
    pytest.param(
        "%run script.py\nx = Y",
        lambda f: write(f / "script.py", "Y = '22'"),
        "22",
        id="a script that it runs was edited",
    ),
    pytest.param(
        "import os\nx = os.environ['MODE']",
        lambda f: os.environ.__setitem__("MODE", "b"),
        "b",
        id="an environment variable has another value",
    ),
    pytest.param(
        "import os\nx = os.getenv('UNSET_MODE', 'a')",
        lambda f: os.environ.__setitem__("UNSET_MODE", "b"),
        "b",
        id="an environment variable is set now",
    ),
    pytest.param(
        "import os\nname = 'MO' + 'DE'\nx = os.environ[name]",
        lambda f: os.environ.__setitem__("MODE", "b"),
        "b",
        id="an environment variable whose name is made at run time has another value",
    ),
    pytest.param(
        "x = !echo $MODE\nx = x[0]",
        lambda f: os.environ.__setitem__("MODE", "b"),
        "b",
        id="a command's variable has another value",
    ),
    pytest.param(
        "import settings\nx = settings.MODE",
        lambda f: os.environ.__setitem__("MODE", "b"),
        "b",
        id="a variable that a local module reads has another value",
    ),
]


@pytest.fixture
def folder(project, monkeypatch):
    folder = project.folder
    monkeypatch.setenv("MODE", "a")
    monkeypatch.delenv("UNSET_MODE", raising=False)
    monkeypatch.setenv("UNSET_MODE", "")
    monkeypatch.delenv("UNSET_MODE")
    for name, text in {
        "a.csv": "a", "b.csv": "b", "sub/deep.txt": "d", "helpers.py": "X = '1'",
        "outer.py": "from helpers import X", "pack/__init__.py": "", "pack/other.py": "Y = '1'",
        "pack/inner.py": "from .other import Y as X", "script.py": "Y = '1'",
        "settings.py": "import os\nMODE = os.environ['MODE']",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data.csv").write_text("1")
    (folder / "link.csv").symlink_to("data.csv")
    time.sleep(AGE)
    return folder


@pytest.mark.parametrize(("code", "change", "value"), STALE)
def test_a_step_runs_again_when(project, folder, code, change, value):
    first = project.run(one_step(code))
    again = project.run(one_step(code))
    if again.ran:  # it had files of its own making that it had not seen before
        again = project.run(one_step(code))
    assert again.taken == ["load"], again.misses
    assert again.value("load", "x") == first.value("load", "x")

    change(folder)

    after = project.run(one_step(code))
    assert after.ran == ["load"]
    assert after.value("load", "x") == value
    settled = [project.run(one_step(code)) for _ in range(2)][-1]
    assert settled.taken == ["load"], settled.misses
    assert settled.value("load", "x") == value
