"""One notebook executed by a plain kernel, by the kernel engine and by the fast engine."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import papermill
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill.exceptions import PapermillExecutionError

from kale.runners.engines import fast_engine, kernel_engine
from kale.runners.engines.kernel import StartedKernel
from kale.runners.engines.kernel_link import KernelLink

#: What differs between two executions by one engine: addresses, process numbers, file names.
_MASKS = [
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0xADDRESS"),
    (re.compile(r"ipykernel_\d+[\\/]\d+\.py"), "CELL.py"),
]


def notebook(sources: Iterable[str], *, tags: Iterable[str] = ()) -> Any:
    """A notebook of code cells, all with these tags."""
    cells = [
        nbformat.v4.new_code_cell(source, id=f"c{number}", metadata={"tags": [*tags]})
        for number, source in enumerate(sources)
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})


@contextmanager
def _as_outside_of_pytest() -> Iterator[None]:
    """No word of pytest in the environment: ipykernel leaves file descriptors alone within it."""
    with mock.patch.dict(os.environ):
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        yield


@_as_outside_of_pytest()
def plain(book: Any, folder: Path) -> Any:
    """Executed by nbclient alone in a kernel as it comes."""
    client = NotebookClient(book, kernel_name="python3", timeout=120)
    client.resources = {"metadata": {"path": str(folder)}}
    with _quiet(), client.setup_kernel():
        try:
            for index, cell in enumerate(book.cells):
                client.execute_cell(cell, index)
        except CellExecutionError:
            pass  # the outputs tell
        client.set_widgets_metadata()
    return book


@_as_outside_of_pytest()
def kernel(book: Any, folder: Path, **options: Any) -> Any:
    """Executed by the kernel engine."""
    papermill.engines.papermill_engines.register(kernel_engine.ENGINE, kernel_engine.KernelEngine)
    # The path of a socket has to be short.
    private = Path(tempfile.mkdtemp(prefix="k"))
    link = KernelLink(StartedKernel("python3", private / "k.json", cwd=folder))
    try:
        return _papermill(book, folder, kernel_engine.ENGINE, link=link, **options)
    finally:
        link.finish()
        shutil.rmtree(private)


@_as_outside_of_pytest()
def fast(book: Any, folder: Path, **options: Any) -> Any:
    """Executed by the fast engine, in a shell of its own."""
    papermill.engines.papermill_engines.register(fast_engine.ENGINE, fast_engine.FastEngine)
    return _papermill(book, folder, fast_engine.ENGINE, **options)


ENGINES = {"plain": plain, "kernel": kernel, "fast": fast}


def _papermill(book: Any, folder: Path, engine: str, **options: Any) -> Any:
    output = folder / f".{engine}.ipynb"
    with _quiet():
        try:
            book = papermill.execute_notebook(
                book,
                str(output),
                engine_name=engine,
                cwd=str(folder),
                progress_bar=False,
                **options,
            )
        except PapermillExecutionError:
            book = nbformat.read(output, as_version=4)
    # papermill marks the failure with cells of its own.
    marks = {"papermill-error-cell-tag"}
    book.cells = [cell for cell in book.cells if not marks & {*cell.metadata.get("tags", [])}]
    return book


def _quiet() -> warnings.catch_warnings:
    return warnings.catch_warnings(action="ignore")


def shown(cell: Any, *, exact: bool = False, mask: str = "") -> dict[str, Any]:
    """What a reader of the executed notebook sees of a cell, without what is never the same twice.

    A kernel sends its two streams when it likes: unless ``exact``, text that stands between the
    same two displays is compared by stream, stdout first. ``mask`` matches what else differs.
    """
    outputs: list[dict[str, Any]] = []
    for output in cell.outputs:
        output = dict(output)
        if output["output_type"] == "stream":
            same = _earlier_stream(outputs, output["name"], exact=exact)
            if same is not None:
                same["text"] += output["text"]
                continue
        outputs.append(output)
    if not exact:
        _stdout_first(outputs)
    return {"count": cell.execution_count, "outputs": _masked(outputs, mask)}


def _earlier_stream(outputs: list[dict[str, Any]], name: str, *, exact: bool) -> Any:
    for earlier in reversed(outputs):
        if earlier["output_type"] != "stream":
            return None
        if earlier["name"] == name:
            return earlier
        if exact:
            return None
    return None


def _stdout_first(outputs: list[dict[str, Any]]) -> None:
    for k in range(len(outputs) - 1):
        if [o.get("name") for o in outputs[k : k + 2]] == ["stderr", "stdout"]:
            outputs[k : k + 2] = outputs[k + 1], outputs[k]


def _masked(value: Any, mask: str) -> Any:
    if isinstance(value, dict):
        return {key: _masked(one, mask) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, mask) for one in value]
    if not isinstance(value, str):
        return value
    for pattern, word in _MASKS:
        value = pattern.sub(word, value)
    return re.sub(mask, "…", value) if mask else value
