"""Files that native code, worker processes and other programs open count as far as can be known."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from runners.plans import parameter, plan, task

#: Long enough for a file not to count as just written.
AGE = 0.03

#: Reads a file in native code, which nobody hears of.
NATIVE = (
    "import ctypes\nlibc = ctypes.CDLL(None)\nf = libc.open(name.encode(), 0)\n"
    "b = ctypes.create_string_buffer(9)\nlibc.read(f, b, 9)\ny = b.value.decode()"
)


def test_a_file_that_an_earlier_step_named_and_native_code_reads_counts(project):
    data = project.folder / "data.csv"
    data.write_text("1")
    made = plan(
        task("load", "name = 'data.csv'", saves=["name"]),
        task("train", NATIVE, loads={"name": "load"}, saves=["y"]),
    )
    project.run(made)
    assert project.run(made).taken == ["load", "train"]
    data.write_text("2")
    after = project.run(made)
    assert (after.ran, after.value("train", "y")) == (["load", "train"], "2")


def test_a_file_that_a_parameter_names_and_native_code_reads_counts(project):
    data = project.folder / "data.csv"
    data.write_text("1")
    made = plan(
        task("load", NATIVE, takes={"name": "''"}, saves=["y"]),
        parameters=[parameter("name", "str", "''")],
    )
    project.run(made, parameters={"name": "data.csv"})
    assert project.run(made, parameters={"name": "data.csv"}).taken == ["load"]
    data.write_text("2")
    after = project.run(made, parameters={"name": "data.csv"})
    assert after.value("load", "y") == "2"


def test_a_file_in_a_folder_that_an_earlier_step_named_and_native_code_reads_counts(project):
    (project.folder / "data").mkdir()
    data = project.folder / "data" / "train.csv"
    data.write_text("1")
    native = NATIVE.replace("name.encode()", "f'{folder}/train.csv'.encode()")
    made = plan(
        task("load", "folder = 'data'", saves=["folder"]),
        task("train", native, loads={"folder": "load"}, saves=["y"]),
    )
    project.run(made)
    assert project.run(made).taken == ["load", "train"]
    data.write_text("2")
    after = project.run(made)
    assert after.ran == ["train"]
    assert after.value("train", "y") == "2"


@pytest.mark.parametrize("folder", ["/proc", "/proc/", "/sys/kernel", "/dev"])
def test_the_systems_own_files_do_not_count_where_they_are_only_named(project, folder):
    runs_a_program = f"import subprocess\nx = subprocess.run(['echo', {folder!r}]).returncode"
    made = plan(task("load", runs_a_program, saves=["x"]))
    project.run(made)
    again = project.run(made)
    assert again.taken == ["load"], again.misses


WORKERS = "from joblib import Parallel, delayed\nx = ''.join(Parallel(n_jobs=2)(delayed(read)(f) for f in %s))"
READ = "from pathlib import Path\nread = Path.read_text\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    time.sleep(AGE)


def commit(folder: Path) -> None:
    who = [
        "-c",
        "user.name=kale",
        "-c",
        "user.email=kale@example.org",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(
        ["git", *who, "commit", "-q", "--allow-empty", "-m", "next"], cwd=folder, check=True
    )


UNHEARD = [
    pytest.param(
        READ + "from glob import glob\n" + WORKERS % "map(Path, sorted(glob('parts/*')))",
        lambda f: write(f / "parts" / "0.csv", "2"),
        id="a worker's file was edited that a pattern has listed",
    ),
    pytest.param(
        READ + "where = 'par' + 'ts'\n" + WORKERS % "sorted(Path(where).iterdir())",
        lambda f: write(f / "parts" / "0.csv", "2"),
        id="a worker's file was edited in a folder of a name made at run time",
    ),
    pytest.param(
        READ + WORKERS % "[Path(f'parts/{i}.csv') for i in range(2)]",
        lambda f: write(f / "parts" / "1.csv", "2"),
        id="a worker's file was edited whose name is filled in",
    ),
    pytest.param(
        "import pack\nx = pack.CONF",
        lambda f: write(f / "pack" / "conf.json", "2"),
        id="the data of a package was edited",
    ),
    pytest.param(
        "import os\nx = sum(os.path.getsize(f'parts/{f}') for f in os.listdir('parts'))",
        lambda f: write(f / "parts" / "0.csv", "22"),
        id="a file has grown whose size it asked for",
    ),
    pytest.param(
        "import os\nx = os.path.isdir('models')",
        lambda f: (f / "models").mkdir(),
        id="a folder is there now that it asked for",
    ),
    pytest.param(
        "import os\nx = os.path.isdir('empty')",
        lambda f: (f / "empty").rmdir(),
        id="a folder is gone that it asked for",
    ),
    pytest.param(
        "import subprocess\nx = subprocess.run(['sh', 'mode.sh'], capture_output=True, text=True).stdout",
        lambda f: os.environ.__setitem__("MODE", "b"),
        id="a variable that its script reads has another value",
    ),
    pytest.param(
        "x = !sh read.sh\nx = str(x)",
        lambda f: write(f / "parts" / "0.csv", "2"),
        id="a file that its script names was edited",
    ),
    pytest.param(
        "import native\nx = native.load()",
        lambda f: write(f / "parts" / "0.csv", "2"),
        id="a file was edited that native code opens for a local module",
    ),
    pytest.param(
        "from os import environ as env\nx = env.get(''.join(['MO', 'DE']))",
        lambda f: os.environ.__setitem__("MODE", "b"),
        id="a variable has another value that it reads by another name of os.environ",
    ),
    pytest.param(
        "import subprocess\nx = subprocess.check_output(['git', 'rev-parse', 'HEAD'])",
        commit,
        id="there is a new commit, and it asked git for the last one",
        marks=pytest.mark.skipif(not shutil.which("git"), reason="git is not installed"),
    ),
]


@pytest.fixture
def folder(project, monkeypatch):
    folder = project.folder
    monkeypatch.setenv("MODE", "a")
    for name, text in {
        "parts/0.csv": "1", "parts/1.csv": "1", "pack/conf.json": "1",
        "pack/__init__.py": "import pkgutil\nCONF = pkgutil.get_data(__name__, 'conf.json')",
        "mode.sh": "echo $MODE", "read.sh": "cat parts/0.csv",
        "native.py": "import ctypes\nFOLDER = 'parts'\ndef load():\n    name = f'{FOLDER}/{0}.csv'\n"
        + "".join(f"    {line}\n" for line in NATIVE.splitlines()) + "    return y\n",
    }.items():  # fmt: skip
        write(folder / name, text)
    (folder / "empty").mkdir()
    if shutil.which("git"):
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        commit(folder)
    return folder


@pytest.mark.parametrize(("code", "change"), UNHEARD)
def test_a_step_runs_again_when(project, folder, code, change):
    made = plan(task("load", code, saves=["x"]))
    first = project.run(made)
    assert project.run(made).taken == ["load"]
    change(folder)
    after = project.run(made)
    assert after.ran == ["load"]
    assert after.value("load", "x") != first.value("load", "x")
    settled = project.run(made)
    assert settled.taken == ["load"], settled.misses


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="this system has no /dev/shm")
def test_a_file_kept_in_memory_counts(project):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        data = Path(folder, "1.csv")
        write(data, "1")
        made = plan(task("load", f"x = open(f'{folder}/{{1}}.csv').read()", saves=["x"]))
        project.run(made)
        assert project.run(made).taken == ["load"]
        write(data, "2")
        assert project.run(made).value("load", "x") == "2"


EMPTIES = [
    pytest.param("shutil.rmtree('out', ignore_errors=True)\nos.makedirs('out')", id="removes and makes it"),
    pytest.param("os.makedirs('new')\nshutil.rmtree('out', ignore_errors=True)\nos.rename('new', 'out')", id="puts another one in its place"),
    pytest.param("shutil.rmtree('top', ignore_errors=True)\nos.makedirs('top/out')\nos.path.lexists('out') or os.symlink('top/out', 'out')", id="removes one above it"),
]  # fmt: skip


@pytest.mark.parametrize("empty", EMPTIES)
def test_a_folder_holds_no_more_than_the_step_leaves_in_it_that(project, empty):
    fill = f"import os, shutil\n{empty}\nfor i in range(p):\n    open(f'out/{{i}}', 'w').close()"
    made = plan(
        task("write", fill, takes={"p": "2"}),
        task("read", "import os\nx = len(os.listdir('out'))", after=["write"], saves=["x"]),
        parameters=[parameter("p", "int", "2")],
    )
    for p in (2, 3, 2, 3, 2):
        assert project.run(made, parameters={"p": p}).value("read", "x") == p
    assert project.run(made, parameters={"p": 2}).taken == ["write", "read"]
