"""The cells of a pipeline in the order of the notebook, each with its step."""

from __future__ import annotations

from collections.abc import Iterator

from kale.ir import Pipeline, Source


def all_sources(pipeline: Pipeline) -> Iterator[tuple[str | None, Source]]:
    """Each source once, by cell and line, with its step's name; shared ones have none."""
    shared = ((None, one) for one in (*pipeline.imports, *pipeline.functions, *pipeline.metrics))
    steps = ((step.name, one) for step in pipeline.steps for one in step.sources)
    yield from sorted(
        (*shared, *steps), key=lambda pair: (pair[1].at.cell or 0, pair[1].at.line or 0)
    )
