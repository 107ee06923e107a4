"""The step runtime: values to files and back; shipped into steps as text."""

from __future__ import annotations

from .manifest import MarshalError
from .step import load_inputs, record_metrics, save_outputs

__all__ = [
    "MarshalError",
    "load_inputs",
    "record_metrics",
    "save_outputs",
]
