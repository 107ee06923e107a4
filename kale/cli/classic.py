"""``kale --nb NOTEBOOK``: the command line of the original project."""

from __future__ import annotations

from collections.abc import Mapping

from kale.cli.compile import report
from kale.errors import UsageError


def classic(notebook: str, settings: Mapping[str, str], *, deploy: bool) -> None:
    """Compile a notebook beside itself.

    Raises:
        UsageError: asked to deploy (KALE014).
        KaleError: the notebook is refused.
    """
    from kale import core

    if deploy:
        raise UsageError(
            "KALE014",
            "this version of Kale compiles pipelines but does not deploy them itself",
            hint="leave that option out, then upload and run with the script that is written: "
            "python NAME.kfp.py --deploy --host URL",
        )
    report(core.compile_notebook(notebook, settings=settings))
