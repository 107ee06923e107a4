"""`kale run` again: what is taken from earlier runs, what is resumed, which parts run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CELLS = (
    ("parameters", "scale = 2"),
    ("block:load", "x = 3\nprint('loading')"),
    ("block:double prev:load", "y = x * scale"),
    ("block:report prev:double", "r = y + 1"),
    ("pipeline-metrics", "print(r)"),
)


@pytest.fixture
def again(kale, tmp_path):
    """Run the notebook at a path: each step's (status, cached), and the whole document."""

    def run(path, *options):
        code, out, err = kale("run", path, "--json", *options)
        document = json.loads(out)
        assert (code == 0) == (document["status"] == "succeeded"), err
        states = {s["name"]: "cached" if s["cached"] else s["status"] for s in document["steps"]}
        return states, document

    return run


def whys(document) -> dict[str, str]:
    return {step["name"]: step["why"] for step in document["steps"]}


def edited(notebook, number: int, code: str, cells=CELLS):
    changed = list(cells)
    changed[number - 1] = (changed[number - 1][0], code)
    return notebook(*changed)


RAN = {"load": "succeeded", "double": "succeeded", "report": "succeeded"}
CACHED = dict.fromkeys(RAN, "cached")


def test_nothing_changed_means_nothing_runs_and_everything_is_there(again, notebook):
    path = notebook(*CELLS)
    states, first = again(path)
    assert states == RAN
    states, second = again(path)
    assert states == CACHED
    assert second["metrics"] == first["metrics"] == {"r": 7}
    assert second["run_dir"] != first["run_dir"]
    for step in second["steps"]:
        assert step["notebook"].startswith(second["run_dir"])
        executed = json.loads(Path(step["notebook"]).read_text(encoding="utf-8"))
        assert executed["cells"]


@pytest.mark.parametrize(
    ("number", "code", "expected", "why"),
    [
        pytest.param(2, "x = 3  # why?\n\n\nprint( 'loading' )", CACHED, None, id="layout"),
        pytest.param(
            2, "x = 1 + 2\nprint('loading')", {**CACHED, "load": "succeeded"}, ("load", "cell 2"),
            id="a step that gives the same value stops the wave",
        ),
        pytest.param(
            2, "x = 4\nprint('loading')", RAN, ("double", 'its input "x" changed (load: cell 2'),
            id="a step that gives another value does not",
        ),
        pytest.param(
            3, "y = x * scale * 2", {**RAN, "load": "cached"}, ("report", 'its input "y" changed'),
            id="what comes before is not run",
        ),
    ],
)  # fmt: skip
def test_an_edit(again, notebook, number, code, expected, why):
    again(notebook(*CELLS))
    states, document = again(edited(notebook, number, code))
    assert states == expected
    if why is not None:
        step, reason = why
        assert reason in whys(document)[step]


def test_parameters_reach_those_that_take_them(again, notebook):
    path = notebook(*CELLS)
    again(path)
    states, document = again(path, "-p", "scale=5")
    assert states == {**RAN, "load": "cached"}
    assert document["metrics"] == {"r": 16}
    assert "scale" in whys(document)["double"]
    states, document = again(path)
    assert states == CACHED
    assert document["metrics"] == {"r": 7}


def test_a_file_that_the_code_reads(again, notebook, tmp_path):
    data = tmp_path / "data.txt"
    data.write_text("3", encoding="utf-8")
    path = notebook(
        ("block:a", "x = int(open('data' + '.txt').read())"), ("pipeline-metrics", "print(x)")
    )
    assert again(path)[1]["metrics"] == {"x": 3}
    assert again(path)[0] == {"a": "cached"}
    data.write_text("4", encoding="utf-8")
    states, document = again(path)
    assert (states, document["metrics"]) == ({"a": "succeeded"}, {"x": 4})
    assert "data.txt changed" in whys(document)["a"]


def test_what_is_asked_for_runs_in_any_case(again, notebook):
    path = notebook(*CELLS)
    again(path)
    assert again(path, "--refresh", "double")[0] == {**CACHED, "double": "succeeded"}
    assert again(path, "--from", "double")[0] == {**RAN, "load": "cached"}
    assert again(path, "--no-cache")[0] == RAN


def test_a_step_that_is_not_to_be_cached(again, notebook):
    cells = list(CELLS)
    cells[2] = ("block:double prev:load cache:disabled", CELLS[2][1])
    path = notebook(*cells)
    again(path)
    states, document = again(path)
    assert states == {**CACHED, "double": "succeeded"}
    assert "cache:disabled" in whys(document)["double"]


