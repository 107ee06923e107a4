"""Text that users write arrives as it was, and nothing of it is executed."""

from __future__ import annotations

import ast
import itertools
import json
import zlib
from base64 import b64decode

from codegen.builders import compiled, container, package, parameter, plan, pod
from hypothesis import given, settings
from hypothesis import strategies as st

from kale.codegen import emit_package, emit_script
from kale.codegen.package_layout import DEFAULT_IMAGE
from kale.codegen.parameters import EXPANDED
from kale.ir import StepOptions


def strings(value):
    match value:
        case str():
            yield value
        case list():
            yield from itertools.chain.from_iterable(map(strings, value))
        case dict():
            yield from itertools.chain.from_iterable(map(strings, [*value, *value.values()]))


BRACES = "{{$}} {{workflow.name}} {{$.inputs.parameters['x']}} f'{{{x}}}' {% raw %}"


def test_nothing_but_the_placeholder_holds_doubled_braces():
    made = plan(
        ("train", BRACES),
        imports=[BRACES],
        parameters=[parameter("a", BRACES)],
        reads={"train": ["a"]},
    )
    doubled = [text for text in strings(package(made)) if "{{" in text]
    assert doubled == ["{{$}}"]
    assert compiled(made) == package(made)


# Titles and descriptions are never part of a pod, so that doubled braces do no harm there.
anything = st.text(st.characters(exclude_categories=["Cs"]))
in_a_pod = anything.filter(lambda text: "{{" not in text and "\0" not in text)
# Kubernetes expands more in variables; see test_braces.py.
in_a_variable = in_a_pod.filter(lambda text: not EXPANDED.search(text))


@settings(deadline=None, max_examples=30)
@given(anything, anything, in_a_pod, in_a_pod, in_a_variable, anything, anything)
def test_any_text_arrives(title, description, image, note, value, code, default):
    made = plan(
        ("train", code),
        title=title,
        description=description,
        options={
            "train": StepOptions(
                image=image or None, annotations=(("a", note),), env=(("A", value),)
            )
        },
        parameters=[parameter("text", default)],
        reads={"train": ["text"]},
    )
    spec, _platform = package(made)
    info = spec["pipelineInfo"]
    assert (info.get("displayName", ""), info.get("description", "")) == (title, description)
    assert container(made)["image"] == (image or DEFAULT_IMAGE)
    assert container(made)["env"][0].get("value", "") == value
    assert pod(made)["podMetadata"]["annotations"] == {"a": note}
    shown = spec["root"]["inputDefinitions"]["parameters"]["text"].get("defaultValue", default)
    assert shown == default
    *_, cell = json.loads(zlib.decompress(b64decode(container(made)["args"][2])))["cells"]
    assert "".join(cell["source"]) == code
    ast.parse(emit_script(made))


@settings(deadline=None, max_examples=10)
@given(anything, anything, in_a_variable, anything, anything)
def test_any_text_compiles_to_the_same(title, description, value, code, default):
    options = {"train": StepOptions(env=(("A", value),), annotations=(("a", value),))}
    made = plan(
        ("train", code),
        title=title,
        description=description,
        options=options,
        parameters=[parameter("text", default)],
        reads={"train": ["text"]},
    )
    assert compiled(made) == package(made)


def test_the_header_stays_a_comment():
    made = plan(
        "train",
        description="one\ntwo\x00: [\u2028",
        parameters=[parameter("text", "a\nroot: {}"), parameter("none", None, "int")],
    )
    head = emit_package(made).decode().split("components:")[0]
    assert head == (
        "# PIPELINE DEFINITION\n# Name: iris\n# Description: one\n"
        "#              two\\x00: [\\u2028\n# Inputs:\n#    none: int\n"
        "#    text: str [Default: 'a\\nroot: {}']\n"
    )
