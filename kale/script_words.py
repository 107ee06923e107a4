"""A Python file in the place of a notebook: its path, and words for what has no cells and tags."""

from __future__ import annotations

import os
import re

#: What cells of a file are numbered from in the body of its pipeline: `kale.control.BODY`, which
#: stands above this module.
BODY = 1_000_000

_CELLS = r"\b([Cc])ells? (\d+(?:, \d+)*(?: and \d+)?)(?:, lines? (\d+))?(?![\w`])"

_HEAD = r"a cell tagged `imports`(?: or `functions`)?"
_NAME = r"`[^`\s]+`"

#: Words, as regular expressions, and what stands for them; in this order.
_WORDS = (
    (rf"{_HEAD}, which every step runs", "the code outside of functions, which every step runs"),
    (rf"an earlier step, or in {_HEAD}", "an earlier step, or outside of functions"),
    (_HEAD, "the code outside of functions"),
    (rf"tag a cell of ({_NAME}) with `prev:([^`]+)`", r"give \1 a result of `\2`"),
    (r"add the tag `prev:([^`]+)` to say so in the notebook", r"give it a result of `\1`"),
    (r"`pipeline-parameters` cell", "parameter of the pipeline"),
    (r"in a tag, `packages:([^`]*)`", r'in the step: `packages=["\1"]`'),
    (r"\btags? `packages:[^`]*`|`packages:[^`]*` tags?", "`packages=` of the step"),
    (r"with the tag `secret:(\w+):(\w+):(\w+)`", r'by `secrets={"\3": "\1:\2"}`'),
    (r"`volume:(\w+):(\w+)`", r'`volumes={"\1": "/\2"}`'),
    (r"`limit:memory:` tags", '`limits={"memory": …}`'),
    (r"`timeout:`", "`timeout=`"),
    (r"`cache:enabled`", "`cache=True`"),
    (
        r"order the (steps|two) with (?:a )?`prev:` tags?",
        r"have one of the \1 read a result of the other",
    ),
    (r"order them with a `prev:` tag", "have one of them read a result of the other"),
    (r"tag the cell that assigns it `pipeline-parameters`", "make it an argument of the pipeline"),
    (r", a file beside the notebook\b", ", which lies beside the file"),
    (r", or tag the cell `skip`", ""),
    (r"tag the cell with the `block:` that it belongs to", "define it outside of functions"),
    (r"all cells of a step run together", "a step runs as a whole"),
    (r"\bthe cells of", "the lines of"),
    (r"\bthe (?:author's )?notebook(?! server)", "the file"),
    (r"\bThe notebook(?! server)", "The file"),
    (r"\ba notebook(?! server)", "a file"),
    (r"\b(an?|the|this|that) cell\b", r"\1 line"),
)


def is_script(source: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a Python file, with the name of a pipeline (``::``) or without."""
    return os.fspath(source).partition("::")[0].endswith(".py")


def script_words(text: str) -> str:
    """``text``, a message about a place in a Python file, without cells, tags and notebooks.

    It may be given what it returned.
    """
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return re.sub(_CELLS, _lines, text)


def script_line(number: int) -> int:
    """The line of a file at which the cell of that number begins."""
    return number % BODY


def _lines(found: re.Match[str]) -> str:
    first, cells, line = found.groups()
    numbers = [line] if line else re.findall(r"\d+", cells)
    told = list(dict.fromkeys(str(script_line(int(number))) for number in numbers))
    text = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    return f"{'L' if first == 'C' else 'l'}ine{'s' if len(told) > 1 else ''} {text}"