FAILING = (
    ("parameters", "scale = 2"),
    ("block:load cache:disabled", "import random\nx = random.random()"),
    ("block:use prev:load", "if scale == 3:\n    raise ValueError(x)\nr = x"),
    ("pipeline-metrics", "print(r)"),
)


def test_resuming_takes_parameters_and_what_is_not_cached(again, kale, notebook):
    path = notebook(*FAILING)
    states, document = again(path, "-p", "scale=3")
    assert states == {"load": "succeeded", "use": "failed"}
    value = document["steps"][1]["error"]["message"]
    assert document["resume"].startswith("kale run ")
    assert " --resume " in document["resume"]
    # Nothing was mended: it fails again, on the very same value.
    states, document = again(path, "--resume")
    assert states == {"load": "cached", "use": "failed"}
    assert document["steps"][1]["error"]["message"] == value
    mended = edited(notebook, 3, "r = x", FAILING)
    states, document = again(mended, "--resume")
    assert states == {"load": "cached", "use": "succeeded"}
    assert str(document["metrics"]["r"]) == value


def test_the_command_that_a_failure_prints(kale, notebook):
    path = notebook(*FAILING)
    _, _, err = kale("run", path, "-p", "scale=3")
    assert f"kale run {path} --resume 20" in err


def test_one_step_alone_runs_on_the_values_there_are(again, kale, notebook):
    path = notebook(*CELLS)
    again(path)
    changed = edited(notebook, 2, "x = 100")
    states, document = again(changed, "--only", "report")
    assert states == {"load": "skipped", "double": "skipped", "report": "succeeded"}
    assert document["metrics"] == {"r": 7}
    assert [d["code"] for d in document["diagnostics"]] == ["KALE514"]


def test_one_step_alone_with_another_parameter_than_its_values_had(again, notebook):
    path = notebook(*CELLS)
    again(path, "-p", "scale=5")
    _, document = again(path, "--only", "report")
    assert (document["metrics"], document["diagnostics"]) == ({"r": 16}, [])
    _, document = again(path, "--only", "report", "-p", "scale=7")
    [notice] = document["diagnostics"]
    assert 'double: parameter "scale" changed' in notice["message"]


def test_one_step_alone_without_values(kale, notebook):
    code, _, err = kale("run", notebook(*CELLS), "--only", "report")
    assert code == 2
    assert "KALE510" in err
    assert "--until double" in err


def test_until(again, notebook):
    path = notebook(*CELLS)
    states, document = again(path, "--until", "double")
    assert states == {"load": "succeeded", "double": "succeeded", "report": "skipped"}
    assert "not asked for" in whys(document)["report"]
    assert again(path)[0] == {**CACHED, "report": "succeeded"}


def test_runs_are_listed(kale, notebook):
    path = notebook(*CELLS)
    code, out, _ = kale("run", path, "--list", "--json")
    assert (code, json.loads(out)) == (0, {"runs": []})
    kale("run", path)
    kale("run", path, "-p", "scale=3")
    code, out, _ = kale("run", path, "--list")
    assert code == 0
    head, newest, oldest = out.strip().split("\n")
    assert head.startswith("RUN")
    assert "scale=3" in newest
    assert "3 of 3" in oldest


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(["--until", "trian"], "trian", id="a step that is not there"),
        pytest.param(["--resume", "yesterday"], "KALE508", id="a run that is not there"),
        pytest.param(["--list", "--no-cache"], "`--no-cache` has no effect", id="beside --list"),
        pytest.param(["--explain-data", "--why"], "`--why` has no effect", id="beside the flow"),
        pytest.param(
            ["--engine", "kfp-local", "--only", "load"], "`--only` has no effect", id="kfp-local"
        ),
    ],
)
def test_options_that_mean_nothing_here(kale, notebook, options, told):
    code, _, err = kale("run", notebook(*CELLS), *options)
    assert code == 2
    assert told in err


def test_why(kale, notebook):
    path = notebook(*CELLS)
    _, _, err = kale("run", path, "--why")
    assert "load    ran: never ran before\n" in err


def test_a_run_without_a_place_of_its_own_is_cached_too(again, notebook, tmp_path):
    path = notebook(*CELLS)
    again(path, "--run-dir", tmp_path / "one")
    assert again(path, "--run-dir", tmp_path / "two")[0] == CACHED


def test_somebody_elses_cache_is_not_believed(again, notebook, tmp_path, monkeypatch):
    path = notebook(*CELLS)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    again(path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    assert again(path)[0] == RAN
    assert again(path, "--resume")[0] == CACHED
