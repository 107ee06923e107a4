"""Tags of other tools are left alone; what only looks like one of Kale's is refused."""

from __future__ import annotations

import pytest

from kale.errors import NotebookError
from kale.nbparser import parse_tag


@pytest.mark.parametrize(
    "text",
    [
        "hide-input",
        "hide_output",
        "remove-cell",
        "remove_input",
        "slideshow",
        "slide",
        "injected-parameters",
        "raises-exception",
        "nbsphinx-thumbnail",
        "nbval-skip",
        "skip-execution",
        "test:foo",
        "test",
        "todo",
        "solution",
        "note:see below",
        "mode:dark",
        "black:off",
        "code:python",
        "lock:true",
        "label x",
        "report final",
        "image 1",
        "metrics",
        "notebook intro",
        "step",
        "image",
        "label",
        "node",
        "env",
        "cache",
        "node js",
        "output_scroll",
        "",
        ":",
        "::",
        ":a",
        "prevent:x",
        "0",
        "été",
        "🎉",
        "papermill",
        "fold",
        "interactive",
        "import numpy as np",
        "first block",
        "time:10",
        "jupyter:outputs_hidden",
        "{{$}}",
        "a:b:c",
        "related:x",
        "page:1",
        "note",
        "full-width",
        "thebe-init",
        "hide-cell",
        "stem:x",
    ],
)
def test_foreign_tags_are_left_alone(text):
    assert parse_tag(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("blok:a", "block:a"),
        ("bock:Train Model", "block:train-model"),
        ("bock:数", "block:NAME"),
        ("Block:a", "block:a"),
        ("block :a", "block:a"),
        (" block:a", "block:a"),
        ("block\uff1aa", "block:a"),
        ("stpe:a", "step:a"),
        ("steps:a", "step:a"),
        ("prevs:a", "prev:a"),
        ("prev a", "prev:a"),
        ("prev a b", "prev:a;b"),
        ("prev=a", "prev:a"),
        ("prev", "prev:NAME"),
        ("block", "block:NAME"),
        ("imports ", "imports"),
        ("Imports", "imports"),
        ("import", "imports"),
        ("imports:", "imports"),
        ("function", "functions"),
        ("skip:", "skip"),
        ("SKIP", "skip"),
        ("pipeline_parameters", "pipeline-parameters"),
        ("pipeline parameters", "pipeline-parameters"),
        ("pipeline-metric", "pipeline-metrics"),
        ("parameter", "parameters"),
        ("limit cpu 2", "limit:cpu:2"),
        ("limits:cpu:2", "limit:cpu:2"),
        ("lable:a:b", "label:a:b"),
        ("retry 3", "retry:3"),
        ("timeout=60", "timeout:60"),
    ],
)
def test_a_tag_that_looks_like_kales_is_refused_with_the_right_spelling(text, meant):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "KALE101",
        f"`{text}` looks like a tag of Kale's, but is none",
        f"write `{meant}`",
    )
