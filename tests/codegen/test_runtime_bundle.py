"""The step runtime as text: smaller than its source, and the same program."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zlib
from base64 import b64decode
from pathlib import Path

import pytest

import kale.codegen
from kale.codegen import emit_runtime
from kale.codegen.runtime_bundle import LOADER, encode, pod_runtime, strip

KALE = Path(kale.codegen.__file__).parents[1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("x = 1\n", "x = 1\n", id="code stays"),
        pytest.param(
            "x = '''\n# no comment\n\n'''\n",
            "x = '''\n# no comment\n\n'''\n",
            id="what looks like a comment in a string stays",
        ),
        pytest.param("x = '  # no comment'\n", "x = '  # no comment'\n", id="in one line too"),
        pytest.param('f"""{x}\n  # no"""\n', 'f"""{x}\n  # no"""\n', id="in an f-string too"),
        pytest.param('def f(): "text"\n', 'def f(): "text"\n', id="a docstring beside code stays"),
        pytest.param(
            'def f():\n    "text"; x = 1\n', 'def f():\n "text"; x = 1\n', id="before code too"
        ),
        pytest.param("if x:\n    'text'\n", "if x:\n 'text'\n", id="not every text documents"),
        pytest.param('"""Module.\n\nMore."""\n\n\nx = 1\n', "x = 1\n", id="a module's docstring"),
        pytest.param(
            'class A:\n    """Text."""\n', "class A:\n pass\n", id="a class of text alone"
        ),
        pytest.param(
            'def f():\n    """Größe\n    two"""\n    return 1\n',
            "def f():\n return 1\n",
            id="a function's docstring",
        ),
        pytest.param(
            "# one\nx = 1  # two\n  # three\n\ny = 2   \n", "x = 1\ny = 2\n", id="comments"
        ),
        pytest.param(
            "if x:\n    y = '''a  \n    b''' + '''\n    c'''\n    z = (1,\n         2)\n",
            "if x:\n y = '''a  \n    b''' + '''\n    c'''\n z = (1,\n  2)\n",
            id="the inside of strings is not indentation",
        ),
        pytest.param("x = 'a'  # said\n", "x = 'a'  # said\n", id="a comment beside a quote stays"),
    ],
)
def test_strip(source, expected):
    assert strip(source) == expected


def dump(source):
    """The tree of a program without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            rest = node.body[1:]
            node.body = rest if rest or isinstance(node, ast.Module) else [ast.Pass()]
    return ast.dump(tree)


def test_the_runtime_is_the_same_program():
    folder = KALE / "marshal"
    stripped = {path.name: content.decode() for path, content in emit_runtime().items()}
    assert sorted(stripped) == sorted(file.name for file in folder.glob("*.py"))
    assert {str(path.parent) for path in emit_runtime()} == {"kale_runtime"}
    for name, text in stripped.items():
        assert dump(text) == dump((folder / name).read_text("utf-8")), name


def test_every_kale_source_survives_stripping():
    for file in KALE.rglob("*.py"):
        source = file.read_text("utf-8")
        assert dump(strip(source)) == dump(source), file.name


def test_the_runtime_does_not_grow():
    assert sum(map(len, emit_runtime().values())) < 40 * 1024


@pytest.mark.xfail(strict=True, reason="it carries all backends, whatever the notebook imports")
def test_the_runtime_keeps_to_its_budget():
    assert sum(map(len, emit_runtime().values())) < 24 * 1024


def test_what_travels_has_no_braces_and_comes_back():
    assert "{{" not in LOADER
    assert "{" not in pod_runtime()
    files = json.loads(zlib.decompress(b64decode(pod_runtime())))
    assert files.pop("kale_pod.py")
    assert files == {str(path): content.decode() for path, content in emit_runtime().items()}


def test_encode():
    assert zlib.decompress(b64decode(encode(b"abc"))) == b"abc"


def test_the_loader_starts_the_pod_and_hands_on_its_exit_status():
    runtime = encode(json.dumps({"kale_pod.py": "def main(*args): print(args); return 3"}).encode())
    done = subprocess.run(
        [sys.executable, "-c", LOADER, runtime, "{}", "größe", "x y"],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (3, "('{}', 'größe', 'x y')\n")
