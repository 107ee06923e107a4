"""The command line."""

from kale.cli.main import main

__all__ = ["main"]
