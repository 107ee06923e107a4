"""A compiled package run by KFP's own local runner: a second opinion on what ``kale run`` says."""

from __future__ import annotations

from kale.runners.kfp_local.run import run_kfp_local

__all__ = ["run_kfp_local"]
