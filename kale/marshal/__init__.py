"""Values to files and back: public functions, and the runtime that travels into steps as text."""

from __future__ import annotations

from importlib import import_module
from typing import Any

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

#: Functions that only some pipelines have a use for, and the modules that only those carry.
_ON_DEMAND = {
    "check_types": ".type_checks",
    "decide": ".control_flow",
    "item": ".control_flow",
}


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return getattr(import_module(_ON_DEMAND[name], __name__), name)
    raise AttributeError(name)
