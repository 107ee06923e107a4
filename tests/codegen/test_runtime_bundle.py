"""The step runtime as text: smaller than its source, and the same program."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zlib
from base64 import b64decode
from pathlib import Path, PurePosixPath

import pytest

import kale.codegen
from kale.codegen import emit_runtime
from kale.codegen.runtime_bundle import LOADER, bundle, encode, text_digest
from kale.codegen.runtime_parts import LIBRARIES, ON_DEMAND, backends_for
from kale.codegen.strip import strip

KALE = Path(kale.codegen.__file__).parents[1]

#: The most that the runtime may take, in KiB: as source, and encoded in each container.
CORE_KIB, CORE_ENCODED_KIB = 56, 37
SKLEARN_KIB, SKLEARN_ENCODED_KIB = 93, 52


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("x = 1\n", "x=1\n", id="code stays"),
        pytest.param(
            "x = '''\n# no comment\n\n'''\n",
            "x='''\n# no comment\n\n'''\n",
            id="what looks like a comment in a string stays",
        ),
        pytest.param("x = '  # no comment'\n", "x='  # no comment'\n", id="in one line too"),
        pytest.param('f"""{x}\n  # no"""\n', 'f"""{x}\n  # no"""\n', id="in an f-string too"),
        pytest.param('def f(): "text"\n', "def f():pass\n", id="a docstring beside its def"),
        pytest.param(
            'def f():\n    "text"; x = 1\n', 'def f():"text";x=1\n', id="a text beside code stays"
        ),
        pytest.param("if x:\n    'text'\n", "if x:'text'\n", id="not every text documents"),
        pytest.param('"""Module.\n\nMore."""\n\n\nx = 1\n', "x=1\n", id="a module's docstring"),
        pytest.param('class A:\n    """Text."""\n', "class A:pass\n", id="a class of text alone"),
        pytest.param(
            'def f():\n    """Größe\n    two"""\n    return 1\n',
            "def f():return 1\n",
            id="a function's docstring",
        ),
        pytest.param("# one\nx = 1  # two\n  # three\n\ny = 2   \n", "x=1\ny=2\n", id="comments"),
        pytest.param(
            "if x:\n    y = '''a  \n    b''' + '''\n    c'''\n    z = (1,\n         2)\n",
            "if x:\n y='''a  \n    b'''+'''\n    c'''\n z=(1,2)\n",
            id="the inside of strings is not indentation",
        ),
        pytest.param("x = 'a'  # said\n", "x='a'\n", id="a comment beside a quote"),
        pytest.param(
            "def f(a: int, *b: str, c: list[int] = 1) -> None:\n    x: int = a\n    y: int\n",
            "def f(a,*b,c=1):\n x=a\n y:int\n",
            id="annotations, but for a name that is bound by nothing else",
        ),
        pytest.param(
            "class A:\n    x: int = 1\n    y = 2\n",
            "class A:\n x:int=1\n y=2\n",
            id="a field keeps its annotation",
        ),
        pytest.param(
            "import a\nimport b\nfrom c import d, e\nfrom .f import g\ne(a, b)\n",
            "import a,b\nfrom c import e\nfrom.f import g\ne(a,b)\n",
            id="imports",
        ),
        pytest.param(
            "try:\n    import a\nexcept E:\n    import b\nimport c\n",
            "try:import a\nexcept E:import b\nimport c\n",
            id="imports of two levels stay apart",
        ),
        pytest.param(
            "if x:\n    a = 1\nfrom b import c as d, e\nd(a)\n",
            "if x:a=1\nfrom b import c as d\nd(a)\n",
            id="an import under another name, after a block",
        ),
        pytest.param(
            "if x:\n    if y:\n        return 'a' 'b' if 1 .real else f'{z!r} {z}'\n",
            "if x:\n if y:return'a' 'b'if 1 .real else f'{z!r} {z}'\n",
            id="blanks that part words, texts and numbers",
        ),
    ],
)
def test_strip(source, expected):
    assert strip(source) == expected


