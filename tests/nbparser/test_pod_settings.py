"""What tags and metadata ask of a pod: what beats what, and what is refused."""

from __future__ import annotations

import pytest

from kale.options import SecurityContext

_NO_DEVICE = "no vendor has such a device; did you mean"
_NAME = "the name of an object is made of lower-case letters, digits, `-` and `.`"
_POLICY = "the policy is `Always`, `IfNotPresent` or `Never`"
_NUMBER = "users and groups are whole numbers from 0 to 2147483647"
_NON_ROOT = "write `run-as-non-root:true` or `run-as-non-root:false`"


def options(parse, *tags, **metadata):
    pipeline = parse(("pass", "block:a", *tags), metadata={"kubeflow_notebook": metadata})
    assert pipeline.diagnostics == ()
    return pipeline.steps[0].options


def test_nothing_is_asked_of_a_pod(parse):
    found = options(parse)
    assert (found.pull_secrets, found.pull_policy, found.security_context) == ((), None, None)
    assert (found.retries, found.retry_pause) == (None, None)


@pytest.mark.parametrize(
    ("whole", "defaults", "tags", "expected"),
    [
        pytest.param(
            {"image_pull_secrets": ["a"]}, {"image_pull_secrets": ["b"]}, ["pull-secret:c"],
            {"pull_secrets": ("a", "b", "c")}, id="pull secrets add up",
        ),
        pytest.param(
            {"image_pull_policy": "Always"}, {}, [], {"pull_policy": "Always"},
            id="the notebook's policy",
        ),
        pytest.param(
            {"image_pull_policy": "Always"}, {"image_pull_policy": "Never"}, [],
            {"pull_policy": "Never"}, id="steps_defaults beat the notebook",
        ),
        pytest.param(
            {"image_pull_policy": "Always"}, ["pull-policy:Never"], ["pull-policy:IfNotPresent"],
            {"pull_policy": "IfNotPresent"}, id="and a tag beats both",
        ),
        pytest.param(
            {"security_context": {"run_as_user": 65534, "run_as_group": 0, "run_as_non_root": True}},
            {}, [], {"security_context": SecurityContext(65534, 0, True)},
            id="the spelling of Kale 2",
        ),
        pytest.param(
            {"security_context": {"runAsUser": 1, "runAsGroup": None}}, {},
            ["run-as-non-root:false"], {"security_context": SecurityContext(1, None, False)},
            id="that of Kubernetes, and each number by itself",
        ),
        pytest.param(
            {"security_context": {"run_as_user": 1, "run_as_group": 2}},
            {"security_context": {"run_as_user": "3"}}, ["run-as-group:4"],
            {"security_context": SecurityContext(3, 4)}, id="each from its strongest place",
        ),
        pytest.param(
            {"security_context": {"enabled": False, "run_as_user": 1}}, {}, [],
            {"security_context": None}, id="Kale 2 could switch it off",
        ),
        pytest.param(
            {"security_context": {"enabled": True}}, {}, [], {"security_context": None},
            id="and on without a word",
        ),
        pytest.param(
            {}, {"retry_count": 3, "retry_interval": "2m"}, [],
            {"retries": 3, "retry_pause": 120}, id="a pause of Kale's SDK",
        ),
        pytest.param(
            {}, {"retries": 3, "retry_interval": 30}, ["retry:5"],
            {"retries": 5, "retry_pause": None}, id="a step's retries are its own, pause and all",
        ),
        pytest.param({}, {"retry_interval": 30}, [], {"retries": None}, id="a pause without retries"),
    ],
)  # fmt: skip
def test_what_beats_what(parse, whole, defaults, tags, expected):
    found = options(parse, *tags, **whole, steps_defaults=defaults)
    assert {key: getattr(found, key) for key in expected} == expected


