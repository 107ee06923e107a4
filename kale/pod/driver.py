"""Runs a step's notebook in its pod: what it gets, what it leaves, and what KFP is told of that."""

from __future__ import annotations

import base64
import html
import importlib.util
import json
import logging
import os
import shutil
import sys
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .failure import report_failure
from .page import html_page
from .ports import Ports, local_path, overrides

#: Seconds until a kernel must be there, and until all that it printed must be: nodes are busy.
_PATIENCE = 300


def run(ports: Ports, step: str, notebook: str, folder: Path) -> bool:
    """Run a step and write its outputs; whether it succeeded. Why it did not is in the log.

    ``notebook`` is the step notebook as Base64 of zlib's format, ``folder`` a place to work in.
    What the notebook prints goes to the log as it comes. The metadata of an output artifact
    tell what its value is, those of ``metrics`` what KFP shows as numbers, and those of
    ``classification_metrics`` what it draws.
    """
    source = json.loads(zlib.decompress(base64.b64decode(notebook)))
    # Which cells of the author's notebook these are; 0 is one of Kale's own. Not in the arguments,
    # which are in the key of KFP's cache: a new cell above a step does not change the step.
    numbers = os.environ.pop("KALE_CELLS", "").split()
    for cell, number in zip(source["cells"], numbers, strict=False):
        if number != "0":
            cell["metadata"]["kale"]["cell"] = int(number)
    names = source["metadata"]["kale"]
    try:
        context = _context(ports, step, names, folder)
    except RuntimeError as trouble:  # the volume that values go through
        report_failure(step, source, {}, trouble, {})
        return False
    file = folder / "context.json"
    file.write_text(json.dumps(context))
    os.environ["KALE_STEP_CONTEXT"] = str(file)
    _enter_working_folder()
    changed = overrides(names["parameters"], ports.parameters)
    executed, error = _execute(source, changed, folder / "executed.ipynb")
    try:
        ports.write("executed_notebook", json.dumps(executed, ensure_ascii=False))
        if "html_report" in ports.outputs:
            ports.write("html_report", html_page(executed, step))
    except Exception as trouble:  # noqa: BLE001 - how it is shown must not end a step that succeeded
        sys.stderr.write(f"kale: step {step}: a report of it is missing: {trouble!r}\n")
    if error is None:
        error = _tell(ports, names, context)
    if error is not None:
        inputs = {name: _described(paths[0]) for name, paths in context["inputs"].items() if paths}
        report_failure(step, source, executed, error, inputs)
        if "on_volume" in context:
            shutil.rmtree(context["on_volume"], ignore_errors=True)
    return error is None


def _context(ports: Ports, step: str, names: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the cells that load, save and record are told; see ``kale_runtime.step``."""
    inputs, outputs, root = names["inputs"], names["outputs"], names.get("on_volume", "")
    folders = {
        n: [_input(artifact, n, root) for k in keys for artifact in ports.lists.get(k, ())]
        for n, keys in inputs.items()
    }
    made = ""
    if root and outputs:
        from .on_volume import new_folder  # which the pods of most pipelines have not

        made = str(new_folder(root, step))
    context = {
        "step": step,
        "inputs": folders,
        "outputs": {
            n: f"{made}/{key}" if made else local_path(ports.outputs[key])
            for n, key in outputs.items()
        },
        "metrics": str(
            Path(local_path(ports.outputs.get("metrics", {"uri": str(folder)})), _METRICS)
        ),
        "marshal": names.get("marshal", {}),
        "digest": "sha256",  # the next pod may not have what this one has
        "hand_on": {
            name: str(folder / outputs[name])
            for name in names.get("single", ())
            if ports.may_hand_on(step, inputs[name], outputs[name])
        },
    }
    if made:
        context["on_volume"] = made
    if "classification_metrics" in ports.outputs:
        context["classification"] = str(folder / "classification.json")
    for more in _more(names):
        context |= more.context_of(ports, names, folder)
    return context


def _more(names: Mapping[str, Any]) -> list[Any]:
    """What the pods of most pipelines have not."""
    return [importlib.import_module(f"kale_pod.{m}") for m in ("logged", "told") if m in names]


def _input(artifact: Mapping[str, Any], name: str, root: str) -> str:
    """The folder of a value: the input artifact, or what that says of a volume."""
    path: str = local_path(artifact)
    if not root:
        return path
    from .on_volume import follow

    return follow(path, name, root)


_METRICS = "metrics.json"


def _enter_working_folder() -> None:
    """Let the kernel find the runtime, and begin where the author's own files are, if any are."""
    runtime = importlib.util.find_spec("kale_runtime")
    assert runtime is not None
    assert runtime.origin is not None
    root = Path(runtime.origin).parents[1]
    # Not the author's files: a `random.py` among them is for the notebook, which finds it in its
    # working folder, and not for what starts the kernel.
    known = [str(root), os.environ.get("PYTHONPATH")]
    if importlib.util.find_spec("kale") is None:
        known.append(f"{root}/kale_pod/shim")  # where it is there
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, known))
    if (files := root / "kale_files").is_dir():
        os.chdir(files)


