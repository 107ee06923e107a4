"""The same notebook gives the same bytes, wherever it lies and whichever process compiles it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from codegen.builders import analyzed

from kale.codegen import emit_files, make_plan
from kale.core import compile_notebook

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/*.ipynb"))

COMPILE_ALL = """
import sys
from kale.core import compile_notebook
for notebook in sys.argv[2:]:
    compile_notebook(notebook, sys.argv[1])
"""


def files_in(folder):
    """The content of each file below a folder, by its path."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_paths_give_the_same_bytes():
    first = analyzed("a", "b", wires=[("x", "a", "b")], path="/home/one/iris.ipynb")
    second = analyzed("a", "b", wires=[("x", "a", "b")], path="../iris.ipynb")
    assert emit_files(make_plan(first)) == emit_files(make_plan(second))


def test_folders_processes_and_hash_seeds_make_no_difference(tmp_path):
    elsewhere = tmp_path / "ein Ordner" / "größe"
    elsewhere.mkdir(parents=True)
    for notebook in EXAMPLES:
        shutil.copy(notebook, elsewhere)
        compile_notebook(notebook, tmp_path / "here")
    expected = files_in(tmp_path / "here")
    assert len([path for path in expected if path.endswith(".yaml")]) == len(EXAMPLES) > 1

    for seed in ("1", "4294967295"):
        relative = [f"../größe/{notebook.name}" for notebook in EXAMPLES]
        subprocess.run(
            [sys.executable, "-c", COMPILE_ALL, str(tmp_path / seed), *reversed(relative)],
            check=True,
            cwd=elsewhere,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert files_in(tmp_path / seed) == expected
    assert not any(str(tmp_path).encode() in content for content in expected.values())
    assert not any(str(ROOT).encode() in content for content in expected.values())
