"""State that passes between cells without a name: each step starts without it, so each use is told.

The rules share one walk over the notebook. Known gap: what a library or a local module does
inside itself is not looked at; each rule lists its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from kale.diagnostics import Diagnostic
from kale.ir import Pipeline
from kale.static_analysis.channels.current_figure import current_figure
from kale.static_analysis.channels.environment import environment
from kale.static_analysis.channels.file_channels import file_channels
from kale.static_analysis.channels.fresh_values import fresh_values
from kale.static_analysis.channels.function_state import caches, closures
from kale.static_analysis.channels.library_seeds import library_seeds
from kale.static_analysis.channels.library_views import library_views
from kale.static_analysis.channels.module_state import module_state
from kale.static_analysis.channels.out_of_sight import out_of_sight
from kale.static_analysis.channels.process_settings import process_settings
from kale.static_analysis.channels.survey import survey
from kale.static_analysis.channels.unsavable import unsavable_values
from kale.static_analysis.channels.working_directory import working_directory
from kale.static_analysis.facts import Facts
from kale.static_analysis.order import Order
from kale.static_analysis.reaching import Flow


def hidden_channels(pipeline: Pipeline, facts: Facts, flow: Flow) -> Iterator[Diagnostic]:
    """Warnings of state outside of names, where a step after or before another may rely on it."""
    found = survey(facts)
    yield from out_of_sight(found)
    if len(found.last) < 2:
        return
    yield from process_settings(found)
    yield from module_state(found)
    yield from environment(found)
    yield from working_directory(found)
    yield from library_seeds(found)
    yield from current_figure(found)
    yield from file_channels(found, pipeline, Order(flow.after))
    yield from caches(found)
    yield from closures(found, flow)
    yield from library_views(found, flow)
    yield from fresh_values(found, flow)
    yield from unsavable_values(found, flow)
