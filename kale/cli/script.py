"""``kale FILE.py``: an SDK file compiled and run here, or with ``--kfp`` deployed."""

from __future__ import annotations

from typing import Any

import click

from kale.cli.deploy import deploy_command
from kale.cli.run import run_command, run_or_list

#: Stands for the verb `deploy` behind the name of a file.
KFP = "--kfp"


def script_verb(arguments: list[str]) -> tuple[click.Command, list[str]]:
    """The command that ``kale FILE.py …`` stands for, and its arguments, the file among them."""
    rest = arguments[1:]
    ends = rest.index("--") if "--" in rest else len(rest)
    if KFP in rest[:ends]:
        rest.remove(KFP)
        return deploy_command, [arguments[0], *rest]
    return script_command, arguments


def _script(notebook: str, **options: Any) -> None:
    """Compile an SDK file to a Kubeflow Pipelines package beside it, and run it on this machine.

    With --kfp it is deployed in the place of that, with the options of `kale deploy`. `python
    FILE.py` runs it as plain Python; `kale run FILE.py` runs it here without the package.
    """
    run_or_list(notebook, options, compiling=True)


class _Script(click.Command):
    """A command whose name is the file that it is given."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click has it
        """The options alone."""
        return [self.options_metavar or ""]


script_command = _Script(
    "script", callback=_script, params=run_command.params, help=_script.__doc__
)
