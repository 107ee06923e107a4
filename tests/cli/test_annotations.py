"""Failures and findings as GitHub's workflow commands."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest

from kale.cli.annotations import workflow_commands
from kale.diagnostics import Diagnostic, Severity, diagnose
from kale.errors import Location
from kale.runners import StepError, StepResult

CELLS = [{"cell_type": "markdown", "source": ["# t"]}, {"source": ["a\n", "b"]}, {"source": []}]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder in a checkout, with a notebook in it."""
    folder = tmp_path / "check out" / "books"
    folder.mkdir(parents=True)
    (folder / "nb.ipynb").write_text(json.dumps({"cells": CELLS}, indent=1), encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return folder


def read(command: str) -> tuple[str, dict[str, str], str]:
    """A command as GitHub's runner reads it: up to the second ``::``, split, and unescaped."""
    kind, given, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", command).groups()
    properties = dict(pair.split("=", 1) for pair in given.split(","))
    unescape = urllib.parse.unquote
    return kind, {name: unescape(text) for name, text in properties.items()}, unescape(message)


def test_a_failure(here):
    error = StepError(
        "ValueError",
        "100% wrong:\r\na, b",
        Location("nb.ipynb", 2, 2, step="train"),
        "    b",
        hint="mend it",
        values=(("b", "0"),),
    )
    failed = StepResult("train", "failed", error=error)
    (command,) = workflow_commands(failures=[failed, StepResult("x", "skipped")])
    assert command == (
        "::error file=nb.ipynb,line=12,title=ValueError in step train::"
        "nb.ipynb: cell 2 (train), line 2: ValueError: 100%25 wrong:%0Aa, b"
        "%0A    b%0A    b = 0%0Ahint: mend it"
    )


@pytest.mark.parametrize(
    ("at", "properties"),
    [
        pytest.param(None, {}, id="no place"),
        pytest.param(Location("nb.ipynb"), {"file": "nb.ipynb"}, id="a notebook"),
        pytest.param(Location("nb.ipynb", 2), {"file": "nb.ipynb", "line": "11"}, id="a cell"),
        pytest.param(Location("nb.ipynb", 2, 2), {"file": "nb.ipynb", "line": "12"}, id="a line"),
        pytest.param(
            Location("nb.ipynb", 2, 9), {"file": "nb.ipynb", "line": "11"}, id="a line too many"
        ),
        pytest.param(Location("nb.ipynb", 3, 1), {"file": "nb.ipynb"}, id="a cell without lines"),
        pytest.param(Location("nb.ipynb", 9, 1), {"file": "nb.ipynb"}, id="a cell too many"),
        pytest.param(Location("no.ipynb", 1, 1), {"file": "no.ipynb"}, id="a file that is gone"),
        pytest.param(Location("a\0b", 1, 1), {"file": "a\\x00b"}, id="what is no path"),
        pytest.param(
            Location("../books/nb.ipynb", 2, 1), {"file": "nb.ipynb", "line": "11"}, id="a long way"
        ),
    ],
)
def test_places(here, at, properties):
    finding = diagnose("KALE505", "a message", at=at, hint="a hint")
    (command,) = workflow_commands([finding])
    kind, found, message = read(command)
    assert (kind, found) == ("warning", {**properties, "title": "KALE505"})
    assert message.endswith("a message\nhint: a hint")


def test_files_are_named_as_the_checkout_has_them(here, monkeypatch):
    finding = diagnose("KALE505", "m", at=Location("nb.ipynb", 2, 1))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here.parent))
    assert read(*workflow_commands([finding]))[1]["file"] == "books/nb.ipynb"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here / "elsewhere"))
    assert read(*workflow_commands([finding]))[1]["file"] == "nb.ipynb"
    monkeypatch.chdir(here.parent.parent)
    above = diagnose("KALE505", "m", at=Location(str(here / "nb.ipynb"), 2, 1))
    assert read(*workflow_commands([above]))[1]["file"] == "check out/books/nb.ipynb"


def test_the_worst_come_first(here):
    severities = [Severity.NOTICE, Severity.WARNING, Severity.ERROR, Severity.WARNING]
    findings = [Diagnostic("KALE201", s, str(k)) for k, s in enumerate(severities)]
    failed = StepResult("x", "failed", error=StepError("E", "m", Location("nb.ipynb")))
    commands = [read(command) for command in workflow_commands(findings, [failed])]
    assert [(kind, message) for kind, _, message in commands] == [
        ("error", "nb.ipynb: E: m"),
        ("error", "2"),
        ("warning", "1"),
        ("warning", "3"),
        ("notice", "0"),
    ]


HOSTILE = "\r\n::set-output name=x::y\x1b[2J%0A::error::\u2028,file=/etc/passwd::z"


def test_text_stays_in_its_place(here):
    error = StepError(
        HOSTILE,
        HOSTILE,
        Location(f"{HOSTILE}.ipynb", 1, 1, step=HOSTILE),
        HOSTILE,
        hint=HOSTILE,
        values=((HOSTILE, HOSTILE),),
    )
    finding = Diagnostic("KALE201", Severity.WARNING, HOSTILE, error.at, HOSTILE)
    for command in workflow_commands([finding], [StepResult(HOSTILE, "failed", error=error)]):
        assert command.isprintable()
        kind, properties, message = read(command)
        assert {*properties} == {"file", "title"}
        assert "file=/etc/passwd" in message
        assert kind in ("error", "warning")
