"""Probes run beside the notebook and leave no trace in it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress

import pytest
from nbclient.exceptions import DeadKernelError
from runners.engines.executions import ENGINES, notebook, shown

from kale.runners.engines.probe_host import ProbeHost
from kale.runners.engines.probes import failed_probes, host_source, start_code

#: Says what it was given and when it was called.
WITNESS = """
import sys
seen = []
def start(**arguments):
    print("a probe's own print")
    seen.append(arguments)
def failure():
    seen.append(type(getattr(sys, "last_value", None)).__name__)
    return seen[-1]
def end():
    print("another", file=sys.stderr)
    return seen
"""


def probe(source: str, **arguments: object) -> dict:
    return {"source": source, "arguments": arguments}


@pytest.mark.parametrize(
    ("source", "arguments", "expected"),
    [
        pytest.param("", {}, {}, id="a module that defines nothing"),
        pytest.param("x = 1", {"a": 1}, {}, id="arguments that nobody takes"),
        pytest.param("def end(): return [1]", {}, {"end": [1]}, id="an end alone"),
        pytest.param("def failure(): return None", {}, {"failure": None}, id="a failure alone"),
        pytest.param("def", {}, {"error": "SyntaxError: invalid syntax"}, id="no Python at all"),
        pytest.param(
            "def start(a): raise ValueError(a)\ndef end(): return 1",
            {"a": "x"},
            {"error": "ValueError: x"},
            id="a start that raises is not called again",
        ),
        pytest.param(
            "def failure(): raise SystemExit\ndef end(): return 1",
            {},
            {"error": "SystemExit", "end": 1},
            id="a failure that exits does not keep the end from being called",
        ),
        pytest.param(
            "def end(): raise KeyboardInterrupt", {}, {"error": "KeyboardInterrupt"}, id="interrupt"
        ),
        pytest.param(
            "def end(): return {1, 2}",
            {},
            {"error": "TypeError: Object of type set is not JSON serializable"},
            id="a value that is no JSON",
        ),
        pytest.param(
            "class E(Exception):\n    def __str__(self): raise self\ndef end(): raise E",
            {},
            {"error": "kale_probe_p.E: <exception str() failed>"},
            id="an exception that cannot be shown",
        ),
    ],
)
def test_what_a_probe_comes_to(source, arguments, expected):
    host = ProbeHost({"p": probe(source, **arguments)})
    host.start()
    host.call("failure")
    host.call("end")
    found = host.results()
    if "error" in expected:
        found["p"]["error"] = found["p"]["error"].splitlines()[-1]
    assert found == {"p": expected}
    assert json.loads(json.dumps(found)) == found


def test_one_probe_does_not_disturb_another():
    host = ProbeHost({"bad": probe("1 / 0"), "good": probe("def end(): return 'good'")})
    host.start()
    host.call("end")
    assert host.results()["good"] == {"end": "good"}


def test_the_host_is_executed_without_being_imported():
    code = (
        "import sys\nspace = {}\nexec(sys.stdin.read(), space)\n"
        "host = space['ProbeHost']({'p': {'source': 'def end(): return __name__'}})\n"
        "host.start(); host.call('end')\nprint(host.results())\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'kale' or 'probe' in name]"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], input=host_source(), capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("{'p': {'end': 'kale_probe_p'}}\n", "")


def test_the_code_for_a_kernel_holds_any_text():
    text = "'''\"\"\"\\ \n {x} \u2028 🙂"
    compile(start_code({text: probe(text)}), "<test>", "eval")
    assert failed_probes({"p": {}}, "why") == {"p": {"error": "why"}}


#: What a notebook could see of a probe: names, counts, histories, hooks, results, modules.
LOOKS = [
    "ip = get_ipython()\nsorted(globals()), ip.execution_count, In, Out, _, ip.last_execution_result",
    "import sys\n[name for name in sys.modules if 'kale' in name or 'probe' in name]",
    "calls = open('calls', 'w')\n"
    "for name in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):\n"
    "    ip.events.register(name, lambda *a, name=name: print(name, file=calls, flush=True))",
    "_, __, _i, ip.user_ns_hidden.keys() - {'x'} and len(ip.user_ns_hidden)",
    "1 / 0",
]


@pytest.mark.parametrize("engine", ["kernel", "fast"])
def test_the_notebook_does_not_see_a_probe(tmp_path, engine):
    results, calls, found = {}, {}, []
    for by, options in {
        "plain": {},
        engine: {"probes": {"w": probe(WITNESS, a=[1])}, "found": found.append},
    }.items():
        folder = tmp_path / by
        folder.mkdir()
        book = ENGINES[by](notebook(LOOKS), folder, **options)
        results[by] = [shown(cell) for cell in book.cells]
        calls[by] = (folder / "calls").read_text()
    assert results[engine] == results["plain"]
    assert calls[engine] == calls["plain"]
    assert found == [
        {"w": {"failure": "ZeroDivisionError", "end": [{"a": [1]}, "ZeroDivisionError"]}}
    ]


@pytest.mark.parametrize("engine", ["kernel", "fast"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["x = 1"], {"end": [{}]}, id="no failure, no look at it"),
        pytest.param([], {"end": [{}]}, id="a notebook without cells"),
        pytest.param(["exec = compile = print = dict = None"], {"end": [{}]}, id="shadowed names"),
        pytest.param(["%reset -f"], {"end": [{}]}, id="a namespace that was emptied"),
        pytest.param(
            ["import sys\nsys.exit()"],
            {"failure": "SystemExit", "end": [{}, "SystemExit"]},
            id="exit",
        ),
        pytest.param(
            ["def f(:"], {"failure": "SyntaxError", "end": [{}, "SyntaxError"]}, id="a syntax error"
        ),
        pytest.param(["import os\nos._exit(3)"], None, id="an interpreter that is gone"),
    ],
)
def test_when_a_probe_is_called(tmp_path, engine, cells, expected):
    found = []
    with suppress(DeadKernelError):
        ENGINES[engine](notebook(cells), tmp_path, probes={"w": probe(WITNESS)}, found=found.append)
    assert found == [{"w": expected} if expected else {}]


@pytest.mark.parametrize("engine", ["kernel", "fast"])
def test_a_probe_that_fails_leaves_the_step_alone(tmp_path, engine):
    found = []
    probes = {"p": probe("def start(): raise OSError('no')"), "q": probe("def end(): exit()")}
    book = ENGINES[engine](notebook(["print(1)"]), tmp_path, probes=probes, found=found.append)
    assert shown(book.cells[0])["outputs"][0]["text"] == "1\n"
    assert found == [{"p": {"error": "OSError: no"}, "q": {"error": "SystemExit: None"}}]
