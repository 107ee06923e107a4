"""A step that needs the author's modules and files computes in its pod what it computes here."""

from __future__ import annotations

import json

import yaml
from pod.test_pod import run_task

from kale.core import compile_notebook

CODE = """\
import sys
sys.path.append('lib')
import own, package.part
total = own.add(open('data/x.txt').read(), package.part.word())
"""
FILES = {
    "lib/own.py": "from package.deeper import three\ndef add(*texts):\n    return sum(map(int, texts)) + three.THREE",
    "package/__init__.py": "",
    "package/part.py": "from pathlib import Path\ndef word():\n    return (Path(__file__).parent / 'word.txt').read_text()",
    "package/deeper/three.py": "THREE = 3  # ï",
    "package/word.txt": "20",
    "data/x.txt": "100",
}


def test_modules_and_files_travel(notebook, tmp_path):
    path = notebook(("block:train", CODE), ("pipeline-metrics", "print(total)"))
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = compile_notebook(path, tmp_path / "out", {"include": "data,package/*.txt"})
    assert not [one for one in made.diagnostics if one.code >= "KALE4"]
    spec = next(yaml.safe_load_all(made.package.read_text(encoding="utf-8")))
    done, output = run_task(spec, "train", tmp_path / "pod", {})
    assert done.returncode == 0, done.stderr
    (metrics,) = json.loads(output.read_text())["artifacts"]["metrics"]["artifacts"]
    assert metrics["metadata"] == {"total": 123}
