"""The data-flow view as a person reads it, and as JSON; nothing is run or written."""

import json

import pytest

from kale import check
from kale.cli.explain_data import data_flow_lines
from kale.data_flow import describe

CELLS = (
    "# Title",
    ("pipeline-parameters", "alpha = 2.0"),
    ("imports", "import math\nlimits = {'low': 1}"),
    (
        "block:load",
        "def centre(rows):\n    return sum(rows) / 2\nrows = [alpha]\nview = rows\nx = []",
    ),
    ("block:clean prev:load", "rows.append(1)\nlimits['high'] = 9\nif alpha > 1:\n    mode = 1"),
    ("block:left prev:clean", "help(x)"),
    ("block:right prev:clean", "help(x)"),
    ("block:join prev:left prev:right", "total = sum(x) + centre(rows) + math.pi"),
    ("block:report prev:left", "print(total, view, mode, limits)"),
    ("pipeline-metrics", "print(total)"),
)
TEXT = """\
nb: 6 steps

load (cell 4)
  is given
    alpha  parameter  declared in cell 2, line 1; read in cell 4, line 3
  saves
    rows  for clean
    view  for clean
    x     for left, right

clean (cell 5)
  after load, as `prev:` says
  is given
    alpha   parameter      declared in cell 2, line 1; read in cell 5, line 3
    limits  shared value   every step binds it in cell 3, line 2; read in cell 5, line 2
    rows    value of load  `load` binds it in cell 4, line 3; read in cell 5, line 1
    view    value of load  may share an object with `rows`, which this step changes; `load` binds\
 it in cell 4, line 4; needed in cell 5, line 1
  saves
    limits  for report
    mode    for report
    rows    for join
    view    for report

left (cell 6)
  after clean, as `prev:` says
  is given
    x  value of load  `load` binds it in cell 4, line 5; has to stay as it is here, because `right`\
 reads it at the same time; read in cell 6, line 1
  saves
    x  for join

right (cell 7)
  after clean, as `prev:` says
  is given
    x  value of load  `load` binds it in cell 4, line 5; read in cell 7, line 1
  saves
    x  for join

join (cell 8)
  after left, as `prev:` says
  after right, as `prev:` says
  is given
    centre  code of load            `load` defines it in cell 4, line 1; its source goes along;\
 read in cell 8, line 1
    rows    value of clean          `load` binds it in cell 4, line 3; `clean` changes it in place\
 in cell 5, line 1; read in cell 8, line 1
    x       value of left or right  `load` binds it in cell 4, line 5; `left` (cell 6, line 1) and\
 `right` (cell 7, line 1) may change it; the version that changed is taken; read in cell 8, line 1
  runs with math (from cells that every step runs)
  saves
    total  for report

report (cell 9)
  after left, as `prev:` says
  after join, because it reads `total`
  is given
    limits  value of clean  every step binds it in cell 3, line 2; `clean` changes it in place in\
 cell 5, line 2; read in cell 9, line 1
    mode    value of clean  `clean` may bind it in cell 5, line 4; read in cell 9, line 1
    total   value of join   `join` binds it in cell 8, line 1; read in cell 9, line 1
    view    value of clean  `load` binds it in cell 4, line 4; `clean` changes `rows`, which shares\
 its object, in cell 5, line 1; read in cell 9, line 1
  reports total
"""


def test_what_a_person_reads(kale, notebook, tmp_path):
    code, out, err = kale("run", "--explain-data", notebook(*CELLS))
    assert (code, out) == (0, TEXT)
    assert "notice KALE201: step `report` waits for `join`" in err
    assert [file.name for file in tmp_path.iterdir()] == ["nb.ipynb"]


def test_a_notebook_of_one_step(kale, notebook):
    code, out, err = kale("run", "--explain-data", notebook(("block:a", "x = 1"), ("", "x")))
    assert (code, out, err) == (0, "nb: 1 step\n\na (cells 1, 2)\n", "")


