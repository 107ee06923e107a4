"""What a step's pod executes; travels as text, as package ``kale_pod``, beside the step runtime.

Standard library only at import, and nothing of Kale but ``kale_runtime``, unpacked beside it.
"""

from __future__ import annotations

from .entry import main

#: The text that this was unpacked from, which a task may have to hand on; set by the loader.
BUNDLE = ""

__all__ = ["BUNDLE", "main"]
