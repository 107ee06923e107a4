"""Places in Python files, wherever they are told: lines of the file, never cells or tags."""

from __future__ import annotations

import json

import pytest

from kale import control, script_words
from kale.cli.annotations import workflow_commands
from kale.cli.terminal import print_findings
from kale.diagnostics import diagnose, from_error
from kale.errors import AnalysisError, KaleError, Location, RefusedError
from kale.runners.failures.failure_text import failure_lines, retry_reason
from kale.runners.failures.step_error import Frame, StepError
from kale.runners.result import StepResult
from kale.suppression import Suppression

BODY = control.BODY

PLACES = [
    pytest.param(Location("a.ipynb", 3, 2, step="s"), "a.ipynb: cell 3 (s), line 2",
                 id="a notebook keeps its cells"),
    pytest.param(Location("a.py"), "a.py", id="a file alone"),
    pytest.param(Location("a.py", line=12), "a.py: line 12", id="a line"),
    pytest.param(Location("a.py", line=12, step="s"), "a.py: line 12 (s)",
                 id="a line in a step"),
    pytest.param(Location("a.py", BODY + 40, 41, 5, "s.1"), "a.py: line 41 (s.1)",
                 id="a line in the pipeline's body, in one item of a loop"),
    pytest.param(Location("a.py", BODY + 40, step="s"), "a.py: line 40 (s)",
                 id="a piece of the body of which no line is known"),
    pytest.param(Location("a.py", 7), "a.py: line 7", id="a piece of the module"),
    pytest.param(Location("a.py", step="s"), "a.py: step s", id="a step"),
]  # fmt: skip


@pytest.mark.parametrize(("at", "text"), PLACES)
def test_a_place_in_words(at, text):
    assert str(at) == text


def test_the_numbers_of_pieces_of_a_body_begin_where_the_contract_says():
    assert script_words.BODY == control.BODY


WORDS = [
    pytest.param("nothing to say of it here", "nothing to say of it here", id="no place"),
    pytest.param("`cell` 3", "`cell` 3", id="a name is no place"),
    pytest.param("unicellular 3 cells", "unicellular 3 cells", id="a part of a word is no place"),
    pytest.param("the notebook server has it", "the notebook server has it", id="a server"),
    pytest.param("cell 7 deletes it", "line 7 deletes it", id="a piece of the module"),
    pytest.param(f"Cell {BODY + 7} deletes it", "Line 7 deletes it", id="a piece of the body"),
    pytest.param(f"in cell {BODY + 7}, line 9: no", "in line 9: no", id="a line of a piece"),
    pytest.param(f"(cells 3 and {BODY + 7})", "(lines 3 and 7)", id="two pieces"),
    pytest.param(f"cells 3, 4, {BODY + 7}", "lines 3, 4 and 7", id="three pieces"),
    pytest.param(f"cells {BODY + 7} and {BODY + 7}", "line 7", id="one line twice"),
    pytest.param(
        "make the change in a cell tagged `imports`, which every step runs, or tag a cell of "
        "`b` with `prev:a`",
        "make the change in the code outside of functions, which every step runs, or give `b` a "
        "result of `a`", id="tags",
    ),
    pytest.param("name it in a tag, `packages:x==1`", 'name it in the step: `packages=["x==1"]`',
                 id="packages"),
    pytest.param("use `rwm`, or order the steps with `prev:` tags",
                 "use `rwm`, or have one of the steps read a result of the other", id="an order"),
    pytest.param("give it with the tag `secret:SECRET:KEY:ENV`",
                 'give it by `secrets={"ENV": "SECRET:KEY"}`', id="a secret"),
    pytest.param("reads `a.csv`, a file beside the notebook; mount `volume:CLAIM:FOLDER`",
                 'reads `a.csv`, which lies beside the file; mount `volumes={"CLAIM": "/FOLDER"}`',
                 id="a file and a volume"),
    pytest.param("use `rwm`, or tags such as `limit:`", "use `rwm`, or tags such as `limit:`",
                 id="other tags stay"),
    pytest.param("`a.csv` is not in the notebook's folder", "`a.csv` is not in the file's folder",
                 id="a folder"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), WORDS)
