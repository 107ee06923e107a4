"""The text of the probe ``values``, as an interpreter without Kale can run it."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

from kale.runners.failures.probe_source import _MODULES, value_probe_source


def parts() -> list[ast.Module]:
    files = [importlib.util.find_spec(f"kale.runners.failures.{name}").origin for name in _MODULES]
    return [ast.parse(Path(file).read_text(encoding="utf-8")) for file in files]


def test_its_parts_do_not_overwrite_each_other():
    defined = Counter()
    for part in parts():
        names = set()
        for node in part.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                stores = (n for n in ast.walk(node) if isinstance(n, ast.Name))
                names |= {n.id for n in stores if isinstance(n.ctx, ast.Store)}
        defined.update(names)
    assert len(defined) > 50
    assert [name for name, count in defined.items() if count > 1] == []


def test_it_imports_the_standard_library_alone():
    names = set()
    for part in parts():
        for node in ast.walk(part):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
    assert names - {"kale"} <= sys.stdlib_module_names
    assert "import kale" not in value_probe_source()
    assert "from kale" not in value_probe_source()


def test_it_works_without_kale_and_without_ipython(tmp_path):
    (tmp_path / "mine.py").write_text("def half(n):\n    return 1 / n\n", encoding="utf-8")
    program = (
        "import json, sys\n"
        "space = {'__name__': 'probe'}\n"
        "exec(sys.stdin.read(), space)\n"
        "space['start'](secrets=[])\n"
        "first = space['failure']()\n"
        "sys.path.insert(0, '.')\n"
        "import mine\n"
        "try:\n    mine.half(0)\n"
        "except ZeroDivisionError as error:\n"
        "    sys.last_value, sys.last_traceback = error, error.__traceback__\n"
        "found = space['failure']()\n"
        "assert not [name for name in sys.modules if name.startswith('kale')]\n"
        "print(json.dumps([first, found]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        input=value_probe_source(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    first, found = ast.literal_eval(done.stdout.replace("null", "None"))
    assert first is None
    frame = found["frames"][-1]
    assert (frame["file"], frame["line"]) == (str(tmp_path / "mine.py"), 2)
    assert (frame["source"], frame["values"]) == ("    return 1 / n", [["n", "0"]])
