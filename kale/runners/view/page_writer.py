"""The process that makes pages of executed notebooks: ``python page_writer.py PARENT``.

Each line of standard input is a JSON object: ``notebook`` and ``page``, two paths, and ``step``,
the name that the page shows. A page appears whole or not at all; a notebook of which none can be
made is passed over. The process ends with its input, or with PARENT, the process that started it.

It runs as a file and imports nothing of Kale, whose engine would take longer than the pages.
"""

from __future__ import annotations

import importlib.resources
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The lowest priority there is: a step that runs is always more urgent.
_NICENESS = 19

#: Option number of prctl(2): the signal to get when the parent ends.
_PR_SET_PDEATHSIG = 1

_TEMPLATE = "notebook_page.html.jinja2"


def main(parent: int) -> None:
    """Make pages until the input ends."""
    os.nice(_NICENESS)
    _die_with_parent()
    exporter = page_exporter()
    _warm_up(exporter)
    _let_others_before()
    for line in sys.stdin.buffer:
        # Where the system does not end us, orders may be left when PARENT is gone.
        if os.getppid() != parent:
            return
        order = json.loads(line)
        try:
            write_page(exporter, Path(order["notebook"]), Path(order["page"]), order["step"])
        except Exception as error:  # noqa: BLE001 - outputs are anything; the notebook is linked
            exporter.log.info("no page for step %s: %s", order["step"], error)


def _let_others_before() -> None:
    """Take the lowest priority where Linux weighs sessions and not their processes.

    Not before all is imported: the run's first steps start meanwhile, and its end waits for this.
    """
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICENESS), encoding="ascii")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _warm_up(exporter: Any) -> None:
    """Compile templates and expressions, half of what a small page takes, before one is wanted."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    printed = new_output("stream", text="1")
    cells = [new_markdown_cell("# 1"), new_code_cell("1", outputs=[printed])]
    exporter.from_notebook_node(new_notebook(cells=cells), {"step": ""})


def write_page(exporter: Any, notebook: Path, page: Path, step: str) -> None:
    """Write the page of one executed notebook, replacing one that is there at once.

    Raises:
        Exception: whatever the exporter meets in the notebook's outputs, or the file system.
    """
    text, _ = exporter.from_filename(str(notebook), {"step": step})
    part = page.with_name(f"{page.name}.part")
    try:
        # Text of any kind can stand in an output, half a surrogate pair too.
        part.write_bytes(text.encode(errors="backslashreplace"))
        part.replace(page)
    finally:
        part.unlink(missing_ok=True)


def page_exporter() -> Any:
    """What turns a notebook into a page that asks no other machine for anything."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    # No word about what it cannot do, on the user's terminal.
    log = logging.getLogger("kale.nbconvert")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    folder = importlib.resources.files("kale.templates")
    templates = {
        name: folder.joinpath(name).read_text(encoding="utf-8")
        for name in (_TEMPLATE, "page_style.css.jinja2")
    }
    return HTMLExporter(
        log=log,
        template_name="basic",
        template_file=_TEMPLATE,
        extra_loaders=[DictLoader(templates)],
        require_js_url="",
        mathjax_url="",
        embed_images=True,
        exclude_anchor_links=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
