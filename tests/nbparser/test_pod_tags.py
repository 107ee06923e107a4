"""Tags of devices, of images, of users and of retries: what is read, and what each refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.errors import NotebookError
from kale.nbparser import format_tag, parse_tag
from kale.nbparser.tag_kinds import LimitTag, PullPolicyTag, PullSecretTag, RetryTag, RunAsTag

_RESOURCE = "a resource is `cpu`, `memory`, `ephemeral-storage` or `VENDOR/NAME`"
_DEVICE = f"{_RESOURCE}; a device has its vendor's name, as `nvidia.com/gpu` or `amd.com/gpu`"
_NO_DEVICE = "no vendor has such a device; did you mean"
_OWN = "is Kubernetes' own; a device has its vendor's, as `nvidia.com/gpu`"
_NAME = "the name of an object is made of lower-case letters, digits, `-` and `.`"
_POLICY = "the policy is `Always`, `IfNotPresent` or `Never`"
_NUMBER = "users and groups are whole numbers from 0 to 2147483647"
_RETRY = "write `retry:N` or `retry:N:SECONDS` with whole numbers from 0, as in `retry:3:30`"
_NON_ROOT = "write `run-as-non-root:true` or `run-as-non-root:false`"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("limit:memroy:1Gi", f"{_RESOURCE}; did you mean `memory`?"),
        ("limit:ephemeral_storage:1Gi", f"{_RESOURCE}; did you mean `ephemeral-storage`?"),
        ("limit:gpu:1", _DEVICE),
        ("limit:GPU:1", _DEVICE),
        ("limit:tpu:1", _DEVICE),
        ("request:nvidia-gpu:1", _DEVICE),
        ("limit:nvidia.com/gpus:1", f"{_NO_DEVICE} `nvidia.com/gpu`?"),
        ("limit:nvida.com/gpu:1", f"{_NO_DEVICE} `nvidia.com/gpu`?"),
        ("limit:nvidia.com/GPU:1", f"{_NO_DEVICE} `nvidia.com/gpu`?"),
        ("limit:google.com/tpus:8", f"{_NO_DEVICE} `google.com/tpu`?"),
        ("request:habana.ai/guadi:1", f"{_NO_DEVICE} `habana.ai/gaudi`?"),
        ("limit:requests.nvidia.com/gpu:1", f"`requests.nvidia.com/` {_OWN}"),
        ("limit:node.kubernetes.io/gpu:1", f"`node.kubernetes.io/` {_OWN}"),
        ("pull-secret:", _NAME),
        ("pull-secret:a,b", _NAME),
        ("pull-secret:{{a}}", _NAME),
        ("pull-policy:", _POLICY),
        ("pull-policy:always", _POLICY),
        ("run-as-user:root", _NUMBER),
        ("run-as-user:-1", _NUMBER),
        ("run-as-user:2147483648", _NUMBER),
        ("run-as-user:٣", _NUMBER),
        ("run-as-group:", _NUMBER),
        ("run-as-group:1.0", _NUMBER),
    ],
)
def test_what_no_pod_can_have_is_refused_with_its_rule(text, hint):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "KALE109",
        f"the tag `{text}` cannot be used",
        hint,
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        *((f"retry:{end}", _RETRY) for end in ("-1", "3:", "3:30s", ":30", "3:1.5", "3:30:1")),
        *((f"run-as-non-root:{end}", _NON_ROOT) for end in ("", "yes", "True", "1")),
    ],
)
def test_a_malformed_tag_is_refused_with_its_form(text, hint):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "KALE101",
        f"the tag `{text}` is malformed",
        hint,
    )


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("pull_secret:a", "pull-secret:a"),
        ("Pull-Policy:Always", "pull-policy:Always"),
        ("run_as_user:1000", "run-as-user:1000"),
        ("run as group:5", "run-as-group:5"),
        ("run-as-nonroot:true", "run-as-non-root:true"),
        ("run-as-user 1000", "run-as-user:1000"),
        ("pull_policy=Never", "pull-policy:Never"),
    ],
)
def test_a_slip_of_the_finger_is_told(text, offer):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    assert (caught.value.code, caught.value.hint) == ("KALE101", f"write `{offer}`")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("limit:nvidia.com/gpu:1", LimitTag("nvidia.com/gpu", "1")),
        ("limit:nvidia.com/mig-1g.5gb:1", LimitTag("nvidia.com/mig-1g.5gb", "1")),
        ("limit:nvidia.com/gpu.shared:1", LimitTag("nvidia.com/gpu.shared", "1")),
        ("limit:nvidia.com/vgpu:1", LimitTag("nvidia.com/vgpu", "1")),
        ("limit:amd.com/gpu:1", LimitTag("amd.com/gpu", "1")),
        ("limit:habana.ai/gaudi:8", LimitTag("habana.ai/gaudi", "8")),
        ("limit:google.com/tpu:4", LimitTag("google.com/tpu", "4")),
        ("limit:aws.amazon.com/neuron:1", LimitTag("aws.amazon.com/neuron", "1")),
        ("limit:example.org/fpga:1", LimitTag("example.org/fpga", "1")),
        ("retry:3:0", RetryTag(3, 0)),
        ("retry:3:30", RetryTag(3, 30)),
        ("pull-secret:registry.example.org", PullSecretTag("registry.example.org")),
        ("pull-policy:IfNotPresent", PullPolicyTag("IfNotPresent")),
        ("run-as-user:0", RunAsTag("user", 0)),
        ("run-as-group:100", RunAsTag("group", 100)),
        ("run-as-non-root:true", RunAsTag("non-root", value=True)),
        ("run-as-non-root:false", RunAsTag("non-root", value=False)),
    ],
)
def test_tags_are_read_and_written_as_they_were_read(text, tag):
    assert parse_tag(text) == tag
    assert format_tag(tag) == text


@given(st.sampled_from(["retry", "pull-secret", "pull-policy", "run-as-user", "limit"]), st.text())
def test_any_text_is_read_or_refused_and_comes_back(keyword, text):
    try:
        tag = parse_tag(f"{keyword}:{text}")
    except NotebookError:
        return
    assert parse_tag(format_tag(tag)) == tag
