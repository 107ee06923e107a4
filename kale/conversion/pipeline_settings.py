"""The options of a script's pipeline as the metadata of a notebook."""

from __future__ import annotations

import ast
import os
import tokenize
from typing import Any

from kale.errors import Location
from kale.ir import Pipeline
from kale.sdk.lowering.options import pipeline_metadata
from kale.sdk.lowering.sdk_names import sdk_names


def pipeline_settings(path: str | os.PathLike[str], pipeline: Pipeline) -> dict[str, Any]:
    """What the decorator of the pipeline that was read from ``path`` says, by metadata key.

    A path may name one of several pipelines, as ``FILE.py::NAME``. The name and the description
    are there in any case.
    """
    with tokenize.open(pipeline.path) as file:
        tree = ast.parse(file.read())
    sdk = sdk_names(tree)
    wanted = os.fspath(path).removeprefix(pipeline.path).removeprefix("::")
    settings: dict[str, Any] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or (wanted and node.name != wanted):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and sdk.called(decorator.func) == "pipeline":
                options = {
                    keyword.arg: (ast.literal_eval(keyword.value), Location(pipeline.path))
                    for keyword in decorator.keywords
                    if keyword.arg
                }
                settings.update(pipeline_metadata(options))
    settings.setdefault("pipeline_name", pipeline.title)
    if pipeline.description:
        settings.setdefault("pipeline_description", pipeline.description)
    return settings
