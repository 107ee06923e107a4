"""A task's ports: what KFP's executor input says of them, and the executor output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class Ports:
    """The artifacts of a task by their keys, its parameters, and the file that tells KFP of them.

    ``lists`` has all artifacts of each input, ``inputs`` the first. What is changed in ``outputs``,
    and ``more`` of the executor output's fields, KFP learns, if :meth:`finish` is called.
    """

    def __init__(self, executor_input: str) -> None:
        given = json.loads(executor_input)
        received = given.get("inputs", {})
        self.lists = _artifacts(received)
        self.inputs = {key: found[0] for key, found in self.lists.items() if found}
        self.outputs = {key: found[0] for key, found in _artifacts(given["outputs"]).items()}
        self.more: dict[str, Any] = {}
        self.parameters: dict[str, Any] = received.get("parameterValues", {})
        self._file = Path(given["outputs"]["outputFile"])

    def write(self, key: str, text: str) -> None:
        """Write an output artifact that is one file, if this task has it."""
        if key in self.outputs:
            path = Path(local_path(self.outputs[key]))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")

    def tell(self, key: str, facts: Mapping[str, Any]) -> None:
        """Add to the metadata of an output artifact, but text that its way would change.

        The next task's container gets them as an argument, in which Kubernetes and Argo expand
        what looks like a name of theirs.
        """
        safe = {k: v for k, v in facts.items() if not re.search(r"\$|{{", f"{k} {v}")}
        self.outputs[key].setdefault("metadata", {}).update(safe)

    def may_hand_on(self, step: str, keys: Iterable[str], output: str) -> bool:
        """Whether any of the inputs ``keys`` can stand for ``output`` by its URI.

        KFP's launcher uploads an output from the place that its URI tells, to that URI, and takes
        none but one below the root of this run. Those of a task that it took from the cache are
        below the root of another run.
        """
        found = [self.outputs[output], *(self.inputs[key] for key in keys)]
        task = re.sub("[^0-9a-z]+", "-", step.lower()).strip("-")  # its name in the package
        root, named, _ = found[0]["uri"].rpartition(f"/{task}/")
        return bool(named) and all(
            artifact["uri"].startswith(f"{root}/")
            and not artifact.get("customPath")
            and "_kfp_workspace" not in artifact.get("metadata", {})
            for artifact in found
        )

    def finish(self) -> None:
        """Write the executor output."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        artifacts = {key: {"artifacts": [artifact]} for key, artifact in self.outputs.items()}
        self._file.write_text(json.dumps({"artifacts": artifacts, **self.more}))


def local_path(artifact: Mapping[str, Any]) -> Any:
    """Where the pod has an artifact: as ``LocalPathForURI`` of KFP's launcher decides."""
    path = re.sub("^(gcs|minio|s3)://", r"/\1/", re.sub("^gs:", "gcs:", artifact["uri"]))
    if artifact.get("metadata", {}).get("_kfp_workspace") is True:
        path = "/kfp-workspace/.artifacts" + path
    return artifact.get("customPath") or path


def overrides(declared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that differ from the defaults which the notebook holds, in their types.

    ``declared`` maps each name to its ``type`` and ``default``, and its ``key`` in ``values``
    where KFP, which wants ASCII, calls it otherwise. KFP turns every number into a double, so
    a value that a default may have become on its way leaves that literal alone: 1.0 in a list
    arrives as 1, and integers beyond 2**53 lose digits.
    """
    found = {}
    for name, parameter in declared.items():
        kind, value = parameter["type"], values.get(parameter.get("key", name))
        if value is None:
            continue
        if isinstance(value, str) and kind != "str":
            value = json.loads(value)
        if cast := {"int": int, "float": float}.get(kind):
            value = cast(value)
        if _as_doubles(value) != _as_doubles(parameter["default"]):
            found[name] = value
    return found


def _as_doubles(value: Any) -> str:
    """JSON text in which all numbers are doubles."""
    return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)


def _artifacts(side: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {key: port.get("artifacts", []) for key, port in side.get("artifacts", {}).items()}
