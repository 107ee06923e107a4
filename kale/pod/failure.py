"""A failed step's last words in its pod's log, which is all that KFP keeps of a failed task.

They are the executed notebook, as text that ``kale logs`` makes a file of, and then what a person
reads: the traceback, what the step was given, and the line of the author's notebook.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
import traceback
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from .page import plain

#: Characters that the notebook may take in the log, those of a line, and those of a message.
_MOST, _LINE, _MESSAGE = 1_000_000, 120, 10_000

#: Environment variables whose value is a secret, by their names.
_SECRET = re.compile(
    r"(?i)passw|passphrase|secret|credential|(api|private|access|account|auth)_?key"
    r"|(?<![a-z])(pwd|pass|passcode|tokens?|o?auth|creds|bearer|jwt)(?![a-z])"
)
_HIDDEN = "<hidden>"

#: What nbclient raises when the kernel is gone.
_DEAD = "DeadKernelError"


def report_failure(
    step: str,
    source: Mapping[str, Any],
    executed: Mapping[str, Any],
    error: BaseException,
    inputs: Mapping[str, str],
) -> None:
    """Print all that is known of a failure on standard error, never raising for what is in it.

    ``source`` is the step's notebook as it was sent, ``executed`` as far as it ran (empty if
    that is not known), ``error`` what papermill raised, ``inputs`` a text for each input. The last
    line (or lines, as many as the message has) is ``step `NAME` failed: cell 14, line 3: TYPE:
    MESSAGE``; no place is told where no cell of the author's was running.
    """
    metadata = source.get("metadata", {}).get("kale", {})
    notebook = executed or source
    hide = _hider(metadata.get("secrets", ()))
    place, shown, what = "", "", type(error).__name__
    try:
        what = f"{what}: {plain(str(error))}"
        place, shown, what = _told(notebook, error)
        if place and "notebook" in metadata:
            shown = f" of {metadata['notebook']}{shown}"
    except Exception as trouble:  # noqa: BLE001 - the failure itself must still be told
        shown = _lacking(trouble)
    parts: tuple[Callable[[], str], ...] = (
        lambda: _embedded(step, notebook, hide),
        lambda: hide(_traceback(error)),
        lambda: hide("".join([f"input of `{step}`: {n}: {text}\n" for n, text in inputs.items()])),
        lambda: hide(f"{place}{shown}\n" if place or shown else ""),
        lambda: f"step `{step}` failed: {place and f'{place}: '}{hide(what)[:_MESSAGE]}\n",
    )
    sys.stdout.flush()
    for part in parts:
        try:
            text = part()
        except Exception as trouble:  # noqa: BLE001 - as above
            text = hide(_lacking(trouble))
        sys.stderr.write(text)
    sys.stderr.flush()


def _lacking(trouble: Exception) -> str:
    return f"kale: a part of this report is missing: {trouble!r}\n"


def _told(notebook: Mapping[str, Any], error: BaseException) -> tuple[str, str, str]:
    """Where the author's code failed, the source line, and the exception; in this order.

    The line has a caret if IPython gave one. Place and line are empty if no cell of the author's
    was running.
    """
    kind = getattr(error, "ename", type(error).__name__)
    message = plain(str(getattr(error, "evalue", error)))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    raised = [c for c in cells if c["metadata"].get("papermill", {}).get("exception")]
    raised += [c for c in cells if any(o["output_type"] == "error" for o in c["outputs"])]
    for cell in cells:
        events = cell["metadata"].get("execution", {})
        if "iopub.execute_input" in events and "shell.execute_reply" not in events:
            raised.append(cell)  # the kernel has begun it and never replied
    cell = raised[0] if raised else {}
    text = "\n".join(getattr(error, "traceback", ()))
    if kind == "CellExecutionError":  # an exception group, which IPython leaves to Python to tell
        streams = [o["text"] for o in cell["outputs"] if o.get("name") == "stderr"]
        text = "".join("".join(stream) for stream in streams)
        if group := re.search(r"(?m)^[ |]*([\w.]*Group): (.*)$", text):
            kind, message = group.groups()
    if kind == "SyntaxError":
        message = re.sub(r" \([^ ]*, line \d+\)$", "", message)
    if kind == _DEAD:
        message += "; most often for want of memory: raise the step's `limit:memory`"
    return *_place(cell, plain(text)), f"{kind}: {message}" if message else kind


def _place(cell: Mapping[str, Any], text: str) -> tuple[str, str]:
    """The place in the author's notebook, and the source line, of a traceback's text."""
    ours = cell.get("metadata", {}).get("kale", {})
    if "cell" not in ours:
        return "", ""
    # Causes stand first, above a rule each; the first frame in this cell is the cell's own line.
    text = re.split(r"(?m)^-{20,}$", text)[-1]
    found = re.search(
        rf"(?:Cell In|Input In) ?\[{cell['execution_count']}\](?:, line |[^\0]*?^-+> )(\d+)"
        r'|ipykernel_\d+[^"]*", line (\d+), in <module>',
        text,
        re.MULTILINE,
    )
    lines = "".join(cell["source"]).split("\n")
    # IPython takes blank lines away from the top before it counts.
    blank = next((number for number, text in enumerate(lines) if text.strip()), 0)
    line = int(found[1] or found[2]) + blank if found else 0
    first = ours.get("line", 1)
    # Numbers like these are of a Python file, which has lines alone.
    cell_words = f"cell {ours['cell']}, " if ours["cell"] < 1_000_000 else ""
    if found is None or line > len(lines):
        return cell_words.removesuffix(", ") or f"line {first}", ""
    source = lines[line - 1].strip()
    shown = f":\n    {source}"
    # Of a syntax error IPython shows the line and, below, what is wrong with it.
    pointed = re.match(r".*\n( *)(\S.*)\n( *\^+) *\n", text[found.start() :])
    if pointed and pointed[2].strip() == source:
        shown += f"\n    {pointed[3][len(pointed[1]) :]}"
    return f"{cell_words}line {first + line - 1}", shown


def _traceback(error: BaseException) -> str:
    if type(error).__name__ == _DEAD:
        return ""  # it would tell how papermill noticed
    told = getattr(error, "traceback", None)
    if told is None:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return plain("\n".join([*told, ""]))


# ------------------------------------------------------------------------ the notebook


def _embedded(step: str, notebook: Mapping[str, Any], hide: Callable[[str], str]) -> str:
    """The notebook between two marker lines; ``kale/pod_logs.py`` reads them.

    Each line names the notebook, by its digest, and its own number, so that nothing in front of
    it, among them or out of order matters. No character is one that a shipper of logs would escape.
    """
    content = zlib.compress(json.dumps(_lightened(_hidden(notebook, hide))).encode(), 9)
    digest = hashlib.sha256(content).hexdigest()
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    if len(text) > 2 * _MOST:
        return "kale: the executed notebook is too large for a log, even without its outputs\n"
    rows = [text[k : k + _LINE] for k in range(0, len(text), _LINE)]
    name = digest[:12]
    return "\n".join(
        [
            f"==== kale-notebook {name} begins: step {step}, {len(rows)} lines, sha256 {digest}",
            *(f"~{name} {number}|{row}|" for number, row in enumerate(rows, 1)),
            f"==== kale-notebook {name} ends; save this log, and kale logs makes a file of it\n",
        ]
    )


def _lightened(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook without as many of its outputs, the largest first, as are too much for a log."""
    sizes = [
        (max(len(zlib.compress(text, 1)), len(text) // 64), k, n)
        for k, cell in enumerate(notebook["cells"])
        for n, output in enumerate(cell.get("outputs", ()))
        for text in [json.dumps(output).encode()]
    ]
    # What unpacks to more than 64 times as much could be an attack on whoever reads the log. Base64
    # takes 4 characters for 3 bytes; code, and what each line has beside, take their part.
    excess = sum(size for size, _, _ in sizes) - _MOST * 5 // 8
    for size, k, n in sorted(sizes, reverse=True):
        if excess <= 0:
            break
        excess -= size
        note = "Kale left this output out: it is too large for a log.\n"
        notebook["cells"][k]["outputs"][n] = {
            "output_type": "stream", "name": "stderr", "text": note
        }  # fmt: skip
    return notebook


# ----------------------------------------------------------------------------- secrets


def _hider(declared: Any) -> Callable[[str], str]:
    """What takes out of a text the values of secret variables, and passwords in addresses.

    Those are the variables that ``declared`` names, and those that are named like a secret.
    """
    found = set()
    for name, value in os.environ.items():
        likely = name != "PWD" and _SECRET.search(name)
        if name in declared or (likely and not re.fullmatch(r"(?i)false|.{0,5}|\d{1,7}", value)):
            lines = [line.strip() for line in value.splitlines()]
            for text in (value, value.strip(), *(line for line in lines if len(line) >= 8)):
                found |= {
                    text,
                    repr(text)[1:-1],
                    json.dumps(text)[1:-1],
                    quote(text, "", errors="replace"),
                }
    secrets = sorted((text for text in found if len(text) >= 4), key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, _HIDDEN)
        return re.sub(r"(://[^\s:/@'\"]{0,99}:)[^\s'\"]{1,999}@", rf"\1{_HIDDEN}@", text)

    return hide


def _hidden(value: Any, hide: Callable[[str], str], data: bool = False) -> Any:
    """JSON values without secrets; what nbformat itself calls things, outside ``data``, stays."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_hidden(item, hide, data) for item in value]
    if isinstance(value, dict) and data:
        return {hide(key): _hidden(item, hide, data) for key, item in value.items()}
    if isinstance(value, dict):
        own = ("cell_type", "output_type", "name", "id")
        return {k: v if k in own else _hidden(v, hide, k == "data") for k, v in value.items()}
    return value
