"""What the JSON of a run says of its tasks, from each kind of server, also when it makes no sense."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
import yaml
from cluster.workflows import answer, entries, pod, step, workflow

from kale.cluster.run_state import (
    Task,
    TaskState,
    pipeline_tasks,
    run_error,
    run_state,
    seen_tasks,
    task_states,
)
from kale.cluster.workflow_state import read_workflow, workflow_states, workflow_tasks


def tasks(*names):
    return tuple(Task(name, name) for name in names)


# -------------------------------------------------------------------------- the specification


def spec(*, kale=True, **needs):
    """A specification of these tasks; one whose name begins with an underscore is no step."""
    outputs = {"artifacts": {"executed_notebook": {}}} if kale else {}
    return {
        "components": {
            f"comp-{name}": {} if name[0] == "_" else {"outputDefinitions": outputs}
            for name in needs
        },
        "root": {
            "dag": {
                "tasks": {
                    name: {
                        "componentRef": {"name": f"comp-{name}"},
                        "taskInfo": {"name": name.replace("-", "_")},
                        **({"dependentTasks": [*others]} if others else {}),
                    }
                    for name, others in needs.items()
                }
            }
        },
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, [], id="nothing is known"),
        pytest.param({"root": {"dag": {"tasks": "?"}}}, [], id="it makes no sense"),
        pytest.param(
            spec(a=["c"], b=["a"], c=[]), ["c", "a", "b"], id="what is waited for comes first"
        ),
        pytest.param(spec(b=[], a=[]), ["a", "b"], id="else the order is that of the names"),
        pytest.param(spec(a=["b"], b=["a"]), ["a", "b"], id="tasks that wait for each other"),
        pytest.param(spec(a=["gone"]), ["a"], id="a task waits for one that is not there"),
        pytest.param(
            {"pipeline_spec": spec(a=[]), "platform_spec": {}}, ["a"], id="a platform's beside it"
        ),
        pytest.param(
            spec(_volume=[], a=["_volume"]), ["(_volume)", "a"], id="a volume's task is no step"
        ),
        pytest.param(
            spec(kale=False, _x=[], y=[]), ["_x", "y"], id="all tasks of others are steps"
        ),
    ],
)
def test_tasks_of_a_specification(given, expected):
    found = pipeline_tasks(given)
    assert [task.key if task.is_step else f"({task.key})" for task in found] == expected


def test_a_task_has_its_authors_name():
    assert pipeline_tasks(spec(**{"load-data": []})) == (Task("load-data", "load_data"),)


def test_a_loop_is_one_task():
    given = spec(load=[], _runtime=[])
    given["components"]["comp-for-loop-1"] = {"dag": {"tasks": {}}}
    given["root"]["dag"]["tasks"]["for-loop-1"] = {
        "componentRef": {"name": "comp-for-loop-1"},
        "dependentTasks": ["load"],
        "taskInfo": {"name": "for x in xs"},
    }
    steps = [(task.name, task.is_step) for task in pipeline_tasks(given)]
    assert steps == [("_runtime", False), ("load", True), ("for x in xs", True)]


def test_tasks_of_a_package_of_kales(kale, notebook, tmp_path):
    roots = [(f"block:root_{number}", f"x{number} = {number}") for number in range(9)]
    path = notebook(*roots, ("block:add prev:root_0 prev:root_1", "print(x0 + x1)"))
    assert kale("compile", path)[0] == 0
    spec = next(yaml.load_all((tmp_path / "nb.yaml").read_text(), yaml.CSafeLoader))
    found = pipeline_tasks(json.loads(json.dumps(spec)))
    assert found[0] == Task("kale-runtime", "kale-runtime", is_step=False)
    names = [task.name for task in found if task.is_step]
    assert sorted(names) == ["add", *(f"root_{number}" for number in range(9))]
    assert names.index("add") > max(names.index("root_0"), names.index("root_1"))


# ------------------------------------------------------------------------------ task_details


def entry(name, state="", **more):
    return {"display_name": name, **({"state": state} if state else {}), **more}


def details(*found):
    return {"run_details": {"task_details": [*found]}}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param({}, TaskState("pending"), id="nothing yet"),
        pytest.param({"run_details": None}, TaskState("pending"), id="no details"),
        pytest.param({"run_details": {"task_details": ["?", 1]}}, TaskState("pending"), id="junk"),
        pytest.param(
            details(entry("train-driver", "RUNNING")), TaskState("pending"), id="its driver runs"
        ),
        pytest.param(
            details(entry("train-driver", "SUCCEEDED"), entry("train", "RUNNING")),
            TaskState("running"),
            id="it runs",
        ),
        pytest.param(
            details(entry("train", "RUNNING"), entry("executor", "FAILED")),
            TaskState("running"),
            id="another task's pod has failed",
        ),
        pytest.param(details(entry("train", "SUCCEEDED")), TaskState("succeeded"), id="done"),
        pytest.param(
            details(entry("train", "SKIPPED")), TaskState("skipped"), id="a condition was false"
        ),
        pytest.param(details(entry("train", "PAUSED")), TaskState("running"), id="paused"),
        pytest.param(
            details(entry("train", "RUNTIME_STATE_UNSPECIFIED")), TaskState("pending"), id="omitted"
        ),
        pytest.param(
            details(entry("train", "SOMETHING_NEW")), TaskState("pending"), id="a state of later"
        ),
        pytest.param(
            details(entry("train", "FAILED", error={"message": "OOM"}, pod_name="p")),
            TaskState("failed", ("p",), "OOM"),
            id="a server that fills in what there is for it",
        ),
        pytest.param(
            details(
                entry("train", "FAILED", task_id="t"),
                entry("executor", "FAILED", parent_task_id="t", pod_name="p"),
            ),
            TaskState("failed", ("p",)),
            id="a server that says which pod is inside",
        ),
        pytest.param(
            details(entry("train-driver", "FAILED", pod_name="d"), entry("train")),
            TaskState("failed", ("d",)),
            id="its driver has failed and it was omitted",
        ),
    ],
)
def test_a_task_of_2_x(run, expected):
    assert task_states(run, tasks("train")) == {"train": expected}


def test_a_task_that_is_called_as_argo_calls_its_own_is_not_mixed_up_with_those():
    run = details(entry("executor", "FAILED"), entry("root", "RUNNING"), entry("root-driver"))
    names = ("executor", "root", "root-driver")
    assert set(task_states(run, tasks(*names)).values()) == {TaskState("pending")}
    manifest = workflow(step("executor", "Succeeded"), step("root", "Failed"))
    found = states(manifest, "executor", "root")
    assert [one.state for one in found.values()] == ["succeeded", "failed"]


def test_tasks_without_a_specification():
    manifest = workflow(step("load", "Succeeded"), step("train", "Running"))
    run = {"run_details": {"task_details": entries(manifest)}}
    assert seen_tasks(run) == workflow_tasks(read_workflow(answer(manifest)))
    assert seen_tasks(run) == tasks("load", "train")


# ---------------------------------------------------------------------------------- 3.0


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param({"state": "CACHED"}, TaskState("cached"), id="from the cache"),
        pytest.param(
            {
                "state": "FAILED",
                "pods": [
                    {"name": "d", "type": "DRIVER"},
                    {"name": "e", "type": "EXECUTOR"},
                    {"name": "f", "type": "EXECUTOR"},
                ],
                "status_metadata": {"message": "exit status 1"},
                "outputs": {"artifacts": [{"uri": "s3://b/v2/x/executor-logs"}]},
            },
            TaskState("failed", ("e", "f"), "exit status 1", "s3://b/v2/x/executor-logs"),
            id="two attempts failed",
        ),
        pytest.param(
            {"state": "FAILED", "pods": [{"name": "d", "type": "DRIVER"}]},
            TaskState("failed", ("d",)),
            id="its driver failed",
        ),
        pytest.param({"pods": "?"}, TaskState("pending"), id="junk"),
    ],
)
def test_a_task_of_3_0(found, expected):
    run = {"tasks": [{"name": "root"}, {"name": "train", "type": "RUNTIME", **found}]}
    assert task_states(run, tasks("train")) == {"train": expected}
    assert seen_tasks(run) == tasks("train")
    assert task_states(run, tasks("other")) == {"other": TaskState("pending")}


# ------------------------------------------------------------------------------- workflows


def states(manifest, *names):
    return workflow_states(read_workflow(answer(manifest)), tasks(*names))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param(step("other", "Running"), TaskState("pending"), id="it has not begun"),
        pytest.param(step("train", "Running"), TaskState("running"), id="it runs"),
        pytest.param(
            step("train", "Running", message="PodInitializing"),
            TaskState("running"),
            id="it starts",
        ),
        pytest.param(
            step("train", "Running", message='ImagePullBackOff: Back-off pulling image "x"'),
            TaskState("running", message='ImagePullBackOff: Back-off pulling image "x"'),
            id="its image cannot be had",
        ),
        pytest.param(step("train", "Succeeded"), TaskState("succeeded"), id="done"),
        pytest.param(step("train", "Succeeded", cached=True), TaskState("cached"), id="cached"),
        pytest.param(
            step("train", "Succeeded", attempts=2), TaskState("succeeded"), id="done at the second"
        ),
        pytest.param(step("train", "Omitted"), TaskState("skipped"), id="another one failed"),
        pytest.param(
            step("train", "Failed", message="Error (exit code 1)"),
            TaskState("failed", ("iris-x7k2p-system-container-impl-105",), "Error (exit code 1)"),
            id="its pod failed",
        ),
        pytest.param(
            step("train", "Error", message="pod deleted"),
            TaskState("failed", ("iris-x7k2p-system-container-impl-105",), "pod deleted"),
            id="its pod was deleted",
        ),
        pytest.param(
            step("train", "Failed", attempts=2, message="OOMKilled (exit code 137)"),
            TaskState(
                "failed",
                (
                    "iris-x7k2p-retry-system-container-impl-106",
                    "iris-x7k2p-retry-system-container-impl-107",
                ),
                "OOMKilled (exit code 137)",
            ),
            id="both attempts failed",
        ),
        pytest.param(
            step("train", "", driver="Failed", message="Error (exit code 1)"),
            TaskState("failed", ("iris-x7k2p-system-container-driver-103",), "Error (exit code 1)"),
            id="its driver failed",
        ),
        pytest.param(
            step("train", "Failed", message="workflow shutdown with strategy:  Terminate"),
            TaskState("canceled", message="workflow shutdown with strategy:  Terminate"),
            id="somebody stopped the run",
        ),
        pytest.param(
            step(
                "train",
                "Failed",
                inputs={
                    "parameters": [
                        {"value": '{"args":["{\\"uri\\":\\"minio://b/v2/r/1/executor-logs\\"}"]}'}
                    ]
                },
            ),
            TaskState(
                "failed",
                ("iris-x7k2p-system-container-impl-105",),
                kept_log="minio://b/v2/r/1/executor-logs",
            ),
            id="its log is kept as an artifact",
        ),
    ],
)
def test_a_task_of_a_workflow(nodes, expected):
    assert states(workflow(nodes), "train") == {"train": expected}


def test_a_task_whose_name_begins_as_another_ones():
    manifest = workflow(step("train", "Succeeded"), step("train-all", "Failed"))
    found = states(manifest, "train", "train-all")
    assert found["train"] == TaskState("succeeded")
    assert found["train-all"].pods == (pod(manifest, "train-all.executor"),)


def test_pods_of_argo_3_3_are_called_as_their_nodes():
    old = {"annotations": {"workflows.argoproj.io/pod-name-format": "v1"}}
    manifest = workflow(step("train", "Failed"), metadata=old)
    assert states(manifest, "train")["train"].pods == ("iris-x7k2p-105",)


def test_a_pods_name_is_no_longer_than_kubernetes_takes():
    manifest = workflow(step("train", "Failed"), name="w" * 240)
    name = states(manifest, "train")["train"].pods[0]
    assert name == f"{'w' * 240}-s-105"


def test_nodes_that_argo_has_packed():
    manifest = workflow(step("train", "Succeeded"))
    nodes = json.dumps(manifest["status"].pop("nodes")).encode()
    manifest["status"]["compressedNodes"] = base64.b64encode(gzip.compress(nodes)).decode()
    assert states(manifest, "train") == {"train": TaskState("succeeded")}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"metadata": {"name": "w"}, "status": {}}', id="not begun"),
        pytest.param('{"metadata": {}, "status": {"nodes": {"a": {}}}}', id="no name"),
        pytest.param(
            '{"metadata": {"name": "w"}, "status": {"compressedNodes": "AAAA"}}', id="not packed"
        ),
        pytest.param(
            '{"metadata": {"name": "w"}, "status": {"compressedNodes": "%%%"}}', id="no base64"
        ),
    ],
)
def test_no_workflow(text):
    assert read_workflow({"pipeline_runtime": {"workflow_manifest": text}}) is None
    assert read_workflow({}) is None


def test_a_workflow_whose_nodes_make_no_sense():
    manifest = workflow(step("train", "Failed"))
    for node in manifest["status"]["nodes"].values():
        node |= {"phase": 1, "type": None, "inputs": "?", "children": 7}
    manifest["status"]["nodes"]["more"] = "?"
    assert states(manifest, "train") == {"train": TaskState("pending")}


# ------------------------------------------------------------------------------- whole runs


@pytest.mark.parametrize(
    ("run", "state", "error"),
    [
        pytest.param({}, "pending", "", id="just made"),
        pytest.param({"state": "CANCELING"}, "running", "", id="about to be stopped"),
        pytest.param({"state": "CANCELED"}, "canceled", "", id="stopped"),
        pytest.param(
            {"state": "FAILED", "error": {"message": "no quota"}}, "failed", "no quota", id="error"
        ),
        pytest.param(
            {
                "state": "FAILED",
                "error": "?",
                "state_history": [
                    {"state": "RUNNING", "error": {"message": "first"}},
                    {"state": "FAILED", "error": {"message": "last"}},
                    {"state": "FAILED"},
                ],
            },
            "failed",
            "last",
            id="an error in its history",
        ),
    ],
)
def test_a_run(run, state, error):
    assert (run_state(run), run_error(run)) == (state, error)
