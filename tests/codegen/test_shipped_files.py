"""Modules and files of the notebook's folder, as a package carries them."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from codegen.builders import compiled, container, package, plan
from codegen.test_sizes import incompressible

from kale.codegen import check_package, emit_script
from kale.errors import PackageError
from kale.ir import Environment, PackageOptions

FILES = {
    "helpers.py": b"def f():\r\n    return '\xc3\xa9 {{x}}'\n",
    "pkg/__init__.py": b"",
    "data/x.bin": bytes(range(256)) * 3,
    "data/no end.csv": b"a,b",
    "ünd\n#'\".txt": b"x\n",
}


def shipping(files, *steps, **options):
    made = plan(*(steps or ("train",)))
    shipped = {PurePosixPath(name): content for name, content in files.items()}
    return replace(made, environment=Environment({}, {}, shipped, PackageOptions(**options)))


def test_the_runtime_holds_every_file_byte_by_byte():
    runtime = container(shipping(FILES))["command"][3]
    assert "{" not in runtime
    texts = json.loads(zlib.decompress(b64decode(runtime)))
    assert {
        name.removeprefix("kale_files/"): text.encode("latin-1")
        for name, text in texts.items()
        if name.startswith("kale_files/")
    } == FILES


def test_the_script_holds_them_as_text_and_gives_the_same_package():
    made = shipping(FILES)
    script = emit_script(made).decode()
    assert '    "helpers.py": text(\n        "def f():\\r",\n' in script
    assert '    "pkg/__init__.py": text(\n        "",\n    ),\n' in script
    assert '    "data/x.bin": binary(\n        "AAEC' in script
    assert compiled(made) == package(made)


def test_a_changed_file_changes_the_digest_that_consumers_ask_for():
    def digest(content):
        made = plan("a", "b", wires=[("x", "a", "b")])
        environment = Environment(files={PurePosixPath("m.py"): content})
        return container(replace(made, environment=environment), "b")["command"][3]

    assert digest(b"x = 1") != digest(b"x = 2")
    assert digest(b"x = 1") == digest(b"x = 1")


def test_files_too_large_are_refused_by_name():
    files = {"big.csv": incompressible(110 * 1024).encode(), "small.py": b"x = 1"}
    with pytest.raises(PackageError) as caught:
        check_package(shipping(files))
    assert caught.value.code == "KALE408"
    assert "file `big.csv` (165 KiB), the step runtime (" in caught.value.hint


def test_a_runtime_of_the_image_leaves_them_out_with_a_warning():
    made = shipping({"helpers.py": b"", "data/x.csv": b"1"}, installed_runtime=True)
    (found,) = check_package(made)
    assert (found.code, found.message, found.hint) == (
        "KALE415",
        "with `--runtime installed` no file travels with the package: `data/x.csv`, `helpers.py`",
        "have the image hold them in its working folder, or drop the option",
    )
    assert compiled(made) == package(made)
