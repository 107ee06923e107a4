"""The tasks of a package as a cluster gets them: all their ports, and what their pods execute."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from kale.codegen.container_tasks import with_container_tasks
from kale.codegen.joins import with_joins
from kale.codegen.kfp_versions import DISPLAY_NAMES, version_of
from kale.codegen.logged import loggable
from kale.codegen.names import (
    CLASSIFICATION_KEY,
    METRICS_KEY,
    NOTEBOOK_KEY,
    REPORT_KEY,
    RUNTIME_KEY,
)
from kale.codegen.pod_notebook import cell_numbers, pod_notebook
from kale.codegen.pod_words import indexes, pod_words
from kale.codegen.remembering import remembering
from kale.codegen.runtime_bundle import LOADER, bundle, encode, installed_digest, text_digest
from kale.codegen.runtime_parts import SDK
from kale.codegen.runtime_sharing import RuntimeSharing, share_runtime
from kale.codegen.task_flow import control_flow, feeds
from kale.codegen.volume_tasks import Mount, is_fleeting, mounts, volume_tasks
from kale.control import Context, ExitHandler
from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import Pairs, Plan, Port, PortKind, StepOptions, Task, Volumes

#: The image of steps for which nobody named one: Python, and nothing that is not needed.
DEFAULT_IMAGE = "python:3.11-slim"

#: The title of the schema of an artifact of any kind.
ANY_ARTIFACT = "system.Artifact"

#: The variable that tells a pod which cells of the author's notebook it runs.
CELLS = "KALE_CELLS"

#: What makes a step that reports metrics one that may report a table or a curve.
_CLASSIFIES = re.compile(rb"\b(confusion_matrix|roc_curve)\b")


@dataclass(frozen=True, slots=True)
class PackagedTask:
    """One task of a package, wired by keys.

    ``title`` is the step's name, ``shown`` what people see of it; ``step`` is ``None`` for the
    task that only hands on the runtime. ``artifacts`` maps each artifact it takes to the task and
    output that make it, ``outputs`` those it makes to the titles of their schemas. ``after`` holds
    the keys of all tasks it waits for, sorted. ``options`` are the step's, and beside them pip's
    indexes and :data:`CELLS`. ``words`` say what the pod installs; ``carries`` is whether it has
    the runtime in its command. ``mounts`` are ``volumes``, those of the pipeline, in this pod;
    ``fleeting`` is whether its values lie where only this run finds them.

    ``within`` is what the step stands in; ``exits`` is the handler whose exit step it is.
    ``indices`` maps parameters to the loops whose item's number they are. Of ``artifacts``,
    ``lists`` are those of all items of loops, and ``choices`` maps others to all the outputs of
    which one will be there. ``told`` maps output parameters to their types; ``tells`` the loops and
    conditions that a step decides to theirs, and ``shows`` has those that show a variable, with
    its name and type. ``logged`` maps files
    that the step's code logs to their outputs; ``None`` is for one that cannot log. ``fed`` maps
    parameters to the tasks and outputs that tell them. A ``raw`` task is a container of the
    author's, whose arguments are ``words`` alone.
    """

    key: str
    title: str
    shown: str
    at: Location
    step: Task | None
    parameters: tuple[Port, ...]
    artifacts: Mapping[str, tuple[str, str]]
    outputs: Mapping[str, str]
    after: tuple[str, ...]
    options: StepOptions
    image: str
    command: tuple[str, ...]
    words: tuple[str, ...]
    carries: bool
    volumes: Volumes
    mounts: tuple[Mount, ...]
    fleeting: bool
    within: tuple[Context, ...] = ()
    exits: ExitHandler | None = None
    indices: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    tells: Pairs | None = None
    shows: tuple[tuple[str, str, str], ...] = ()
    logged: Pairs | None = None
    fed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    raw: bool = False

    @property
    def notebook(self) -> bytes:
        """The notebook as the pod runs it; empty where there is none."""
        if self.step is None:
            return b""
        return pod_notebook(
            self.step.notebook,
            self.step.options,
            self.volumes,
            self.logged,
            self.tells,
            self.shows,
        )

    @property
    def args(self) -> tuple[str, ...]:
        """The container's arguments but for the first, which is the executor input."""
        if self.raw:
            return self.words
        notebook = (encode(self.notebook),) if self.step else ()
        return (self.title, *notebook, *self.words)


@remembering
def lay_out(plan: Plan) -> tuple[PackagedTask, ...]:
    """The tasks of the package of ``plan``, in topological order.

    Raises:
        PackageError: nothing is known about the Kubeflow Pipelines that the package is for; or
            the command of a container step holds what a cluster would expand.
    """
    plan = with_container_tasks(plan)
    plan = with_joins(plan)
    if plan.environment.options.installed_runtime:
        command = ("python3", "-m", "kale.pod", installed_digest())
        return tuple(_tasks(plan, RuntimeSharing({}), command, command))
    volume = bool(plan.pipeline.volumes.marshal)
    runtime = bundle(plan.backends, plan.environment.files, volume=volume)
    loader = ("python3", "-c", LOADER)
    sharing = share_runtime(plan.tasks, len(runtime))
    return tuple(_tasks(plan, sharing, (*loader, runtime), (*loader, text_digest(runtime))))


