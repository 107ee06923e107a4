"""What is known of each step of a run: whether it must run, why, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, RunError
from kale.ir import Task
from kale.runners.cache.keeper import Keeper
from kale.runners.cache.recall import Recall
from kale.runners.cache.records import StepKey, StepRecord
from kale.runners.cache.step_keys import StepKeys
from kale.runners.expansion import Expansion, index_of, step_of
from kale.runners.history.journal import Journal
from kale.runners.history.past_run import PastRun
from kale.runners.history.why import Reasons
from kale.runners.logged import read_logged
from kale.runners.result import StepError, StepResult
from kale.runners.run_directory import RunDirectory, read_plain_json
from kale.runners.selection import Selection
from kale.runners.view.pages import Pages


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Where a run looks its steps up, and where it writes them down.

    Without ``use_cache`` only the steps of ``resumed`` are looked up.
    """

    keys: StepKeys
    recall: Recall
    reasons: Reasons
    journal: Journal
    keeper: Keeper
    pages: Pages
    resumed: PastRun | None
    use_cache: bool


class Ledger:
    """The steps of one run; asked about each when it is ready, told of each when it ended."""

    def __init__(
        self, expansion: Expansion, directory: RunDirectory, selection: Selection, known: Knowledge
    ) -> None:
        self.expansion, self.plan = expansion, expansion.plan
        self.directory, self.known = directory, known
        self._selection = selection
        self._began = time.monotonic()
        self._keys: dict[str, StepKey] = {}
        self._whys: dict[str, str] = {}
        self._notices: dict[str, Diagnostic] = {}
        self.results: dict[str, StepResult] = {}
        self.metrics: dict[str, Any] = {}

    @property
    def wanted(self) -> frozenset[str]:
        """The steps that this run is to bring about."""
        return self._selection.run

    @property
    def seconds(self) -> float:
        """The time since the run began."""
        return time.monotonic() - self._began

    # -------------------------------------------------------------- before a step runs

    def recall(self, task: Task, make_way: Callable[[str], None]) -> StepResult | None:
        """The result of a step whose producers are done, if an earlier run has it.

        Its files are in the run directory then; ``make_way`` is called before, to end whatever may
        write there. ``None`` if the step has to run.
        """
        known, started = self.known, self.seconds
        key = self._keys[task.name] = known.keys.key(task)
        known.reasons.know(task)
        asked = self._selection.asked.get(step_of(task), "")
        record, miss = (None, "") if asked else self._found(task, key)
        if record is None:
            if not asked and not known.use_cache:
                asked = "--no-cache"
            self._whys[task.name] = known.reasons.ran(task.name, key, miss=miss, asked=asked)
            return None
        self._whys[task.name] = known.reasons.taken(task.name, record)
        make_way(task.name)
        taken = known.recall.restore(record)
        if taken is None or not self._is_decided(task):
            miss = "its saved values could not be taken over"
            self._whys[task.name] = known.reasons.ran(task.name, key, miss=miss)
            return None
        known.pages.take(task.name, Path(record.run))
        known.keeper.keep(task.name)
        self._add_metrics(task, taken.metrics)
        return self._note(
            replace(self._result(task, "succeeded", started=started), cached=True, attempts=0),
            taken,
        )

    def _found(self, task: Task, key: StepKey) -> tuple[StepRecord | None, str]:
        """The record that a step can be taken from, or else what is wrong with the one there is."""
        known, miss = self.known, ""
        if known.resumed is not None:
            past = known.resumed.steps.get(task.name)
            if past is not None and past.record is not None:
                found = known.recall.find_in(past.record, key)
                if found.record is not None:
                    return found.record, ""
                miss = found.miss
        if not known.use_cache or task.options.caching is False:
            return None, miss
        found = known.recall.find(key)
        return found.record, found.miss or miss

    def decisions(self, task: Task) -> dict[str, int]:
        """What a step that ended well has told of loops and conditions, by their keys.

        Raises:
            RunError: it has not, or nothing that can be (KALE750, KALE751).
        """
        if not task.decides:
            return {}
        told = read_plain_json(self.directory.decisions_of(task.name))
        return self.expansion.check(task.name, told)

    def _is_decided(self, task: Task) -> bool:
        try:
            self.decisions(task)
        except RunError:
            return False
        return True

    def renew(self, task: Task) -> None:
        """Look again at what a step depends on, before another attempt."""
        self._keys[task.name] = self.known.keys.key(task)

    # ------------------------------------------------------------- after a step has run

    def ended(
        self,
        task: Task,
        error: StepError | None,
        done: Mapping[str, Any] | None,
        *,
        started: float,
        attempts: int,
        stopped: str = "",
    ) -> StepResult:
        """Note how a step ended that ran; ``started`` is by the clock of :attr:`seconds`.

        One that was ``stopped`` for another's failure is skipped, not failed.
        """
        self._note_kernel((done or {}).get("kernel"))
        status = "succeeded" if error is None else "failed"
        result = self._result(task, status, started=started)
        result = replace(
            result, attempts=attempts, error=error, engine=str((done or {}).get("engine") or "")
        )
        if stopped:
            result = replace(result, status="skipped", error=None, why=stopped)
        record = None
        if result.status == "succeeded":
            files = (done or {}).get("probes", {}).get("files")
            key = self._keys[task.name]
            record = self.known.recall.remember(key, task, result.seconds, files)
            self.known.keeper.keep(task.name, record)
            self._add_metrics(task, record.metrics)
        if result.notebook is not None and task.options.report is not False:
            self.known.pages.make(task.name)
        return self._note(result, record)

    def skipped(self, name: str, blockers: Sequence[str] = (), why: str = "") -> StepResult:
        """Note a step that does not run: for others that failed, or for the reason given."""
        node = self.expansion[name]
        result = StepResult(name, "skipped", blocked_by=tuple(blockers), why=why)
        return self._note(replace(result, step=node.task.name, index=node.index))

    def grown(self, step: str, names: Sequence[str]) -> None:
        """Note what has come in the place of a step that stands in loops."""
        self.known.journal.step_grown(step, names)

    def _add_metrics(self, task: Task, metrics: Mapping[str, Any]) -> None:
        # As what steps log themselves: the items of a loop all report the same names.
        prefix = f"{task.name}/" if index_of(task) else ""
        self.metrics.update({f"{prefix}{name}": value for name, value in metrics.items()})

    def _result(self, task: Task, status: Any, *, started: float) -> StepResult:
        notebook = self.directory.executed_notebook(task.name)
        log = self.directory.log(task.name)
        return StepResult(
            task.name,
            status,
            notebook if notebook.exists() else None,
            log if log.exists() else None,
            self.seconds - started,
            why=self._whys.get(task.name, ""),
            started=started,
            logged=read_logged(self.directory.logged(task.name)),
            step=step_of(task),
            index=index_of(task),
        )

    def _note(self, result: StepResult, record: StepRecord | None = None) -> StepResult:
        self.results[result.name] = result
        self.known.journal.step_finished(result, record)
        return result

    def _note_kernel(self, used: str | None) -> None:
        wanted = self.plan.pipeline.kernel
        if used is None or used == wanted:
            return
        self._notices["kernel"] = diagnose(
            "KALE505",
            f"kernel `{wanted}` is not installed here; the steps ran in `{used}`",
            at=Location(self.plan.pipeline.path),
            hint="install it, or choose another kernel in the notebook",
        )

    # --------------------------------------------------------------------- at the end

    def left_over(self) -> list[StepResult]:
        """Note the steps that nothing has been said of yet: nobody asked, or a signal came."""
        return [
            self.skipped(name, why=self._selection.left_out(self.expansion[name].task.name))
            for name in self.expansion.names
            if name not in self.results
        ]

    @property
    def did_well(self) -> bool:
        """Whether all that was wanted and could be has succeeded."""
        return all(
            result.status == "succeeded" or self.expansion[name].left_out
            for name, result in self.results.items()
            if result.step in self.wanted
        )

    def settle(self, hurried: Callable[[], bool]) -> tuple[Diagnostic, ...]:
        """Wait until values are kept, unless ``hurried()``; what there is to tell of the run."""
        at = Location(self.plan.pipeline.path)
        if note := self.known.keeper.finish(hurried):
            self._notices["store"] = replace(note, at=at)
        self.known.keys.close()
        if trouble := self.known.journal.trouble:
            self._notices["journal"] = diagnose(
                "KALE513",
                f"the run's journal could not be written: {trouble}",
                at=at,
                hint="the run itself is whole, but it cannot be resumed",
            )
        return tuple(self.plan.pipeline.suppression.keep(self._notices.values()))
