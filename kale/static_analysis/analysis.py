"""The analysis as a whole: a pipeline in, the same with its data flow out."""

from __future__ import annotations

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import KaleError, raise_all
from kale.ir import AnalyzedPipeline, Pipeline
from kale.static_analysis.deep_code import walk_deeply
from kale.static_analysis.facts import sources_of
from kale.static_analysis.one_level import assemble, examine_level


@dataclass(frozen=True, slots=True)
class Examination:
    """All that is to be said of a pipeline.

    ``analyzed`` is ``None`` where there are ``errors``; ``diagnostics`` are the warnings and
    notices, in the order of their places. ``silenced`` counts those that were taken out.
    """

    analyzed: AnalyzedPipeline | None
    errors: tuple[KaleError, ...]
    diagnostics: tuple[Diagnostic, ...]
    silenced: int = 0


def analyze(pipeline: Pipeline) -> AnalyzedPipeline:
    """Find which names each step reads and writes, and where every value comes from.

    Raises:
        KaleError: what the notebook computes cannot be kept; all the reasons at once.
    """
    found = examine(pipeline)
    raise_all(found.errors)
    assert found.analyzed is not None
    return found.analyzed


def examine(pipeline: Pipeline) -> Examination:
    """What :func:`analyze` finds; what is wrong with the pipeline is in the result.

    Raises:
        AnalysisError: a cell is nested too deeply to be read (KALE009).
    """
    return walk_deeply(lambda: _examine(pipeline), lambda: sources_of(pipeline))


def _examine(pipeline: Pipeline) -> Examination:
    script = pipeline.path.endswith(".py")
    if script or any(step.within or step.decides for step in pipeline.steps):
        from kale.static_analysis.regions.joining import join  # which notebooks seldom need

        analyzed, errors, found = join(pipeline)
    else:
        level = examine_level(pipeline)
        errors, found = level.errors, level.diagnostics
        analyzed = None if errors else assemble(level)
    return Examination(analyzed, errors, (*pipeline.diagnostics, *found))
