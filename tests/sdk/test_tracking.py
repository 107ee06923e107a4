"""What steps log: in plain Python nothing but a check, in a step files for who runs it."""

from __future__ import annotations

import json
import math
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kale.sdk import log_artifact, log_figure, log_metric


@pytest.fixture
def step(tmp_path, monkeypatch):
    """The folder that a step logs to, and a working folder beside it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    context = tmp_path / "context.json"
    context.write_text(json.dumps({"logged": str(tmp_path / "run" / "train")}))
    monkeypatch.setenv("KALE_STEP_CONTEXT", str(context))
    return tmp_path / "run" / "train"


def lines(folder: Path) -> list[dict]:
    """What was noted beside the folder."""
    return [json.loads(line) for line in Path(f"{folder}.jsonl").read_text().splitlines()]


class Page:
    """What Plotly and Altair can do."""

    def to_html(self) -> str:
        return "<p>größe</p>"


def test_plain_python_leaves_nothing_and_says_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KALE_STEP_CONTEXT", raising=False)
    Path("m.txt").write_text("m")
    log_metric("accuracy", 0.5)
    log_artifact("m.txt", "model", "Model")
    log_figure(Page(), "page")
    assert [*tmp_path.iterdir()] == [tmp_path / "m.txt"]
    assert capfd.readouterr() == ("", "")


def test_a_runner_that_knows_no_logging_is_as_plain_python(step):
    Path(os.environ["KALE_STEP_CONTEXT"]).write_text("{}")
    log_metric("accuracy", 0.5)
    assert not step.parent.exists()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3, 3, id="an integer"),
        pytest.param(2**80, 2**80, id="a large one is exact"),
        pytest.param(0.1, 0.1, id="a float"),
        pytest.param(True, 1, id="a truth value"),
        pytest.param(np.int64(3), 3, id="NumPy's integer"),
        pytest.param(np.float32(0.5), 0.5, id="NumPy's float"),
        pytest.param(np.float64(0.5), 0.5, id="NumPy's double"),
        pytest.param(np.array(7), 7, id="an array of no dimensions, as a tensor may be"),
        pytest.param(Fraction(1, 4), 0.25, id="what makes itself a float"),
        pytest.param(math.nan, "NaN", id="not a number, which JSON has not"),
        pytest.param(np.float32("-inf"), "-Infinity", id="an infinite one"),
    ],
)
def test_numbers(step, value, expected):
    log_metric("m", value)
    (line,) = lines(step)
    assert line == {"metric": "m", "value": expected}
    assert type(line["value"]) is type(expected)


@pytest.mark.parametrize("in_a_step", [True, False], ids=["in a step", "in plain Python"])
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        pytest.param(
            lambda: log_metric("acc", "0.5"),
            TypeError,
            "log_metric: `acc` is a str and has to be a number",
            id="a metric that is a text",
        ),
        pytest.param(
            lambda: log_metric("acc", None),
            TypeError,
            "log_metric: `acc` is a NoneType and has to be a number",
            id="a metric that is nothing",
        ),
        pytest.param(
            lambda: log_metric("acc", [1]),
            TypeError,
            "log_metric: `acc` is a list and has to be a number",
            id="a metric of several",
        ),
        pytest.param(
            lambda: log_metric(0.5, 0.5),
            TypeError,
            "log_metric: the name is a float and has to be a text",
            id="a number as name",
        ),
        pytest.param(
            lambda: log_metric(" ", 0.5), ValueError, "log_metric: the name is empty", id="no name"
        ),
        pytest.param(
            lambda: log_artifact("none.pkl"),
            FileNotFoundError,
            "log_artifact: there is no file 'none.pkl'; write it before",
            id="a file that is not there",
        ),
        pytest.param(
            lambda: log_artifact("m.txt", ""),
            ValueError,
            "log_artifact: the name is empty",
            id="a file of no name",
        ),
        pytest.param(
            lambda: log_artifact("m.txt", "m", "Modle"),
            ValueError,
            "log_artifact: 'Modle' is no type of an artifact; it is one of Artifact, Dataset,"
            " Model, HTML, Markdown",
            id="a type that is none",
        ),
        pytest.param(
            lambda: log_figure([1, 2], "plot"),
            TypeError,
            "log_figure: `plot` is a list, which is no figure and no image",
            id="a figure that is none",
        ),
        pytest.param(
            lambda: log_figure(Page(), 1),
            TypeError,
            "log_figure: the name is a int and has to be a text",
            id="a figure's name that is none",
        ),
    ],
)
def test_refusals(step, monkeypatch, in_a_step, call, error, text):
    if not in_a_step:
        monkeypatch.delenv("KALE_STEP_CONTEXT")
    Path("m.txt").write_text("m")
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
    assert not step.parent.exists()


@pytest.mark.parametrize(
    ("path", "arguments", "expected"),
    [
        pytest.param("m.txt", [], ("m.txt", "m.txt", "Artifact"), id="its own name"),
        pytest.param("d/m.txt", [], ("m.txt", "m.txt", "Artifact"), id="not that of its folder"),
        pytest.param("m.txt", ["model"], ("model", "model.txt", "Artifact"), id="another name"),
        pytest.param(
            "m.txt", ["m.txt", "Model"], ("m.txt", "m.txt", "Model"), id="with its ending"
        ),
        pytest.param("p.HTML", [], ("p.HTML", "p.HTML", "HTML"), id="a page by its ending"),
        pytest.param("p.md", ["p", "Model"], ("p", "p.md", "Model"), id="but what is said holds"),
        pytest.param(
            "m.txt", ["../größe"], ("../größe", "0d75e607-_._gr__e.txt", "Artifact"), id="odd"
        ),
        pytest.param("x", ["." * 3], ("...", "1a43b61b-_..", "Artifact"), id="no hidden file"),
    ],
)
def test_artifacts(step, path, arguments, expected):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("content")
    log_artifact(path, *arguments)
    Path(path).unlink()
    (line,) = lines(step)
    assert (line["artifact"], line["file"], line["type"]) == expected
    assert [one.name for one in step.iterdir()] == [line["file"]]
    assert (step / line["file"]).read_text() == "content"


def test_names_that_come_to_the_same_letters_stay_apart(step):
    for name in ("a b", "a_b", "a/b", "x" * 200, "y" + "x" * 199):
        Path("f").write_text(name)
        log_artifact("f", name)
    assert {line["artifact"]: (step / line["file"]).read_text() for line in lines(step)} == {
        name: name for name in ("a b", "a_b", "a/b", "x" * 200, "y" + "x" * 199)
    }


def test_the_last_one_of_a_name_holds_whatever_was_there(step):
    Path("folder/inner").mkdir(parents=True)
    Path("folder/inner/a.txt").write_text("a")
    Path("file").write_text("file")
    for path in ("file", "folder", "folder", "file"):
        log_artifact(path, "one")
    assert [line["file"] for line in lines(step)] == ["one"] * 4
    assert (step / "one").read_text() == "file"
    log_artifact("folder", "one")
    assert (step / "one" / "inner" / "a.txt").read_text() == "a"


def figures():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    yield pytest.param(figure, ".png", b"\x89PNG", id="a figure of Matplotlib")
    yield pytest.param(axes, ".png", b"\x89PNG", id="its axes")
    yield pytest.param(Image.new("RGB", (2, 2)), ".png", b"\x89PNG", id="an image of Pillow")
    yield pytest.param(Page(), ".html", "<p>größe</p>".encode(), id="what writes itself as HTML")


@pytest.mark.parametrize(("figure", "suffix", "begins"), [*figures()])
def test_figures(step, figure, suffix, begins):
    log_figure(figure, "plot")
    assert lines(step) == [{"artifact": "plot", "file": f"plot{suffix}", "type": "HTML"}]
    assert (step / f"plot{suffix}").read_bytes().startswith(begins)
