"""The tag language: what is read, what round-trips, and what each refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.errors import NotebookError
from kale.nbparser import format_tag, parse_tag
from kale.nbparser.tag_kinds import (
    AnnotationTag,
    BlockTag,
    CacheTag,
    EnvTag,
    ImageTag,
    LabelTag,
    LimitTag,
    PackagesTag,
    ParametersTag,
    PrevTag,
    RetryTag,
    SecretTag,
    TolerationTag,
    VolumeTag,
)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("block:a", BlockTag(("a",))),
        ("block:a;b-2_c", BlockTag(("a", "b-2_c"))),
        ("block:a;a", BlockTag(("a",))),
        ("block:", BlockTag(())),
        ("step:", BlockTag(())),
        ("step:a", BlockTag(("a",))),
        ("prev:a;b", PrevTag(("a", "b"))),
        ("parameters", ParametersTag(papermill=True)),
        ("pipeline-parameters", ParametersTag()),
        (f"image:ghcr.io/me/x:1@sha256:{'0' * 64}", ImageTag(f"ghcr.io/me/x:1@sha256:{'0' * 64}")),
        ("image:localhost:5000/a__b-c.d/e:V_1.x", ImageTag("localhost:5000/a__b-c.d/e:V_1.x")),
        ("packages:a==1,b", PackagesTag(("a==1", "b"))),
        ("packages:a[x,y]>=1,<2, b", PackagesTag(("a[x,y]>=1,<2", "b"))),
        (
            "packages:a @ git+https://e.org/a.git@main",
            PackagesTag(("a @ git+https://e.org/a.git@main",)),
        ),
        ("packages:a @ git+ssh://git@e.org/a", PackagesTag(("a @ git+ssh://git@e.org/a",))),
        (
            "packages:a (>=1,<2); python_version < '3.12' and os_name == 'posix',b===x",
            PackagesTag(("a (>=1,<2); python_version < '3.12' and os_name == 'posix'", "b===x")),
        ),
        ("env:PIP_INDEX_URL=https://h/simple", EnvTag("PIP_INDEX_URL", "https://h/simple")),
        ("env:DB=postgres://u:p@h/d", EnvTag("DB", "postgres://u:p@h/d")),
        ("limit:cpu:500m", LimitTag("cpu", "500m")),
        ("limit:memory:1.5Gi", LimitTag("memory", "1.5Gi")),
        ("limit:memory:1e9", LimitTag("memory", "1e9")),
        ("limit:nvidia.com/gpu:1", LimitTag("nvidia.com/gpu", "1")),
        ("limit:hugepages-2Mi:4Mi", LimitTag("hugepages-2Mi", "4Mi")),
        ("retry:0", RetryTag(0)),
        ("cache:disabled", CacheTag(False)),
        ("secret:aws-s3:access.key:AWS_KEY", SecretTag("aws-s3", "access.key", "AWS_KEY")),
        ("env:URL=http://a:80/?q=1", EnvTag("URL", "http://a:80/?q=1")),
        ("env:EMPTY=", EnvTag("EMPTY", "")),
        ("env:T='''{{$}}\n\u2028", EnvTag("T", "'''{{$}}\n\u2028")),
        ("label:access-ml-pipeline:true", LabelTag("access-ml-pipeline", "true")),
        ("label:a:", LabelTag("a", "")),
        ("annotation:e.org/k:a:b:c", AnnotationTag("e.org/k", "a:b:c")),
        ("annotation:k:{\"a\": '🎉'}", AnnotationTag("k", "{\"a\": '🎉'}")),
        ("toleration:k:v:NoSchedule", TolerationTag("k", "v", "NoSchedule")),
        ("toleration:k::NoExecute", TolerationTag("k", "", "NoExecute")),
        ("volume:my-claim:/data", VolumeTag("my-claim", "/data")),
    ],
)
def test_tags_are_read(text, tag):
    assert parse_tag(text) == tag


@pytest.mark.parametrize(
    "text",
    [
        "block:a",
        "block:a;b",
        "block:",
        "prev:a;b",
        "imports",
        "functions",
        "skip",
        "parameters",
        "pipeline-parameters",
        "pipeline-metrics",
        "notebook:a",
        "image:a/b:c",
        "packages:a==1,b",
        "limit:cpu:2",
        "request:memory:2Gi",
        "retry:3",
        "timeout:60",
        "cache:enabled",
        "cache:disabled",
        "report:enabled",
        "report:disabled",
        "file:data/train set.csv",
        "file:data/*.csv",
        "secret:a:b:C",
        "env:A=b=c",
        "label:a/b:c",
        "annotation:a.b/c:d:e",
        "node:a:b",
        "toleration:a:b:PreferNoSchedule",
        "volume:a:/b/c",
    ],
)
def test_every_kind_is_written_as_it_was_read(text):
    assert format_tag(parse_tag(text)) == text


@given(st.text())
def test_any_text_is_read_or_refused_and_comes_back(text):
    for keyword in ("", "annotation:k:", "env:A=", "packages:", "loop:x in ", "loop:", "when:"):
        candidate = f"{keyword}{text}"
        try:
            tag = parse_tag(candidate)
        except NotebookError:
            continue
        assert tag is None or parse_tag(format_tag(tag)) == tag


_RULE = (
    "a step's name is made of lower-case letters and digits in words joined by `-` or `_`, at"
    " most 63 characters"
)
_KEY = (
    "a key is at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends,"
    " and may follow a domain and a `/`"
)
_VALUE = (
    "a value is at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
)
_IMAGE = (
    "an image is named as `python:3.11` or `registry.example.org:5000/team/iris:3`, all but its"
    " tag in lower case, and without spaces"
)
_NO_IMAGES = (
    "",
    "a b",
    "a{$(x)}",
    "a//b",
    "Python",
    "a:",
    "a:b:c",
    "a@sha256:00",
    "-a",
    "a\n",
    "ä",
)
_NO_REQUIREMENTS = ("a ]", "a$(x)", "a=1", "a==", "a b", "a; x", "a[b", "a\nb", "a @ x", "a.whl")
_RESOURCE = "a resource is `cpu`, `memory`, `ephemeral-storage` or `VENDOR/NAME`"
_QUANTITY = "a quantity is a number and a unit, as `2`, `500m`, `512Mi` or `1.5Gi`"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("prev:a:b", "write `prev:a;b`"),
        ("prev:", "write `prev:NAME`"),
        ("block:a;", "write `block:a`"),
        ("step:;", "write `step:NAME`"),
        ("notebook:", "write `notebook:NAME`"),
        ("packages:", "write `packages:NAME==VERSION,NAME`"),
        ("packages:a,,b", "write `packages:NAME==VERSION,NAME`"),
        ("packages:--index-url=x", "write `packages:NAME==VERSION,NAME`"),
        ("limit:", "write `limit:RESOURCE:QUANTITY` as in `limit:memory:2Gi`"),
        ("request:cpu", "write `request:RESOURCE:QUANTITY` as in `request:memory:2Gi`"),
        ("timeout:0", "write `timeout:SECONDS` with a whole number from 1, as in `timeout:600`"),
        ("timeout:5m", "write `timeout:SECONDS` with a whole number from 1, as in `timeout:600`"),
        ("cache:on", "write `cache:enabled` or `cache:disabled`"),
        ("file:", "write `file:PATH` as in `file:data/train.csv`"),
        ("report:", "write `report:enabled` or `report:disabled`"),
        ("secret:a:b", "write `secret:SECRET:KEY:ENV`"),
        ("env:A", "write `env:NAME=VALUE`"),
        ("label:a", "write `label:KEY:VALUE`"),
        ("annotation::x", "write `annotation:KEY:VALUE`"),
        ("node:", "write `node:KEY:VALUE`"),
        ("toleration:a:NoSchedule", "write `toleration:KEY:VALUE:EFFECT`"),
        ("volume:/data", "write `volume:CLAIM:/PATH`"),
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
    ("text", "hint"),
    [
        *((f"image:{name}", _IMAGE) for name in _NO_IMAGES),
        *(
            (f"packages:{text}", f"`{text}` is no requirement; write `packages:NAME==VERSION`")
            for text in _NO_REQUIREMENTS
        ),
        (
            "packages:git+https://e.org/a",
            "`git+https://e.org/a` is no requirement; write `packages:NAME @ URL`",
        ),
        ("limit:mem:1Gi", f"{_RESOURCE}; did you mean `memory`?"),
        ("limit:q:1", _RESOURCE),
        ("limit:cpu:two", _QUANTITY),
        ("limit:memory:2GB", _QUANTITY),
        ("limit:memory:-1Gi", _QUANTITY),
        ("limit:memory:512m", "`512m` means thousandths of a byte; did you mean `512Mi`?"),
        ("limit:nvidia.com/gpu:0.5", "`nvidia.com/gpu` comes in whole numbers"),
        (
            "secret:My Secret:k:E",
            "the name of an object is made of lower-case letters, digits, `-` and `.`",
        ),
        ("secret:s:a/b:E", "a secret's key is made of letters, digits, `-`, `_` and `.`"),
        (
            "env:1A=x",
            (
                "a variable's name is made of letters, digits, `_`, `-` and `.`, and begins with no"
                " digit"
            ),
        ),
        ("label:-a:b", _KEY),
        ("label:a:b c", _VALUE),
        ("node:a:ü", _VALUE),
        ("annotation:A/b:c", _KEY),
        ("toleration:a:b:Never", "the effect is `NoSchedule`, `PreferNoSchedule` or `NoExecute`"),
        ("volume:a:/proc", "`/proc` is not for volumes; take `/data`"),
        ("volume:a:/d/../e", "write the path without `.`, `..` and doubled `/`"),
        ("volume:a:data", "a volume is mounted at an absolute path without `:`, as `/data`"),
        ("volume:a:/", "a volume is mounted at an absolute path without `:`, as `/data`"),
    ],
)
def test_a_value_that_kubernetes_would_refuse_is_refused_with_its_rule(text, hint):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "KALE109",
        f"the tag `{text}` cannot be used",
        hint,
    )


@pytest.mark.parametrize(
    ("text", "name", "offer"),
    [
        ("block:Train Model", "Train Model", "; `train-model` would do"),
        ("block:a;Été", "Été", "; `ete` would do"),
        ("prev:_a_", "_a_", "; `a` would do"),
        ("step:a__b", "a__b", "; `a_b` would do"),
        ("block:a ", "a ", "; `a` would do"),
        ("notebook:A", "A", "; `a` would do"),
        ("block:数据", "数据", ""),
        ("block:straße", "straße", "; `strasse` would do"),
        ("block:" + "a" * 64, "a" * 64, f"; `{'a' * 63}` would do"),
        ("block:a\n", "a\n", "; `a` would do"),
    ],
)
def test_a_wrong_step_name_is_refused_with_the_rule_and_a_right_one(text, name, offer):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "KALE102",
        f"`{name}` is no name for a step",
        _RULE + offer,
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("env:PIP_INDEX_URL=https://me:canary@h/simple", id="an index"),
        pytest.param("env:PIP_EXTRA_INDEX_URL=https://h/a https://canary@h/b", id="one of several"),
        pytest.param("env:UV_INDEX_URL=https://h/?token=canary", id="a token for uv"),
        pytest.param("packages:a @ https://me:canary@h/a.whl", id="a file"),
        pytest.param("packages:b,a @ git+https://canary@h/a", id="a repository"),
        pytest.param("packages:a @ git+ssh://me:canary@h/a", id="a password for SSH"),
    ],
)
def test_credentials_of_package_indexes_are_refused_and_not_shown(text):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    assert caught.value.code == "KALE419"
    assert "canary" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "text", ["packages:-i https://me:canary@h/", "packages:https://me:canary@h/a.whl",
             "image:https://me:canary@h/a", "label:a:https://me:canary@h"],
)  # fmt: skip
def test_a_refused_tag_is_shown_without_credentials(text):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    assert "<hidden>@h" in caught.value.message
    assert "canary" not in f"{caught.value.message} {caught.value.hint}"