def test_as_json_it_is_what_check_prints_for_each_notebook(kale, notebook):
    path, other = notebook(*CELLS), notebook(("block:a", "x = 1"), name="other.ipynb")
    bad = notebook(("block:a", "print(x)"), name="bad.ipynb")
    code, out, err = kale("run", "--explain-data", "--json", path)
    document = json.loads(out)
    assert (code, err, set(document)) == (0, "", {"pipeline", "data", "diagnostics"})
    assert [step["name"] for step in document["data"]["steps"]] == [
        "load", "clean", "left", "right", "join", "report",
    ]  # fmt: skip
    code, out, _ = kale("check", "--format", "json", path, bad, other)
    assert code == 1
    first, second = json.loads(out)["data"]
    assert first == document["data"]
    assert (second["path"], second["pipeline"]) == (str(other), "other")


def test_places_in_json_have_the_cells_id(kale, notebook):
    _, out, _ = kale("run", "--explain-data", "--json", notebook(*CELLS))
    (view,) = (
        one for one in json.loads(out)["data"]["steps"][1]["inputs"] if one["name"] == "view"
    )
    assert view == {
        "name": "view",
        "kind": "value",
        "producers": ["load"],
        "written": [
            {
                "step": "load", "effect": "binds", "through": None,
                "cell": 4, "cell_id": "c4", "line": 4,
            }
        ],
        "why": "may share an object with `rows`, which this step changes; "
        "`load` binds it in cell 4, line 4",
        "read": {"cell": 5, "cell_id": "c5", "line": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "name"), [(["-p", "a=1"], "--parameter"), (["-j", "2"], "--jobs")]
)
def test_options_of_a_run_make_no_sense_with_it(kale, notebook, option, name):
    code, _, err = kale("run", "--explain-data", *option, notebook(("block:a", "x = 1")))
    assert code == 2
    assert err.endswith(f"Error: `{name}` has no effect beside `--explain-data`\n")


def test_a_refused_notebook(kale, notebook):
    path = notebook(("block:a", "print(x)"))
    code, out, err = kale("run", "--explain-data", path)
    assert (code, out) == (1, "")
    assert "error KALE301" in err
    code, out, _ = kale("run", "--explain-data", "--json", path)
    assert (code, json.loads(out)["status"]) == (1, "refused")


@pytest.mark.parametrize("width", [50, 72, 100, 300])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(notebook, width):
    told = describe(check(notebook(*CELLS)))
    plain = "\n".join(data_flow_lines(told, None)).split()
    lines = list(data_flow_lines(told, width))
    assert max(map(len, lines)) <= width + len("\x1b[1m\x1b[0m")
    assert "\n".join(lines).split() == plain


def test_a_narrow_terminal_has_the_reasons_below_the_names(notebook):
    told = describe(check(notebook(("block:a", "x = 1"), ("block:b prev:a", "print(x)"))))
    assert list(data_flow_lines(told, 50))[-3:] == [
        "    x  value of a",
        "        `a` binds it in cell 1, line 1; read in",
        "        cell 2, line 1",
    ]


def test_wide_letters_keep_the_columns_straight(notebook):
    told = describe(check(notebook(("block:a", "数 = y = 1"), ("block:b prev:a", "数, y"))))
    rows = list(data_flow_lines(told, None))[-2:]
    assert [row[: row.index("`")] for row in rows] == [
        "    y   value of a  ",
        "    数  value of a  ",
    ]


def test_what_a_terminal_would_obey_is_escaped(kale, notebook):
    metadata = {"kubeflow_notebook": {"pipeline_name": "a\x1b[31mb"}}
    _, out, _ = kale("run", "--explain-data", notebook(("block:a", "x = 1"), metadata=metadata))
    assert "\x1b" not in out


@pytest.mark.parametrize(("variable", "bold"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_names_of_steps_are_bold_where_colours_are(kale, notebook, monkeypatch, variable, bold):
    path = notebook(("block:a", "x = 1"))
    kale("--version")  # the fixture takes FORCE_COLOR away
    monkeypatch.setenv(variable, "1")
    _, out, _ = kale("run", "--explain-data", path)
    assert ("\x1b[1ma\x1b[0m (cell 1)" in out) is bold
