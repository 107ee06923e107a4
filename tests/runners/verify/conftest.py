"""Notebooks of a few cells, verified with real kernels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kale import core, runners, static_analysis
from kale.codegen import emit_runtime, make_plan
from kale.nbparser import read_notebook
from kale.runners.verify import ActiveCell, verify


@pytest.fixture
def verified(notebook):
    """Write a notebook of these cells, as (tags, code), and verify it."""

    def run(*cells, parameters=(), **options):
        path = notebook(*cells)
        analyzed = core.check(path)
        modules = static_analysis.with_own_modules(analyzed.modules, path.parent)
        plan = make_plan(replace(analyzed, modules=modules))
        return verify(
            analyzed,
            plan,
            [
                ActiveCell(cell.number, cell.source)
                for cell in read_notebook(path).cells
                if cell.kind == "code" and "skip" not in cell.tags
            ],
            runtime=emit_runtime(plan.backends),
            cwd=Path(plan.pipeline.path).parent,
            parameters=runners.read_parameters(plan.pipeline, parameters),
            **options,
        )

    return run
