"""``kale --nb NOTEBOOK``: the command line of the original project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from kale.cli.options import given_settings

#: Where `--kfp_port` is, if nothing says so: what `kubectl port-forward` opens.
_HERE = "localhost"


def classic(notebook: str, options: Mapping[str, Any]) -> None:
    """Compile a notebook beside itself and, if that is asked for, deploy it.

    Raises:
        KaleError: the notebook is refused, or the cluster cannot be reached or refuses.
        click.UsageError: options contradict each other.
    """
    settings = given_settings(dict(options))
    if not (options["deploy"] or options["run_pipeline"] or options["upload_pipeline"]):
        from kale import core
        from kale.cli.compile import report
        from kale.cli.deploy_options import refuse_without_deploy

        refuse_without_deploy()

        report(core.compile_notebook(notebook, settings=settings))
        return
    from kale.cli.connection_options import connection_options
    from kale.cli.deploy import deploy
    from kale.cli.deploy_options import check_together

    run = options["deploy"] or options["run_pipeline"]
    chosen = {
        **options,
        "host": _host(options),
        "upload_only": options["upload_only"] or not run,
        "output": None if options["dry_run"] else str(Path(notebook).parent),
        "strict": False,
    }
    check_together(chosen)
    deploy(notebook, chosen, settings, connection_options(chosen))


def _host(options: Mapping[str, Any]) -> str | None:
    """The address that `--kfp_host` and `--kfp_port` make, or that of `--host`."""
    host, port = options["kfp_host"], options["kfp_port"]
    if options["host"]:
        if host or port:
            raise click.UsageError("`--host` and `--kfp_host` or `--kfp_port` exclude each other")
        return str(options["host"])
    if port is None:
        return str(host) if host else None
    text = str(host or _HERE)
    parts = urlsplit(text if "://" in text else f"//{text}")
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    bare = parts.netloc.rpartition(":")[0] if parts.netloc.rpartition(":")[2].isdecimal() else ""
    return f"{scheme}{bare or parts.netloc}:{port}{parts.path}"
