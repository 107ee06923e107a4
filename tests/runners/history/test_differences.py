"""What is told of two keys that differ: nothing of what is equal, first what somebody did."""

from __future__ import annotations

import pytest
from runners.history.past_journals import key

from kale.runners.history.differences import code_changes, differences, sentence, shown_value

A, B, C, D = ("sha256:" + char * 64 for char in "abcd")


# -------------------------------------------------------------------------------- the code


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param({}, {}, [], id="no code"),
        pytest.param({"cell 3": A}, {"cell 3": A}, [], id="equal code"),
        pytest.param(
            {"cell 3": A, "cell 4": B}, {"cell 4": A, "cell 6": B}, [], id="cells that only moved"
        ),
        pytest.param(
            {"imports, cell 1": A}, {"imports, cell 2": A}, [], id="an imports cell that moved"
        ),
        pytest.param({"load": A, "save": B}, {"load": C}, [], id="what Kale puts in"),
        pytest.param({"cell 7": A}, {"cell 7": B}, ["cell 7 edited"], id="one cell"),
        pytest.param(
            {"cell 7": A, "cell 9": B},
            {"cell 7": C, "cell 9": D},
            ["cells 7 and 9 edited"],
            id="two cells",
        ),
        pytest.param(
            {f"cell {n}": A for n in (2, 7, 9)},
            {f"cell {n}": B for n in (2, 7, 9)},
            ["cells 2, 7 and 9 edited"],
            id="three cells",
        ),
        pytest.param(
            {"cell 3": A, "cell 4": B},
            {"cell 4": A, "cell 5": C},
            ["cell 5 edited"],
            id="moved, and the second edited: it is called by its number now",
        ),
        pytest.param({"cell 3": A}, {"cell 3": A, "cell 4": B}, ["cell 4 added"], id="a new cell"),
        pytest.param(
            {"cell 3": A}, {"cell 3": B, "cell 4": A}, ["cell 3 added"], id="a new cell above"
        ),
        pytest.param(
            {"cell 3": A, "cell 4": B}, {"cell 3": B}, ["cell 3 removed"], id="a cell less"
        ),
        pytest.param(
            {"imports, cell 1": A, "cell 3": B},
            {"imports, cell 1": C, "cell 3": D},
            ["cell 3 and cell 1 (imports) edited"],
            id="a cell of imports, by its role",
        ),
        pytest.param(
            {"imports, cell 1": A}, {"cell 1": A}, ["cell 1 added", "cell 1 (imports) removed"],
            id="another role is another cell",
        ),
        pytest.param(
            {"cell 1": A, "cell 2": A}, {"cell 1": A}, ["cell 2 removed"], id="one of two equal cells"
        ),
        pytest.param({"odd name": A}, {"odd name": B}, ["odd name edited"], id="an item of any name"),
    ],
)  # fmt: skip
def test_cells(before, now, told):
    assert code_changes(now, before) == told


