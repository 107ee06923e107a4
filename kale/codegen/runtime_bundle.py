"""The step runtime as text: what a pod unpacks, and a local run puts beside its notebooks."""

from __future__ import annotations

import ast
import base64
import functools
import importlib.resources
import json
import zlib
from pathlib import PurePosixPath
from types import MappingProxyType

from kale.ir import Files

#: The command of every container: unpack the runtime of ``argv[1]``, and start it. Python
#: reads it from the command line, so it stays short; it holds no doubled braces.
LOADER = """\
import base64, json, os, sys, tempfile, zlib
root = tempfile.mkdtemp(prefix="kale-")
for name, text in json.loads(zlib.decompress(base64.b64decode(sys.argv[1]))).items():
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
sys.path.insert(0, root)
import kale_pod
sys.exit(kale_pod.main(*sys.argv[2:]))
"""


@functools.cache
def emit_runtime() -> Files:
    """The files of package ``kale_runtime``: the sources of ``kale.marshal``, stripped."""
    folder = importlib.resources.files("kale").joinpath("marshal")
    return MappingProxyType(
        {
            PurePosixPath("kale_runtime", entry.name): strip(entry.read_text("utf-8")).encode()
            for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".py")
        }
    )


@functools.cache
def pod_runtime() -> str:
    """What :data:`LOADER` unpacks: the runtime and the pod's own entry, as :func:`encode` does."""
    entry = importlib.resources.files("kale.codegen").joinpath("kale_pod.py").read_text("utf-8")
    texts = {str(path): content.decode() for path, content in emit_runtime().items()}
    return encode(json.dumps({"kale_pod.py": strip(entry), **texts}).encode())


@functools.lru_cache(maxsize=1024)
def encode(content: bytes) -> str:
    """``content`` compressed, as base64: text that neither Argo nor KFP's launcher touches."""
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def strip(source: str) -> str:
    """``source`` without docstrings, comments and blank lines, one space a level; as good to run.

    ``source`` is indented by fours. Works on lines and not on the tree, whose text differs from
    one Python to the next. What stands in strings is kept, as are comments beside quotes.
    """
    lines = source.split("\n")
    opening: set[int] = set()
    inside: set[int] = set()
    dropped: dict[int, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            if node.end_lineno and node.end_lineno != node.lineno:
                opening.add(node.lineno)
                inside.update(range(node.lineno + 1, node.end_lineno + 1))
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            dropped.update(_docstring(node, lines))
    result = []
    for number, line in enumerate(lines, start=1):
        if number in inside and number not in dropped:
            result.append(line)
            continue
        text = dropped.get(number, line)
        code = text.lstrip(" ")
        level = (len(text) - len(code)) // 4
        if number not in opening:
            code = "" if code.startswith("#") else _without_comment(code).rstrip()
        if code:
            result.append(" " * level + code)
    return "".join(f"{line}\n" for line in result)


def _without_comment(code: str) -> str:
    return code if '"' in code or "'" in code else code.partition("  #")[0]


def _docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]
) -> dict[int, str]:
    """What to put for each line of the docstring of ``node``, where it has its lines to itself."""
    match node.body:
        case [ast.Expr(ast.Constant(value=str())) as first, *rest]:
            start, end = first.lineno, first.end_lineno or first.lineno
            before = lines[start - 1].encode()[: first.col_offset].decode()
            behind = lines[end - 1].encode()[first.end_col_offset :]
            if before.strip() or behind.strip():
                return {}
            needed = "" if rest or isinstance(node, ast.Module) else f"{before}pass"
            return {number: needed if number == start else "" for number in range(start, end + 1)}
    return {}
