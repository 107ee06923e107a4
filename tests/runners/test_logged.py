"""What steps log is in the result of a run, in its folder and in its report; cached steps', too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kale.runners.logged import Logged, forget_logged, read_logged, run_metrics
from kale.runners.result import StepResult

TRAIN = """\
from pathlib import Path
from matplotlib.figure import Figure
from kale.sdk import log_artifact, log_figure, log_metric

log_metric("loss", 2)
log_metric("loss", sum(x) / 12)
figure = Figure()
figure.subplots().plot(x)
log_figure(figure, "a plot")
Path("folder").mkdir(exist_ok=True)
Path("folder", "in.txt").write_text("<b>")
log_artifact("folder", "folder & <more>", "Model")
"""


@pytest.fixture
def two_steps(notebook):
    return notebook(("block:load", "x = [1, 2]"), ("block:train prev:load", TRAIN))


def run(kale, path, *options):
    code, out, err = kale("run", path, "--json", *options)
    assert code == 0, err
    return json.loads(out)


def test_what_a_step_logs_is_in_result_and_report_and_a_cached_step_has_it(kale, two_steps):
    first = run(kale, two_steps)
    second = run(kale, two_steps)
    for result, cached in ((first, False), (second, True)):
        load, train = result["steps"]
        assert (load["cached"], train["cached"]) == (cached, cached)
        root = Path(result["run_dir"])
        assert "artifacts" not in load
        assert train["metrics"] == result["metrics"] == {"loss": 0.25}
        assert json.loads((root / "metrics.json").read_text()) == {"loss": 0.25}
        plot, folder = train["artifacts"]
        assert (plot["name"], plot["type"]) == ("a plot", "HTML")
        assert Path(plot["path"]).read_bytes().startswith(b"\x89PNG")
        assert (folder["name"], folder["type"]) == ("folder & <more>", "Model")
        assert Path(folder["path"], "in.txt").read_text() == "<b>"
        assert {Path(one["path"]).parent for one in train["artifacts"]} == {
            root / "artifacts" / "train"
        }
        page = (root / "report.html").read_text()
        assert page.count('<img src="data:image/png;base64,') == 1
        link = Path(folder["path"]).relative_to(root)
        assert f'<a href="{link}">folder &amp; &lt;more&gt;</a>' in page
        assert "<dt>loss</dt> <dd>0.25" in page


def test_a_step_that_fails_shows_what_it_has_logged_and_another_attempt_begins_anew(kale, notebook):
    code = (
        "from pathlib import Path\nfrom kale.sdk import log_metric\n"
        "again = Path('once').exists()\nPath('once').touch()\n"
        "log_metric('second' if again else 'first', 1)\n"
    )
    path = notebook(("block:try", f"{code}1 / 0"))
    status, out, _ = kale("run", path, "--json", "--no-cache")
    (step,) = json.loads(out)["steps"]
    assert (status, step["status"], step["metrics"]) == (1, "failed", {"first": 1})
    assert json.loads(out)["metrics"] == {}
    (path.parent / "once").unlink()
    path = notebook(("block:try retry:1", f"{code}assert again"))
    result = run(kale, path, "--no-cache")
    assert result["steps"][0]["attempts"] == 2
    assert result["metrics"] == {"second": 1}


def test_metrics_cells_come_after_what_steps_log(kale, notebook):
    log = "from kale.sdk import log_metric\nloss = 1\nlog_metric('loss', 5)\nlog_metric('n', 2)"
    path = notebook(("block:train", log), ("pipeline-metrics", "print(loss)"))
    assert run(kale, path)["metrics"] == {"loss": 1, "n": 2}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"a": {}}, {}, id="a step that logs nothing"),
        pytest.param({"a": {"x": 1}, "b": {"y": 2}}, {"x": 1, "y": 2}, id="names of one step each"),
        pytest.param(
            {"a": {"x": 1}, "b": {"x": 2, "y": 3}},
            {"a/x": 1, "b/x": 2, "y": 3},
            id="a name of two steps",
        ),
        pytest.param(
            {"a.0": {"x": 1}, "a.1": {"x": 2}}, {"a.0/x": 1, "a.1/x": 2}, id="items of a loop"
        ),
        pytest.param({"a.0": {"x": 1}}, {"a.0/x": 1}, id="one item, which may be more next time"),
    ],
)
def test_names_of_a_runs_metrics(steps, expected):
    results = [
        StepResult(name, "succeeded", logged=Logged(metrics)) for name, metrics in steps.items()
    ]
    failed = StepResult("f", "failed", logged=Logged({"x": 0}))
    assert run_metrics([*results, failed]) == expected


def test_what_is_broken_in_the_list_is_left_out(tmp_path):
    folder = tmp_path / "train"
    assert read_logged(folder) == Logged()
    folder.mkdir()
    (folder / "m").touch()
    (folder / "link").symlink_to("/etc/hostname")
    (tmp_path / "train.jsonl").write_text(
        'no json\n[1]\n{"metric": "a"}\n{"metric": "a", "value": [1]}\n{"metric": "b", "value": 1}\n'
        '{"artifact": "up", "file": "../x", "type": "Model"}\n'
        '{"artifact": "gone", "file": "n", "type": "Model"}\n'
        '{"artifact": "link", "file": "link", "type": "Model"}\n'
        '{"artifact": "m", "file": "m", "type": "Model"}\n{"artifact": "half'
    )
    found = read_logged(folder)
    assert (found.metrics, [one.name for one in found.artifacts]) == ({"b": 1}, ["m"])
    forget_logged(folder)
    forget_logged(folder)
    assert [*tmp_path.iterdir()] == []


LOOP = """\
from kale.sdk import log_artifact, log_metric, pipeline, step


@step()
def work(x):
    log_metric("square", x * x)
    with open(f"{x}.txt", "w") as file:
        file.write(str(x))
    log_artifact(f"{x}.txt", "text")


@pipeline(name="squares")
def squares():
    for x in [2, 3]:
        work(x)
"""


def test_the_items_of_a_loop_log_side_by_side(kale, tmp_path):
    path = tmp_path / "squares.py"
    path.write_text(LOOP)
    result = run(kale, path)
    assert result["metrics"] == {"work.0/square": 4, "work.1/square": 9}
    logged = [step["artifacts"][0] for step in result["steps"]]
    assert [one["name"] for one in logged] == ["text", "text"]
    assert [Path(one["path"]).read_text() for one in logged] == ["2", "3"]
