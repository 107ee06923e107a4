"""Text without secrets: their values, what is named like one, and passwords in addresses.

Only the standard library, and Python 3.10: this is part of a probe (see ``probe_source``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from urllib.parse import quote

#: What stands for a secret.
HIDDEN = "<hidden>"

#: Words of a name that make it a secret's; the long ones also as a part of a word.
_WORDS = frozenset("pwd token tokens auth oauth apikey creds passcode bearer jwt".split())
_PARTS = ("password", "passwd", "passphrase", "secret", "credential", "apikey", "privatekey")
_PAIRS = frozenset(
    [("api", "key"), ("private", "key"), ("access", "key"), ("account", "key"), ("auth", "key")]
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

#: Variables that are named like a secret and are none.
_KNOWN = frozenset(["PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY"])
#: Values that say too little to be one: they would be hidden wherever they stand.
_PLAIN = re.compile(r"(?i)false|bearer|.{0,5}|\d{1,7}")
_SHORTEST = 4

_ADDRESS = re.compile(r"(://[^\s:/@'\"]{0,99}:)[^\s'\"]{1,999}@")
_HEADER = re.compile(r"\b(Bearer|Basic) +[\w.~+/=-]{8,}")
# All repetitions end somewhere: a text of one long word takes no time.
_QUOTED = re.compile(r"""\b(\w{1,99})(["']?\]?\s*(?::|==?)\s*[rbfRBF]?)(["'])(?:(?!\3).)+\3""")
_PLAINLY = re.compile(r"""\b(\w{1,99})(=|: )([^\s"'()\[\]{},;&]+)""")
_PARSER = re.compile(r"(?i)(unexpected|unknown|illegal|missing|stray) $")


def names_secret(name: str) -> bool:
    """Whether a variable of that name is likely to hold a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    return (
        not _WORDS.isdisjoint(words)
        or words[-1:] == ["pass"]
        or any(part in joined for part in _PARTS)
        or not _PAIRS.isdisjoint(pairwise(words))
    )


def secret_values(environ: Mapping[str, str], declared: Iterable[str] = ()) -> tuple[str, ...]:
    """The texts to hide, the longest first: secrets in an environment, in each form they take.

    Those are the variables that ``declared`` names, and those that are named like a secret.
    """
    declared = frozenset(declared)
    found: set[str] = set()
    for name, value in environ.items():
        guessed = name not in _KNOWN and names_secret(name) and not _PLAIN.fullmatch(value)
        if not (guessed or name in declared):
            continue
        # A key of several lines is shown a line at a time.
        lines = (line.strip() for line in value.splitlines())
        for text in (value, value.strip(), *(line for line in lines if len(line) >= 8)):
            forms = (text, repr(text)[1:-1], json.dumps(text)[1:-1], quote(text, safe=""))
            found.update(form for form in forms if len(form) >= _SHORTEST)
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def mask(text: str, secrets: Iterable[str]) -> str:
    """``text`` without the secrets, and without passwords in addresses and headers."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _ADDRESS.sub(rf"\1{HIDDEN}@", text)
    text = _HEADER.sub(rf"\1 {HIDDEN}", text)
    return _QUOTED.sub(_hide_quoted, text)


def mask_message(text: str, secrets: Iterable[str]) -> str:
    """As :func:`mask`, and without ``password=…``, which in code would be a name."""
    return _PLAINLY.sub(_hide_plain, mask(text, secrets))


def _told(match: re.Match[str]) -> bool:
    """Whether what follows a name may be told: it is no secret's, or a parser speaks of a token."""
    before = max(match.start() - 20, 0)
    return not names_secret(match[1]) or bool(_PARSER.search(match.string, before, match.start()))


def _hide_quoted(match: re.Match[str]) -> str:
    if _told(match):
        return match[0]
    return f"{match[1]}{match[2]}{match[3]}{HIDDEN}{match[3]}"


def _hide_plain(match: re.Match[str]) -> str:
    if _told(match) or match[3] == "None":
        return match[0]
    return f"{match[1]}{match[2]}{HIDDEN}"
