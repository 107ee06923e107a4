"""The entry of a step's pod: KFP's executor input in, the step's notebook run, its output out."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def main(executor_input: str, step: str, notebook: str) -> int:
    """Run one step in its pod; the exit code is 0, or 1 when a cell or the runtime failed.

    ``executor_input`` is KFP's JSON, ``notebook`` the step notebook as Base64 of zlib's
    format. What the notebook prints goes to the log as it comes. The metadata of an output
    artifact tell what its value is; that with the key ``metrics`` gets those that are numbers.
    """
    try:
        import nbformat
        import papermill
    except ImportError as error:
        return _fail(step, f"its image lacks `{error.name}`; add `papermill` and `ipykernel`")
    given = json.loads(executor_input)
    source = json.loads(zlib.decompress(base64.b64decode(notebook)))
    ports = source["metadata"]["kale"]
    received = given.get("inputs", {})
    inputs, outputs = _artifacts(received), _artifacts(given["outputs"])
    changed = overrides(ports["parameters"], received.get("parameterValues", {}))
    runtime = importlib.util.find_spec("kale_runtime")
    assert runtime is not None
    assert runtime.origin is not None
    paths = [str(Path(runtime.origin).parents[1]), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with tempfile.TemporaryDirectory(prefix="kale-") as folder:
        metrics = Path(local_path(outputs.get("metrics", {"uri": folder})), "metrics.json")
        context = {
            "step": step,
            "inputs": {n: [local_path(inputs[k]) for k in p] for n, p in ports["inputs"].items()},
            "outputs": {n: local_path(outputs[key]) for n, key in ports["outputs"].items()},
            "metrics": str(metrics),
            "marshal": ports.get("marshal", {}),
            "digest": "sha256",  # the next pod may not have what this one has
        }
        file = Path(folder, "context.json")
        file.write_text(json.dumps(context))
        os.environ["KALE_STEP_CONTEXT"] = str(file)
        try:
            papermill.execute_notebook(
                nbformat.from_dict(source),
                None,
                changed,
                kernel_name="python3",
                progress_bar=False,
                stdout_file=sys.stdout,
                stderr_file=sys.stderr,
            )
        except papermill.PapermillExecutionError as error:
            text = "\n".join([*error.traceback, ""])
            sys.stderr.write(text)
            # Parameters are a cell more, in front of all that can fail.
            ours = source["cells"][error.cell_index - bool(changed)]["metadata"].get("kale", {})
            # The traceback's first frame in this cell, which IPython names by its count.
            text = re.sub(r"\x1b\[[0-9;]*m", "", text)
            found = re.search(rf"Cell In\[{error.exec_count}\], line (\d+)", text)
            line = f", line {ours.get('line', 1) + int(found[1]) - 1}" if found else ""
            place = f"cell {ours['cell']}{line}: " if "cell" in ours else ""
            return _fail(step, f"{place}{error.ename}: {error.evalue}")
        except Exception as error:  # noqa: BLE001 -- kernels and images fail in many ways
            return _fail(step, f"{type(error).__name__}: {error}")
    for key in ports["outputs"].values():
        told = json.loads(Path(local_path(outputs[key]), "manifest.json").read_bytes())
        kept = {k: told[k] for k in ("type", "artifact", "description") if told.get(k)}
        outputs[key].setdefault("metadata", {}).update(kept)
    if "metrics" in outputs:
        recorded = json.loads(metrics.read_bytes())
        numbers = {name: n for name, n in recorded.items() if type(n) in (int, float)}
        outputs["metrics"].setdefault("metadata", {}).update(numbers)
    report = Path(given["outputs"]["outputFile"])
    report.parent.mkdir(parents=True, exist_ok=True)
    artifacts = {key: {"artifacts": [artifact]} for key, artifact in outputs.items()}
    report.write_text(json.dumps({"artifacts": artifacts}))
    return 0


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


def _artifacts(side: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    ports = side.get("artifacts", {})
    return {key: port["artifacts"][0] for key, port in ports.items() if port.get("artifacts")}


def _fail(step: str, message: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"step `{step}` failed: {message}\n")
    return 1
