"""Where KFP's local runner does otherwise than a cluster, in loops and conditions.

Each is as of kfp 2.17, and mended in the process of the orchestration alone:

* a loop is looked for its items only among the parameters of the pipeline, and among outputs called
  ``Output``; of what else it takes in, what a task tells and the number of an outer item are
  replaced by its own item; the lists of nested loops are not joined, and a loop without items has
  none at all; items are worked on in threads, of which none could be ended;
* a condition on an output that is not called ``Output`` does not hold, whatever it is;
* an artifact of one of several branches is refused;
* a group that takes in artifacts and no parameter does not get those of its own graph;
* an integer that a task has no value for ends all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any


def mend() -> None:
    """Replace what is wrong in KFP's modules."""
    from kfp.local import executor_output_utils
    from kfp.local.orchestrator import enhanced_dag_orchestrator, task_spec_utils
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    evaluator = enhanced_dag_orchestrator.ConditionEvaluator
    enhanced_dag_orchestrator._run_parallel_for_task = _run_loop  # noqa: SLF001 - no other way
    evaluator._resolve_pipeline_channel = staticmethod(_channel)  # noqa: SLF001 - no other way
    task_spec_utils.build_nested_dag_arguments = _group_arguments
    OrchestratorUtils.get_dag_output_artifacts = staticmethod(_group_artifacts)
    cast = executor_output_utils.cast_protobuf_numbers

    def cast_what_is_there(values: dict[str, Any], types: Any) -> dict[str, Any]:
        absent = {key: None for key, value in values.items() if value is None}
        there = {key: value for key, value in values.items() if value is not None}
        return {**cast(there, types), **absent}

    executor_output_utils.cast_protobuf_numbers = cast_what_is_there


def _run_loop(
    *,
    task_name: str,
    task_spec: Any,
    components: Mapping[str, Any],
    io_store: Any,
    fail_stack: list[str],
    parallel_executor: object,  # noqa: ARG001 - KFP gives it
    **rest: Any,
) -> bool:
    """Work on all items of a loop, one after the other; whether any of them failed."""
    from kfp.compiler.pipeline_spec_builder import to_protobuf_value
    from kfp.local.orchestrator.enhanced_dag_orchestrator import execute_task
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils
    from kfp.local.status import Status

    loop = task_spec.parameter_iterator
    if loop.items.raw:
        items = json.loads(loop.items.raw)
    else:
        given = OrchestratorUtils.make_task_arguments(task_spec.inputs, io_store)
        items = given[loop.items.input_parameter]
    made: list[Mapping[str, Any]] = []
    failed = False
    for number, item in enumerate(items):
        one = type(task_spec)()
        one.CopyFrom(task_spec)
        one.ClearField("parameter_iterator")
        one.inputs.parameters[loop.item_input].runtime_value.constant.CopyFrom(
            to_protobuf_value(item)
        )
        name = f"{task_name}-iteration-{number}"
        outputs, status = execute_task(
            task_name=name,
            task_spec=one,
            components=components,
            io_store=io_store,
            fail_stack=fail_stack,
            **rest,
        )
        made.append(outputs)
        if status == Status.FAILURE:
            fail_stack.append(name)
            failed = True
    if not failed:
        for key in components[task_spec.component_ref.name].output_definitions.artifacts:
            lists = (each[key] if isinstance(each[key], list) else [each[key]] for each in made)
            io_store.put_task_output(task_name, key, [*chain.from_iterable(lists)])
    io_store.put_task_status(task_name, "FAILED" if failed else "SUCCEEDED")
    return failed


def _channel(name: str, io_store: Any) -> Any:
    """The value that a condition names, of a task beside it or of the group that it is in."""
    plain = name.removeprefix("pipelinechannel--")
    for task, outputs in io_store._task_output_data.items():  # noqa: SLF001 - no other way
        for key, value in outputs.items():
            if f"{task}-{key}" == plain:
                return value
    return io_store.get_parent_input(name)


def _group_arguments(
    *, task_name: str, task_spec: Any, component_spec: Any, io_store: Any
) -> dict[str, Any]:
    """What a group takes in."""
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    del task_name, component_spec
    return dict(OrchestratorUtils.make_task_arguments(task_spec.inputs, io_store))


def _group_artifacts(*, dag_outputs_spec: Any, io_store: Any) -> dict[str, Any]:
    """What a group gives out: of an output that several branches may make, the one that is there.

    Raises:
        ValueError: none is.
    """
    found: dict[str, Any] = {}
    for key, output in dag_outputs_spec.artifacts.items():
        for selector in output.artifact_selectors:
            source = selector.producer_subtask, selector.output_artifact_key
            try:
                found[key] = io_store.get_task_output(*source)
            except ValueError:
                continue
        if key not in found:
            raise ValueError(f"no branch has made the output {key}")
    return found
