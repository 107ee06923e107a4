"""Notebooks made to break a package: script and package still agree, and no wire is loose."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from base64 import b64decode

import pytest
from codegen.builders import compiled, package
from codegen.protobuf_messages import check_executors_differ, check_messages, check_wires

from kale.codegen import check_package
from kale.codegen.runtime_bundle import LOADER, encode
from kale.core import plan

#: The names of ports that Kale itself needs.
RESERVED = "metrics classification_metrics executed_notebook html_report kale_runtime"

#: What is called so in the script, in Python or in the SDK.
SCRIPT_NAMES = (
    "_ __ match type self Output is_optional name description task_a step_a NOTEBOOK_A SHARED"
    " RUNTIME DIGEST pipeline list None_ float dsl kubernetes container"
)


def assigned(names):
    return "\n".join(f"{name} = {number}" for number, name in enumerate(names.split()))


def printed(names):
    return f"print({', '.join(names.split())})"


def many(count):
    names = " ".join(f"v{number}" for number in range(count))
    return [("block:a", assigned(names)), ("block:b prev:a", printed(names))]


NOTEBOOKS = {
    "parameters called like Kale's own ports": [
        ("pipeline-parameters", assigned(RESERVED)),
        ("block:a", f"{printed(RESERVED)}\nx = 1"),
        ("block:b prev:a", f"print(x)\n{printed(RESERVED)}"),
        ("pipeline-metrics", "print(x)"),
    ],
    "parameters called like what stands in the script": [
        ("pipeline-parameters", assigned(SCRIPT_NAMES)),
        ("block:a", printed(SCRIPT_NAMES)),
    ],
    "variables called like Kale's own ports": [
        ("block:a", assigned(RESERVED)),
        ("block:b prev:a", printed(RESERVED)),
    ],
    "steps called like what stands in the script": [
        (f"block:{name}", f"{name.replace('-', '_')} = 1")
        for name in "kale-runtime kale-runtime-2 dsl root comp exec package main pipeline".split()
    ],
    "forty steps that nothing feeds": [(f"block:s{n}", f"x{n} = {n}") for n in range(40)],
    "a chain without data": [
        ("block:s0", "pass"),
        *((f"block:s{n} prev:s{n - 1}", "pass") for n in range(1, 12)),
    ],
    "a hundred variables": many(100),
    "letters that Python takes for others": [
        ("pipeline-parameters", "ﬁ = 1\nµ = 2"),
        ("block:a", "print(fi, μ)\nﬂ = 1"),
        ("block:b prev:a", "print(fl)"),
    ],
    "numbers at the ends of their range": [
        (
            "pipeline-parameters",
            "a = 1e308\nb = 5e-324\nc = -0.0\nd = 123456789012345680.0\ne = -9007199254740992",
        ),
        ("block:x", "print(a, b, c, d, e)"),
    ],
    "text that YAML would take for something else": [
        ([
            "block:a", "env:A= both ends ", "env:B=\n", "env:C=yes", "env:D=1e3", "env:E=0x10",
            "env:F=2024-01-01", "env:G=~", "env:H=\u2028x", "env:I=\x85", "annotation:a:\t",
            "annotation:b:null", "label:yes:no", "label:a:1.0", "node:on:off", "node:x:1e3",
        ], "pass"),
    ],
    "lines that end in other ways": [
        ("imports", "import os\r\nimport sys\r\n"),
        ("block:a", "x = 1\r\ny = '''a\r\nb'''\r\n\x0c\nz = 2\r\n"),
        ("block:b prev:a", "print(x, y, z)\r\n"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_script_and_package_agree(notebook, name):
    made = plan(notebook(*NOTEBOOKS[name]))
    documents = package(made)
    check_messages(documents)
    check_wires(documents)
    check_executors_differ(documents)
    assert compiled(made) == documents


def container(made, step="a"):
    return package(made)[0]["deploymentSpec"]["executors"][f"exec-{step}"]["container"]


@pytest.mark.parametrize("name", ["metrics", "executed_notebook", "kale_runtime"])
def test_each_parameter_has_a_port_of_its_own(notebook, name):
    names = f"{name} {name}_2"
    made = plan(notebook(("pipeline-parameters", assigned(names)), ("block:a", printed(names))))
    fed = package(made)[0]["root"]["dag"]["tasks"]["a"]["inputs"]["parameters"]
    assert sorted(port["componentInputParameter"] for port in fed.values()) == names.split()
    assert compiled(made) == package(made)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("env:ROWS=10", "env:ROWS=99", id="a variable"),
        pytest.param("secret:old:key:TOKEN", "secret:new:key:TOKEN", id="a secret"),
        pytest.param("volume:old:/data", "volume:new:/data", id="a volume"),
    ],
)
def test_what_a_step_sees_is_in_the_key_of_the_cache(notebook, before, after):
    """That key holds command and arguments, but no environment variables and no platform's part.

    Else a cluster takes the outputs of the step as it was, without a word.
    """
    keys = []
    for tag in (before, after):
        made = container(plan(notebook((f"block:a {tag}", "import os\nx = 1"))))
        keys.append([made["image"], made["command"], made["args"]])
    assert keys[0] != keys[1]


@pytest.mark.parametrize("literal", ["[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60])
def test_a_default_that_is_nested_too_deep_stays_in_the_notebook(notebook, literal):
    """The readers of protobuf stop at 100 levels, of which a list or dict takes two."""
    made = plan(notebook(("pipeline-parameters", f"p = {literal}"), ("block:a", "print(p)")))
    assert [found.code for found in check_package(made)] == ["KALE410"]
    assert compiled(made) == package(made)


def test_a_paragraph_more_leaves_the_steps_as_they_were(notebook):
    """What is in the arguments is in the key of KFP's cache: all steps would run again."""
    cells = [("imports", "import os"), ("block:a", "x = 1")]
    before, after = (
        json.loads(zlib.decompress(b64decode(container(plan(notebook(*more, *cells)))["args"][2])))
        for more in ([], ["# A title"])
    )
    assert before == after


def test_the_loader_does_not_import_what_lies_beside_it(tmp_path):
    """The author's `random.py` or `yaml.py` is for the notebook's code alone."""
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')")
    texts = {"kale_pod/__init__.py": "def main(*words):\n    import random\n    print(*words)\n"}
    text = encode(json.dumps(texts).encode())
    done = subprocess.run(
        [sys.executable, "-c", LOADER, text, "{}", "step"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{} step\n", "")
