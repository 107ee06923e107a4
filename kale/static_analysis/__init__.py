"""Which names each step reads and writes, and which step a read value comes from."""

from kale.static_analysis.analysis import analyze

__all__ = ["analyze"]
