"""Names that Kubernetes and Kubeflow Pipelines take, from names that they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.codegen.names import ascii_key, identifier, kubernetes_name, parameter_keys, unique


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("train", "train", id="a plain name stays"),
        pytest.param("train_model", "train-model", id="an underscore becomes a dash"),
        pytest.param("a-_-b", "a-b", id="one dash for many"),
        pytest.param("_a_", "a", id="no dash at the ends"),
        pytest.param("2nd", "2nd", id="digits may come first"),
    ],
)
def test_kubernetes_name(name, expected):
    assert kubernetes_name(name) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], {}, id="no parameters"),
        pytest.param(
            ["alpha", "Beta_2"], {"alpha": "alpha", "Beta_2": "Beta_2"}, id="fit names stay"
        ),
        pytest.param(["_x"], {"_x": "p__x"}, id="KFP wants a letter first"),
        pytest.param(
            ["self", "Output"], {"self": "p_self", "Output": "p_Output"}, id="the SDK's own"
        ),
        pytest.param(
            ["p_self", "self"], {"p_self": "p_self", "self": "p_self_2"}, id="a collision"
        ),
        pytest.param(["größe"], {"größe": "groe_5bd3a989"}, id="letters that ASCII has not"),
        pytest.param(["数"], {"数": "v_9579b8d3"}, id="no ASCII letter at all"),
    ],
)
def test_parameter_keys(names, expected):
    assert parameter_keys(names) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("random_state", "random_state", id="a variable keeps its name"),
        pytest.param("_x2", "_x2", id="an underscore is fine in a port's name"),
        pytest.param("random.state", "random_state_57e2aa05", id="a random state"),
        pytest.param("größe", "groe_5bd3a989", id="letters that ASCII has not"),
    ],
)
def test_ascii_key(name, expected):
    assert ascii_key(name) == expected


def test_unique_counts_from_two():
    assert [unique("a", taken) for taken in ((), ("a",), ("a", "a_2"))] == ["a", "a_2", "a_3"]


def test_identifier():
    assert identifier("2nd-step") == "2nd_step"


@given(st.lists(st.text(min_size=1), unique=True))
def test_keys_are_ascii_and_unique(names):
    keys = parameter_keys(names)
    assert len(set(keys.values())) == len(names)
    assert all(key.isascii() and key.isidentifier() for key in keys.values())


@given(st.text(min_size=1))
def test_a_key_depends_on_its_name_alone(name):
    assert ascii_key(name) == ascii_key(name)
