"""What a comment silences, and what it does not."""

import pytest

import kale
from kale.diagnostics import Diagnostic, Severity
from kale.errors import Location
from kale.nbparser import to_python
from kale.suppression import Suppression, noqa_lines

NOTHING = [
    pytest.param("x = 1", id="no comment"),
    pytest.param("x = 1  # noqa", id="a bare noqa names nothing"),
    pytest.param("x = 1  # noqa: because", id="a word is no code"),
    pytest.param("x = 1  # see KALE331", id="a code alone"),
    pytest.param("x = '# noqa: KALE331'", id="in a string"),
    pytest.param('x = """\n# noqa: KALE331\n"""', id="in a string of several lines"),
    pytest.param("%%time\nx = '# noqa: KALE331'", id="in a string below a magic"),
    pytest.param("x = f'{1}# noqa: KALE331'", id="in an f-string"),
]


@pytest.mark.parametrize("code", NOTHING)
def test_no_comment_that_silences(code):
    assert noqa_lines(code, to_python(code)) == {}


K = "KALE331"
SILENCED = [
    pytest.param("x = 1  # noqa: KALE331", {1: {K}}, id="at the end of the line"),
    pytest.param("x = 1  #noqa:kale331", {1: {K}}, id="without spaces and in small letters"),
    pytest.param("x = 1  # NOQA : KALE331", {1: {K}}, id="in capitals"),
    pytest.param("x = 1  # noqa: KALE331 it is a demo", {1: {K}}, id="with a reason"),
    pytest.param("x = 1  # type: ignore  # noqa: KALE331", {1: {K}}, id="behind another comment"),
    pytest.param("# noqa: KALE331\nx = 1", {1: {K}}, id="a line above holds for itself"),
    pytest.param("x = 1\ny = 2  # noqa: KALE331\nz = 3", {2: {K}}, id="no other line"),
    pytest.param(
        "x = 1  # noqa: F401, KALE310 KALE331", {1: {"F401", "KALE310", K}},
        id="several codes, by commas and spaces",
    ),
    pytest.param(
        "x = f(\n    1,\n)  # noqa: KALE331", {1: {K}, 2: {K}, 3: {K}}, id="the last line counts"
    ),
    pytest.param("x = f(  # noqa: KALE331\n    1,\n)", {1: {K}}, id="the first is one of them"),
    pytest.param(
        'x = """\n\n"""  # noqa: KALE331', {1: {K}, 2: {K}, 3: {K}}, id="the end of a long string"
    ),
    pytest.param(
        "if f(\n  1\n):  # noqa: KALE331\n    y = 2", {1: {K}, 2: {K}, 3: {K}},
        id="the head of a block, not its body",
    ),
    pytest.param("x = 1; y = (\n2)  # noqa: KALE331", {1: {K}, 2: {K}}, id="statements on one line"),
    pytest.param("!ls  # noqa: KALE331\nx = 1", {1: {K}}, id="a shell command"),
    pytest.param("!ls \\\n  -l # noqa: KALE331\nx = 1", {1: {K}, 2: {K}}, id="and a long one"),
    pytest.param("if a:\n    !ls # noqa: KALE331", {2: {K}}, id="in a block"),
    pytest.param("%time x = f()  # noqa: KALE331", {1: {K}}, id="a line magic"),
    pytest.param("%%time\nx = f()  # noqa: KALE331", {2: {K}}, id="below a cell magic"),
    pytest.param("x = 1  # noqa: KALE331\ny = (", {1: {K}}, id="above what is no Python"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "lines"), SILENCED)
def test_comments_that_silence(code, lines):
    assert noqa_lines(code, to_python(code)) == lines


def finding(severity=Severity.WARNING, at=None):
    return Diagnostic("KALE331", severity, "text", at)


HERE = Location("nb.ipynb", 2, 1)
LINE = Suppression(places={(2, 1): frozenset({"KALE331"})})
ALL = Suppression(frozenset({"KALE331"}))
KEPT = [
    pytest.param(Suppression(), finding(at=HERE), id="nothing is silenced"),
    pytest.param(ALL, finding(Severity.ERROR, HERE), id="an error"),
    pytest.param(LINE, finding(Severity.ERROR, HERE), id="an error on the line"),
    pytest.param(LINE, finding(at=Location("nb.ipynb", 3, 1)), id="another cell"),
    pytest.param(LINE, finding(at=Location("nb.ipynb", 2, 2)), id="another line"),
    pytest.param(LINE, finding(at=Location("nb.ipynb")), id="about the whole notebook"),
    pytest.param(LINE, finding(), id="without a place"),
    pytest.param(Suppression(frozenset({"KALE332"})), finding(at=HERE), id="another code"),
]
DROPPED = [
    pytest.param(ALL, finding(), id="everywhere"),
    pytest.param(LINE, finding(at=HERE), id="on the line"),
    pytest.param(LINE, finding(Severity.NOTICE, HERE), id="a notice"),
    pytest.param(LINE, finding(at=Location("nb.ipynb", 2)), id="a whole cell, by its first line"),
]


@pytest.mark.parametrize(("suppression", "one"), KEPT)
def test_findings_that_stay(suppression, one):
    assert suppression.keep([one]) == (one,)


@pytest.mark.parametrize(("suppression", "one"), DROPPED)
def test_findings_that_go(suppression, one):
    assert suppression.keep([one]) == ()


NOTICE = ("block:b", "print(\n    x\n)")


def test_a_notebook_is_checked_without_what_its_comments_silence(notebook):
    cells = ("# a heading", ("block:a", "x = 1"))
    assert [d.code for d in kale.check(notebook(*cells, NOTICE)).diagnostics] == ["KALE201"]
    silent = ("block:b", "print(\n    x\n)  # noqa: KALE201")
    checked = kale.check(notebook(*cells, silent))
    assert (checked.diagnostics, checked.silenced) == ((), 1)


def test_markdown_is_no_code(notebook):
    path = notebook("x  # noqa: KALE201", ("block:a", "x = 1"), ("block:b", "print(x)"))
    assert [d.code for d in kale.check(path).diagnostics] == ["KALE201"]


def test_an_error_is_not_silenced_by_a_comment(notebook):
    with pytest.raises(kale.KaleError, match="uses `x`"):
        kale.check(notebook(("block:a", "print(x)  # noqa: KALE301")))
