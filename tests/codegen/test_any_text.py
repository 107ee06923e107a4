"""Any text in a notebook is refused, or the package and the script say exactly that text.

Whatever it is, nothing of it is executed: no file is made while Kale compiles.
"""

from __future__ import annotations

import ast
import functools
import json
import re
import zlib
from base64 import b64decode

import pytest
import yaml
from codegen.builders import compiled
from conftest import notebook_json
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kale.codegen import emit_files
from kale.core import plan
from kale.diagnostics import CATALOGUE
from kale.errors import KaleError

#: Each makes a file `canary` where somebody executes it as what it looks like.
BOMBS = [
    "\");open('canary','w')#",
    "');open('canary','w')#",
    '"""\nopen(\'canary\',"w")\n"""',
    "\\\");open('canary','w')#",
    "\nopen('canary','w')\n",
    "\ropen('canary','w')\r",
    "\u2028open('canary','w')",
    "{{ cycler.__init__.__globals__.os.system('touch canary') }}",
    "{% for n in ().__class__.__base__.__subclasses__() %}{{ n }}{% endfor %}",
    "{open('canary','w')}",
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "!!python/object/apply:os.system ['touch canary']",
    "x\n---\n!!python/object/apply:os.system ['touch canary']",
    "&a *a",
    "a: b # c",
    "%system touch canary",
    "!touch canary",
]

anything = st.one_of(
    st.sampled_from(BOMBS),
    st.text(max_size=30),
    st.text("{}$\"'\\\n #:-%!&*|>", max_size=9),
)

#: Much of it is what Kubernetes and pip take.
likely = st.one_of(st.text("aZ09-_./:=[]~<>, ", min_size=1, max_size=12), anything)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The current folder, in which a canary would be made."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        path = tmp_path_factory.mktemp("any text")
        monkeypatch.chdir(path)
        yield path


@pytest.fixture(scope="module")
def make(folder):
    """Compile a notebook of such cells: its documents, its script and the plan, or no package.

    Fails where a refusal has no code of the catalogue, and where anything but Kale's own files
    is there afterwards.
    """

    def run(*cells, metadata=None):
        path = folder / "nb.ipynb"
        settings = {"kubeflow_notebook": metadata or {}}
        path.write_text(notebook_json(*cells, metadata=settings), encoding="utf-8")
        refused = None
        try:
            made = plan(path.name)
            files = emit_files(made)
        except KaleError as error:
            refused = {part.code for part in error.parts()}
        assert [file.name for file in folder.iterdir()] == ["nb.ipynb"]
        if refused:
            assert refused <= CATALOGUE.keys()
            return None
        by_kind = {path.suffixes[-1]: content.decode() for path, content in files.items()}
        documents = list(yaml.safe_load_all(by_kind[".yaml"]))
        script = by_kind[".py"]
        compile(script, "script.py", "exec", dont_inherit=True)
        return documents, literals(script), made

    return run


def literals(script):
    """All text that stands in literals of a script, those that adjoin as one."""
    tree = ast.parse(script)
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def container(documents):
    return documents[0]["deploymentSpec"]["executors"]["exec-a"]["container"]


def pod(documents):
    return documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-a"]


def sources(documents):
    """The code of the cells of the step, by their role."""
    cells = json.loads(zlib.decompress(b64decode(container(documents)["args"][2])))["cells"]
    return {cell["metadata"]["kale"]["role"]: "".join(cell["source"]) for cell in cells}


few = settings(deadline=None, max_examples=12)


@few
@given(anything, anything, anything, anything)
def test_text_of_the_whole_pipeline(make, title, description, experiment, default):
    found = make(
        ("pipeline-parameters", f"text = {default!r}"),
        ("block:a", "print(text)"),
        metadata={
            "pipeline_name": title,
            "pipeline_description": description,
            "experiment_name": experiment,
        },
    )
    if found is None:
        return
    documents, said, _ = found
    info, root = documents[0]["pipelineInfo"], documents[0]["root"]
    assert info["displayName"] == (title if title.strip() else "nb")
    assert info.get("description", "") == (description if description.strip() else "")
    assert root["inputDefinitions"]["parameters"]["text"].get("defaultValue", default) == default
    assert {info["displayName"], info.get("description", "NAME"), default} <= said | {"NAME"}
    assert not experiment.strip() or experiment in said


@few
@given(anything)
@example("x = '''" + "".join(map(chr, range(1, 256))) + "'''")
def test_text_in_code(make, text):
    comment = re.sub(r"[\r\n\0]", " ", text)
    code = f"x = {text!r}\n# {comment}"
    found = make(("imports", code), ("block:a", code), ("skip", text))
    if found is None:
        return
    documents, said, _ = found
    assert sources(documents) == {"imports": code, "step": code}
    assert set(code.split("\n")) <= {line.removesuffix("\n") for line in said if line is str(line)}


