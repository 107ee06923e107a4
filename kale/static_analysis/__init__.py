"""Which names each step reads and writes, and which step a read value comes from."""

from kale.static_analysis.analysis import Examination, analyze, examine
from kale.static_analysis.imports.own_modules import with_own_modules

__all__ = ["Examination", "analyze", "examine", "with_own_modules"]