def test_errors_and_findings_about_a_python_file_name_lines(text, told):
    at = Location("a.py", BODY + 3, 3)
    error = AnalysisError("KALE301", text, at=at, hint=text)
    assert (error.message, error.hint, str(error)) == (told, told, told)
    finding = diagnose("KALE331", text, at=at, hint=text)
    assert (finding.message, finding.hint) == (told, told)
    assert from_error(error)[0].message == told  # once more changes nothing


@pytest.mark.parametrize("at", [None, Location("a.ipynb", 3)], ids=["no place", "a notebook"])
def test_what_is_said_of_anything_else_stays(at):
    text = "cell 7 of the notebook, a cell tagged `imports`"
    assert KaleError("KALE301", text, at=at, hint=text).message == text
    assert diagnose("KALE331", text, at=at).message == text


def test_errors_stand_in_the_order_of_the_file_and_not_of_its_pieces():
    lines = [Location("a.py", BODY + 4, 5), Location("a.py", 9), Location("a.py", line=2)]
    found = RefusedError(AnalysisError("KALE301", "x", at=at) for at in lines)
    assert [error.at.shown_line for error in found.parts()] == [2, 5, 9]


def test_a_finding_is_shown_with_its_line_of_the_file_and_a_caret(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("x = 1\n\ndef p():\n    y = load(unknown)\n")
    finding = diagnose("KALE301", "it is unknown", at=Location("a.py", None, 4, 14, "load"))
    print_findings([finding], None)
    assert capsys.readouterr().out.splitlines() == [
        "a.py: line 4 (load): error KALE301: it is unknown",
        "    y = load(unknown)",
        "             ^",
    ]
    told = finding.as_json()
    assert (told["path"], told["cell"], told["line"], told["column"]) == ("a.py", None, 4, 14)
    assert workflow_commands([finding])[0].startswith("::error file=a.py,line=4,title=KALE301::")
    assert json.loads(json.dumps(told)) == told


def test_the_column_in_a_piece_of_a_body_is_not_that_of_the_file():
    finding = diagnose("KALE301", "it is unknown", at=Location("a.py", BODY + 4, 4, 14, "load"))
    assert finding.as_json()["column"] is None


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        pytest.param(5, True, id="on the line above"),
        pytest.param(6, False, id="on its line"),
    ],
)
def test_a_comment_in_a_python_file_silences_its_line(line, kept):
    finding = diagnose("KALE331", "x", at=Location("a.py", BODY + 4, line))
    suppression = Suppression(places={(0, 6): frozenset({"KALE331"})})
    assert bool(suppression.keep([finding])) == kept


def test_a_failed_step_names_the_call_and_the_line_in_the_function():
    error = StepError(
        "ValueError", "bad", Location("a.py", BODY + 9, 9, step="f.1"), "        f(x)",
        (Frame(Location("a.py", 2, 3, 5, "f.1"), "    check(x)", "f", width=8),
         Frame(Location("lib.py", line=7, step="f.1"), "    raise E", "check")),
    )  # fmt: skip
    lines = failure_lines(StepResult("f.1", "failed", 0.1, error=error))
    assert [line for line in lines if "line" in line] == [
        "a.py: line 9 (f.1): ValueError: bad", "  in f, line 3:", "  in check, lib.py, line 7:",
    ]  # fmt: skip
    assert retry_reason(error) == "line 9: ValueError: bad"
    told = error.as_json()
    assert (told["cell"], told["line"]) == (None, 9)
    assert [(one["cell"], one["line"]) for one in told["frames"]] == [(None, 3), (None, 7)]
