"""State that passes between cells without a name: files, settings, the environment, fresh values.

Known gap: what a library or a local module does inside itself is not looked at; each rule lists
its own.
"""

from kale.static_analysis.channels.hidden_channels import hidden_channels

__all__ = ["hidden_channels"]
