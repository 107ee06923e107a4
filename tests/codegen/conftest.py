"""Fixtures of the tests of packages."""

from __future__ import annotations

import json

import pytest
from codegen.builders import officially_compiled
from codegen.compiled_package import Package
from codegen.protobuf_messages import check_executors_differ, check_messages, check_wires


@pytest.fixture
def compiled(kale, notebook, tmp_path, monkeypatch):
    """Compile a notebook as a user does: a step `fit` of those tags, or these cells.

    Whatever the package is, it is a message of the specification, no wire of it is loose, and the
    official compiler makes the same of the script beside it.
    """
    monkeypatch.chdir(tmp_path)

    def run(tags="", *options, cells=None, metadata=None):
        tagged = ["block:fit", *(tags if isinstance(tags, list) else tags.split())]
        path = notebook(
            *(cells or [(tagged, "x = 1")]), metadata={"kubeflow_notebook": metadata or {}}
        )
        code, out, err = kale("compile", path.name, *options, "--json")
        assert code == 0, err + out
        files = json.loads(out)["files"]
        made = Package((tmp_path / files["package"]).read_bytes())
        check_messages(made.documents)
        check_wires(made.documents)
        check_executors_differ(made.documents)
        assert officially_compiled((tmp_path / files["script"]).read_bytes()) == made.documents
        return made

    return run
