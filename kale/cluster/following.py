"""Following a run to its end: each change of a step once, and why what failed has failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kale.cluster.run_state import PENDING, State, StepState, Task, TaskState
from kale.cluster.run_view import RunView, Seen
from kale.cluster.step_logs import failure_lines
from kale.dataclass import dataclass
from kale.errors import ClusterError, RunError
from kale.printable import printable

if TYPE_CHECKING:
    from kale.cluster.api import Api

#: Seconds for which a server may not answer, and for which it may not accept us: a token that is
#: renewed every hour may have ended a moment before the new one is there.
_PATIENCE, _PATIENCE_WITH_CREDENTIALS = 600.0, 60.0

#: The wait grows by this, to so many times the first one, while nothing happens.
_GROWTH, _SLOWEST = 1.25, 5.0

#: Seconds without a change after which the workflow is asked what a step waits for; each time the
#: double of them.
_STILL = 30.0

#: Characters of the cluster's own words that are shown.
_WIDEST = 300


@dataclass(frozen=True, slots=True)
class StepFailure:
    """Why a step failed.

    ``lines`` are where and why, as its pod's log has them; with none, ``missing`` says why there
    are none and ``hint`` where else they may be.
    """

    step: str
    lines: tuple[str, ...] = ()
    missing: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended; ``steps`` are in the pipeline's order, ``error`` is the run's own."""

    run_id: str
    state: State
    steps: tuple[StepState, ...]
    failures: tuple[StepFailure, ...] = ()
    error: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether all went well."""
        return self.state == "succeeded"


def follow(
    api: Api,
    run_id: str,
    *,
    tell: Callable[[StepState], None],
    interval: float = 2.0,
    timeout: float | None = None,
    note: Callable[[str], None] = lambda _: None,
    just_begun: bool = False,
) -> RunOutcome:
    """Wait for a run's end, at most ``timeout`` seconds; look every ``interval`` seconds or rarer.

    ``tell`` hears of each step that begins, ends or waits for something, ``note`` of a server that
    does not answer. A step that failed is told of when its pod's log has been read. Of a run that
    has ``just_begun`` the server is known to answer, and the first look may fail like any other.

    Raises:
        RunError: the time is over (KALE621). The run goes on.
        ClusterError: there is no such run (KALE623), the first look failed, or the server has not
            answered for ten minutes (KALE620). The run goes on.
    """
    follower = _Follower(RunView(api, run_id), tell)
    begun = quiet_since = time.monotonic()
    trouble_since, wait, still = 0.0, interval, _STILL
    while True:
        closely = time.monotonic() - quiet_since > still
        try:
            seen, changed = follower.look(closely=closely)
        except ClusterError as error:
            if not (follower.has_seen or just_begun):
                raise
            if not trouble_since:
                trouble_since = time.monotonic()
                note(f"nothing is heard of the run, which goes on: {error.message}")
            _give_up(run_id, error, time.monotonic() - trouble_since)
        else:
            trouble_since = 0.0
            if seen.ended:
                return follower.outcome(seen)
            if changed:
                wait, still, quiet_since = interval, _STILL, time.monotonic()
            elif closely:
                still *= 2
        left = None if timeout is None else timeout - (time.monotonic() - begun)
        if left is not None and left <= 0:
            raise RunError(
                "KALE621",
                f"the run `{run_id}` has not ended within {timeout:g} seconds",
                hint=f"it goes on; kale deploy --follow {run_id} waits on",
            )
        time.sleep(wait if left is None else min(wait, left))
        wait = min(wait * _GROWTH, interval * _SLOWEST)


def _give_up(run_id: str, error: ClusterError, seconds: float) -> None:
    """Raise an error that will not pass, or has not passed for too long."""
    if error.code == "KALE623":
        raise error
    ours = error.code in ("KALE605", "KALE606", "KALE607")
    passes = ours or error.status is None or error.status == 429 or error.status >= 500
    if not passes or seconds > (_PATIENCE_WITH_CREDENTIALS if ours else _PATIENCE):
        raise ClusterError(
            "KALE620",
            f"the run `{run_id}` cannot be followed any more: {error.message}",
            hint=f"it goes on; kale deploy --follow {run_id} looks again. {error.hint}".strip(),
            status=error.status,
        ) from error


class _Follower:
    """What has been told of a run's steps."""

    def __init__(self, view: RunView, tell: Callable[[StepState], None]) -> None:
        self.has_seen = False
        self._view, self._tell = view, tell
        self._last: dict[str, TaskState] = {}
        self._details: dict[str, str] = {}
        self._failures: dict[str, StepFailure] = {}

    def look(self, *, closely: bool) -> tuple[Seen, bool]:
        """The run now, and whether a step's state is another than before, which is told."""
        seen = self._view.look(closely=closely)
        self.has_seen = True
        changed = False
        for task, state in seen.tasks.items():
            last = self._last.get(task.key, PENDING)
            waits_for = state.message if state.state == "running" else ""
            if state.state == last.state and waits_for in ("", last.message):
                continue
            changed = True
            self._last[task.key] = state
            self._details[task.key] = shown(waits_for)
            if state.state == "failed":
                self._failures[task.key] = failure = explain(self._view, task, state)
                self._details[task.key] = failure.lines[0] if failure.lines else failure.missing
            if task.is_step or state.state == "failed":
                self._tell(self._step(task, state))
        return seen, changed

    def outcome(self, seen: Seen) -> RunOutcome:
        """The end of a run."""
        steps = [
            self._step(task, state)
            for task, state in seen.tasks.items()
            if task.is_step or state.state == "failed"
        ]
        failures = [self._failures[task.key] for task in seen.tasks if task.key in self._failures]
        error = "" if failures else shown(seen.error)
        return RunOutcome(self._view.run_id, seen.state, tuple(steps), tuple(failures), error)

    def _step(self, task: Task, state: TaskState) -> StepState:
        return StepState(printable(task.name), state.state, self._details.get(task.key, ""))


def explain(view: RunView, task: Task, state: TaskState) -> StepFailure:
    """Why a task failed, by its pod's log, or else in the cluster's own words."""
    name = printable(task.name)
    try:
        lines = failure_lines(view.log(state))
    except ClusterError as error:
        return StepFailure(name, (), _with_words(error.message, state), error.hint)
    if lines:
        return StepFailure(name, lines)
    missing = _with_words("its log does not say why", state)
    return StepFailure(name, (), missing, f"kubectl logs {printable(state.pods[-1])} -c main")


def _with_words(why: str, state: TaskState) -> str:
    """The cluster's own words for a failure come first; a reason why there are no better ones."""
    words = shown(state.message)
    return f"{words} ({why})" if words and words not in why else why


def shown(words: str) -> str:
    """A server's words as one line that is not too long."""
    line = printable(" ".join(words.split()))
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…"
