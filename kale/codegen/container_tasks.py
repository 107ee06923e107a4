"""Container steps as a cluster runs them: the container, and a task of Kale's before and after it.

A container knows nothing of how values are saved. So the task before it, ``NAME-inputs``, makes
texts of them, as parameters and as files, and the one after it, which has the step's name, makes
values of the files that the container, ``NAME-container``, has written. Either is left out where
it has nothing to do.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kale.codegen.literals import python_literal
from kale.codegen.names import unique
from kale.codegen.step_notebook import notebook_json, step_cell
from kale.control import ContainerSpec
from kale.errors import PackageError, raise_all
from kale.ir import Plan, Port, PortKind, Step, StepOptions, Task

#: What stands for a value; see :class:`kale.sdk.ContainerStep`.
_PLACEHOLDER = re.compile(r"\{(inputs|outputs)\.(\w+)(\.path)?\}")

#: The roles of cells that stay in the notebooks before and after the container.
_BEFORE = frozenset({"parameters", "imports", "functions", "definition", "load", "item"})
_AFTER = frozenset({"parameters", "imports", "functions", "save", "decide"})


def with_container_tasks(plan: Plan) -> Plan:
    """``plan`` with the tasks of the cluster in the place of each container step's.

    A task with a ``container`` is then the container alone: its command and arguments have KFP's
    placeholders, and each of its ports is a text.

    Raises:
        PackageError: a command holds what a cluster would expand (KALE766).
    """
    if not any(task.container for task in plan.tasks):
        return plan
    errors = [error for task in plan.tasks for error in _expanded(plan, task)]
    raise_all(errors)
    names = {task.name for task in plan.tasks}
    keys = {task.key for task in plan.tasks}
    parameters = {p.name for p in plan.pipeline.parameters if p.type == "str"}
    tasks: list[Task] = []
    steps: list[Step] = []
    environment = plan.environment
    places = {step.name: step for step in plan.pipeline.steps}
    for task in plan.tasks:
        made = [task]
        if task.container:
            made = [*_split(task, task.container, parameters, names, keys)]
        for one in made:
            if one.name != task.name:
                names.add(one.name)
                keys.add(one.key)
                steps.append(replace(places[task.name], name=one.name, sources=()))
                required, missing = environment.required, environment.if_missing
                environment = replace(
                    environment,
                    required={**required, one.name: required.get(task.name, ())},
                    if_missing={**missing, one.name: missing.get(task.name, ())},
                )
        tasks += made
    pipeline = replace(plan.pipeline, steps=(*plan.pipeline.steps, *steps))
    return replace(plan, pipeline=pipeline, tasks=tuple(tasks), environment=environment)


def _split(
    task: Task, spec: ContainerSpec, parameters: set[str], names: set[str], keys: set[str]
) -> Iterator[Task]:
    """The tasks for a container step; those of Kale's ask for nothing that the container does."""
    known = {name: text for name, code in spec.inputs if (text := _literal(code)) is not None}
    uses = {
        (match[2], bool(match[3]))
        for text in (*spec.command, *spec.args)
        for match in _PLACEHOLDER.finditer(text)
        if match[1] == "inputs"
    }
    ports: list[Port] = []
    direct: dict[str, str] = {}
    given: dict[str, list[str]] = {"direct": [], "files": []}
    placed: dict[tuple[str, bool], str] = {}
    before = unique(f"{task.name}-inputs", names)
    taken = {name for name, _ in (*spec.inputs, *spec.outputs)}
    for name, code in spec.inputs:
        if (name, True) in uses:
            key = unique(f"{name}_file", taken)
            taken.add(key)
            given["files"].append(name)
            ports.append(Port(key, PortKind.ARTIFACT, key, (before, _file_key(name))))
            placed[name, True] = f"{{{{$.inputs.artifacts['{key}'].path}}}}"
        if (name, False) not in uses or name in known:
            continue
        placed[name, False] = f"{{{{$.inputs.parameters['{name}']}}}}"
        if code in parameters:
            direct[name] = code
            ports.append(Port(code, PortKind.PARAMETER, name, ("", code)))
        else:
            given["direct"].append(name)
            ports.append(Port(name, PortKind.PARAMETER, name, (before, f"kale_input_{name}")))
    options = _options(task.options)
    after = task.after
    if any(given.values()):
        yield replace(
            task,
            name=before,
            key=unique(f"{task.key}-inputs", keys),
            outputs=(),
            notebook=_inputs_notebook(task, before, dict(spec.inputs), given),
            options=options,
            metrics=(),
            decides=(),
            shown=tuple((f"kale_input_{name}", "str") for name in given["direct"]),
            container=None,
        )
        after = (before,)

    def filled(match: re.Match[str]) -> str:
        kind, name, path = match[1], match[2], bool(match[3])
        if kind == "outputs":
            return f"{{{{$.outputs.artifacts['{name}'].path}}}}"
        return placed[name, path] if (name, path) in placed else known[name]

    alone = not spec.outputs
    container = replace(
        task,
        name=task.name if alone else unique(f"{task.name}-container", names),
        key=task.key if alone else unique(f"{task.key}-container", keys),
        inputs=tuple(ports),
        outputs=tuple(Port(name, PortKind.ARTIFACT, name) for name, _ in spec.outputs),
        after=after,
        notebook=b"",
        metrics=(),
        decides=(),
        shown=(),
        container=ContainerSpec(
            spec.image,
            tuple(_PLACEHOLDER.sub(filled, text) for text in spec.command),
            tuple(_PLACEHOLDER.sub(filled, text) for text in spec.args),
        ),
    )
    yield container
    if not alone:
        own = (port for port in task.inputs if port.kind is PortKind.PARAMETER)
        files = (
            Port(variable, PortKind.ARTIFACT, _file_key(name), (container.name, name))
            for name, variable in spec.outputs
        )
        yield replace(
            task,
            inputs=(*own, *files),
            after=(container.name,),
            notebook=_outputs_notebook(task, spec),
            options=options,
            container=None,
        )


