"""The original project's name for the analysis, on the real one."""

from __future__ import annotations

from collections.abc import Mapping

from kale.ir import Pipeline
from kale.static_analysis.analysis import analyze


def variables_dependencies_detection(pipeline: Pipeline) -> Mapping[str, tuple[str, ...]]:
    """Map each step to the names it loads from earlier steps, in alphabetical order.

    Raises:
        KaleError: what the notebook computes cannot be kept.
    """
    analyzed = analyze(pipeline)
    loaded: dict[str, set[str]] = {step.name: set() for step in analyzed.pipeline.steps}
    for wire in analyzed.wires:
        loaded[wire.consumer].add(wire.name)
    return {step: tuple(sorted(names)) for step, names in loaded.items()}
