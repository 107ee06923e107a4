"""The text of the probe ``values``, as an interpreter without Kale can run it."""

from __future__ import annotations

import importlib.resources

#: The modules that the text is made of; each one's imports of the others are left out.
_MODULES = ("masking", "short_text", "author_sources", "value_probe")


#: To compile the rest takes some milliseconds, which a step that ends well does not need.
_AT_FAILURE = """
import os
_given = {{}}
def start(**arguments):
    _given.update(arguments, folder=os.getcwd(), environ=dict(os.environ))
def failure():
    space = {{"__name__": __name__}}
    exec(compile({text!r}, "<kale probe values>", "exec"), space)
    space["start"](**_given)
    return space["failure"]()
"""


def value_probe_source() -> str:
    """The probe as one module, which imports the standard library alone."""
    folder = importlib.resources.files(__package__)
    texts = [folder.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in _MODULES]
    lines = [
        line
        for line in "\n".join(texts).split("\n")
        if not line.startswith(("from __future__ ", f"from {__package__}."))
    ]
    return _AT_FAILURE.format(text="\n".join(["from __future__ import annotations", *lines]))
