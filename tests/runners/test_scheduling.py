"""Real runs: what starts together, what is tried again, what a failure stops."""

from __future__ import annotations

import json

import pytest
from runners.plans import plan, task

from kale.runners import RunOptions, run
from kale.runners.memory import available_memory

#: Notes when a step is at work, in a file of its own.
_AT_WORK = """
import json, os, time
began = time.time()
time.sleep(0.4)
open(f"{STEP}.json", "w").write(json.dumps([began, time.time()]))
"""


@pytest.fixture
def go(tmp_path, runtime):
    """Run a plan in a folder of its own, and again in the next one."""
    numbers = iter(range(100))

    def start(*tasks, **options):
        return run(
            plan(*tasks),
            runtime=runtime,
            run_dir=tmp_path / f"run-{next(numbers)}",
            cwd=tmp_path,
            options=RunOptions(**options),
        )

    return start


def at_work(name: str, **options):
    return task(name, _AT_WORK.replace("{STEP}", name), **options)


def overlap(folder, *names: str) -> bool:
    spans = [json.loads((folder / f"{name}.json").read_text()) for name in names]
    return max(began for began, _ in spans) < min(ended for _, ended in spans)


def test_steps_that_declare_too_much_memory_together_run_one_after_the_other(go, tmp_path):
    most = available_memory()
    assert most is not None
    limit = {"limits": (("memory", str(most * 2 // 3)),)}
    result = go(at_work("a", **limit), at_work("b", **limit), jobs=2)
    assert result.status == "succeeded"
    assert not overlap(tmp_path, "a", "b")


def test_steps_whose_memory_fits_run_together(go, tmp_path):
    limit = {"limits": (("memory", "1Mi"),)}
    # The first pair waits for what is started once for a run.
    result = go(at_work("a", **limit), at_work("b", **limit), jobs=2)
    assert result.status == "succeeded"
    assert overlap(tmp_path, "a", "b")


_FAILS_TWICE = """
import pathlib
seen = pathlib.Path("seen")
count = len(seen.read_text()) if seen.exists() else 0
seen.write_text("x" * (count + 1))
if count < 2:
    raise OSError(f"attempt {count + 1}")
"""


def test_a_step_is_tried_again_after_a_pause_and_counts_its_attempts(go):
    result = go(task("a", _FAILS_TWICE, retries=2), retry_pause=0.2)
    [step] = result.steps
    assert (step.status, step.attempts, step.error) == ("succeeded", 3, None)
    # 0.2 and 0.4 seconds of pauses.
    assert step.seconds > 0.6


def test_the_pause_that_a_step_asks_for_is_kept_between_all_its_attempts(go):
    [step] = go(task("a", _FAILS_TWICE, retries=2, retry_pause=1), retry_pause=600.0).steps
    assert (step.status, step.attempts) == ("succeeded", 3)
    # Two pauses of one second each.
    assert step.seconds > 2.0


def test_a_step_may_ask_for_no_pause(go):
    [step] = go(task("a", _FAILS_TWICE, retries=2, retry_pause=0), retry_pause=600.0).steps
    assert (step.status, step.attempts) == ("succeeded", 3)


def test_a_step_that_has_no_attempt_left_fails(go):
    result = go(task("a", _FAILS_TWICE, retries=1), retry_pause=0.01)
    [step] = result.steps
    assert (step.status, step.attempts) == ("failed", 2)
    assert step.error.message == "attempt 2"


def test_a_failure_leaves_other_branches_alone(go):
    result = go(task("a", "1 / 0"), at_work("b"), task("c", "1", after=["a"]), jobs=2)
    assert [step.status for step in result.steps] == ["failed", "succeeded", "skipped"]
    assert result.steps[2].blocked_by == ("a",)


def test_fail_fast_stops_what_runs_and_starts_nothing_more(go, tmp_path):
    result = go(
        task("a", "import time; time.sleep(0.5); 1 / 0"),
        task("b", "import time; time.sleep(600)"),
        task("c", "open('c', 'w')", after=["b"]),
        task("d", "open('d', 'w')"),
        jobs=2,
        fail_fast=True,
    )
    assert [step.status for step in result.steps] == ["failed", "skipped", "skipped", "skipped"]
    assert result.steps[1].why == "stopped, since `a` failed"
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "d").exists()
    assert result.seconds < 60


def test_fail_fast_gives_up_a_step_that_waits_for_another_attempt(go):
    result = go(
        task("a", "1 / 0", retries=9),
        task("b", "import time; time.sleep(1.5); 1 / 0"),
        jobs=2,
        fail_fast=True,
        retry_pause=600.0,
    )
    assert [step.status for step in result.steps] == ["skipped", "failed"]
    assert result.seconds < 60
