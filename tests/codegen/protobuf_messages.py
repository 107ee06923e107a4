"""A package held against the messages of its specification, and its wires followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineDeploymentConfig, PipelineSpec, PlatformSpec

#: The artifact type that takes an artifact of any type.
_ANY = "system.Artifact"


def check_messages(documents: list[Any]) -> None:
    """Fail where a field is unknown, has a wrong type, or would be written otherwise.

    The specification calls what concerns containers and pods a structure of any kind, so these
    parts are held against messages of their own.
    """
    spec, *platforms = documents
    _round_trip(spec, PipelineSpec())
    _round_trip(spec["deploymentSpec"], PipelineDeploymentConfig())
    for document in platforms:
        _round_trip(document, PlatformSpec())
        assert sorted(document["platforms"]) == ["kubernetes"]
        for config in executor_configs(document).values():
            _round_trip(config, KubernetesExecutorConfig())


def check_wires(documents: list[Any]) -> None:
    """Fail where a name leads nowhere, a type does not fit, or a needed input is not fed."""
    spec, *platforms = documents
    executors = spec["deploymentSpec"]["executors"]
    graphs = [*_graphs(spec)]
    named = [task["componentRef"]["name"] for _, tasks in graphs for task in tasks.values()]
    assert sorted(named) == sorted(spec["components"])
    labels = [c["executorLabel"] for c in spec["components"].values() if "dag" not in c]
    assert sorted(labels) == sorted(executors)
    for document in platforms:
        assert executor_configs(document).keys() <= executors.keys()
    for around, tasks in graphs:
        for name in tasks:
            _check_task(spec, around, tasks, name)
        assert sorted(_topological(tasks)) == sorted(tasks)
        for output in around.get("dag", {}).get("outputs", {}).get("artifacts", {}).values():
            for source in output["artifactSelectors"]:
                made = _outputs(spec, tasks, source["producerSubtask"])
                assert source["outputArtifactKey"] in made["artifacts"]
        for document in platforms:
            _check_mounts(spec, around, tasks, document)


def _graphs(spec: Any) -> Iterator[tuple[Any, Any]]:
    """The component of each graph, the root's first, and its tasks."""
    for component in (spec["root"], *spec["components"].values()):
        if "dag" in component:
            yield component, component["dag"]["tasks"]


def _check_task(spec: Any, around: Any, tasks: Any, name: str) -> None:
    task = tasks[name]
    component = spec["components"][task["componentRef"]["name"]]
    wanted, fed = component.get("inputDefinitions", {}), task.get("inputs", {})
    before = task.get("dependentTasks", [])
    assert before == sorted(set(before) - {name}), name
    assert set(before) <= tasks.keys(), name
    item = task.get("parameterIterator", {}).get("itemInput")
    for kind in ("parameters", "artifacts"):
        needed = {k for k, port in wanted.get(kind, {}).items() if not port.get("isOptional")}
        assert needed - {item} <= fed.get(kind, {}).keys() <= wanted.get(kind, {}).keys(), name
    outside = around.get("inputDefinitions", {})
    for key, source in fed.get("artifacts", {}).items():
        if output := source.get("taskOutputArtifact"):
            made = _outputs(spec, tasks, output["producerTask"])["artifacts"]
            given = made[output["outputArtifactKey"]]
            assert output["producerTask"] in before, (name, key)
        else:
            given = outside["artifacts"][source["componentInputArtifact"]]
        port = wanted["artifacts"][key]
        assert _title(port) in (_title(given), _ANY), (name, key)
        assert port.get("isArtifactList") == given.get("isArtifactList"), (name, key)
    for key, source in fed.get("parameters", {}).items():
        kind = wanted["parameters"][key]["parameterType"]
        if constant := source.get("runtimeValue"):
            assert kind == _TYPES[type(constant["constant"])], (name, key)
            continue
        if output := source.get("taskOutputParameter"):
            assert kind == _output_type(spec, tasks, output), (name, key)
            assert output["producerTask"] in before, (name, key)
            continue
        given = outside["parameters"][source["componentInputParameter"]]
        assert kind == given["parameterType"], (name, key)
        if around is spec["root"]:
            optional = wanted["parameters"][key].get("isOptional")
            known = "defaultValue" in given or not given.get("isOptional")
            assert optional or known, (name, key)


#: The types of constants in a specification.
_TYPES = {str: "STRING", list: "LIST", dict: "STRUCT"}


def _check_mounts(spec: Any, around: Any, tasks: Any, platform: Any) -> None:
    """Fail where the claim of a mount is nobody's."""
    configs = executor_configs(platform)
    for name, task in tasks.items():
        for mount in configs.get(f"exec-{name}", {}).get("pvcMount", ()):
            source = mount.get("pvcNameParameter", mount)
            if output := source.get("taskOutputParameter"):
                assert _output_type(spec, tasks, output) == "STRING"
                handled = task.get("triggerPolicy", {}).get("strategy")
                assert handled or output["producerTask"] in task["dependentTasks"], name
            elif key := source.get("componentInputParameter"):
                given = around["inputDefinitions"]["parameters"][key]
                assert given == {"parameterType": "STRING"}, name


def _outputs(spec: Any, tasks: Any, name: str) -> Any:
    found = spec["components"][tasks[name]["componentRef"]["name"]]["outputDefinitions"]
    return {"artifacts": {}, "parameters": {}, **found}


def _output_type(spec: Any, tasks: Any, output: Any) -> Any:
    """The type of a parameter that a task gives."""
    made = _outputs(spec, tasks, output["producerTask"])["parameters"]
    return made[output["outputParameterKey"]]["parameterType"]


def check_executors_differ(documents: list[Any]) -> None:
    """Fail where two components of different ports have equal containers: KFP would mix them up."""
    spec = documents[0]
    executors = spec["deploymentSpec"]["executors"]
    ports: dict[str, Any] = {}
    for component in spec["components"].values():
        if "dag" in component:
            continue
        container = repr(executors[component["executorLabel"]]["container"])
        own = {k: v for k, v in component.items() if k != "executorLabel"}
        assert ports.setdefault(container, own) == own


def executor_configs(document: Any) -> dict[str, Any]:
    """What the platform's document says of pods, by the label of the executor."""
    kubernetes = document["platforms"]["kubernetes"]
    found: dict[str, Any] = kubernetes.get("deploymentSpec", {}).get("executors", {})
    return found


def _round_trip(document: Any, message: Message) -> None:
    json_format.ParseDict(document, message)  # refuses a field that it does not know
    assert json_format.MessageToDict(message) == document


def _title(port: Any) -> str:
    title: str = port["artifactType"]["schemaTitle"]
    return title


def _topological(tasks: dict[str, Any]) -> list[str]:
    """The tasks that can ever start, as the driver finds them."""
    done: list[str] = []
    while ready := [
        name
        for name, task in tasks.items()
        if name not in done and set(task.get("dependentTasks", [])) <= set(done)
    ]:
        done += ready
    return done
