"""Which names each step reads and writes, and which step a read value comes from."""

from kale.static_analysis.analysis import Examination, analyze, examine

__all__ = ["Examination", "analyze", "examine"]
