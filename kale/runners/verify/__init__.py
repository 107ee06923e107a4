"""A pipeline held against its notebook: both are run, and every value and output compared."""

from __future__ import annotations

from kale.runners.verify.instrument import ActiveCell
from kale.runners.verify.verdict import Check, Verdict, Verification
from kale.runners.verify.verify import REPEAT, verify

__all__ = ["REPEAT", "ActiveCell", "Check", "Verdict", "Verification", "verify"]
