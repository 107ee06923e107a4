"""The verbs with a Python file in the place of a notebook, and ``kale FILE.py`` without a verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

STRAIGHT = """\
from kale.sdk import pipeline, step


@step
def load(rs):
    print("loading", rs)
    return rs + 1


@step(name="train")
def fit(x):
    if x > 100:
        raise ValueError("too much")
    print("got", x)


@pipeline(name="small")
def first(rs: int = 3):
    x = load(rs)
    fit(x)


if __name__ == "__main__":
    first(rs=1000)
"""

TWO = (
    STRAIGHT
    + """

@pipeline(name="other")
def second():
    load(7)
"""
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a Python file into the current folder; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text=STRAIGHT, name="small.py"):
        Path(name).write_text(text, encoding="utf-8")
        return name

    return write


def test_a_file_alone_is_compiled_and_run_with_its_defaults(kale, file):
    code, out, err = kale(file(), "--show-output")
    assert code == 0, err
    assert out.splitlines()[0] == "package   small.yaml"
    assert "got 4" in err  # what the main guard calls it with is not read
    assert Path("small.kfp.py").exists()


def test_parameters_come_from_the_command_line(kale, file):
    code, out, err = kale(file(), "-p", "rs=41", "--json", "--show-output")
    found = json.loads(out)
    assert (code, found["status"], found["package"]) == (0, "succeeded", "small.yaml")
    assert "got 42" in err


def test_run_makes_no_package(kale, file, tmp_path):
    code, _, err = kale("run", file())
    assert code == 0, err
    assert not (tmp_path / "small.yaml").exists()


def test_what_only_lists_makes_no_package(kale, file, tmp_path):
    assert kale(file(), "--list")[:2] == (0, "")
    assert kale(file(), "--explain-data")[0] == 0
    assert not (tmp_path / "small.yaml").exists()


def test_kfp_deploys_with_the_options_of_deploy(kale, file):
    code, out, err = kale(
        file(), "--kfp", "-p", "rs=5", "--dry-run", "--host", "https://kfp.example", "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["pipeline"]["name"] == "small"
    assert found["parameters"] == {"rs": 5}
    assert found["host"] == "https://kfp.example"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["missing.py"], 2, "KALE001", id="no such file"),
        pytest.param(["small.py", "-p", "other=1"], 2, "KALE501", id="no such parameter"),
        pytest.param(["small.py", "--wait"], 2, "--wait", id="an option of deploy without --kfp"),
        pytest.param(["small.py", "--kfp", "--jobs", "2"], 2, "--jobs", id="one of run with it"),
        pytest.param(["small.py::nothing"], 1, "nothing", id="no such pipeline"),
        pytest.param(["run", "small.ipynb"], 2, "KALE001", id="no such notebook"),
        pytest.param(["small.py", "-p", "rs=100"], 1, "ValueError", id="a step fails"),
    ],
)
def test_wrong_use_and_failures_have_their_exit_codes(kale, file, arguments, code, told):
    file()
    found, _, err = kale(*arguments)
    assert found == code, err
    assert told in err


def test_a_failure_names_the_call_and_the_line_of_the_function(kale, file):
    _, _, err = kale(file(), "-p", "rs=100", "--fail-fast")
    lines = err.splitlines()
    [at] = [k for k, line in enumerate(lines) if line.startswith("small.py: line 20 (train)")]
    assert lines[at : at + 6] == [
        "small.py: line 20 (train): ValueError: too much",
        "        fit(x)".replace("        ", "    "),
        "    ^^^^^^",
        "      x = 101",
        "  in fit, line 13:",
        '    raise ValueError("too much")',
    ]
    assert "cell" not in "\n".join(lines[at : at + 6])


def test_what_kale_refuses_while_a_step_runs_names_the_call_too(kale, file):
    text = STRAIGHT.replace("return rs + 1", "return {rs}").replace(
        "    fit(x)\n", "    for one in x:\n        fit(one)\n"
    )
    code, _, err = kale("run", file(text))
    assert code == 1
    [at] = [k for k, line in enumerate(err.splitlines()) if line.startswith("small.py: line 19")]
    told = err.splitlines()[at : at + 2]
    assert "(load): MarshalError: `x` (builtins.set) cannot be looped over" in told[0]
    assert told[1] == "    x = load(rs)"


def test_one_of_several_pipelines_is_named(kale, file):
    file(TWO, "two.py")
    code, _, err = kale("compile", "two.py")
    assert code != 0
    assert "first" in err
    assert "second" in err
    code, out, err = kale("compile", "two.py::second")
    assert code == 0, err
    assert out.splitlines()[0] == "pipeline  other"
    assert Path("other.yaml").exists()
    assert not Path("small.yaml").exists()


def test_check_tells_of_notebooks_and_files(kale, file, notebook):
    path = notebook(("block:a", "x = 1"))
    code, out, _ = kale("check", file(), path)
    assert code == 0
    assert out.splitlines() == ["small.py: 2 steps, no errors", f"{path}: 1 step, no errors"]


def test_the_data_flow_names_lines(kale, file):
    code, out, err = kale("run", file(), "--explain-data")
    assert code == 0, err
    assert "load (lines 5, 19)" in out
    assert "train (lines 11, 20)" in out
    assert "cell" not in out
    found = json.loads(kale("run", "small.py", "--explain-data", "--json")[1])
    assert [step["lines"] for step in found["data"]["steps"]] == [[5, 19], [11, 20]]


FANNED = """\
from kale.sdk import pipeline, step


