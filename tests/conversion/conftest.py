"""Builders: a notebook exported, run as plain Python, and imported again."""

from __future__ import annotations

import pytest

from kale.conversion.to_script import export_notebook
from kale.diagnostics import from_error
from kale.errors import KaleError


@pytest.fixture
def export(notebook):
    """Write a notebook of such cells and export it."""

    def build(*cells, **options):
        return export_notebook(notebook(*cells, **options))

    return build


@pytest.fixture
def refusals(notebook):
    """Why a notebook cannot be exported, as lines ``CODE: place: message (remedy)``."""

    def build(*cells, **options):
        path = notebook(*cells, **options)
        try:
            export_notebook(path)
        except KaleError as error:
            return [
                f"{one.code}: {one.at}: {one.message} ({one.hint})".replace(str(path), "nb")
                for one in from_error(error)
            ]
        return []

    return build