#: By the kind of a tag: what stands before the text, a first letter of it, and who says it.
TAGS = {
    "env": ("env:A=", "", lambda documents: container(documents)["env"][0].get("value", "")),
    "annotation": (
        "annotation:example.org/a:",
        "",
        lambda documents: pod(documents)["podMetadata"]["annotations"]["example.org/a"],
    ),
    "label": ("label:b:", "a", lambda documents: pod(documents)["podMetadata"]["labels"]["b"]),
    "node": ("node:b:", "a", lambda documents: pod(documents)["nodeSelector"]["labels"]["b"]),
    "image": ("image:", "a", lambda documents: container(documents)["image"]),
    "secret": (
        "secret:b:c:",
        "D",
        lambda documents: pod(documents)["secretAsEnv"][0]["keyToEnv"][0]["envVar"],
    ),
    "volume": ("volume:b:", "/", lambda documents: pod(documents)["pvcMount"][0]["mountPath"]),
}


@pytest.mark.parametrize("kind", TAGS)
@few
@given(rest=likely)
def test_text_in_a_tag(make, kind, rest):
    before, first, said_by = TAGS[kind]
    found = make((["block:a", f"{before}{first}{rest}"], "x = 1"))
    if found is not None:
        documents, said, _ = found
        assert said_by(documents) == f"{first}{rest}"
        assert f"{first}{rest}" in said


@few
@given(likely.map(lambda text: f"a{text}"))
def test_text_in_packages(make, text):
    found = make((["block:a", f"packages:{text}"], "x = 1"))
    if found is not None:
        documents, said, _ = found
        words = container(documents)["args"][3:]
        assert re.sub(r"\s", "", ",".join(words)) == re.sub(r"\s", "", text)
        assert set(words) <= said


@few
@given(likely)
def test_text_in_a_line_that_installs(make, text):
    code = f"%pip install {text}"
    found = make(("block:a", f"{code}\nx = 1"))
    if found is not None:
        documents, said, _ = found
        words = container(documents)["args"][3:]
        # What is no requirement stays in the cell, for the notebook's author to run.
        assert all(word in text for word in words)
        assert set(words) <= said
        assert sources(documents)["step"].replace("# installed before the step starts: ", "") == (
            f"{code}\nx = 1"
        )


@few
@given(anything)
def test_text_as_a_tag_or_a_name(make, text):
    for tags in (["block:a", text], [f"block:{text}"], ["block:a", f"prev:{text}"]):
        found = make((tags, "x = 1"), ("block:b", "y = 2"))
        if found is not None:
            documents, _, made = found
            names = [
                task["taskInfo"]["name"] for task in documents[0]["root"]["dag"]["tasks"].values()
            ]
            assert sorted(names) == sorted(task.name for task in made.tasks)


@few
@given(st.one_of(anything, st.from_regex(r"\A\w{1,9}\Z")))
def test_text_as_the_name_of_a_parameter_or_a_variable(make, name):
    found = make(
        ("pipeline-parameters", f"{name} = 1"),
        ("block:a", f"print({name})\n{name}_2 = {name}"),
        ("block:b prev:a", f"print({name}_2)"),
    )
    if found is not None:
        documents, said, made = found
        keys = documents[0]["root"].get("inputDefinitions", {}).get("parameters", {})
        assert all(key.isascii() and key.isidentifier() for key in keys)
        assert len(keys) == len(made.pipeline.parameters)
        assert {parameter.name for parameter in made.pipeline.parameters} <= said


def test_the_script_executes_no_text_either(make, folder):
    for bomb in BOMBS:
        expandable = {"{{": "{", "$(": "("}  # refused in a pod
        tame = functools.reduce(lambda text, pair: text.replace(*pair), expandable.items(), bomb)
        documents, _, made = make(
            ("imports", f"x = {bomb!r}"),
            ("pipeline-parameters", f"text = {bomb!r}"),
            (
                ["block:a", f"env:A={tame}", f"annotation:a:{tame}"],
                f"print(text, {bomb!r})",
            ),
            metadata={"pipeline_name": f"a{bomb}", "pipeline_description": bomb},
        )
        if bomb in (BOMBS[0], BOMBS[2], BOMBS[7], BOMBS[14]):
            assert compiled(made) == documents
            assert [file.name for file in folder.iterdir()] == ["nb.ipynb"]