def _tasks(
    plan: Plan, sharing: RuntimeSharing, carrying: tuple[str, ...], taking: tuple[str, ...]
) -> Iterator[PackagedTask]:
    pipeline, options = plan.pipeline, plan.environment.options
    if sharing.first:
        yield _runtime_task(plan, sharing.first, carrying)
    displays = version_of(options.kfp_version) >= DISPLAY_NAMES
    givers = {*sharing.takes_from.values()}
    keys = {task.name: task.key for task in plan.tasks}
    places = {step.name: step.at for step in pipeline.steps}
    mounted, fleeting = mounts(plan), is_fleeting(plan)
    makers = [task.key for task in volume_tasks(plan) if not task.claim_of]
    flow = control_flow(plan, keys)
    for task in plan.tasks:
        artifacts, more = feeds(task, keys), flow(task)
        # An exit step waits for its group alone, which waits for the makers.
        after = set() if more.get("exits") else {*(keys[name] for name in task.after), *makers}
        parameters = tuple(
            port
            for port in task.inputs
            if port.kind is PortKind.PARAMETER and not (port.source and port.source[0])
        )
        if task.container:
            yield PackagedTask(
                key=task.key,
                title=task.name,
                shown=task.name if displays else task.key,
                at=places[task.name],
                step=None,
                parameters=parameters,
                artifacts=artifacts,
                outputs={port.key: ANY_ARTIFACT for port in task.outputs},
                after=tuple(sorted(after)),
                options=task.options,
                image=task.container.image,
                command=task.container.command,
                words=task.container.args,
                carries=False,
                volumes=Volumes(),
                mounts=(),
                fleeting=fleeting,
                raw=True,
                **more,
            )
            continue
        giver = sharing.takes_from.get(task.key)
        if giver is not None:
            artifacts[RUNTIME_KEY] = (giver, RUNTIME_KEY)
            after.add(giver)
        outputs = _outputs(task)
        ports = (port.key for port in (*task.inputs, *task.outputs))
        logs = loggable(plan, task)
        logged = logs.keys([*ports, *more.get("told", ())])
        outputs |= logs.outputs(logged)
        if task.key in givers:
            outputs[RUNTIME_KEY] = ANY_ARTIFACT
        env, secrets = indexes(options, task.options)
        yield PackagedTask(
            key=task.key,
            title=task.name,
            shown=task.name if displays else task.key,
            at=places[task.name],
            step=task,
            parameters=parameters,
            artifacts=artifacts,
            outputs=outputs,
            after=tuple(sorted(after)),
            options=replace(
                task.options, env=(*env, (CELLS, cell_numbers(task.notebook))), secrets=secrets
            ),
            image=_image(plan, task),
            command=carrying if giver is None else taking,
            words=pod_words(plan.environment, task),
            carries=giver is None and not options.installed_runtime,
            volumes=pipeline.volumes,
            mounts=mounted,
            fleeting=fleeting,
            logged=tuple(logged.items()) if SDK in plan.backends else None,
            **more,
        )


def _runtime_task(plan: Plan, key: str, command: tuple[str, ...]) -> PackagedTask:
    """The task that stands before all and hands the runtime on.

    Its image is one that a step has, fetched and run as that step's, so that the cluster lets it
    start; where steps are tried again, it is as often.
    """
    like = plan.tasks[0].options
    often = max(plan.tasks, key=lambda task: task.options.retries or 0).options
    return PackagedTask(
        key=key,
        title=key,
        shown=key,
        at=Location(plan.pipeline.path),
        step=None,
        parameters=(),
        artifacts={},
        outputs={RUNTIME_KEY: ANY_ARTIFACT},
        after=(),
        options=StepOptions(
            retries=often.retries or None,
            retry_pause=often.retry_pause,
            pull_secrets=like.pull_secrets,
            pull_policy=like.pull_policy,
            security_context=like.security_context,
        ),
        image=_image(plan, plan.tasks[0]),
        command=command,
        words=(),
        carries=True,
        volumes=Volumes(),
        mounts=(),
        fleeting=False,
    )


def _outputs(task: Task) -> dict[str, str]:
    """What a task makes, by key: its variables, and what it leaves for people."""
    outputs = {port.key: ANY_ARTIFACT for port in task.outputs}
    if task.metrics:
        outputs[METRICS_KEY] = "system.Metrics"
        if _CLASSIFIES.search(task.notebook):
            outputs[CLASSIFICATION_KEY] = "system.ClassificationMetrics"
    outputs[NOTEBOOK_KEY] = ANY_ARTIFACT
    if task.options.report is not False:
        outputs[REPORT_KEY] = "system.HTML"
    return outputs


def _image(plan: Plan, task: Task) -> str:
    """The step's own image, else the pipeline's, else :data:`DEFAULT_IMAGE`."""
    return task.options.image or plan.pipeline.image or DEFAULT_IMAGE
