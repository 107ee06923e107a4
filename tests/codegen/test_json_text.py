"""`indented` writes what the standard library writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kale.codegen.json_text import indented

TEXTS = st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_any_value_is_written_as_the_standard_library_does(ensure_ascii: bool, value: Any) -> None:
    expected = json.dumps(value, ensure_ascii=ensure_ascii, indent=1, sort_keys=True)
    assert indented(value, ensure_ascii=ensure_ascii) == expected
