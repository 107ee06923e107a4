"""Options that say which cluster to speak to, and as whom."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kale.cli.options import not_empty

if TYPE_CHECKING:
    from kale.cluster.connection import ConnectionOptions


#: Options of every command that speaks to a cluster; see :func:`connection_options`.
CONNECTION = (
    click.option(
        "--host", metavar="URL", callback=not_empty,
        help="Where Kubeflow Pipelines is, or a cluster's name in your configuration; by default "
        "as KALE_KFP_HOST, your configuration or the pod that this runs in says.",
    ),
    click.option(
        "--namespace", metavar="NAME", callback=not_empty,
        help="Your namespace, where the cluster has several users.",
    ),
    click.option(
        "--token-file", metavar="FILE", callback=not_empty,
        help="A file with the token to log in with; KALE_KFP_TOKEN may hold the token itself.",
    ),
    click.option(
        "--token", metavar="TOKEN", callback=not_empty,
        help="The token itself, which others on this machine can then see; `-` reads it from "
        "standard input.",
    ),
    click.option(
        "--cookies", metavar="COOKIES", callback=not_empty,
        help="Cookies of a session of your browser, such as `authservice_session=…`; `-` as above.",
    ),
    click.option(
        "--ca-cert", metavar="FILE", callback=not_empty,
        help="The certificates that the cluster's own is signed with.",
    ),
    click.option(
        "--allow-http", is_flag=True,
        help="Let the token and the cookies travel unencrypted, where others can read them.",
    ),
)  # fmt: skip

#: The destinations of those that are texts.
_TEXTS = ("host", "namespace", "token_file", "token", "cookies", "ca_cert")


def connection_options(options: Mapping[str, Any]) -> ConnectionOptions:
    """What a command's options say of the connection; those not given are empty.

    Raises:
        click.BadParameter: standard input is to be read for two of them, or holds nothing.
    """
    from kale.cluster.connection import ConnectionOptions

    given: dict[str, str] = {key: options.get(key) or "" for key in _TEXTS}
    if [given[key] for key in ("token", "cookies")] == ["-", "-"]:
        raise click.BadParameter("standard input cannot be both `--token` and `--cookies`")
    for key in ("token", "cookies"):
        if given[key] == "-":
            given[key] = sys.stdin.readline().strip()
            if not given[key]:
                raise click.BadParameter(f"`--{key} -` found nothing on standard input")
    return ConnectionOptions(**given, allow_http=bool(options.get("allow_http")))
