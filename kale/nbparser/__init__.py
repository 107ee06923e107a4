"""Tagged notebooks: the tag language, the metadata, and the pipeline they describe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kale.nbparser.assembly import parse_pipeline
from kale.nbparser.graph import to_graph
from kale.nbparser.ipython import to_python
from kale.nbparser.metadata import TEXT_SETTINGS
from kale.nbparser.notebook import Cell, Notebook
from kale.nbparser.reader import read_notebook, read_notebook_json
from kale.nbparser.tags import format_tag, parse_tag

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "TEXT_SETTINGS",
    "Cell",
    "Notebook",
    "format_tag",
    "parse_notebook",
    "parse_pipeline",
    "parse_tag",
    "read_notebook",
    "read_notebook_json",
    "to_graph",
    "to_python",
]


def parse_notebook(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The graph of a tagged notebook's steps, as :func:`to_graph` gives it.

    A node is a step's name, its attribute ``code`` the tuple of its cells' sources; there is
    an edge from each step to those that name it in a ``prev:`` tag.

    Raises:
        KaleError: the file cannot be read, or all that is wrong with the notebook.
    """
    return to_graph(parse_pipeline(read_notebook(path)))
