"""What the probe sees of a step's files, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kale.runners.cache.probe_source import file_probe_source, told_files

#: Runs code with the probe, as an engine would, and prints what it tells.
_RUN = """
import json, sys, time
source, spool, code = sys.argv[1:]
sys.path.insert(0, "")
probe = {"__name__": "kale_probe_files"}
exec(source, probe)
probe["start"](["/nowhere", sys.argv[2] + ".run"], spool)
exec(code, {"__name__": "__main__"})
json.dump(probe["end"](), sys.stdout)
"""


def seen(folder: Path, code: str, *, kinds=("read", "written", "touched", "listed")) -> dict:
    """The files of a folder by kind, relative to it."""
    spool = folder.parent / "spool"
    done = subprocess.run(
        [sys.executable, "-c", _RUN, file_probe_source(), str(spool), code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    told = told_files({"end": json.loads(done.stdout)}, spool)
    assert told is not None
    assert not spool.exists()
    base = f"{folder}/"
    found = {
        k: {p.replace(base, "", 1) for p in told[k] if f"{p}/".startswith(base)} for k in kinds
    }
    return {kind: {path or "." for path in paths} for kind, paths in found.items() if paths}


SEEN = [
    pytest.param("open('a')", {"read": {"a"}}, id="a file opened to be read"),
    pytest.param("open(b'a')", {"read": {"a"}}, id="a name in bytes"),
    pytest.param("import pathlib; pathlib.Path('a').read_text()", {"read": {"a"}}, id="a path object"),
    pytest.param("import os; os.open('a', os.O_RDONLY)", {"read": {"a"}}, id="a descriptor"),
    pytest.param("import os; os.chdir('sub'); open('../a')", {"read": {"a"}}, id="a name relative to another folder"),
    pytest.param("open('new', 'w')", {"written": {"new"}}, id="a new file"),
    pytest.param("open('a', 'w')", {"written": {"a"}}, id="a file written over"),
    pytest.param("open('a', 'a')", {"read": {"a"}, "written": {"a"}}, id="a file added to"),
    pytest.param("open('a', 'r+')", {"read": {"a"}, "written": {"a"}}, id="a file changed within"),
    pytest.param("open('new', 'x')", {"read": {"new"}, "written": {"new"}}, id="a file that must not be there"),
    pytest.param("open('new', 'w').close(); open('new')", {"written": {"new"}}, id="a file read after it was written"),
    pytest.param("open('a').close(); open('a', 'w')", {"read": {"a"}, "written": {"a"}}, id="a file written after it was read"),
    pytest.param("try:\n open('none')\nexcept OSError: pass", {"read": {"none"}}, id="a file that is not there"),
    pytest.param("import os; os.rename('a', 'new')", {"read": {"a"}, "written": {"a", "new"}}, id="a file renamed"),
    pytest.param("import os; os.remove('a')", {"written": {"a"}}, id="a file removed"),
    pytest.param("import os; os.symlink('a', 'new')", {"written": {"new"}}, id="a link made"),
    pytest.param("import os; os.truncate('a', 0)", {"read": {"a"}, "written": {"a"}}, id="a file cut"),
    pytest.param("import os; os.makedirs('new/deep')", {"written": {"new", "new/deep"}}, id="folders made"),
    pytest.param("import shutil; shutil.copy('a', 'new')", {"read": {"a"}, "written": {"new"}}, id="a file copied"),
    pytest.param("import sqlite3; sqlite3.connect('a')", {"touched": {"a"}}, id="a database"),
    pytest.param("import sqlite3; sqlite3.connect(':memory:')", {}, id="a database in memory"),
    pytest.param("import subprocess; subprocess.run(['true', 'a'])", {"touched": {"a"}}, id="a program's argument"),
    pytest.param("import os; os.system('true < a')", {"touched": {"a"}}, id="a word of a command"),
    pytest.param("import os; os.listdir()", {"listed": {"."}}, id="a folder listed") ,
    pytest.param("import glob; glob.glob('sub/*')", {"listed": {"sub"}}, id="a pattern"),
    pytest.param("import mod", {"read": {"mod.py"}}, id="a module, not its byte code"),
    pytest.param("import json, csv, sqlite3", {}, id="modules of the standard library"),
    pytest.param("import os\nif os.fork() == 0:\n open('a'); open('new', 'w'); os._exit(0)\nos.wait()", {"read": {"a"}, "written": {"new"}}, id="files of a forked process"),
    pytest.param("import threading\nt = threading.Thread(target=open, args=('a',)); t.start(); t.join()", {"read": {"a"}}, id="files of a thread"),
    pytest.param("open('/proc/self/stat'); open('/dev/null', 'w'); open(0, closefd=False)", {}, id="what is no regular file"),
    pytest.param("import os; open(os.pipe()[0])", {}, id="a pipe"),
    pytest.param("try:\n open('a\\0b')\nexcept ValueError: pass", {}, id="a name that no file can have"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my files"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "mod.py").write_text("x = 1")
    return folder.resolve()


@pytest.mark.parametrize(("code", "expected"), SEEN)
def test_the_probe_sees(folder, code, expected):
    found = seen(folder, code)
    found = {kind: {path.rstrip("/") or "." for path in paths} for kind, paths in found.items()}
    if "listed" in found:
        found["listed"] = {"." if path == str(folder) else path for path in found["listed"]}
    assert found == expected


def test_the_probe_leaves_a_step_as_it_was(folder):
    code = """
before = open('a').read()
try:
    open('none')
except FileNotFoundError as error:
    assert error.__traceback__.tb_next is None
import sys
assert not [name for name in sys.modules if 'probe' in name]
assert 'kale' not in sys.modules
"""
    assert seen(folder, code)["read"] == {"a", "none"}


def test_a_million_opens_of_one_file_are_told_once(folder):
    code = "for _ in range(20_000):\n open('a').close(); open('sub/../a').close()"
    assert seen(folder, code) == {"read": {"a"}}


def test_what_a_probe_could_not_tell_is_not_taken_for_nothing(tmp_path):
    spool = tmp_path / "spool"
    assert told_files(None, spool) is None
    assert told_files({"error": "no such interpreter"}, spool) is None
    assert told_files({"end": {"read": {}}, "error": "late"}, spool) is None
    spool.write_text('["read", "/a"')
    told = told_files({"end": {"read": {}, "written": {}, "touched": {}}}, spool)
    assert told is not None
    assert "?" in told["touched"]
