"""``kale import``: a script with the SDK's decorators as a tagged notebook."""

from __future__ import annotations

import ast
import json
import os
import tokenize
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kale import core
from kale.conversion.nesting_tags import NestingTags, deciding_texts
from kale.conversion.option_tags import option_tags
from kale.conversion.pipeline_settings import pipeline_settings
from kale.conversion.step_functions import global_reads
from kale.errors import Location, NotebookError, UsageError
from kale.ir import Branch, Loop, Parameter, Pipeline, Step
from kale.nbparser import format_tag
from kale.nbparser.metadata import METADATA_KEYS, parse_settings
from kale.nbparser.notebook import Notebook
from kale.nbparser.options import merge_options
from kale.nbparser.scripts import bound_by
from kale.nbparser.tag_kinds import PrevTag
from kale.script_words import is_script


def import_script(path: str | os.PathLike[str]) -> str:
    """The JSON of a notebook whose steps are the calls of the script's pipeline.

    Raises:
        KaleError: the script is refused, or holds what a notebook cannot say (KALE781).
    """
    if not is_script(os.fspath(path)):
        raise UsageError(
            "KALE781",
            f"`{path}` is no Python file",
            hint="name a script, whose name ends in `.py`; `kale export` makes one of a notebook",
        )
    pipeline, analyzed = core.load(path), core.check(path)
    after = {name: dict.fromkeys(before) for name, before in analyzed.after.items()}
    for wire in analyzed.wires:
        after[wire.consumer].update(dict.fromkeys(wire.producers))
    return _notebook(pipeline, after, pipeline_settings(path, pipeline))


def _notebook(
    pipeline: Pipeline, after: Mapping[str, Iterable[str]], settings: Mapping[str, Any]
) -> str:
    deciders = dict(deciding_texts(pipeline.steps))
    metadata = {METADATA_KEYS[0]: dict(settings)}
    bare = Notebook(pipeline.path, (), metadata, pipeline.kernel)
    defaults, _ = merge_options(
        "", Location(pipeline.path), (), parse_settings(bare, {}, {})[0].defaults
    )
    cells: list[dict[str, Any]] = []
    if heading := _docstring(pipeline.path):
        cells.append({"cell_type": "markdown", "metadata": {}, "source": heading})
    cells += [_code(source.code, "imports") for source in pipeline.imports]
    if pipeline.parameters:
        lines = [_assignment(parameter) for parameter in pipeline.parameters]
        cells.append(_code("\n".join(lines), "pipeline-parameters"))
    cells += [_code(source.code, "functions") for source in pipeline.functions]
    nesting = NestingTags(deciders)
    setters: dict[str, Step] = {}
    own = {step.name for step in pipeline.steps if _codes(step, pipeline, deciders)}
    for step in pipeline.steps:
        codes = _codes(step, pipeline, deciders)
        if not codes:
            continue
        _refuse(step)
        tags = [f"block:{step.name}"]
        # Of two steps that set one name, the notebook's order has to be said.
        bound = {n for code in codes for one in ast.parse(code).body for n in _values_of(one)}
        before = dict.fromkeys(_before(step.name, after, own))
        setting = [setters[name] for name in sorted(bound & setters.keys())]
        before.update((one.name, None) for one in setting if not _apart(one, step))
        setters.update(dict.fromkeys(bound, step))
        if before:
            tags.append(format_tag(PrevTag(tuple(before))))
        tags += [*nesting.of(step), *option_tags(step.options, defaults)]
        cells.append(_code(codes[0], *tags))
        cells += [_code(code) for code in codes[1:]]
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells, 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": pipeline.kernel}
    document = {
        "cells": numbered,
        "metadata": {"kernelspec": kernel, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _code(code: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [*tags]} if tags else {},
        "outputs": [],
        "source": code.strip("\n"),
    }


def _docstring(path: str) -> str:
    with tokenize.open(path) as file:
        text = ast.get_docstring(ast.parse(file.read())) or ""
    return text if not text or text.startswith("#") else f"# {text}"


def _assignment(parameter: Parameter) -> str:
    value = parameter.default
    if value is None:
        return f"{parameter.name}: {parameter.type} | None = None"
    same = type(value).__name__ == parameter.type
    return f"{parameter.name}{'' if same else f': {parameter.type}'} = {parameter.literal}"


def _refuse(step: Step) -> None:
    if step.container is not None:
        raise NotebookError(
            "KALE781",
            f"no cell can be the container step `{step.name}`",
            at=step.at,
            hint="write it as a function, or keep the Python file",
        )


def _codes(step: Step, pipeline: Pipeline, deciders: Collection[str]) -> list[str]:
    """The code of a step's cells, without that of ``deciders``; none for Kale's own steps."""
    codes: list[str] = []
    for source in step.sources:
        match ast.parse(source.python).body:
            case [ast.Assign(targets=[ast.Name(id=name)])] if name in deciders:
                continue
        # The end of a call whose value nobody is to see, which is nothing to write.
        codes.append(source.code.removesuffix(";"))
    lists: dict[str, list[str]] = {}
    for context in step.within:
        for inside, outside in context.collected if isinstance(context, Loop) else ():
            if inside != outside:
                lists.setdefault(inside, []).append(outside)
    return [_collecting(code, lists, pipeline) for code in codes]


def _collecting(code: str, lists: Mapping[str, list[str]], pipeline: Pipeline) -> str:
    """The code that binds for each item what is a list after the loop, by the lists' names."""
    bound = {name for statement in ast.parse(code).body for name in bound_by(statement)}
    for inside, outside in lists.items():
        if inside not in bound:
            continue
        if len(outside) == _mentions(pipeline.steps, inside) == 1:
            code = _renamed(code, inside, outside[0])
        else:
            code += "".join(f"\n{name} = {inside}" for name in outside)
    return code


def _renamed(code: str, name: str, other: str) -> str:
    """Code that names one of its variables once, with another name for it."""
    nodes = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name) and n.id == name]
    lines = [line.encode() for line in code.split("\n")]
    for node in nodes:
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = (
            line[: node.col_offset] + other.encode() + line[node.end_col_offset :]
        )
    return b"\n".join(lines).decode()


def _values_of(statement: ast.stmt) -> Iterable[str]:
    """The names that a statement binds to values; a function is none."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return () if isinstance(statement, kinds) else bound_by(statement)


def _apart(one: Step, other: Step) -> bool:
    """Whether two steps stand in different branches of a condition, so that one of them runs."""
    branches = {c.key: c.number for c in one.within if isinstance(c, Branch)}
    return any(
        branches.get(c.key, c.number) != c.number for c in other.within if isinstance(c, Branch)
    )


def _mentions(steps: Iterable[Step], name: str) -> int:
    """How often the steps' code names a variable of theirs; a function's own is another one."""
    count = 0
    for source in (source for step in steps for source in step.sources):
        for statement in ast.parse(source.python).body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                count += name in global_reads(ast.unparse(statement))
            else:
                nodes = ast.walk(statement)
                count += sum(isinstance(one, ast.Name) and one.id == name for one in nodes)
    return count


def _before(name: str, after: Mapping[str, Iterable[str]], own: set[str]) -> list[str]:
    """The author's steps that a step waits for, those of Kale's own passed over."""
    found: dict[str, None] = {}
    for one in after.get(name, ()):
        names = [one] if one in own else _before(one, after, own)
        found.update(dict.fromkeys(names))
    found.pop(name, None)
    return [*found]
