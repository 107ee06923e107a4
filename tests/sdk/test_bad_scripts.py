"""Bodies and files that are refused: the place, the sentence and the remedy of each.

The rows stand in ``refusals/*.txt``, each with its title, the code, and what is wrong with it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lowered_scripts import first_line, problems, rows, script, written

from kale.diagnostics import CATALOGUE
from kale.errors import KaleError
from kale.sdk.lowering import lower

TWO = """\
from kale.sdk import pipeline, step


@step
def f(x):
    return x


@pipeline
def training():
    f(1)


@pipeline
def testing():
    f(2)
"""


@pytest.mark.parametrize(("body", "expected"), rows("refusals/bodies.txt"))
def test_a_body_is_refused(tmp_path, body, expected):
    """Lines are those of the body."""
    path = written(tmp_path, script(body))
    found = [problem.partition(":") for problem in problems(path)]
    lines = [f"{int(line) - first_line(body) + 1}:{rest}" for line, _, rest in found]
    assert lines == expected


@pytest.mark.parametrize(("text", "expected"), rows("refusals/files.txt"))
def test_a_file_is_refused(tmp_path, text, expected):
    assert problems(written(tmp_path, text)) == expected


@pytest.mark.parametrize(("text", "expected"), rows("refusals/nothing_wrong.txt"))
def test_a_file_is_not_refused(tmp_path, text, expected):
    assert problems(written(tmp_path, text)) == expected == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            "other.py",
            "KALE001: `DIR/other.py` does not exist (check the spelling of the path)",
            id="no file, and none with a name like it",
        ),
        pytest.param(
            "flw.py",
            "KALE001: `DIR/flw.py` does not exist (did you mean `DIR/flow.py`?)",
            id="no file, but one with a name like it",
        ),
        pytest.param(
            "parts.py", "KALE001: `DIR/parts.py` is a folder (name the file in it)", id="a folder"
        ),
        pytest.param(
            "flow.py::trainin",
            "KALE704: no pipeline of the file is called `trainin` (did you mean"
            " `DIR/flow.py::training`?)",
            id="a pipeline that is not in the file, but one like it",
        ),
        pytest.param(
            "flow.py::xyz",
            "KALE704: no pipeline of the file is called `xyz` (there is `training`, `testing`)",
            id="a pipeline that is not in the file",
        ),
    ],
)
def test_what_a_path_names_is_not_there(tmp_path, name, expected):
    (tmp_path / "parts.py").mkdir()
    written(tmp_path, TWO)
    with pytest.raises(KaleError) as caught:
        lower(f"{tmp_path}/{name}")
    error = caught.value
    found = f"{error.code}: {error.message} ({error.hint})"
    assert found.replace(str(tmp_path), "DIR") == expected


def test_a_null_byte_is_refused(tmp_path):
    assert problems(written(tmp_path, "x = '\0'")) == [
        "None:None KALE701 the file is not valid Python: source code string cannot contain null"
        " bytes (correct the line)"
    ]


def test_code_that_is_nested_too_deeply_is_refused(tmp_path):
    (problem,) = problems(written(tmp_path, TWO + "x = " + "-" * 100_000 + "1\n"))
    assert "KALE701 the file is not valid Python" in problem


def test_a_long_expression_is_refused(tmp_path):
    path = written(tmp_path, TWO.replace("f(1)", "f(1" + " + f(1)" * 600 + ")"))
    (problem,) = problems(f"{path}::training")
    assert problem == (
        "None:None KALE701 the file's code is nested too deeply (give parts of long expressions"
        " names)"
    )


def test_pipelines_that_call_each_other_are_refused(tmp_path):
    path = written(tmp_path, TWO.replace("f(1)", "testing()").replace("f(2)", "training()"))
    assert problems(f"{path}::training") == [
        "11:5 KALE711 `testing` is a pipeline, and pipelines do not nest (call its steps here)"
    ]
    assert problems(f"{path}::testing") == [
        "16:5 KALE711 `training` is a pipeline, and pipelines do not nest (call its steps here)"
    ]


def test_the_name_of_the_step_of_metrics_is_refused(tmp_path):
    path = written(tmp_path, TWO.replace("@step", '@step(name="pipeline-metrics")'))
    assert problems(f"{path}::training") == [
        "4:2 KALE105 no step can be called `pipeline-metrics`, which is a name of Kale's own"
        " (rename the step)"
    ]


def test_one_of_several_pipelines_is_named(tmp_path):
    path = written(tmp_path, TWO)
    assert lower(f"{path}::training").name == "training"
    assert lower(f"{path}::testing").path == path


def test_a_file_is_read_in_its_own_encoding(tmp_path):
    path = tmp_path / "flow.py"
    path.write_bytes(b"# coding: latin-1\n" + TWO.replace("f(1)", "f('é')").encode("latin-1"))
    assert lower(f"{path}::training").steps[0].sources[-1].code == "f('é');"


def test_an_option_that_earlier_versions_acted_on_is_told_of(tmp_path):
    path = written(tmp_path, TWO.replace("@step", "@step(retry_count=2, retry_factor=2)"))
    (notice,) = lower(f"{path}::training").diagnostics
    assert (notice.code, notice.at.line, notice.at.column) == ("KALE725", 4, 22)
    assert notice.message == "the option `retry_factor` has no effect here"


def test_nothing_of_a_file_runs(tmp_path):
    path = written(tmp_path, "raise SystemExit('it ran')\n" + TWO)
    assert lower(f"{path}::training").functions[0].code == "raise SystemExit('it ran')"


def test_each_code_of_a_script_is_told_of_in_a_row():
    known = {code for code in CATALOGUE if "KALE701" <= code <= "KALE739"}
    folder = Path(__file__).parent / "refusals"
    text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.txt"))
    assert {code for code in known if code not in text} == {"KALE725"}  # a notice, see above
    assert set(re.findall("KALE7[0-3][0-9]", text)) <= known