# ---------------------------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param({}, {}, [], id="nothing at all"),
        pytest.param({"inputs": {"x": A}}, {"inputs": {"x": A}}, [], id="equal parts"),
        pytest.param({"files": {}}, {}, [], id="a part without items is none"),
        pytest.param(
            {"inputs": {"df": A}}, {"inputs": {"df": B}}, ['its input "df" changed'], id="an input"
        ),
        pytest.param(
            {"parameters": {"rate": A}}, {"parameters": {"rate": B}},
            ['parameter "rate" changed'], id="a parameter of unknown values",
        ),
        pytest.param(
            {"files": {"data.csv": A}}, {"files": {"data.csv": B}}, ["data.csv changed"], id="a file"
        ),
        pytest.param(
            {"files": {"data.csv": A}}, {"files": {}}, ["data.csv is gone"], id="a file that is gone"
        ),
        pytest.param({}, {"files": {"a/b.csv": A}}, ["a/b.csv is new"], id="a file that came"),
        pytest.param(
            {"modules": {"helpers.py": A}}, {"modules": {"helpers.py": B}},
            ["helpers.py changed"], id="a local module",
        ),
        pytest.param(
            {"environment": {"MODE": A}}, {"environment": {"MODE": B}},
            ['environment variable "MODE" changed'], id="a variable, never its value",
        ),
        pytest.param(
            {"versions": {"pandas": "2.1"}}, {"versions": {"pandas": "3.1"}},
            ["pandas 2.1 -> 3.1"], id="a version",
        ),
        pytest.param({}, {"versions": {"numpy": "2.4"}}, ["numpy is new"], id="an installed package"),
        pytest.param(
            {"engine": {"python": "3.11.8 (main) [GCC]", "runtime": A, "kernel": "python3 ab"}},
            {"engine": {"python": "3.12.1 (main) [GCC]", "runtime": B, "kernel": "python3 cd"}},
            ["the kernel changed", "Python 3.11.8 -> 3.12.1", "Kale itself changed"],
            id="the interpreter, its kernel, and Kale itself",
        ),
        pytest.param(
            {"engine": {"python": "3.11.8 (a)"}}, {"engine": {"python": "3.11.8 (b)"}},
            ["Python changed"], id="another build of one version",
        ),
        pytest.param(
            {"files": {"a": "missing", "b": A}, "versions": {"x": "missing", "y": "1"}},
            {"files": {"a": A, "b": "missing"}, "versions": {"x": "1", "y": "missing"}},
            ["a is new", "b is gone", "x is new", "y is gone"],
            id="what was looked for and was not there",
        ),
        pytest.param(
            {"weather": {"sky": "x"}}, {"weather": {"sky": "y"}}, ["sky changed"], id="another part"
        ),
        pytest.param(
            {"code": {"cell 3": A}, "files": {"a": A}, "versions": {"x": "1", "y": "1"}},
            {"code": {"cell 3": B}, "files": {"b": A}, "versions": {"x": "2", "z": "1"}},
            ["cell 3 edited", "x 1 -> 2"],
            id="an edit explains what came and went with it, but no version that changed",
        ),
        pytest.param(
            {"code": {"cell 3": A, "load": C}, "inputs": {"x": A}},
            {"code": {"cell 3": A, "load": D}, "inputs": {"x": A, "y": B}},
            ['its input "y" is new'],
            id="a new input and no edit",
        ),
        pytest.param(
            {"code": {"cell 3": A, "load": C}}, {"code": {"cell 3": A, "load": D}},
            ["it loads other values"], id="what Kale puts in, if it is all there is",
        ),
        pytest.param(
            {"code": {"cell 3": A, "cell 4": B}}, {"code": {"cell 3": B, "cell 4": A}},
            ["its cells stand in another order"], id="two cells that changed places",
        ),
        pytest.param(
            {p: {"a": A} for p in ("engine", "versions", "inputs", "parameters", "files", "code")},
            {p: {"a": B} for p in ("engine", "versions", "inputs", "parameters", "files", "code")},
            ["a edited", 'parameter "a" changed', 'its input "a" changed', "a changed", "a changed", "a changed"],
            id="what somebody did stands first",
        ),
    ],
)  # fmt: skip
def test_parts(before, now, told):
    assert differences(key("s", **now), key("s", **before)) == told


@pytest.mark.parametrize(
    ("name", "before", "now", "told"),
    [
        pytest.param("rate", 0.1, 0.5, 'parameter "rate" changed from 0.1 to 0.5', id="numbers"),
        pytest.param("mode", "a", "b", 'parameter "mode" changed from "a" to "b"', id="text"),
        pytest.param("n", 1, True, 'parameter "n" changed from 1 to true', id="another type"),
        pytest.param(
            "db_password", "x", "y", 'parameter "db_password" changed', id="a secret stays hidden"
        ),
        pytest.param(
            "rows", [1] * 99, [1] * 98, 'parameter "rows" changed', id="values that look alike when cut"
        ),
    ],
)  # fmt: skip
def test_parameters_with_their_values(name, before, now, told):
    keys = [key("s", parameters={name: digest}) for digest in (A, B)]
    assert differences(*keys, values=({name: now}, {name: before})) == [told]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        pytest.param("a", None, "null", id="nothing"),
        pytest.param("token", None, "null", id="a secret that is not there hides nothing"),
        pytest.param("token", "abc", "<hidden>", id="a secret"),
        pytest.param("a", "é" * 50, '"' + "é" * 38 + "…", id="a long text"),
        pytest.param("a", {1, 2}, "{1, 2}", id="no JSON"),
    ],
)
def test_a_value_is_shown_short(name, value, shown):
    assert shown_value(name, value) == shown


@pytest.mark.parametrize(
    ("count", "told"),
    [
        pytest.param(1, "d0", id="one"),
        pytest.param(3, "d0, d1, d2", id="three"),
        pytest.param(4, "d0, d1, d2 and 1 more change", id="four"),
        pytest.param(7, "d0, d1, d2 and 4 more changes", id="seven"),
    ],
)
def test_a_sentence_names_the_first_three(count, told):
    assert sentence([f"d{number}" for number in range(count)]) == told
