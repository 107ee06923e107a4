"""``kale export``: a tagged notebook as a script with the SDK's decorators."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from kale import core
from kale.conversion.comments import heading, notes, parameter_comments
from kale.conversion.meaning import check_meaning, settle_arguments
from kale.conversion.metrics_report import REPORT, reporting
from kale.conversion.options_text import (
    call,
    decorator,
    literal,
    pipeline_options,
    step_options,
)
from kale.conversion.order_tokens import keep_order
from kale.conversion.pipeline_body import PipelineBody
from kale.conversion.plain_code import cannot, indented, plain_code
from kale.conversion.program import nodes, settle
from kale.conversion.step_functions import (
    StepFunction,
    function_text,
    global_reads,
    identifier,
    is_metrics,
    lent_functions,
    shared_definitions,
    step_function,
    top_level_names,
)
from kale.errors import KaleError, Location, UsageError, raise_all
from kale.ir import AnalyzedPipeline, Parameter, Step
from kale.nbparser import read_notebook
from kale.nbparser.metadata import METADATA_KEYS, parse_settings
from kale.nbparser.notebook import Notebook
from kale.nbparser.options import merge_options
from kale.nbparser.sources import bound_names
from kale.nbparser.syntax import parse_quietly
from kale.script_words import is_script

#: The SDK's names that a script may import.
_SDK = ("log_metric", "parallel", "pipeline", "step")


def export_notebook(path: str | os.PathLike[str]) -> str:
    """The text of a script that computes what the notebook does, as plain Python and as pipeline.

    Raises:
        KaleError: the notebook is refused, or holds what a script cannot say (KALE780).
    """
    if is_script(os.fspath(path)):
        raise UsageError(
            "KALE780",
            f"`{path}` is a script already",
            hint="name a notebook; `kale import` makes one of a script",
        )
    own = {step.name for step in core.load(path).steps}
    return _Exporter(core.check(path), own, read_notebook(path)).text()


class _Exporter:
    """The names that are taken, and what is wrong, while a script is written."""

    def __init__(self, analyzed: AnalyzedPipeline, own: set[str], notebook: Notebook) -> None:
        # The analysis makes steps that only hand values on, which Python does by itself.
        steps = [s for s in analyzed.pipeline.steps if s.name in own or is_metrics(s)]
        pipeline = replace(analyzed.pipeline, steps=tuple(steps))
        self.analyzed, self.pipeline, self.notebook = analyzed, pipeline, notebook
        self.errors: list[KaleError] = []
        self.shared = (*pipeline.imports, *pipeline.functions)
        self.module = top_level_names(self.shared)
        everything = [*self.shared, *pipeline.metrics]
        everything += [source for step in pipeline.steps for source in step.sources]
        trees = [parse_quietly(source.python) for source in everything]
        self.taken = {name for tree in trees if tree for name in bound_names(tree)}
        self.taken |= {n.id for t in trees if t for n in ast.walk(t) if isinstance(n, ast.Name)}
        self.taken |= top_level_names(everything)
        self.taken |= {parameter.name for parameter in pipeline.parameters}
        settings, _ = parse_settings(notebook, {}, {})
        self.defaults, _ = merge_options("", Location(""), (), settings.defaults)
        self.notes = notes(notebook)

    def text(self) -> str:
        """The whole file."""
        sdk = {name: name for name in _SDK}
        if self.taken & {*_SDK}:
            sdk = {name: f"kale_sdk.{name}" for name in _SDK}
        self.sdk = sdk
        definitions = shared_definitions(self.analyzed, {*self.module})
        functions = self._functions(definitions)
        deciders = {s.name: s for s in self.pipeline.steps if s.decides}
        program = nodes(functions, deciders)
        metrics = self._metrics(functions)
        keep_order(functions, deciders, self.taken, self.errors)
        settle(program, ())
        settle_arguments(functions, self.analyzed)
        self.errors += check_meaning(functions, self.analyzed)
        raise_all(self.errors)
        body = PipelineBody(program, self.pipeline.parameters, self.taken, sdk, deciders)
        parts = [heading(self.notebook), *self._imports(metrics)]
        parts += [*self._helpers(definitions, metrics)]
        for function in functions:
            parts.append(self._step(function, metrics.get(function.name, ())))
        parts += [
            f"{decorator(sdk['step'], {'name': name} if name != made else {})}\n{text}"
            for name, made, text in body.extra
        ]
        parts += [self._pipeline(body.lines), self._guard()]
        text = "\n\n\n".join(part for part in parts if part) + "\n"
        return _checked(text, self.notebook.path)

    # ------------------------------------------------------------------------------ the steps

    def _functions(self, definitions: Mapping[str, str]) -> list[StepFunction]:
        found = []
        lent = lent_functions(self.analyzed)
        for step in self.pipeline.steps:
            if step.decides:
                continue
            name = identifier("report-metrics" if is_metrics(step) else step.name, self.taken)
            found.append(
                step_function(
                    step,
                    self.analyzed.summary(step.name),
                    name,
                    definitions,
                    lent[step.name],
                    self.notes,
                    self.errors,
                )
            )
        return found

    def _metrics(self, functions: Sequence[StepFunction]) -> dict[str, list[str]]:
        """The lines that report the metrics, by the function that they end."""
        names = self.analyzed.metrics
        if not names:
            return {}
        self.report = identifier("report", self.taken)
        function = next(f for f in functions if f.step.name == self.analyzed.metrics_step)
        if is_metrics(function.step):
            function.pieces.clear()
        codes = [plain_code(source, self.errors) for source in self.pipeline.metrics]
        function.pieces += [reporting(code, self.report) for code in codes]
        read = {word for s in self.pipeline.metrics for word in global_reads(s.python)}
        more = sorted({*names, *read} - {*function.reads} - function.binds)
        function.reads = (*function.reads, *more)
        text = "\n".join(function.pieces)
        calls = [f'{self.report}("{name}", {name})' for name in names]
        return {function.name: [one for one in calls if one not in text]}

    # ------------------------------------------------------------------------------ the parts

    def _imports(self, metrics: Mapping[str, Any]) -> list[str]:
        cells = [plain_code(source, self.errors) for source in self.pipeline.imports]
        names = ["pipeline", "step"]
        if metrics:
            names.insert(0, "log_metric")
        if any(getattr(c, "parallelism", None) for s in self.pipeline.steps for c in s.within):
            names.insert(-2, "parallel")
        own = f"from kale.sdk import {', '.join(names)}"
        if self.sdk["step"] != "step":
            own = "import kale.sdk as kale_sdk"
        shows = any(self._shows(step) for step in self.pipeline.steps)
        more = ["from IPython.display import display"] if shows else []
        code = "\n".join(cell for cell in cells if cell)
        return ["\n\n".join(part for part in (code, "\n".join([*more, own])) if part)]

    def _shows(self, step: Step) -> bool:
        """Whether a step calls ``display``, which IPython gives to notebooks alone."""
        read = {name for source in step.sources for name in global_reads(source.python)}
        return "display" in read and "display" not in self.module

    def _helpers(self, definitions: Mapping[str, str], metrics: Mapping[str, Any]) -> list[str]:
        parts = []
        for source in self.pipeline.functions:
            code = plain_code(source, self.errors)
            note = self.notes.get(source.at.cell or 0, "")
            parts.append("\n".join(part for part in (note, code) if part))
        parts += list(dict.fromkeys(definitions.values()))
        if metrics:
            parts.append(REPORT.format(report=self.report, log_metric=self.sdk["log_metric"]))
        return parts

    def _step(self, function: StepFunction, extra: Sequence[str]) -> str:
        step = function.step
        name = "report-metrics" if is_metrics(step) else step.name
        options = {} if name == function.name else {"name": name}
        options |= step_options(step.options, self.defaults)
        note = self.notes.get(step.at.cell or 0, "")
        body = indented("\n\n".join([*function.head, *function.pieces]))
        lines = [note, decorator(self.sdk["step"], options), function_text(function, extra, body)]
        return "\n".join(line for line in lines if line)

    def _pipeline(self, body: Sequence[str]) -> str:
        found: dict[str, Any] = {}
        for key in reversed(METADATA_KEYS):
            value = self.notebook.metadata.get(key)
            found |= value if isinstance(value, Mapping) else {}
        options = pipeline_options(PurePath(self.notebook.path).stem, found)
        self.function = identifier(self.pipeline.name, self.taken)
        cells = [one.at.cell for one in self.pipeline.parameters]
        note = self.notes.get(cells[0] or 0, "") if cells else ""
        comments = parameter_comments(self.notebook)
        parameters = [(_parameter(one), comments.get(one.name)) for one in self.pipeline.parameters]
        if any(comment for _, comment in parameters):
            inner = "".join(
                f"    {text},{f'  {comment}' if comment else ''}\n" for text, comment in parameters
            )
            head = f"def {self.function}(\n{inner})"
        else:
            head = call(f"def {self.function}", [text for text, _ in parameters])
        lines = [note, decorator(self.sdk["pipeline"], options), f"{head}:"]
        lines = [line for line in lines if line]
        return "\n".join([*lines, *(f"    {line}" for line in body or ["pass"])])

    def _guard(self) -> str:
        return f'if __name__ == "__main__":\n    {self.function}()'


def _parameter(parameter: Parameter) -> str:
    value = parameter.default
    if value is None:
        annotation = "" if parameter.type == "str" else f": {parameter.type} | None"
    else:
        annotation = "" if type(value).__name__ == parameter.type else f": {parameter.type}"
    equals = " = " if annotation else "="
    return f"{parameter.name}{annotation}{equals}{literal(value)}"


def _checked(text: str, path: str) -> str:
    """The text, which is Python."""
    try:
        compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise cannot(
            f"the script that it makes would be no Python: {error.msg}",
            Location(path),
            "write `from __future__` imports first, and see `kale export --debug`",
        ) from error
    return text
