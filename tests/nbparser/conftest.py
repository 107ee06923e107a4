"""Builders: a notebook from (source, tags…) tuples, its pipeline, and what is wrong with it."""

from __future__ import annotations

import json

import pytest

from kale.diagnostics import from_error
from kale.errors import KaleError
from kale.nbparser import parse_pipeline, read_notebook_json


def notebook_text(*cells, metadata=None, **kinds):
    """JSON of a notebook; a cell is ``(source, tag, …)``, ``kinds`` maps ``c1`` to a cell type."""
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": metadata or {},
            "cells": [
                {
                    "cell_type": kinds.get(f"c{number}", "code"),
                    "id": f"id-{number}",
                    "source": source,
                    "metadata": {"tags": list(tags)},
                    "outputs": [],
                    "execution_count": None,
                }
                for number, (source, *tags) in enumerate(cells, 1)
            ],
        }
    )


@pytest.fixture
def parse():
    def build(*cells, metadata=None, override=None, default=None, path="nb.ipynb", **kinds):
        text = notebook_text(*cells, metadata=metadata, **kinds)
        notebook = read_notebook_json(text, path)
        return parse_pipeline(notebook, override=override or {}, default=default or {})

    return build


@pytest.fixture
def problems(parse):
    """What is wrong with a notebook, as lines ``place: CODE: message (remedy)``."""

    def build(*cells, **options):
        try:
            parse(*cells, **options)
        except KaleError as error:
            return [
                f"{one.at}: {one.code}: {one.message} ({one.hint})" for one in from_error(error)
            ]
        return []

    return build