def _execute(
    source: dict[str, Any], changed: dict[str, Any], path: Path
) -> tuple[dict[str, Any], Exception | None]:
    """The notebook as far as it was executed, and what ended that too early."""
    error: Exception | None = None
    # What the libraries say of themselves is nothing of the step's.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        import nbformat
        import papermill

        papermill.execute_notebook(
            nbformat.from_dict(source),
            path,
            changed,
            kernel_name="python3",
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
            start_timeout=_PATIENCE,
            iopub_timeout=_PATIENCE,
            on_cell_executed=_refuse_exit,
            extra_arguments=[
                f"--IPKernelApp.outstream_class={__package__}.streams.OutStream",
                # Interrupted at its end, which is how jupyter_client ends it, it says ERROR.
                "--IPKernelApp.log_level=CRITICAL",
            ],
        )
    except ImportError as trouble:
        error = ImportError(f"the image lacks `{trouble.name}`; add `papermill` and `ipykernel`")
    except Exception as trouble:  # noqa: BLE001 - kernels and images fail in many ways
        error = trouble
    if not path.exists():
        return source, error
    executed = json.loads(path.read_bytes())
    # Papermill puts two cells of its own before and into a notebook that failed.
    executed["cells"] = [
        cell
        for cell in executed["cells"]
        if "papermill-error-cell-tag" not in cell["metadata"].get("tags", ())
    ]
    for number, cell in enumerate(executed["cells"]):
        for output in cell.get("outputs", ()):
            if error is None and output["output_type"] == "error":
                # `sys.exit()`, which papermill takes for an end like any other.
                error = papermill.PapermillExecutionError(
                    number,
                    cell["execution_count"],
                    "",
                    *(output[key] for key in ("ename", "evalue", "traceback")),
                )
    return executed, error


def _refuse_exit(cell: Any, execute_reply: Mapping[str, Any], **_: Any) -> None:
    """Let a cell fail that ended its kernel, which may yet run some of the cells after it."""
    from nbclient.exceptions import CellExecutionError

    for asked in execute_reply["content"].get("payload", ()):
        if asked.get("source") == "ask_exit" and not asked.get("keepkernel"):
            kind = "SystemExit"
            told = "`exit()` and `quit()` end the kernel; a step has to run to its end"
            error = {"output_type": "error", "ename": kind, "evalue": told, "traceback": []}
            cell.outputs.append(type(cell)(error))
            raise CellExecutionError("", kind, told)


def _tell(ports: Ports, names: Mapping[str, Any], context: Mapping[str, Any]) -> Exception | None:
    """Tell KFP what the outputs are; an error where the step has left one out."""
    try:
        for name, key in names["outputs"].items():
            folder, note = context["outputs"][name], Path(context["hand_on"].get(name, os.devnull))
            if note.is_file():
                folder = note.read_text()
                ports.outputs[key]["uri"] = next(
                    ports.inputs[given]["uri"]
                    for given, path in zip(
                        names["inputs"][name], context["inputs"][name], strict=True
                    )
                    if Path(path) == Path(folder)
                )
            elif "on_volume" in context:
                path = local_path(ports.outputs[key])
                from .on_volume import point

                point(path, Path(folder), names["on_volume"])
            manifest = _manifest(folder)
            kept = ("type", "artifact", "description", "digest")
            ports.tell(key, {k: manifest[k] for k in kept if manifest.get(k)})
        for more in _more(names):
            more.tell(ports, names, context)
        if "metrics" in ports.outputs:
            recorded = json.loads(Path(context["metrics"]).read_bytes())
            ports.tell("metrics", {n: v for n, v in recorded.items() if type(v) in (int, float)})
        if "classification" in context:
            drawn = json.loads(Path(context["classification"]).read_bytes())
            ports.tell("classification_metrics", drawn)
    except OSError as trouble:
        return RuntimeError(f"the step ended before it had saved all its outputs: {trouble}")
    return None


def _manifest(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "manifest.json").read_bytes())
    return found


def _described(folder: str) -> str:
    """A saved value in a few words, as ``DataFrame 891 rows, 12 columns``."""
    try:
        manifest = _manifest(folder)
    except (OSError, ValueError):
        return "cannot be read"
    kind = manifest["type"].rpartition(".")[2] or "no value"
    return html.unescape(f"{kind} {manifest['description']}").strip()
