"""A notebook run both ways in this process: top to bottom, and step by step with only its wires.

The step notebooks, the runtime and the saved values are the real ones; in place of a kernel stands
a fresh ``__main__`` with a runtime of its own, so that thousands of notebooks run in a minute.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib.abc
import importlib.util
import io
import json
import os
import sys
import tempfile
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines import pipeline
from random_notebooks import SHARED

from kale.codegen import emit_runtime, make_plan
from kale.errors import KaleError
from kale.ir import Plan
from kale.runners.contexts import StepContexts
from kale.runners.run_directory import RunDirectory, create_run_directory
from kale.static_analysis import analyze


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a notebook as a pipeline: one of the three is set.

    ``printed`` maps each step to what it printed. ``refused`` holds the errors of the analysis,
    ``failed`` the step that did not end well and its exception.
    """

    printed: dict[str, str] | None = None
    refused: tuple[KaleError, ...] = ()
    failed: tuple[str, Exception] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the runtime stopped a step in its own words."""
        return self.failed is not None and type(self.failed[1]).__name__ == "MarshalError"


def run_cells(cells: Sequence[tuple[str, object]]) -> dict[str, str]:
    """What each step prints when (owner, code) cells run top to bottom in one namespace.

    Raises:
        Exception: whatever a cell raises.
    """
    printed: dict[str, str] = {}
    with _main() as namespace:
        for owner, code in cells:
            if owner == "parameters":
                namespace.update(copy.deepcopy(code))
                continue
            found = _run(str(code), namespace)
            if owner not in SHARED:
                printed[owner] = printed.get(owner, "") + found
    return printed


def run_steps(cells: Sequence[tuple[str, object]], after: dict[str, tuple[str, ...]]) -> Outcome:
    """What becomes of the same cells as a pipeline whose ``prev:`` edges are ``after``."""
    try:
        plan = make_plan(analyze(pipeline(*cells, after=after)))
    except KaleError as error:
        return Outcome(refused=error.parts())
    printed: dict[str, str] = {}
    with _run_directory() as directory:
        for task in plan.tasks:
            try:
                printed[task.name] = _run_task(plan, task.name, directory)
            except Exception as error:  # noqa: BLE001 -- cells raise what they like
                return Outcome(failed=(task.name, error))
    return Outcome(printed=printed)


def _run_task(plan: Plan, name: str, directory: RunDirectory) -> str:
    task = plan.task(name)
    context = directory.context(name)
    context.write_text(json.dumps(StepContexts(plan, directory).of(task)), encoding="utf-8")
    os.environ["KALE_STEP_CONTEXT"] = str(context)
    printed = ""
    with _main() as namespace, _runtime():
        for cell in json.loads(task.notebook)["cells"]:
            found = _run("".join(cell["source"]), namespace)
            printed += found if cell["metadata"]["kale"]["role"] == "step" else ""
    return printed


def _run(code: str, namespace: dict[str, object]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "<cell>", "exec"), namespace)
    return out.getvalue()


@contextlib.contextmanager
def _main() -> Iterator[dict[str, object]]:
    """The namespace of a new ``__main__``, as each kernel has one."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield vars(sys.modules["__main__"])
    finally:
        sys.modules["__main__"] = before


class _Runtime(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports ``kale_runtime`` from the shipped text, compiled once for all steps.

    And cloudpickle, which remembers the classes that it saw in this process.
    """

    def __init__(self) -> None:
        self.codes = {}
        # The package of backends imports what lies in its folder.
        self.folder = tempfile.TemporaryDirectory()
        self.packages = {"cloudpickle": ""}
        for path, content in emit_runtime(
            ("control_flow", "numpy", "pandas", "type_checks")
        ).items():
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            self.codes[name] = compile(content, str(path), "exec")
            file = Path(self.folder.name, path)
            file.parent.mkdir(exist_ok=True, parents=True)
            file.touch()
            if path.name == "__init__.py":
                self.packages[name] = str(file.parent)
        for name in ("cloudpickle", "cloudpickle.cloudpickle"):
            self.codes[name] = importlib.util.find_spec(name).loader.get_code(name)

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name not in self.codes:
            return None
        spec = importlib.util.spec_from_loader(name, self, is_package=name in self.packages)
        if name in self.packages:
            spec.submodule_search_locations = [self.packages[name]]
        return spec

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self.codes[module.__name__], vars(module))


_shipped = functools.cache(_Runtime)


@contextlib.contextmanager
def _runtime() -> Iterator[None]:
    """A runtime that has loaded nothing yet."""
    shipped = _shipped()
    known = {name: sys.modules.pop(name) for name in shipped.codes if name in sys.modules}
    sys.meta_path.insert(0, shipped)
    try:
        yield
    finally:
        sys.meta_path.remove(shipped)
        for name in shipped.codes:
            sys.modules.pop(name, None)
        sys.modules.update(known)


@contextlib.contextmanager
def _run_directory() -> Iterator[RunDirectory]:
    """A run's directory; what is written there need not reach the disk."""
    fsync, os.fsync = os.fsync, lambda _: None
    known = os.environ.get("KALE_STEP_CONTEXT")
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield create_run_directory(Path(folder) / "run")
    finally:
        os.fsync = fsync
        os.environ.pop("KALE_STEP_CONTEXT", None)
        if known is not None:
            os.environ["KALE_STEP_CONTEXT"] = known
