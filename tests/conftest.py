"""Fixtures that several folders of tests share."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import uuid

import pytest
from hypothesis import settings

from kale.cli import main

# A busy machine is no failure. What CI sets beside (the same examples in each run) stays.
settings.register_profile("kale", settings.default, deadline=None)
settings.load_profile("kale")

# Runs with a `--run-dir` would keep their values in the user's cache, and find them there again.
_CACHES = tempfile.mkdtemp(prefix="kale-cache-")
os.environ.setdefault("KALE_CACHE_DIR", f"{_CACHES}/shared")

# A second of work for each run; the tests of pages ask for them.
os.environ["KALE_NO_PAGES"] = "1"

# The secret of the user's cache belongs to the user, not to tests.
os.environ["XDG_STATE_HOME"] = f"{_CACHES}/state"

# Of the notebooks in test_soundness.py that are new in each run; all workers have the same.
os.environ.setdefault("KALE_SOUNDNESS_SEED", str(random.SystemRandom().randrange(1_000_000)))


# Measuring a child's lines takes a tenth of a second at its start and a third of its speed.
_MEASURING = "COVERAGE_PROCESS_CONFIG"
_measuring: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Measure no child process but those of tests that ask for ``measured_children``."""
    _measuring.extend(filter(None, [os.environ.pop(_MEASURING, None)]))


@pytest.fixture
def measured_children(monkeypatch):
    """Let the coverage of Kale include the child processes of this test."""
    for configuration in _measuring:
        monkeypatch.setenv(_MEASURING, configuration)


@pytest.fixture
def unmeasured():
    """Measure no line of this test: one that runs much Python would take three times as long.

    pytest-cov's own mark ``no_cover`` pauses one measurement, and each worker has two.
    """
    from coverage import Coverage

    ended = []
    while (measuring := Coverage.current()) is not None:
        measuring.stop()
        ended.append(measuring)
    yield
    for measuring in reversed(ended):
        measuring.start()


def pytest_report_header():
    return f"KALE_SOUNDNESS_SEED={os.environ['KALE_SOUNDNESS_SEED']}"


@pytest.fixture
def with_pages(monkeypatch):
    """Have runs make the pages of their notebooks, as they do unless told not to."""
    monkeypatch.delenv("KALE_NO_PAGES")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch):
    """Let no test take a step's results from another one."""
    monkeypatch.setenv("KALE_CACHE_DIR", f"{_CACHES}/{uuid.uuid4().hex}")


def notebook_json(*cells, metadata=None, **extra):
    """A notebook as JSON text; cells are (tags separated by spaces, code) or Markdown text."""
    found = []
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, str):
            found.append(
                {"cell_type": "markdown", "id": f"c{number}", "metadata": {}, "source": cell}
            )
            continue
        tags, code = cell
        tags = tags if isinstance(tags, list) else tags.split()
        found.append(
            {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags},
             "execution_count": None, "outputs": [], "source": code}
        )  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "cells": found,
        "metadata": {"kernelspec": kernel, **(metadata or {})},
        "nbformat": 4,
        "nbformat_minor": 5,
        **extra,
    }
    return json.dumps(document)


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of these cells into the test's folder and return its path."""

    def write(*cells, name="nb.ipynb", metadata=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook_json(*cells, metadata=metadata), encoding="utf-8")
        return path

    return write


@pytest.fixture
def kale(monkeypatch, capfd):
    """Run the command line in this process: (exit code, standard output, standard error)."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kale", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capfd.readouterr()
        return stopped.value.code, out, err

    return run