class Bare(ast.NodeTransformer):
    """Leaves out of a tree what running it does not need."""

    def visit_ClassDef(self, node):
        node.body = [
            part if isinstance(part, ast.AnnAssign) else self.visit(part) for part in node.body
        ]
        return self.documented(node)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.documented(self.generic_visit(node))

    def visit_Module(self, node):
        return self.documented(self.generic_visit(node))

    def visit_Import(self, node):
        return [ast.Import([name]) for name in node.names]

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node):
        return ast.Assign([node.target], node.value) if node.value else node

    def documented(self, node):
        documented = ast.get_docstring(node, clean=False) is not None
        rest = node.body[1:] if documented else node.body
        node.body = rest if rest or isinstance(node, ast.Module) else [ast.Pass()]
        return node


def dump(source):
    """The tree of a program without what it does not need; imports as one set."""
    tree = Bare().visit(ast.parse(source))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports, rest = set(), []
    for node in tree.body:
        match node:
            case ast.Import(names=names):
                imports |= {(name.name, name.asname) for name in names}
            case ast.ImportFrom(module=module, names=names, level=0):
                imports |= {
                    (module, n.name, n.asname) for n in names if (n.asname or n.name) in used
                }
            case ast.Assign(targets=[ast.Name("__all__")]):
                pass
            case _:
                rest.append(ast.dump(node))
    return imports, rest


def test_the_runtime_is_the_same_program():
    folder = KALE / "marshal"
    stripped = {
        path.relative_to("kale_runtime").as_posix(): content.decode()
        for path, content in emit_runtime().items()
    }
    assert sorted(stripped) == sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*.py")
    )
    for name, text in stripped.items():
        assert dump(text) == dump((folder / name).read_text("utf-8")), name


def test_the_core_has_no_module_of_a_library():
    assert backends_in(emit_runtime(())) == {"__init__", "builtin", "pickled"}
    core = {path for path in emit_runtime() if path.parent.name != "backends"}
    rare = {path.stem for path in core - set(emit_runtime(()))}
    assert rare == {"control_flow", "loop_sharing", "type_checks"}


@pytest.mark.parametrize("part", sorted(ON_DEMAND))
def test_what_few_pipelines_need_brings_no_library(part):
    assert backends_in(emit_runtime((part,))) == backends_in(emit_runtime(()))


@pytest.mark.parametrize("part", sorted(LIBRARIES))
def test_each_part_is_carried_where_it_is_called_for_and_imports_what_is_there(part, tmp_path):
    files = emit_runtime((part,))
    assert part in backends_in(files)
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_bytes(content)
    code = f"import sys, kale_runtime; assert 'kale_runtime.backends.{part}' in sys.modules"
    # No package beside the standard library: none may be needed before its objects are in hand.
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append('.'); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0


def test_each_module_is_carried_with_something():
    parts = [(), *((part,) for part in LIBRARIES | ON_DEMAND)]
    assert set().union(*map(emit_runtime, parts)) == set(emit_runtime())


def backends_in(files):
    """The modules of the package of backends, of those that files are."""
    return {path.stem for path in files if path.parent.name == "backends"}


def test_every_kale_source_survives_stripping():
    for file in KALE.rglob("*.py"):
        source = file.read_text("utf-8")
        assert dump(strip(source)) == dump(source), file.name


@pytest.mark.parametrize(
    ("modules", "source", "encoded"),
    [
        pytest.param(["os"], CORE_KIB, CORE_ENCODED_KIB, id="the core alone"),
        pytest.param(["sklearn"], SKLEARN_KIB, SKLEARN_ENCODED_KIB, id="with scikit-learn"),
    ],
)
def test_the_runtime_keeps_to_its_budget(modules, source, encoded):
    parts = backends_for(modules)
    assert sum(map(len, emit_runtime(parts).values())) <= source * 1024
    assert len(bundle(parts, {})) <= encoded * 1024


