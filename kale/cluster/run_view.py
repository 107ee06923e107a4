"""One run on a cluster, as the server shows it now: its tasks in their order, and their logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kale.cluster import workflow_state
from kale.cluster.run_state import (
    FINAL,
    State,
    Task,
    TaskState,
    mapping,
    pipeline_tasks,
    run_error,
    run_state,
    seen_tasks,
    task_states,
    text,
)
from kale.cluster.step_logs import PodLog, read_log
from kale.dataclass import dataclass
from kale.errors import ClusterError

if TYPE_CHECKING:
    from kale.cluster.api import Api

#: How often a server may fail to give out a workflow before it is not asked for it any more.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A run at one moment; ``tasks`` are in the pipeline's order, ``error`` is the run's own."""

    state: State
    tasks: Mapping[Task, TaskState]
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether the run will not go on."""
        return self.state in FINAL


class RunView:
    """A run that is looked at again and again.

    Each look takes one request; a second one, for the workflow, when a task has ended since.
    """

    def __init__(self, api: Api, run_id: str) -> None:
        self.api = api
        self.run_id = run_id
        self._path = f"runs/{quote(run_id, safe='')}"
        self._run: Mapping[str, Any] = {}
        self._tasks: tuple[Task, ...] | None = None
        self._workflow: workflow_state.Workflow | None = None
        self._attempts = _ATTEMPTS
        self._final: dict[str, TaskState] = {}

    def look(self, *, closely: bool = False) -> Seen:
        """The run as it is now; ``closely`` asks for the workflow in any case.

        Raises:
            ClusterError: the server has no such run (KALE623), or does not answer.
        """
        self._run = self._get_run()
        state = run_state(self._run)
        tasks = self._known_tasks() or seen_tasks(self._run)
        states = task_states(self._run, tasks)
        ended = [key for key, one in states.items() if one.state in FINAL]
        if not self._run.get("tasks") and (
            closely or state in FINAL or any(key not in self._final for key in ended)
        ):
            workflow = self._get_workflow()
            if workflow is not None:
                tasks = self._known_tasks() or workflow_state.workflow_tasks(workflow)
                states = workflow_state.workflow_states(workflow, tasks)
        states = {key: self._final.get(key, one) for key, one in states.items()}
        if state in FINAL:
            states = {key: _ended(one, state) for key, one in states.items()}
        self._final = {key: one for key, one in states.items() if one.state in FINAL}
        return Seen(state, {task: states[task.key] for task in tasks}, self._error())

    def log(self, state: TaskState) -> bytes:
        """The log of a task's last pod.

        Raises:
            ClusterError: the task had no pod, or its log cannot be read (KALE622).
        """
        if not state.pods:
            raise ClusterError(
                "KALE622",
                "the server does not say which pod ran it",
                hint=f"kubectl get pods -l pipeline/runid={self.run_id} shows the run's pods",
            )
        namespace = self._workflow.namespace if self._workflow else ""
        where = PodLog(
            self.run_id,
            state.pods[-1],
            namespace or self.api.namespace,
            text(self._run, "created_at")[:10],
            state.kept_log,
        )
        return read_log(self.api, where)

    def _get_run(self) -> Mapping[str, Any]:
        try:
            # From 3.0 on a run's tasks have to be asked for; older servers take no notice.
            return self.api.get(f"/apis/v2beta1/{self._path}", view="FULL")
        except ClusterError as error:
            if error.status != 404:
                raise
            raise ClusterError(
                "KALE623",
                f"there is no run `{self.run_id}` at {self.api.connection.host}",
                hint="see its identifier in the address of the run's page; a deleted run is gone",
                status=404,
            ) from error

    def _known_tasks(self) -> tuple[Task, ...]:
        """The tasks of the run's specification; asked for once, empty if nobody has it."""
        if self._tasks is None:
            spec = mapping(self._run, "pipeline_spec")
            version = mapping(self._run, "pipeline_version_reference")
            pipeline, own = text(version, "pipeline_id"), text(version, "pipeline_version_id")
            if not spec and pipeline and own:
                path = f"pipelines/{quote(pipeline, safe='')}/versions/{quote(own, safe='')}"
                try:
                    found = self.api.get(f"/apis/v2beta1/{path}")
                except ClusterError as error:
                    if error.status in (None, 401, 429) or error.status >= 500:
                        raise
                    found = {}
                spec = mapping(found, "pipeline_spec")
            self._tasks = pipeline_tasks(spec)
        return self._tasks

    def _get_workflow(self) -> workflow_state.Workflow | None:
        """The run's workflow, if this server gives it out."""
        if self._attempts == 0:
            return None
        try:
            answer = self.api.get(f"/apis/v1beta1/{self._path}")
        except ClusterError as error:
            refused = error.status is not None and (error.status < 500 or error.status == 501)
            self._attempts = 0 if refused else self._attempts - 1
            if self._attempts:
                raise
            return None
        self._workflow = workflow_state.read_workflow(answer) or self._workflow
        return self._workflow

    def _error(self) -> str:
        workflow = self._workflow
        return run_error(self._run) or (workflow.message if workflow else "")


def _ended(one: TaskState, run: State) -> TaskState:
    """A task's state in a run that has ended: what has not begun will not."""
    if one.state == "running":
        return TaskState("succeeded" if run == "succeeded" else "canceled", one.pods, one.message)
    return TaskState("skipped") if one.state == "pending" else one
