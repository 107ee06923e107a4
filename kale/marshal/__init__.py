"""Values to files and back: public functions, and the runtime that travels into steps as text."""

from __future__ import annotations

from .dispatch import PatternDispatcher, TypeDispatcher
from .manifest import MarshalError
from .resources import resource_load, resource_save
from .step import load_inputs, record_metrics, save_outputs

__all__ = [
    "MarshalError",
    "PatternDispatcher",
    "TypeDispatcher",
    "load_inputs",
    "record_metrics",
    "resource_load",
    "resource_save",
    "save_outputs",
]
