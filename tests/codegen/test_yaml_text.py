"""What `dump` writes is read as what was given, by PyYAML's readers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kale.codegen.yaml_text import dump

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


WORDS = [
    "", "~", "null", "Null", "NO", "y", "on", "off", "True", ".inf", "-.INF", ".nan", "1e3", "0x1f",
    "0o17", "017", "1:30", "1_000", "12e03", "2001-12-14", "=", "<<", "-", "- a", "? a", "a: b", "a #b",
    "#", "a:b", "C:", "img:1", "a::", "    "#", "&a"a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'", '"', "{}", "[]", ",", "a:", "---", "...",
]  # fmt: skip
LINES = [
    "a\n", "a\nb", "a\nb\n", "a\n\n", "\na", " a\nb", "a \nb", "a\n b\n", "a\n\n b\n", "a\n\tb\n", "\n",
    "a\n\n\nb\n", "# a\nb\n", "--- a\n...\n", "a\r\nb", "- a\n- b\n", "é\nb\n", "a\n ",
]  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"a": {}, "b": [], "c": [{}], "d": [[]]}, id="nothing in it"),
        pytest.param({"a": [[1, [2]], [{"b": [3]}, {"c": {"d": None}}]]}, id="lists of lists"),
        pytest.param({word: word for word in WORDS}, id="texts that look like something else"),
        pytest.param({"a": [LINES, {"b": LINES}]}, id="texts of several lines"),
        pytest.param({line: line for line in LINES}, id="keys of several lines"),
        pytest.param({"a": "".join(map(chr, range(0x250)))}, id="all of Latin"),
        pytest.param(
            {"a": "\u2028\u2029\ufeff\ufffe\uffff\U0001f600\U0010ffff"}, id="odd characters"
        ),
        pytest.param(
            {"k" * 5000: {"k" * 1025: ["v" * 9000]}}, id="keys longer than a reader looks"
        ),
        pytest.param({"a": [1e16, -1e-7, 1e300, 0.1, -0.0, 3.0]}, id="floats without a point"),
        pytest.param({"a": [math.inf, -math.inf]}, id="numbers that are not finite"),
        pytest.param({"a": [10**30, -5, True, False, None]}, id="integers, truth and nothing"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_is_read_as_it_was(document: dict[str, Any], loader: Any) -> None:
    text = dump([document])
    assert repr(list(yaml.load_all(text, Loader=loader))) == repr([dict(sorted(document.items()))])
    assert text.isascii() or text.encode()


@given(st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), min_size=1, max_size=2))
@settings(max_examples=150, deadline=None)
@example([{"0": {"0": "\x85"}}])
def test_any_documents_are_read_as_they_were(documents: list[dict[str, Any]]) -> None:
    found = read(dump(documents))
    assert found == documents
    assert dump(found) == dump(documents)


def test_lines_are_shown_as_lines() -> None:
    assert dump([{"b": ["x\n  y\n"], "a": 1}, {"c": "no"}]) == (
        "a: 1\nb:\n- |\n  x\n    y\n---\nc: 'no'\n"
    )
