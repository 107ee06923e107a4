"""From a path to a pipeline: a tagged notebook, or a Python file with the SDK's decorators."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kale.ir import Pipeline
from kale.nbparser import TEXT_SETTINGS, parse_pipeline, read_notebook, to_python
from kale.script_words import is_script
from kale.settings import find_settings
from kale.suppression import Suppression, noqa_lines, noqa_places

PathLike = str | os.PathLike[str]

#: Where the command line says nothing.
NO_SETTINGS: Mapping[str, str] = {}


def load(notebook: PathLike, settings: Mapping[str, str] = NO_SETTINGS) -> Pipeline:
    """Read a tagged notebook, or the pipeline of a Python file, which is not run.

    ``settings`` are the command line's, by metadata key. There, ``ignore`` holds the codes of
    warnings and notices to silence, with commas between.

    Raises:
        KaleError: it cannot be read or is not well formed.
    """
    path = os.fspath(notebook)
    if is_script(path):
        return _load_script(path, settings)
    read = read_notebook(path)
    found = find_settings(Path(path), settings, TEXT_SETTINGS)
    pipeline = parse_pipeline(read, override=found.override, default=found.default)
    places = noqa_places(((c.number, c.source) for c in read.cells if c.kind == "code"), to_python)
    suppression = Suppression(found.ignored, places)
    return replace(pipeline, packaging=found.packaging, suppression=suppression)


def active_cells(path: str) -> list[tuple[int, str]]:
    """Number and code of each cell that a notebook runs; none for a Python file."""
    if is_script(path):
        return []
    return [
        (cell.number, cell.source)
        for cell in read_notebook(path).cells
        if cell.kind == "code" and "skip" not in cell.tags
    ]


def _load_script(path: str, settings: Mapping[str, str]) -> Pipeline:
    from kale.sdk.lowering import lower

    found = find_settings(Path(path), settings, TEXT_SETTINGS)
    pipeline = lower(path, override=found.override, default=found.default)
    with tokenize.open(pipeline.path) as file:
        lines = noqa_lines(text := file.read(), text)
    places = {(0, line): codes for line, codes in lines.items()}
    suppression = Suppression(found.ignored, places)
    return replace(pipeline, packaging=found.packaging, suppression=suppression)
