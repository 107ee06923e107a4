"""KFP's launcher without a cluster: what a task's container is given, and what is made of its output.

It replaces the placeholders as plain text wherever they stand in the command and the arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

#: What Argo expands, beside the launcher's own placeholders.
ARGO = {"{{workflow.name}}": "a-name-from-argo"}


@dataclass
class Launcher:
    """Goes through the tasks of a pipeline specification; ``arguments`` are the run's.

    ``store`` is the folder here that holds the ``bucket``; ``results`` the folder here that the
    container sees as ``seen_results``, whose usual path is the one that KFP's driver writes.
    """

    spec: Mapping[str, Any]
    store: Path
    results: Path
    arguments: Mapping[str, Any] = field(default_factory=dict)
    bucket: str = "minio://bucket"
    seen_results: str = "/tmp/kfp_outputs"

    #: The artifacts that there are, by task and output.
    artifacts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def order(self) -> list[str]:
        """The tasks' keys, each after those that it waits for."""
        waits = {
            key: {*task.get("dependentTasks", ()), *(source for _, (source, _) in self._fed(key))}
            for key, task in self._tasks().items()
        }
        return [*TopologicalSorter(waits).static_order()]

    def argv(self, key: str) -> list[str]:
        """Make the folders of a task's outputs; its command line, the placeholders replaced."""
        given = self._executor_input(key)
        for output in given["outputs"]["artifacts"].values():
            _open_folder(self.file_of(output["artifacts"][0]).parent)
        _open_folder(self.results)
        values = {"{{$}}": json.dumps(given), **ARGO}
        for name, value in given["inputs"]["parameterValues"].items():
            text = value if isinstance(value, str) else json.dumps(value)
            values[f"{{{{$.inputs.parameters['{name}']}}}}"] = text
        container = self.container(key)
        words = [*container["command"], *container["args"]]
        for placeholder, value in values.items():
            words = [word.replace(placeholder, value) for word in words]
        return words

    def environment(self, key: str) -> dict[str, str]:
        """The variables that the specification sets in a task's container."""
        return {one["name"]: one.get("value", "") for one in self.container(key).get("env", ())}

    def finish(self, key: str) -> dict[str, Any]:
        """Take over what the container wrote: the metadata of each output, and its URI."""
        written = json.loads((self.results / "output_metadata.json").read_bytes())["artifacts"]
        for name, output in self._executor_input(key)["outputs"]["artifacts"].items():
            said = written[name]["artifacts"][0] if name in written else {}
            known = {part: said[part] for part in ("uri", "metadata") if said.get(part)}
            self.artifacts[key, name] = output["artifacts"][0] | known
        return {name: self.artifacts[key, name] for name in written}

    def container(self, key: str) -> Mapping[str, Any]:
        """The container of a task, as the specification has it."""
        label = self._component(key)["executorLabel"]
        found: Mapping[str, Any] = self.spec["deploymentSpec"]["executors"][label]["container"]
        return found

    def file_of(self, artifact: Mapping[str, Any]) -> Path:
        """Where an artifact lies here."""
        return self.store / artifact["uri"].removeprefix(self.bucket).lstrip("/")

    def _executor_input(self, key: str) -> dict[str, Any]:
        ports = self._component(key).get("outputDefinitions", {}).get("artifacts", {})
        uri, kind = f"{self.bucket}/{key}", "artifactType"
        outputs = {
            name: {"name": name, "uri": f"{uri}/{name}", "type": port[kind], "metadata": {}}
            for name, port in ports.items()
        }
        inputs = {name: self.artifacts[source] for name, source in self._fed(key)}
        return {
            "inputs": {
                "parameterValues": dict(self._values(key)),
                "artifacts": {name: {"artifacts": [one]} for name, one in inputs.items()},
            },
            "outputs": {
                "artifacts": {name: {"artifacts": [one]} for name, one in outputs.items()},
                "outputFile": f"{self.seen_results}/output_metadata.json",
            },
        }

    def _values(self, key: str) -> Iterator[tuple[str, Any]]:
        """The values of a task's parameters: the run's, else the defaults."""
        declared = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        known = {name: p["defaultValue"] for name, p in declared.items() if "defaultValue" in p}
        known.update(self.arguments)
        for name, feed in self._tasks()[key].get("inputs", {}).get("parameters", {}).items():
            if feed["componentInputParameter"] in known:
                yield name, known[feed["componentInputParameter"]]

    def _fed(self, key: str) -> list[tuple[str, tuple[str, str]]]:
        """The artifact inputs of a task, each with the task and output that feed it."""
        fed = self._tasks()[key].get("inputs", {}).get("artifacts", {})
        wires = [(name, feed["taskOutputArtifact"]) for name, feed in fed.items()]
        return [(name, (w["producerTask"], w["outputArtifactKey"])) for name, w in wires]

    def _component(self, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.spec["components"][
            self._tasks()[key]["componentRef"]["name"]
        ]
        return found

    def _tasks(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.spec["root"]["dag"]["tasks"]
        return found


def _open_folder(folder: Path) -> None:
    """Make a folder that whoever the container runs as may write, as an `emptyDir` volume is."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