def _file_key(name: str) -> str:
    return f"kale_file_{name}"


def _literal(code: str) -> str | None:
    """The text of an input that stands as a literal in the pipeline."""
    try:
        value = ast.literal_eval(code)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _options(options: StepOptions) -> StepOptions:
    """What a task of Kale's takes over from the container step."""
    return StepOptions(
        retries=options.retries,
        retry_pause=options.retry_pause,
        caching=options.caching,
        report=False,
        labels=options.labels,
        annotations=options.annotations,
        node_selectors=options.node_selectors,
        tolerations=options.tolerations,
        pull_secrets=options.pull_secrets,
        pull_policy=options.pull_policy,
        security_context=options.security_context,
    )


def _inputs_notebook(
    task: Task, name: str, inputs: Mapping[str, str], given: Mapping[str, list[str]]
) -> bytes:
    """The notebook that makes texts of the values: it loads what the step's own one loads."""
    wanted = dict.fromkeys((*given["direct"], *given["files"]))
    values = ", ".join(f"{python_literal(one)}: ({inputs[one]})" for one in wanted)
    call = f"give(globals(), {{{values}}}, {given['direct']!r}, {given['files']!r})"
    about = {"step": name, "outputs": {}, "gives": given["files"]}
    return _notebook(task, _BEFORE, call, about, without=("decides", "shown", "single"))


def _outputs_notebook(task: Task, spec: ContainerSpec) -> bytes:
    """The notebook that makes values of the container's files, and saves them."""
    kinds = dict(task.shown)
    taken = {variable: kinds.get(variable, "str") for _, variable in spec.outputs}
    files = {variable: _file_key(name) for name, variable in spec.outputs}
    about = {"inputs": {}, "files": files}
    call = f"take(globals(), {python_literal(taken)})"
    return _notebook(task, _AFTER, call, about, without=("collected", "single"))


def _notebook(
    task: Task, roles: frozenset[str], call: str, about: Mapping[str, Any], without: Iterable[str]
) -> bytes:
    """The step's notebook with those of its cells, and a call in the place of the step's own."""
    document = json.loads(task.notebook)
    kale = document["metadata"]["kale"]
    for word in without:
        kale.pop(word, None)
    kale |= about
    called = f'__import__("kale_pod.containers").containers.{call}'
    cells: list[dict[str, Any]] = []
    wanted = roles | {"types"} if "load" in roles else roles
    for cell in document["cells"]:
        place, code = cell["metadata"]["kale"], "".join(cell["source"])
        if place["role"] == "step":
            place, code = {"role": "container"}, called
            # The types of arguments are checked before it, those of results after it.
            wanted = wanted ^ {"types"}
        elif place["role"] not in wanted:
            continue
        cells.append(step_cell(len(cells) + 1, place, code))
    document["cells"] = cells
    return notebook_json(document)


def _expanded(plan: Plan, task: Task) -> Iterator[PackageError]:
    """What of a container's command a cluster would take for something of its own."""
    spec = task.container
    texts = (*spec.command, *spec.args) if spec else ()
    names = "|".join(re.escape(name) for name, _ in task.options.env) or "(?!)"
    for text in texts:
        if found := re.search(rf"\{{\{{|\$\$|\$\((?:{names})\)", text):
            who = "Kubeflow Pipelines" if found[0] == "{{" else "Kubernetes"
            yield PackageError(
                "KALE766",
                f"an argument of the container holds `{found[0]}`, which {who} would expand",
                at=plan.pipeline.step(task.name).at,
                hint="have a script in the image build that text",
            )
