"""The analysis takes any valid Python: each module is a step, and one cut in two is two steps.

A refusal is an answer; anything else that is raised is a fault.
"""

import ast
from itertools import pairwise

import pytest
from pipelines import chain
from python_sources import installed, read, standard_library, standard_library_tests

from kale.errors import KaleError
from kale.static_analysis.analysis import analyze

pytestmark = pytest.mark.usefixtures("unmeasured")


def answer(*cells):
    """What the analysis says: nothing, or the codes of its refusal."""
    try:
        analyze(chain(*cells))
    except KaleError as error:
        return [part.code for part in error.parts()]
    return []


def assert_answers(paths):
    asked = 0
    for path in paths:
        text = read(path)
        if text is not None:
            asked += 1
            for cells in (text,), halves(text):
                try:
                    answer(*zip("ab", cells, strict=False))
                except Exception as error:
                    error.add_note(f"in {path}, as {len(cells)} steps")
                    raise
    assert asked


def halves(text):
    """A module cut between two of its statements that share no line."""
    body = ast.parse(text).body
    cuts = [
        following.lineno - 1
        for before, following in pairwise(body)
        if before.end_lineno < following.lineno and not getattr(following, "decorator_list", [])
    ]
    lines = text.split("\n")
    cut = cuts[len(cuts) // 2] if cuts else len(lines)
    return "\n".join(lines[:cut]), "\n".join(lines[cut:])


def test_a_part_of_the_standard_library():
    assert_answers(standard_library()[::24])


def test_a_part_of_the_standard_librarys_tests():
    assert_answers(standard_library_tests()[::120])


def test_a_part_of_the_installed_packages():
    assert_answers(installed()[::400])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(8))
def test_the_whole_standard_library(share):
    assert_answers((standard_library() + standard_library_tests())[share::8])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(8))
def test_all_installed_packages(share):
    assert_answers(installed()[share::8])


DEEP = [
    pytest.param("x = " + " + ".join(["1"] * 900), id="a sum"),
    pytest.param("y = 1\nx = y" + ".a()" * 400, id="a chain of calls"),
    pytest.param("y = 1\nx = y" + "[0]" * 900, id="subscripts"),
    pytest.param("x = " + "-" * 900 + "1", id="signs"),
    pytest.param(
        "x = 0\nif x: pass\n" + "\n".join(f"elif x == {i}: pass" for i in range(400)), id="elif"
    ),
]


@pytest.mark.parametrize("code", DEEP)
def test_deep_code_is_analyzed(code):
    analyzed = analyze(chain(("a", code), ("b", "print(x)")))
    assert [(wire.name, wire.consumer) for wire in analyzed.wires] == [("x", "b")]
