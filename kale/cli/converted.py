"""Where the text of a converted file goes: to standard output, or to a file that is not there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import click

from kale.errors import UsageError
from kale.files import write_files
from kale.printable import printable

output_option = click.option(
    "-o", "--output", type=click.Path(), metavar="FILE",
    help="The file to write; by default the text goes to standard output.",
)  # fmt: skip
force_option = click.option("--force", is_flag=True, help="Write over a file that is there.")


def give(text: str, output: str | None, *, force: bool) -> None:
    """Write the text to the file ``output``, whole or not at all, or to standard output.

    Raises:
        UsageError: KALE782, the file is there already; KALE011, it cannot be written.
    """
    if output is None:
        click.echo(text, nl=False)
        return
    path = Path(output)
    if path.exists() and not force:
        raise UsageError(
            "KALE782",
            f"`{output}` is there already",
            hint="name another file, or write over it with `--force`",
        )
    write_files({PurePosixPath(path.name): text.encode()}, path.parent)
    click.echo(f"file      {printable(output)}")
