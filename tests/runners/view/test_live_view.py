"""The live view: a graph by level that fits the terminal, drawn in place, and left complete."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from runners.plans import PATH, plan, task

from kale.errors import Location
from kale.runners import RunResult, StepError, StepResult
from kale.runners.view.levels import levels_of
from kale.runners.view.live_lines import LiveLines
from kale.runners.view.live_view import LiveView
from kale.runners.view.step_states import StepStates

AFTER = {
    "load": (),
    "clean": ("load",),
    "features": ("load",),
    "train": ("clean", "features"),
    "test": ("train",),
}
EVIL = "boom\x1b[2J\n\u202eBOOM"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("LINES", "24")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def failed(name: str, message: str = "boom", kind: str = "ValueError") -> StepResult:
    error = StepError(kind, message, Location(PATH, 7, 3, step=name))
    return StepResult(name, "failed", seconds=2.04, attempts=1, error=error)


def lines(after, changes, *, width=90, height=24, seconds=3.0, ended=False, title="Iris"):
    levels = levels_of(after)
    states = StepStates(levels.order)
    for name, change in changes.items():
        states.change(name, **change)
    drawn = LiveLines(title, levels, states).draw(width, height, seconds, ended=ended)
    assert len(drawn) <= height
    assert all(line.cell_len <= width for line in drawn)
    return [line.plain.rstrip() for line in drawn]


def running(cell=0, of=0, attempt=1):
    return {
        "state": "running",
        "started": time.monotonic(),
        "cell": cell,
        "of": of,
        "attempt": attempt,
    }


def ended(result: StepResult):
    return {"state": "cached" if result.cached else result.status, "result": result}


def test_a_run_in_its_middle():
    head, load, clean, features, train, test = lines(
        AFTER,
        {
            "load": ended(StepResult("load", "succeeded", cached=True)),
            "clean": ended(StepResult("clean", "succeeded", seconds=1.2, attempts=1)),
            "features": running(6, 10),
        },
    )
    assert re.fullmatch(r"Iris  ━{8}─{12}  2 of 5 · 1 running · 1 cached · 3.0 s", head)
    assert re.fullmatch(r"↺   load      +cached", load)
    assert re.fullmatch(r"✓ ╭ clean     1.2 s {20}← load", clean)
    assert re.fullmatch(r". ╰ features  0.0 s  ━{5}─{5} 6/10 {3}← load", features)
    assert re.fullmatch(r"·   train {30}← clean, features", train)
    assert re.fullmatch(r"·   test {31}← train", test)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        pytest.param(ended(failed("train", EVIL)), r"ValueError: boom\x1b[2J", id="it failed"),
        pytest.param(
            ended(failed("train", "interrupted", "KeyboardInterrupt")), "interrupted", id="stopped"
        ),
        pytest.param(
            ended(StepResult("train", "skipped", blocked_by=("clean",))),
            "clean failed",
            id="blocked",
        ),
        pytest.param(ended(StepResult("train", "skipped")), "interrupted", id="never begun"),
        pytest.param(
            ended(StepResult("train", "skipped", why="not asked for")),
            "not asked for",
            id="left out",
        ),
        pytest.param(running(), "…", id="starting"),
        pytest.param(running(2, 5, attempt=3), "2/5 attempt 3", id="at it again"),
    ],
)
def test_what_is_said_of_a_step(change, note):
    line = next(line for line in lines(AFTER, {"train": change}) if " train" in line)
    assert note in line


@pytest.mark.parametrize("width", [1, 5, 12, 20, 33, 48, 60, 80, 200])
@pytest.mark.parametrize("height", [1, 2, 5, 50])
def test_nothing_is_wider_or_higher_than_the_terminal(width, height):
    changes = {"load": running(3, 14, attempt=2), "clean": ended(failed("clean", "long " * 50))}
    wide = {**AFTER, "特徴量_検証_" * 8: ("load",)}
    assert lines(wide, changes, width=width, height=height, title="題" * 60)


def test_on_a_narrow_terminal_names_and_states_remain():
    shown = lines(AFTER, {"features": running(6, 10)}, width=30)
    assert any("features" in line and "6/10" in line for line in shown)


def test_a_thousand_steps_are_those_that_run_and_a_count_of_the_rest():
    after = {f"s{n}": (f"s{n - 2}",) if n > 1 else () for n in range(1000)}
    changes = {f"s{n}": ended(StepResult(f"s{n}", "succeeded", attempts=1)) for n in range(500)}
    changes |= {"s500": running(1, 3), "s501": running(1, 3), "s3": ended(failed("s3"))}
    head, *rows, more = lines(after, changes, height=20)
    assert "500 of 1000 · 2 running · 1 failed" in head
    names = [row.split()[2 if row[2] in "╭│╰" else 1] for row in rows]
    assert len(names) == 18
    assert {"s3", "s499", "s500", "s501", "s502"} <= set(names)
    assert names == sorted(names, key=lambda name: int(name[1:]))
    assert re.fullmatch(r"… 982 more: 49\d succeeded, 4\d\d waiting", more)


def test_the_cost_of_a_picture_does_not_grow_with_the_steps():
    # Counted, not timed: the names that are measured and cut for a picture.
    after = {f"s{n}": () for n in range(5000)}
    levels = levels_of(after)
    view = LiveLines("Iris", levels, StepStates(levels.order))
    looked = []
    view._line = lambda name, *_, line=view._line: looked.append(name) or line(name, *_)  # noqa: SLF001
    view.draw(80, 24, 1.0)
    assert len(looked) == 22


def test_while_files_are_written_it_says_so():
    changes = {name: ended(StepResult(name, "succeeded", attempts=1)) for name in AFTER}
    assert lines(AFTER, changes)[0].endswith("finishing")
    assert not lines(AFTER, changes, ended=True)[0].endswith("finishing")


def show(view: LiveView) -> None:
    view.run_started(plan(*(task(name, after=before) for name, before in AFTER.items())))
    view.step_started("load")
    view.step_progressed("load", 1, 3)
    view.refresh()
    view.step_finished(StepResult("load", "succeeded", seconds=61, attempts=1))
    view.step_finished(StepResult("clean", "succeeded", cached=True))
    view.step_started("features")
    view.step_retried("features", 2, EVIL)
    view.step_printed("features", EVIL)
    view.step_finished(failed("features", EVIL))
    for name in ("train", "test"):
        view.step_finished(StepResult(name, "skipped", blocked_by=("features",)))
    view.run_finished(RunResult("iris", "failed", Path("/run"), (), seconds=65))


def last_picture(stream: Terminal) -> list[str]:
    *_, last = re.split(r"\r(?:\x1b\[\d+A)?", stream.getvalue())
    assert last.endswith("\x1b[J\x1b[?25h"), "below it is erased, and the cursor is shown again"
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", last).splitlines()


@pytest.mark.parametrize("no_color", [False, True])
def test_the_last_picture_is_left_complete(monkeypatch, no_color):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    show(LiveView(stream))
    assert [line.split() for line in last_picture(stream)] == [
        [*"Iris ━━━━━━━━━━━━━━━━━━━━ 5 of 5 · 1 cached · 1 failed · 1 min 05 s".split()],
        [*"✓ load 1 min 01 s".split()],
        [*"↺ ╭ clean cached ← load".split()],
        ["✗", "╰", "features", "2.0", "s", "ValueError:", r"boom\x1b[2J"],
        [*"- train features failed".split()],
        [*"- test features failed".split()],
    ]
    colours = set(re.findall(r"\x1b\[(?:\d+;)*3\d", stream.getvalue()))
    assert bool(colours) is not no_color
    assert "\u202e" not in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue(), "what a step says does not clear the screen"


def test_a_picture_that_is_the_same_is_not_drawn_again():
    stream = Terminal()
    view = LiveView(stream)
    view._paint([])  # noqa: SLF001 - a picture that does not move
    before = stream.getvalue()
    view._paint([])  # noqa: SLF001
    assert stream.getvalue() == before


def test_a_terminal_that_was_made_narrower_has_wrapped_what_is_there(monkeypatch):
    stream = Terminal()
    view = LiveView(stream)
    text = LiveLines("x" * 80, levels_of({}), StepStates(())).draw(80, 5, 0)
    view._paint(text)  # noqa: SLF001 - the clock would draw at any time
    assert cell_len(text[0].plain) > 40
    monkeypatch.setenv("COLUMNS", "40")
    view = _resized(view, 40)
    stream.truncate(0)
    view._paint(text)  # noqa: SLF001
    assert "\x1b[2A" in stream.getvalue()


def _resized(view: LiveView, width: int) -> LiveView:
    view._console.width = width  # noqa: SLF001 - as the system's call would say
    return view


def test_a_terminal_that_is_gone_does_not_stop_the_run():
    stream = Terminal()
    view = LiveView(stream)
    view.run_started(plan(task("load")))
    stream.close()
    view.step_started("load")
    view.step_finished(StepResult("load", "succeeded", attempts=1))
    view.run_finished(None)


def test_a_run_that_breaks_down_gives_the_cursor_back():
    stream = Terminal()
    view = LiveView(stream)
    view.run_finished(None)
    assert stream.getvalue() == "", "nothing had begun"
    view.run_started(plan(task("load")))
    view.run_finished(None)
    assert stream.getvalue().endswith("\x1b[?25h")


def test_a_very_long_run_ends_with_the_most_telling_steps():
    stream = Terminal()
    view = LiveView(stream)
    names = [f"s{number}" for number in range(300)]
    view.run_started(plan(*map(task, names)))
    for name in names:
        view.step_finished(failed(name) if name == "s7" else StepResult(name, "succeeded"))
    view.run_finished(None)
    picture = last_picture(stream)
    assert len(picture) == 60
    assert sum("s7 " in line for line in picture) == 1
    assert picture[-1] == "… 242 more: 242 succeeded"
