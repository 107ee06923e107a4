"""The original project's entry point, for whoever's scripts use it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kale.compilation import Compilation
from kale.core import PathLike, compile_notebook, load

if TYPE_CHECKING:
    import networkx as nx


class Kale:
    """A notebook and its settings.

    ``run`` converts the notebook; what is not given is taken from the notebook itself.
    """

    def __init__(
        self,
        source_notebook_path: PathLike,
        pipeline_name: str | None = None,
        pipeline_descr: str | None = None,
        docker_image: str | None = None,
        experiment_name: str | None = None,
        output_dir: PathLike | None = None,
    ) -> None:
        self.source_notebook_path = os.fspath(source_notebook_path)
        self.output_dir = output_dir
        given = {
            "pipeline_name": pipeline_name,
            "pipeline_description": pipeline_descr,
            "docker_image": docker_image,
            "experiment_name": experiment_name,
        }
        self.settings = {key: value for key, value in given.items() if value is not None}

    def notebook_to_graph(self) -> nx.DiGraph[str]:
        """The steps' graph, as :func:`kale.nbparser.parse_notebook` gives it.

        Raises:
            KaleError: the notebook is refused.
        """
        from kale.nbparser import to_graph

        return to_graph(load(self.source_notebook_path, self.settings))

    def run(self) -> Compilation:
        """Convert the notebook: script, package and step notebooks, on disk.

        Raises:
            KaleError: the notebook is refused, or the folder cannot be written.
        """
        return compile_notebook(self.source_notebook_path, self.output_dir, self.settings)
