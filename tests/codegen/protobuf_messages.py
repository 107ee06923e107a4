"""A package held against the messages of its specification, and its wires followed."""

from __future__ import annotations

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
    tasks, components = spec["root"]["dag"]["tasks"], spec["components"]
    executors = spec["deploymentSpec"]["executors"]
    assert [task["componentRef"]["name"] for task in tasks.values()] == list(components)
    assert [component["executorLabel"] for component in components.values()] == list(executors)
    for document in platforms:
        assert executor_configs(document).keys() <= executors.keys()
    pipeline_inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, task in tasks.items():
        component = components[task["componentRef"]["name"]]
        wanted, fed = component.get("inputDefinitions", {}), task.get("inputs", {})
        before = task.get("dependentTasks", [])
        assert before == sorted(set(before) - {name}), name
        assert set(before) <= tasks.keys(), name
        for kind in ("parameters", "artifacts"):
            needed = {k for k, port in wanted.get(kind, {}).items() if not port.get("isOptional")}
            assert needed <= fed.get(kind, {}).keys() <= wanted.get(kind, {}).keys(), name
        for key, source in fed.get("artifacts", {}).items():
            output = source["taskOutputArtifact"]
            producer = components[tasks[output["producerTask"]]["componentRef"]["name"]]
            given = _title(producer["outputDefinitions"]["artifacts"][output["outputArtifactKey"]])
            assert _title(wanted["artifacts"][key]) in (given, _ANY), (name, key)
            assert output["producerTask"] in before, (name, key)
        for key, source in fed.get("parameters", {}).items():
            kind = wanted["parameters"][key]["parameterType"]
            if constant := source.get("runtimeValue"):
                assert kind == _TYPES[type(constant["constant"])], (name, key)
                continue
            if output := source.get("taskOutputParameter"):
                assert kind == _output_type(spec, output), (name, key)
                assert output["producerTask"] in before, (name, key)
                continue
            given = pipeline_inputs[source["componentInputParameter"]]
            assert kind == given["parameterType"], (name, key)
            assert wanted["parameters"][key].get("isOptional") or "defaultValue" in given
    assert sorted(_topological(tasks)) == sorted(tasks)
    for document in platforms:
        _check_mounts(spec, document)


#: The types of constants in a specification.
_TYPES = {str: "STRING", list: "LIST", dict: "STRUCT"}


def _check_mounts(spec: Any, platform: Any) -> None:
    """Fail where the claim of a mount is nobody's."""
    tasks = spec["root"]["dag"]["tasks"]
    for label, config in executor_configs(platform).items():
        for mount in config.get("pvcMount", ()):
            source = mount.get("pvcNameParameter", mount)
            if output := source.get("taskOutputParameter"):
                assert _output_type(spec, output) == "STRING"
                task = tasks[label.removeprefix("exec-")]
                assert output["producerTask"] in task["dependentTasks"], label
            elif key := source.get("componentInputParameter"):
                given = spec["root"]["inputDefinitions"]["parameters"][key]
                assert given == {"parameterType": "STRING"}, label


def _output_type(spec: Any, output: Any) -> Any:
    """The type of a parameter that a task gives."""
    task = spec["root"]["dag"]["tasks"][output["producerTask"]]
    outputs = spec["components"][task["componentRef"]["name"]]["outputDefinitions"]
    return outputs["parameters"][output["outputParameterKey"]]["parameterType"]


def check_executors_differ(documents: list[Any]) -> None:
    """Fail where two components of different ports have equal containers: KFP would mix them up."""
    spec = documents[0]
    executors = spec["deploymentSpec"]["executors"]
    ports: dict[str, Any] = {}
    for component in spec["components"].values():
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