def test_what_travels_has_no_braces_and_comes_back():
    assert "{{" not in LOADER
    for parts in ((), ("numpy", "pandas"), None):
        assert "{" not in bundle(parts, {})
        files = json.loads(zlib.decompress(b64decode(bundle(parts, {}))))
        pod = {path for path in files if path.startswith("kale_pod/")}
        assert "kale_pod/entry.py" in pod
        assert "kale_pod/__main__.py" not in pod
        files = {path: text for path, text in files.items() if path not in pod}
        emitted = emit_runtime(parts)
        assert files == {str(path): content.decode() for path, content in emitted.items()}


def test_encode():
    assert zlib.decompress(b64decode(encode(b"abc"))) == b"abc"


#: A pod that says what it was given, and what lies beside it; its exit status is 3.
POD = """\
import pathlib
def main(*args):
    files = pathlib.Path(__file__).with_name("kale_files").rglob("*.*")
    print(args, sorted((file.name, file.read_bytes()) for file in files))
    return 3
"""


def load(runtime, given, *arguments):
    """The loader's exit status, its output and its errors."""
    done = subprocess.run(
        [sys.executable, "-c", LOADER, runtime, json.dumps(given), "größe", *arguments],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr


def handed_on(uri, **more):
    """The executor input of a task that is handed its runtime."""
    return {"inputs": {"artifacts": {"kale_runtime": {"artifacts": [{"uri": uri, **more}]}}}}


def test_the_loader_starts_the_pod_and_hands_on_its_exit_status():
    runtime = encode(json.dumps({"kale_pod.py": POD}).encode())
    assert load(runtime, {}, "x y") == (3, "('{}', 'größe', 'x y') []\n", "")


def test_the_loader_unpacks_files_byte_by_byte(tmp_path):
    content = bytes(range(256))
    files = {PurePosixPath("data/ünd é.bin"): content, PurePosixPath("helpers.py"): b"x = '\xc3'"}
    texts = json.loads(zlib.decompress(b64decode(bundle((), files))))
    given = {name: text for name, text in texts.items() if name.startswith("kale_files/")}
    runtime = encode(json.dumps({"kale_pod.py": POD, **given}).encode())
    shipped = [("helpers.py", b"x = '\xc3'"), ("ünd é.bin", content)]
    assert load(runtime, {}) == (3, f"('{{}}', 'größe') {shipped!r}\n", "")


def test_the_loader_takes_a_runtime_that_was_handed_on(tmp_path):
    runtime, there = encode(json.dumps({"kale_pod.py": POD}).encode()), tmp_path / "runtime"
    there.write_text(runtime)
    for given in (handed_on(str(there)), handed_on("minio://x/y", customPath=str(there))):
        status, output, errors = load(text_digest(runtime), given)
        assert (status, errors) == (3, "")
        assert output.endswith("'größe') []\n")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        pytest.param({}, "no path, is not there (KeyError('inputs'))", id="no such input"),
        pytest.param(
            handed_on("s3://b/x"),
            "/s3/b/x, is not there (FileNotFoundError(2, 'No such file or directory'))",
            id="no file",
        ),
        pytest.param(
            handed_on("s3://b/x", metadata={"_kfp_workspace": True}),
            "/kfp-workspace/.artifacts/s3/b/x, is not there"
            " (FileNotFoundError(2, 'No such file or directory'))",
            id="no file in the workspace",
        ),
        pytest.param(handed_on(__file__), f"{__file__}, is another", id="another file"),
    ],
)
def test_the_loader_says_what_is_wrong_with_what_it_was_handed(given, what):
    status, output, errors = load(text_digest("abc"), given)
    assert (status, output) == (1, "")
    assert errors == (
        "kale: step größe: the step runtime that an earlier task handed on, at"
        f" {what}. Run the pipeline without cache, so that it is written anew.\n"
    )
