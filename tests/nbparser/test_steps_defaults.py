"""The historic ``steps_defaults``: both forms, what beats them, and what is refused."""

from __future__ import annotations

import pytest

STEP = ("pass", "block:a")


@pytest.mark.parametrize(
    ("defaults", "tags", "expected"),
    [
        ({"labels": {"a": True, "b": 1}}, [], {"labels": (("a", "true"), ("b", "1"))}),
        ({"annotations": {"a": "b:c"}}, [], {"annotations": (("a", "b:c"),)}),
        (
            {"limits": {"cpu": 2}, "requests": {"memory": "1Gi"}},
            [],
            {"limits": (("cpu", "2"),), "requests": (("memory", "1Gi"),)},
        ),
        ({"env": {"A": "b=c"}}, [], {"env": (("A", "b=c"),)}),
        ({"node_selectors": {"a": "b"}}, [], {"node_selectors": (("a", "b"),)}),
        ({"retry_count": 3, "timeout": 5}, [], {"retries": 3, "timeout": 5}),
        ({"base_image": "i", "docker_image": ""}, [], {"image": "i"}),
        ({"enable_caching": False, "report": True}, [], {"caching": False, "report": True}),
        ({"packages": ["a>=1,<2", "b"]}, [], {"packages": ("a>=1,<2", "b")}),
        (
            ["label:a:b", "limit:cpu:1"],
            ["limit:cpu:2"],
            {"labels": (("a", "b"),), "limits": (("cpu", "2"),)},
        ),
        (["packages:a==1,b"], ["packages:A==2"], {"packages": ("A==2", "b")}),
        (["env:A=1"], ["secret:s:k:A"], {"env": ()}),
    ],
    ids=str,
)
def test_steps_defaults_hold_where_a_step_says_nothing(parse, defaults, tags, expected):
    pipeline = parse(
        ("pass", "block:a", *tags), metadata={"kubeflow_notebook": {"steps_defaults": defaults}}
    )
    options = pipeline.steps[0].options
    assert {key: getattr(options, key) for key in expected} == expected
    assert pipeline.diagnostics == ()


WRITE = "write option tags, as `label:KEY:VALUE` or `limit:cpu:2`"


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [
        ([1], f"KALE110: `1` in `steps_defaults` is no text ({WRITE})"),
        (["block:a"], f"KALE110: `block:a` in `steps_defaults` is no option of a step ({WRITE})"),
        (["hello"], f"KALE110: `hello` in `steps_defaults` is no option of a step ({WRITE})"),
        (
            ["retry:x"],
            (
                "KALE101: in `steps_defaults`: the tag `retry:x` is malformed (write `retry:N`"
                " or `retry:N:SECONDS` with whole numbers from 0, as in `retry:3:30`)"
            ),
        ),
        ({"labels": []}, f"KALE110: `labels` in `steps_defaults` is no object ({WRITE})"),
        (
            {"labels": {"a": []}},
            f"KALE110: `labels` in `steps_defaults` holds `[]`, which is no text ({WRITE})",
        ),
        (
            {"enable_caching": 1},
            f"KALE110: `enable_caching` in `steps_defaults` is neither true nor false ({WRITE})",
        ),
        ({"packages": "a"}, f"KALE110: `packages` in `steps_defaults` is no list ({WRITE})"),
    ],
    ids=str,
)
def test_steps_defaults_that_cannot_be_used_are_refused(problems, defaults, expected):
    found = {"steps_defaults": defaults}
    assert problems(STEP, metadata={"kubeflow_notebook": found}) == [f"nb.ipynb: {expected}"]


def test_defaults_that_ask_for_more_than_their_limit_are_refused(problems):
    found = {"steps_defaults": ["limit:cpu:1", "request:cpu:2"]}
    assert problems(STEP, metadata={"kubeflow_notebook": found}) == [
        (
            "nb.ipynb: cell 1 (a), line 1: KALE109: step `a` asks for more than its limit:"
            " `request:cpu:2` and `limit:cpu:1`"
            " (Kubernetes refuses such a pod: lower the request or raise the limit)"
        )
    ]
