"""What Argo, KFP's launcher and Kubernetes expand is nowhere in a package but where KFP wants it."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from codegen.builders import package, without_cell_numbers

from kale.codegen import emit_script
from kale.core import plan
from kale.errors import KaleError

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.ipynb"))

#: What KFP's launcher replaces by the step's inputs and outputs.
PLACEHOLDER = "{{$}}"

#: All of Latin-1 that Python reads in a line, then what templates of others look like.
LATIN_1 = "".join(chr(n) for n in range(1, 256) if chr(n) not in "\r\n")
NASTY = f"""\
# {LATIN_1}
first = "{{{{$}}}}" + "{{{{$.inputs.parameters['x']}}}}" + '{{{{workflow.name}}}}'
jinja = '''{{% for n in ns %}}{{{{ n }}}}{{% endfor %}}{{#  #}}'''
width = 3
braced = f"{{{{{{width}}}}}} {{{{}}}} {{ {{'a': {{}}}} }}"
table = {{"a": {{"b": {{"c": {{}}}}}}}}
"""


def strings(value):
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from strings(item)
        case dict():
            yield from strings([*value, *value.values()])


def doubled(made):
    """The strings of a package with two braces in a row, each once."""
    return {text for text in strings(package(made)) if "{{" in text or "}}" in text}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_the_placeholder_alone(path):
    assert doubled(plan(path)) == {PLACEHOLDER}


def test_code_that_looks_like_templates_arrives_as_it_was_written(notebook):
    path = notebook(
        ("imports", f"import math\n{NASTY}"),
        ("functions", f"def f(x):\n    return '{{{{x}}}}'\n{NASTY}"),
        ("pipeline-parameters", "greeting = 'Hello {{name}}'\nplain = {'a': {'b': {}}}"),
        ("block:load", f"{NASTY}\ny = f(greeting)"),
        ("block:fit prev:load", "print(y, plain, '}}')"),
        ("pipeline-metrics", "print(y) # {{y}}"),
    )
    made = plan(path)
    assert doubled(made) == {PLACEHOLDER}
    written = {
        "".join(cell["source"])
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["metadata"]["tags"] != ["pipeline-parameters"]
    }
    arrived = set()
    for executor in package(made)[0]["deploymentSpec"]["executors"].values():
        args = executor["container"]["args"]
        if len(args) > 2:  # else it only carries the runtime
            for cell in json.loads(zlib.decompress(b64decode(args[2])))["cells"]:
                if cell["metadata"]["kale"]["role"] in (
                    "imports",
                    "functions",
                    "step",
                    "metrics",
                ):
                    arrived.add("".join(cell["source"]))
    assert arrived == written


def test_a_default_with_doubled_braces_is_left_to_the_notebook(notebook):
    path = notebook(
        ("pipeline-parameters", "greeting = 'Hello {{name}}'"), ("block:a", "print(greeting)")
    )
    made = plan(path)
    inputs = package(made)[0]["root"]["inputDefinitions"]["parameters"]
    assert inputs == {"greeting": {"isOptional": True, "parameterType": "STRING"}}
    assert "Hello {{name}}" in emit_script(made).decode()


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("env:A={{workflow.name}}", id="a variable"),
        pytest.param("annotation:a:{{$}}", id="an annotation"),
        pytest.param("image:{{x}}", id="an image"),
        pytest.param("packages:a=={{x}}", id="a package"),
        pytest.param("volume:claim:/{{x}}", id="a volume"),
    ],
)
def test_text_of_a_pod_with_doubled_braces_is_refused(notebook, tag):
    path = notebook(([tag, "block:a"], "x = 1"))
    with pytest.raises(KaleError) as caught:
        package(plan(path))
    assert [part.code for part in caught.value.parts()] in (["KALE406"], ["KALE109"])
    assert "{{" in caught.value.parts()[0].message


#: Kubernetes puts variables in place of ``$(NAME)``, ``$`` in place of ``$$``, and breaks a letter
#: of several bytes after a ``$``: in commands, arguments, variables, and so in parameters' values.
EXPANDED = ["$$x^2$$", "cost: $(HOME)", "5 $é"]


@pytest.mark.parametrize("text", EXPANDED)
@pytest.mark.parametrize(
    "literal",
    ["{0!r}", "[{0!r}]", "{{'a': {0!r}}}", "{{{0!r}: 1}}"],
    ids="text list dict key".split(),
)
def test_what_kubernetes_expands_is_no_default(notebook, text, literal):
    written = literal.format(text)
    path = notebook(("pipeline-parameters", f"p = {written}"), ("block:a", "print(p)"))
    made = plan(path)
    assert "defaultValue" not in package(made)[0]["root"]["inputDefinitions"]["parameters"]["p"]


@pytest.mark.parametrize("text", EXPANDED)
@pytest.mark.parametrize(
    "tag", ["env:A={}", "packages:a; extra == '{}'"], ids="env packages".split()
)
def test_what_kubernetes_expands_is_refused(notebook, text, tag):
    path = notebook((["block:a", tag.format(text)], "x = 1"))
    with pytest.raises(KaleError) as caught:
        package(plan(path))
    assert [part.code for part in caught.value.parts()] == ["KALE406"]


def test_a_dollar_before_anything_else_stays(notebook):
    texts = ["5 $", "$HOME ${HOME} $-", "a$b"]
    tags = [f"env:A{n}={text}" for n, text in enumerate(texts)]
    made = plan(notebook((["block:a", *tags], "x = 1")))
    container = package(made)[0]["deploymentSpec"]["executors"]["exec-a"]["container"]
    assert [pair["value"] for pair in without_cell_numbers(container)["env"]] == texts


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_that_a_container_executes_is_expanded(path):
    executors = package(plan(path))[0]["deploymentSpec"]["executors"]
    words = [word for e in executors.values() for word in strings(e["container"])]
    assert [word for word in words if "$$" in word or "$(" in word] == []
