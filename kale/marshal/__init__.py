"""The step runtime: values to files and back; shipped into steps as text."""

from __future__ import annotations

from .digest import digest
from .manifest import Manifest, MarshalError, read_manifest
from .step import load_inputs, record_metrics, save_outputs

__all__ = [
    "Manifest",
    "MarshalError",
    "digest",
    "load_inputs",
    "read_manifest",
    "record_metrics",
    "save_outputs",
]