@step
def double(x):
    return 2 * x


@step
def show(*values):
    print(*values)


@pipeline
def small(n: int = 1):
    doubles = [double(x) for x in [1, 2]]
    if n > 0:
        word = double("a")
    else:
        word = double("b")
    show(doubles, word)
"""


def test_the_data_flow_tells_of_loops_and_branches(kale, file):
    code, out, err = kale("run", file(FANNED), "--explain-data")
    assert code == 0, err
    told = " ".join(out.split())
    assert "is the list of `doubles_1` of all items" in told
    assert "comes from `double-2` and `double-3`, of which one runs" in told
    assert "after if-1, which decides about its loop or condition" in told


def test_a_comment_on_a_line_silences_a_finding_there(kale, file):
    text = STRAIGHT.replace("def load(rs):", "def load(rs):\n    import not_here")
    assert kale("compile", file(text))[0] == 0
    [finding] = json.loads(kale("compile", "small.py", "--json")[1])["diagnostics"]
    assert (finding["path"], finding["cell"], finding["line"]) == ("small.py", None, 6)
    file(text.replace("import not_here", f"import not_here  # noqa: {finding['code']}"))
    assert json.loads(kale("compile", "small.py", "--json")[1])["diagnostics"] == []


def test_the_classic_form_takes_a_file(kale, file):
    code, out, err = kale("--nb", file())
    assert code == 0, err
    assert out.splitlines()[0] == "pipeline  small"


def test_an_image_for_a_file(kale, file, tmp_path):
    text = STRAIGHT.replace("def load(rs):", "def load(rs):\n    import own").replace(
        "from kale", "import own\nfrom kale"
    )
    (tmp_path / "own.py").write_text("A = 1\n")
    code, _, err = kale("image", file(text))
    assert code == 0, err
    copied = [path.name for path in (tmp_path / "small.image").rglob("*.py")]
    assert copied == ["own.py"]
    assert "FROM" in (tmp_path / "small.image" / "Dockerfile").read_text()


def test_the_same_as_plain_python(kale, file):
    code, out, err = kale("verify", file())
    assert code == 0, err + out
    rows = [line.split() for line in out.splitlines() if line]
    assert rows[1:-1] == [
        ["load", "x", "int", "same"],
        ["train", "x", "int", "same"],
        ["load", "line", "19:", "output", "same"],
        ["train", "line", "20:", "output", "same"],
    ]
    assert rows[-1][:3] == ["small:", "the", "pipeline"]
