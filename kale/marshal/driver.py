"""The entry of a step's pod: KFP's executor input in, the step's notebook run, its output out."""

from __future__ import annotations

import base64
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
    format. What the notebook prints goes to the log as it comes. An output artifact with the
    key ``metrics`` gets the metrics that are numbers as its metadata.
    """
    try:
        import ipykernel  # noqa: F401 -- papermill starts it as a process
        import papermill
    except ImportError as error:
        return _fail(step, f"its image lacks `{error.name}`; add `papermill` and `ipykernel`")
    given = json.loads(executor_input)
    source = json.loads(zlib.decompress(base64.b64decode(notebook)))
    ports = source["metadata"]["kale"]
    received = given.get("inputs", {})
    inputs, outputs = _artifacts(received), _artifacts(given["outputs"])
    work = Path(tempfile.mkdtemp(prefix="kale-step-"))
    metrics = Path(local_path(outputs["metrics"]) if "metrics" in outputs else work, "metrics.json")
    context = {
        "step": step,
        "inputs": {n: [local_path(inputs[key]) for key in k] for n, k in ports["inputs"].items()},
        "outputs": {n: local_path(outputs[key]) for n, key in ports["outputs"].items()},
        "metrics": str(metrics),
    }
    (work / "context.json").write_text(json.dumps(context), "utf-8")
    (work / "step.ipynb").write_text(json.dumps(source), "utf-8")
    runtime = str(Path(__file__).absolute().parents[1])
    paths = [runtime, os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["KALE_STEP_CONTEXT"] = str(work / "context.json")
    try:
        papermill.execute_notebook(
            str(work / "step.ipynb"),
            str(work / "executed.ipynb"),
            overrides(ports["parameters"], received.get("parameterValues", {})),
            kernel_name="python3",
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
        )
    except papermill.PapermillExecutionError as error:
        sys.stderr.write("\n".join([*error.traceback, ""]))
        executed = json.loads((work / "executed.ipynb").read_text("utf-8"))
        return _fail(step, f"{_place(executed, error)}{error.ename}: {error.evalue}")
    except Exception as error:  # noqa: BLE001 -- kernels and images fail in many ways
        return _fail(step, f"{type(error).__name__}: {error}")
    recorded = json.loads(metrics.read_text("utf-8")) if metrics.exists() else {}
    numbers = {name: n for name, n in recorded.items() if type(n) in (int, float)}
    if "metrics" in outputs:
        artifact = outputs["metrics"]
        artifact["metadata"] = {**artifact.get("metadata", {}), **numbers}
    report = Path(given["outputs"]["outputFile"])
    report.parent.mkdir(parents=True, exist_ok=True)
    artifacts = {key: {"artifacts": [artifact]} for key, artifact in outputs.items()}
    report.write_text(json.dumps({"artifacts": artifacts}), "utf-8")
    return 0


def local_path(artifact: Mapping[str, Any]) -> str:
    """Where the pod has an artifact: as ``LocalPathForURI`` of KFP's launcher decides."""
    if custom := artifact.get("customPath"):
        return str(custom)
    path = re.sub("^(gs|minio|s3)://", lambda m: f"/{m[1].replace('gs', 'gcs')}/", artifact["uri"])
    if artifact.get("metadata", {}).get("_kfp_workspace") is True:
        path = "/kfp-workspace/.artifacts/" + path.lstrip("/")
    return path


def overrides(declared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that differ from the defaults which the notebook holds, in their types.

    ``declared`` maps each name to its ``type`` and ``default``. KFP turns every number into a
    double, so a value that a default may have become on its way leaves that literal alone:
    1.0 in a list arrives as 1, and integers beyond 2**53 lose digits.
    """
    found = {}
    for name, parameter in declared.items():
        kind, value = parameter["type"], values.get(name)
        if value is None:
            continue
        if isinstance(value, str) and kind != "str":
            value = json.loads(value)
        if kind in ("int", "float"):
            value = int(value) if kind == "int" else float(value)
        if _as_doubles(value) != _as_doubles(parameter["default"]):
            found[name] = value
    return found


def _as_doubles(value: Any) -> str:
    """JSON text in which all numbers are doubles."""
    return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)


def _artifacts(side: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    ports = side.get("artifacts", {})
    return {key: dict(port["artifacts"][0]) for key, port in ports.items() if port.get("artifacts")}


def _place(notebook: Mapping[str, Any], error: Any) -> str:
    """Where the cell that failed is in the author's notebook: ``cell 7, line 3: ``."""
    for cell in notebook["cells"]:
        ours = cell["metadata"].get("kale", {})
        if "cell" in ours and any(o["output_type"] == "error" for o in cell.get("outputs", ())):
            # The traceback's first frame in this cell, which IPython names by its count.
            text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
            found = re.search(rf"Cell In\[{error.exec_count}\], line (\d+)", text)
            line = f", line {ours.get('line', 1) + int(found[1]) - 1}" if found else ""
            return f"cell {ours['cell']}{line}: "
    return ""


def _fail(step: str, message: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"step `{step}` failed: {message}\n")
    return 1
