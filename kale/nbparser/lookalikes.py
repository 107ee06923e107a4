"""What looks like a tag of Kale's and is not, and how it was probably meant.

A foreign tag is left alone, so a typing error would go unnoticed and its cell would quietly
join the step above. A text that :func:`kale.nbparser.tags.parse_tag` cannot read looks like
Kale's when

* it differs from a tag only in case, in blanks around its parts, in `_` or a blank for `-`,
  in full-width characters, or in a colon after a word that takes none (`Block:a`, `imports `);
* a blank or `=` stands where the colon belongs (`prev a`, `limit cpu 2`);
* the word before the colon is one insertion, deletion, exchange of neighbours or replaced
  letter away from a keyword (`blok:a`), unless it is a common word of its own;
* it is one such change away from a word that stands alone (`import`, `pipeline-metric`);
* it is Python's own word for what a tag of Kale's does (`for:x in xs`, `if:n > 1`, `else`).

For options, whose keywords are everyday words, the corrected text must be a right tag too:
`note:see below` is nobody's `node:`, and `label x` no label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

#: Keywords that name steps: no everyday tag is so near to them that it must be a right tag too.
_STRUCTURAL = ("block", "step", "prev", "notebook")

#: Everyday words one letter away from a keyword.
_FOREIGN = frozenset(
    "black clock flock lock stem stop steep note code mode".split()
    + "files fill film find fine fire five mile pile then tile".split()
)

#: Python's words, and those of the SDK, for keywords and tags of Kale's.
_OTHER_WORDS = {"for": "loop", "if": "when", "parallel": "parallelism"}
_ELSE = "when:else"

#: Keywords that begin everyday phrases: `image 1`, `notebook intro`, `when ready`.
_PHRASES = frozenset({"file", "image", "notebook", "packages", "report"})
_COMPARISON = re.compile(r"[<>=(]|\b(?:and|or|not|in|is|else)\b")


def right_spelling(
    text: str,
    words: Iterable[str],
    keywords: Iterable[str],
    reads: Callable[[str], bool],
) -> str | None:
    """How ``text`` should have been spelled, or ``None`` when it does not look like Kale's.

    ``words`` stand alone, ``keywords`` come before a colon; ``reads`` tells whether a text
    that begins with a keyword and a colon is a right tag.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    alone = _near_word(plain, tuple(words))
    if alone is not None:
        return alone
    if plain.lower().rstrip(": ") == "else":
        return _ELSE
    if (test := re.match(r"elif\b[\s:]*(.+)", plain)) and reads(f"when:elif {test[1]}"):
        return f"when:elif {test[1]}"
    head, colon, rest = plain.partition(":")
    if not colon:
        return _without_colon(plain, tuple(keywords), reads)
    head = re.sub(r"[\s_]+", "-", head.strip().lower())
    if head in _OTHER_WORDS:
        corrected = f"{_OTHER_WORDS[head]}:{rest.strip()}"
        return corrected if reads(corrected) else None
    for keyword in keywords:
        if head == keyword or (head not in _FOREIGN and one_change_apart(head, keyword)):
            corrected = f"{keyword}:{rest.strip()}"
            if keyword in _STRUCTURAL or head == keyword or reads(corrected):
                return corrected
    return None


def _near_word(plain: str, words: tuple[str, ...]) -> str | None:
    joined = re.sub(r"[\s_]+", "-", plain.lower()).rstrip(":").rstrip("-")
    if joined in words:
        return joined
    return next((word for word in words if one_change_apart(joined, word)), None)


def _without_colon(
    plain: str, keywords: tuple[str, ...], reads: Callable[[str], bool]
) -> str | None:
    head, _, rest = re.sub(r"\s*[\s=]\s*", ":", plain, count=1).partition(":")
    head = head.lower().replace("_", "-")
    head = _OTHER_WORDS.get(head, head)
    if not rest:
        return f"{head}:NAME" if head in {"block", "prev"} else None
    if head not in keywords or head in _PHRASES:
        return None
    if head == "when" and not _COMPARISON.search(rest):
        return None
    corrected = f"{head}:{rest}"
    if not reads(corrected):
        corrected = f"{head}:" + re.sub(r"\s+", ":" if head not in _STRUCTURAL else ";", rest)
    return corrected if head in _STRUCTURAL or reads(corrected) else None


def one_change_apart(a: str, b: str) -> bool:
    """Whether one edit turns ``a`` into ``b``; short words have too many neighbours to judge.

    An edit is an insertion, a deletion, a replacement or an exchange of neighbours (the
    restricted Damerau-Levenshtein distance of one).
    """
    if a == b or min(len(a), len(b)) < 3 or len(b) < 4 or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    s, t = a[start:], b[start:]
    if len(a) == len(b):
        return s[1:] == t[1:] or (s[:2] == t[1::-1] and s[2:] == t[2:])
    return s[1:] == t or s == t[1:]
