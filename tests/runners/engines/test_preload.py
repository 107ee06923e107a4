"""Importing ahead what steps import first: only what no step could tell from its own import."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest
from runners.engines.forked_steps import Steps

from kale.runners.engines.first_imports import first_imports

pytestmark = pytest.mark.usefixtures("measured_children")

linux = pytest.mark.skipif(sys.platform != "linux", reason="shells are forked on Linux alone")


@pytest.mark.parametrize(
    ("cells", "modules"),
    [
        pytest.param([], [], id="no cells"),
        pytest.param(["import a", "%load_ext x\nimport b"], ["a"], id="a cell that is not Python"),
        pytest.param(
            ["import a\n%matplotlib inline\nimport b\n!ls\nimport c", "import d"], ["a", "b"],
            id="plots in the notebook are asked for, and a command stands between",
        ),
        pytest.param(["import (a\n%x\n)"], [], id="a line that looks so inside of nothing"),
        pytest.param(["x = 1\nimport a"], [], id="another statement first"),
        pytest.param(["import a\nimport b; b.f()\nimport c"], ["a", "b"], id="a call between"),
        pytest.param(["try:\n    import a\nexcept ImportError: pass"], [], id="an import that may fail"),
        pytest.param(["if x: import a"], [], id="an import that may not be made"),
        pytest.param(["import a", "f()", "import b"], ["a"], id="a cell after a call"),
        pytest.param(["from . import a\nimport b"], [], id="a relative import"),
        pytest.param(["import a\0"], [], id="a null character"),
        pytest.param(
            ['"""Text"""\n# a comment\nfrom __future__ import annotations\nimport a.b as c, d\npass\n'
             "from e.f import g, h as i", "", "import j"],
            ["a.b", "d", "e.f:g", "e.f:h", "j"],
            id="all forms, in order",
        ),
    ],
)  # fmt: skip
def test_the_imports_that_come_first(cells, modules):
    assert first_imports(cells) == modules


@linux
@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        pytest.param(
            "kale_test_threads",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
            "its import starts threads",
            id="a thread",
        ),
        pytest.param(
            "kale_test_file", "import os\nf = open(os.devnull)",
            "its import opens a file, a socket or a device", id="an open file",
        ),
        pytest.param("kale_test_print", "print('hi')", "its import prints or warns", id="a text"),
        pytest.param(
            "kale_test_fd", "import os\nos.write(2, b'hi')", "its import prints or warns", id="bytes"
        ),
        pytest.param(
            "kale_test_warn", "import warnings\nwarnings.warn('hi')", "its import prints or warns",
            id="a warning",
        ),
        pytest.param(
            "kale_test_fails", "1 / 0", "its import failed: ZeroDivisionError", id="a failure"
        ),
        pytest.param(
            "kale_test_exits", "import os\nos._exit(3)", "it ended the process", id="an exit"
        ),
        pytest.param(
            "kale_test_hook", "import sys\nsys.excepthook = print",
            "its import changes what an interpreter calls", id="a hook",
        ),
        pytest.param(
            "kale_test_local", "try:\n    import beside\nexcept ImportError:\n    pass",
            "it asks for `beside`, which lies beside the notebook", id="a module of the author's",
        ),
        pytest.param("beside", None, "its import failed: ModuleNotFoundError", id="one itself"),
    ],
)  # fmt: skip
def test_what_must_not_be_imported_ahead(tmp_path, installed, module, code, why):
    (tmp_path / "beside.py").write_text("here = 'beside'")
    if code is not None:
        installed(module, code)
    installed("kale_test_sound", "value = []")
    with Steps(tmp_path, [module, "kale_test_sound"]) as steps:
        refused = steps.await_preload()
        if why == "it ended the process":
            assert refused == {module: why, "kale_test_sound": why}
            return
        assert refused == {module: why}
        look = f"['kale_test_sound' in sys.modules, {module!r} in sys.modules]"
        assert steps.value(look, "import sys") == [True, False]


@linux
def test_a_module_ahead_is_one_that_a_step_may_change(tmp_path, installed):
    installed("kale_test_sound", "value = []")
    with Steps(tmp_path, ["kale_test_sound:value", "kale_test_sound"]) as steps:
        assert steps.await_preload() == {}
        change = "import kale_test_sound as m; m.value.append(1)"
        assert steps.value("m.value", change) == [1]
        assert steps.value("m.value", change) == [1]


@linux
def test_what_an_import_sets_in_the_environment_is_set_in_each_step(tmp_path, installed):
    installed("kale_test_sets", "import os\nos.environ.setdefault('KALE_TEST', '1')")
    with Steps(tmp_path, ["kale_test_sets"]) as steps:
        assert steps.await_preload() == {}
        assert steps.value("os.environ.get('KALE_TEST')", "import os, kale_test_sets") == "1"
        # A variable of the step's own is there before the import.
        look, head = "os.environ['KALE_TEST']", "import os, kale_test_sets"
        assert steps.value(look, head, env={"KALE_TEST": "2"}) == "2"


@linux
def test_a_module_that_is_installed_anew_is_imported_anew(tmp_path, installed):
    installed("kale_test_sound", "value = 1")
    with Steps(tmp_path, ["kale_test_sound"]) as steps:
        assert steps.await_preload() == {}
        look, head = "kale_test_sound.value", "import kale_test_sound"
        assert steps.value(look, head) == 1
        installed("kale_test_sound", "value = 22")
        assert steps.value(look, head) == 22
        assert steps.await_preload() == {}
        assert steps.value(look, head) == 22


@linux
def test_the_runtime_is_imported_ahead(tmp_path, runtime):
    folder = tmp_path / "runtime"
    for path, content in runtime.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (tmp_path / "kale_runtime.py").write_text("1 / 0")
    with Steps(tmp_path, runtime=folder, PYTHONPATH=str(folder)) as steps:
        refused = steps.await_preload()
        # The runtime's folder comes first in a step; still it is left to the step to find that out.
        assert refused == {
            "kale_runtime": "it asks for `kale_runtime`, which lies beside the notebook"
        }
    (tmp_path / "kale_runtime.py").unlink()
    with Steps(tmp_path, runtime=folder, PYTHONPATH=str(folder)) as steps:
        assert steps.await_preload() == {}
        look = "[sys.modules['kale_runtime'].__file__, 'kale' in sys.modules]"
        assert steps.value(look, "import sys") == [str(folder / "kale_runtime/__init__.py"), False]


@linux
def test_matplotlib_ahead_shows_plots_in_the_notebook(tmp_path):
    with Steps(tmp_path, ["matplotlib:pyplot"]) as steps:
        assert steps.await_preload() == {}
        (_, outputs) = steps.run("from matplotlib import pyplot as plt", "plt.plot([1, 2]); None")
        assert [*outputs[0]["data"]] == ["image/png", "text/plain"]


@pytest.fixture
def installed():
    """Installs a module of one file, as a distribution would; it is removed after the test."""
    folder = Path(sysconfig.get_path("purelib"))
    made: list[Path] = []

    def install(name: str, code: str) -> None:
        path = folder / f"{name}.py"
        # As an installer does: a new file in the place of the old one.
        new = folder / f"{name}.new"
        new.write_text(code)
        new.replace(path)
        made.append(path)

    yield install
    for path in made:
        path.unlink(missing_ok=True)
        for compiled in folder.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