_GIVES_NO_STEP = (
    "which Kubeflow Pipelines gives no step (it knows `run_as_user`, `run_as_group` and"
    " `run_as_non_root`; it takes all capabilities away by itself)"
)
_WRITE = "(write option tags, as `label:KEY:VALUE` or `limit:cpu:2`)"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param(
            {"security_context": {"privileged": True, "run_as_user": 1, "capabilities": {}}},
            "KALE120: `security_context` in the notebook metadata asks for `privileged`,"
            f" `capabilities`, {_GIVES_NO_STEP}",
            id="what Kubeflow cannot carry",
        ),
        pytest.param(
            {"steps_defaults": {"security_context": {"readOnlyRootFilesystem": True}}},
            "KALE120: `security_context` in `steps_defaults` asks for `readOnlyRootFilesystem`,"
            f" {_GIVES_NO_STEP}",
            id="nor in the defaults",
        ),
        pytest.param(
            {"security_context": {"run_as_user": True}},
            "KALE109: in the notebook metadata: the tag `run-as-user:true` cannot be used"
            f" ({_NUMBER})",
            id="a user is no truth",
        ),
        pytest.param(
            {"security_context": {"run_as_non_root": 1}},
            "KALE101: in the notebook metadata: the tag `run-as-non-root:1` is malformed"
            f" ({_NON_ROOT})",
            id="and a truth no number",
        ),
        pytest.param(
            {"security_context": {"enabled": "no"}},
            "KALE110: `enabled` of `security_context` in the notebook metadata is neither true nor"
            f" false {_WRITE}",
            id="enabled is a truth too",
        ),
        pytest.param(
            {"image_pull_secrets": [["a"]]},
            "KALE110: `image_pull_secrets` in the notebook metadata holds `['a']`, which is no text"
            f" {_WRITE}",
            id="a list in a list",
        ),
        pytest.param(
            {"image_pull_secrets": ["My Secret"]},
            "KALE109: in the notebook metadata: the tag `pull-secret:My Secret` cannot be used"
            f" ({_NAME})",
            id="no name of a secret",
        ),
        pytest.param(
            {"image_pull_policy": "Sometimes"},
            "KALE109: in the notebook metadata: the tag `pull-policy:Sometimes` cannot be used"
            f" ({_POLICY})",
            id="no policy",
        ),
        pytest.param(
            {"service_account": "Team A"},
            f"KALE109: the service account `Team A` cannot be used ({_NAME})",
            id="no name of a service account",
        ),
        pytest.param(
            {"steps_defaults": {"limits": {"nvidia.com/gpus": 1}}},
            "KALE109: in `steps_defaults`: the tag `limit:nvidia.com/gpus:1` cannot be used"
            f" ({_NO_DEVICE} `nvidia.com/gpu`?)",
            id="a device that no vendor has",
        ),
        pytest.param(
            {"steps_defaults": {"retries": 1, "retry_interval": "soon"}},
            f"KALE110: `retry_interval` in `steps_defaults` is no number of seconds {_WRITE}",
            id="no pause",
        ),
    ],
)
def test_metadata_that_no_pod_can_have_are_refused(problems, metadata, expected):
    assert problems(("pass", "block:a"), metadata={"kubeflow_notebook": metadata}) == [
        f"nb.ipynb: {expected}"
    ]


def test_root_and_not_root_is_refused_where_it_stands(problems):
    """Together they come from two places, each of which is right."""
    metadata = {"kubeflow_notebook": {"security_context": {"run_as_non_root": True}}}
    assert problems(("pass", "block:a"), ("1", "run-as-user:0"), metadata=metadata) == [
        "nb.ipynb: cell 2 (a): KALE109: step `a` is to run as user 0, who is root, and not"
        " as root (Kubernetes starts no such container: name another user, or take one of the two"
        " away)"
    ]


def test_two_policies_of_one_step_contradict_each_other(problems):
    [line] = problems(("pass", "block:a", "pull-policy:Always"), ("1", "pull-policy:Never"))
    assert "KALE106: step `a` has both `pull-policy:Always` (cell 1)" in line


@pytest.mark.parametrize(
    ("override", "found", "default", "expected"),
    [
        ({}, {}, {}, ("", None)),
        ({}, {}, {"service_account": "d", "image_pull_policy": "Always"}, ("d", "Always")),
        (
            {},
            {"service_account": "n", "image_pull_policy": "Never"},
            {"service_account": "d", "image_pull_policy": "Always"},
            ("n", "Never"),
        ),
        (
            {"service_account": "o", "image_pull_policy": "IfNotPresent"},
            {
                "service_account": "n",
                "image_pull_policy": "Never",
                "steps_defaults": ["pull-policy:Always"],
            },
            {},
            ("o", "IfNotPresent"),
        ),
    ],
    ids=["nobody asks", "the project", "the notebook beats it", "the environment beats both"],
)
def test_who_says_which_account_and_policy(parse, override, found, default, expected):
    pipeline = parse(
        ("pass", "block:a"),
        metadata={"kubeflow_notebook": found},
        override=override,
        default=default,
    )
    assert (pipeline.service_account, pipeline.steps[0].options.pull_policy) == expected
    assert (pipeline.diagnostics, pipeline.settings) == ((), ())
