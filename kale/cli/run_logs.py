"""What ``kale logs`` fetches of a run on a cluster: the logs of the steps that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kale.dataclass import dataclass
from kale.diagnostics import nearest
from kale.errors import ClusterError, KaleError, RunError, UsageError
from kale.printable import printable

if TYPE_CHECKING:
    from kale.cluster.following import StepFailure
    from kale.cluster.run_state import Task, TaskState
    from kale.cluster.run_view import RunView, Seen
    from kale.pod_logs import LoggedNotebook

#: How Kubeflow Pipelines names runs.
_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_ARTIFACTS = "the run's page has the notebooks of steps that ended well, as executed_notebook"


@dataclass(frozen=True, slots=True)
class RunLogs:
    """What the logs of a run's failed steps hold, and what kept the rest from being read."""

    notebooks: tuple[LoggedNotebook, ...]
    failures: tuple[StepFailure, ...]
    errors: tuple[KaleError, ...]


def is_run_id(text: str) -> bool:
    """Whether a text is the identifier of a run on a cluster, by its form."""
    return _RUN_ID.fullmatch(text) is not None


def read_run_logs(run_id: str, options: Mapping[str, Any], steps: Sequence[str]) -> RunLogs:
    """Read the logs of a run's failed steps, or of those named, from the cluster.

    ``options`` are those of ``kale.cli.connection_options``.

    Raises:
        UsageError: nothing says which cluster to ask, or the run has no such step (KALE515).
        RunError: no step has failed, or not the one that was named (KALE516).
        ClusterError: the cluster has no such run, or does not answer.
    """
    from kale.cli.connection_options import connection_options
    from kale.cluster.api import Api
    from kale.cluster.connection import find_connection
    from kale.cluster.run_view import RunView

    try:
        connection = find_connection(connection_options(options))
    except UsageError as error:
        if error.code != "KALE601" or options.get("host"):
            raise
        raise UsageError(
            "KALE515", f"there is no log and no run `{run_id}` here, and {error}", hint=error.hint
        ) from error
    view = RunView(Api(connection), run_id)
    return _read(view, _chosen(view.look(closely=True), run_id, steps))


def _chosen(seen: Seen, run_id: str, steps: Sequence[str]) -> list[tuple[Task, TaskState]]:
    """The tasks whose logs are to be read."""
    failed = [(task, state) for task, state in seen.tasks.items() if state.state == "failed"]
    if not steps:
        if failed:
            return failed
        words = f": {printable(seen.error)}" if seen.error and seen.ended else ""
        raise RunError(
            "KALE516",
            f"no step of the run `{run_id}` has failed; the run is {seen.state}{words}",
            hint=_ARTIFACTS,
        )
    known = {name: task for task in seen.tasks for name in (task.key, task.name)}
    for step in steps:
        if step not in known:
            near = nearest(step, known)
            raise UsageError(
                "KALE515",
                f"the run `{run_id}` has no step `{step}`",
                hint=f"did you mean `{near}`?" if near else f"it has {', '.join(sorted(known))}",
            )
        state = seen.tasks[known[step]].state
        if state != "failed":
            raise RunError(
                "KALE516",
                f"step `{step}` is {state}: only a step that fails has its notebook in its log",
                hint=_ARTIFACTS,
            )
    return [(task, state) for task, state in failed if task in [known[step] for step in steps]]


def _read(view: RunView, tasks: Sequence[tuple[Task, TaskState]]) -> RunLogs:
    from kale.cluster.following import StepFailure
    from kale.cluster.step_logs import as_file, failure_lines
    from kale.pod_logs import logged_notebooks

    notebooks: list[LoggedNotebook] = []
    failures: list[StepFailure] = []
    errors: list[KaleError] = []
    for task, state in tasks:
        name = printable(task.name)
        try:
            log = view.log(state)
        except ClusterError as error:
            message = f"step `{name}`: {error.message}"
            errors.append(ClusterError(error.code, message, hint=error.hint, status=error.status))
            continue
        found = logged_notebooks(as_file(log))
        notebooks += found
        if lines := failure_lines(log):
            failures.append(StepFailure(name, lines))
        if not found:
            words = f", which says: {printable(state.message)}" if state.message else ""
            errors.append(
                RunError(
                    "KALE516",
                    f"no executed notebook is in the log of step `{name}`{words}",
                    hint="the pod was stopped before it could print one, or it is no step of "
                    "Kale's",
                )
            )
    return RunLogs(tuple(notebooks), tuple(failures), tuple(errors))
