"""An executed notebook as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

#: Characters of a text output, and of the whole page: beyond them is a note.
_TEXT, _PAGE = 100_000, 9_000_000

#: Cells that Kale wrote.
_OURS = ("parameters", "load", "item", "types", "save", "decide", "show", "record")

_IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")

# What authors put out as HTML, and images without a background, are made for white pages. Ours
# are children of `body` or `details`, so that the looks stay away from what is inside of theirs.
_STYLE = (
    ":root{color-scheme:light dark}body{font:15px system-ui;max-width:64em;margin:auto;padding:1em}"
    "body>p,summary{color:#888;margin-top:1em}:is(body,details)>pre{white-space:pre-wrap;"
    "overflow-wrap:anywhere;overflow:auto;max-height:40em;margin:.3em 0;padding:.6em}"
    ".s{background:#8882}.e{border-left:3px solid #d44}.h{background:#fff;color:#000;"
    "color-scheme:light;overflow:auto}img{background:#fff;max-width:100%}"
)

_ANSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\].{0,999}?(\x07|\x1b\\))")


def html_page(notebook: Mapping[str, Any], title: str) -> str:
    """The page of a notebook of nbformat 4, as its file has it; any of its text is UTF-8.

    HTML that the notebook's own code put out stands in it as it is, all else is escaped.
    """
    head = '<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content="width='
    name = escape(title)
    parts = [f'{head}device-width"><title>{name}</title><style>{_STYLE}</style><h1>{name}</h1>']
    left = _PAGE
    for cell in notebook["cells"]:
        for part in _cell(cell):
            if len(part) > max(left, 999):  # tags go on, so that what is open is closed
                note = f"<p>left out for its size: {len(part):,} characters; see the notebook"
                parts.append(note)
            else:
                parts.append(part)
                left -= len(part)
    return "".join(parts).encode("utf-8", "replace").decode()


def plain(text: str | list[str]) -> str:
    """Text of a notebook file, a string or a list of lines, as it looks without a terminal.

    That is without colours, and of a line that was written over (a progress bar) the last state.
    """
    return re.sub(r"(?m)^[^\n]*\r(?!\n|\Z)", "", _ANSI.sub("", "".join(text)))


def _cell(cell: Mapping[str, Any]) -> Iterator[str]:
    metadata = cell.get("metadata", {})
    tags, ours = metadata.get("tags", ()), metadata.get("kale", {})
    source = _pre(cell["source"], "s")
    if cell["cell_type"] != "code":
        yield source
        return
    outputs = cell.get("outputs", ())
    role = "parameters" if "injected-parameters" in tags else ours.get("role")
    label = f"[{cell.get('execution_count') or ' '}] "
    if role in _OURS:
        opened = " open" * any(output["output_type"] == "error" for output in outputs)
        yield f"<details{opened}><summary>{label}Kale: {role}</summary>"
    else:
        place = f"line {ours.get('line', 1)}" if "cell" in ours else ""
        if ours.get("cell", 1_000_000) < 1_000_000:  # the others are of a Python file
            place = f"cell {ours['cell']}, {place}"
        yield f"<p>{label}{place}</p>"
    yield source
    yield from map(_output, outputs)
    if role in _OURS:
        yield "</details>"


def _output(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _pre(output["text"], "e" if output["name"] == "stderr" else "")
    if output["output_type"] == "error":
        # Each entry ends a line, and some are several.
        text = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
        return _pre(text, "e")
    data = output.get("data", {})
    if "text/html" in data:
        return f"<div class=h>{''.join(data['text/html'])}</div>"
    for kind in _IMAGES:
        if kind in data:
            content = "".join(data[kind])
            if "svg" in kind:  # as an image it runs no script, and its ids are its own
                content = base64.b64encode(content.encode("utf-8", "replace")).decode()
            return f'<img src="data:{kind};base64,{escape(content)}">'
    for kind in ("text/markdown", "text/latex", "text/plain"):
        if kind in data:
            return _pre(data[kind])
    return _pre(f"({', '.join(data)})")


def _pre(text: str | list[str], looks: str = "") -> str:
    text = "".join(text) if looks == "s" else plain(text)
    if len(text) > _TEXT:
        gap = f"\n\N{HORIZONTAL ELLIPSIS} {len(text) - _TEXT:,} characters left out\n"
        text = text[: _TEXT // 2] + gap + text[-_TEXT // 2 :]
    return f'<pre class="{looks}">{escape(text)}</pre>'
