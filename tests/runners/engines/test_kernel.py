"""Which kernel runs a step."""

from __future__ import annotations

import pytest

from kale.runners.engines.kernel import choose_kernel


@pytest.mark.parametrize(
    ("wanted", "installed", "expected"),
    [
        pytest.param("python3", {"python3", "mine"}, "python3", id="the usual one"),
        pytest.param("mine", {"python3", "mine"}, "mine", id="the notebook's own"),
        pytest.param("gone", {"python3", "mine"}, "python3", id="one that is not installed"),
        pytest.param("", {"python3"}, "python3", id="a notebook that names none"),
        pytest.param("gone", {"mine"}, None, id="no kernel for Python"),
        pytest.param("gone", set(), None, id="no kernel at all"),
    ],
)
def test_choose_kernel(wanted, installed, expected):
    assert choose_kernel(wanted, installed) == expected
