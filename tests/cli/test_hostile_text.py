"""Text that would break a careless generator arrives as it was, and nothing of it is run."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CANARY = "canary-was-here"
#: What each kind of generated file could trip over.
PIECES = [
    "'", '"', "'''", '"""', "\\", "\\n", "\n", "\r", "\t", "{", "}", "{{", "}}", "{{$}}", "{%",
    "%}", "{#", "%s", "%(a)s", "$(", "`", "#", ": ", "- ", "&a", "*a", "!!python/name:os.system",
    "\u2028", "\u0085", "é", "日本", "🎉", "~", "null", "0x1", "<>&", "</script>",
    f"__import__('pathlib').Path('{CANARY}').touch()",
    f"'''+__import__('pathlib').Path('{CANARY}').touch()+'''",
    f'"); open("{CANARY}", "w"); ("',
    f"{{{{ cycler.__init__.__globals__.os.system('touch {CANARY}') }}}}",
    f"$(touch {CANARY})",
    f"!!python/object/apply:os.system ['touch {CANARY}']",
]  # fmt: skip
#: A blank description is the same as none, so those are left out below.
text = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
#: Annotations and variables with what Kubeflow Pipelines or Kubernetes would expand are refused.
accepted = text.filter(lambda found: "{{" not in found and "$(" not in found)
json_values = st.recursive(
    text | st.integers(-9, 9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=3,
)


def _documents(path):
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # each example writes files, so making a failure small takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    description=text.filter(str.strip),
    title=text,
    annotation=accepted,
    variable=accepted,
    parameter=json_values,
)
def test_it_arrives_as_it_was(
    kale, notebook, tmp_path, monkeypatch, description, title, annotation, variable, parameter
):
    monkeypatch.chdir(tmp_path)
    for old in tmp_path.glob("*.yaml"):
        old.unlink()
    path = notebook(
        ("pipeline-parameters", f"p = {parameter!r}"),
        (["block:a", f"annotation:example.org/note:{annotation}", f"env:NOTE={variable}"],
         f"s = {description!r}\nprint(s, p)"),
        metadata={
            "kubeflow_notebook": {
                "pipeline_name": f"x{title}", "pipeline_description": description,
            }
        },
    )  # fmt: skip
    code, out, err = kale("compile", path, "--json")
    assert code == 0, out + err
    files = json.loads(out)["files"]
    found = json.dumps(_documents(tmp_path / files["package"]), ensure_ascii=False)
    for wanted in (description, annotation, variable):
        assert json.dumps(wanted, ensure_ascii=False)[1:-1] in found
    definitions = _documents(tmp_path / files["package"])[0]["root"]["inputDefinitions"]
    # Text with two braces stays out of the package: the step has its own literal.
    assert definitions["parameters"]["p"].get("defaultValue", parameter) == parameter
    step = json.loads(Path(files["notebooks"]["a"]).read_text(encoding="utf-8"))
    assert f"s = {description!r}\nprint(s, p)" in ["".join(c["source"]) for c in step["cells"]]
    literal = "".join(step["cells"][0]["source"]).removeprefix("p = ")
    assert ast.literal_eval(literal) == parameter
    compile(Path(files["script"]).read_text(encoding="utf-8"), "script", "exec")
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("image", [piece for piece in PIECES if not any(map(str.isspace, piece))])
def test_an_image_arrives_as_it_was_or_is_refused(kale, notebook, tmp_path, monkeypatch, image):
    monkeypatch.chdir(tmp_path)
    code, out, err = kale("compile", notebook(("block:a", "x = 1")), "--docker_image", image)
    if code == 0:
        executors = _documents(tmp_path / "nb.yaml")[0]["deploymentSpec"]["executors"]
        assert [one["container"]["image"] for one in executors.values()] == [image]
    else:
        assert (code, out, "error KALE" in err) == (1, "", True)
        assert [p.name for p in tmp_path.iterdir()] == ["nb.ipynb"]
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("tag", ["annotation:example.org/a:x{{y", "env:A={{$}}"])
def test_what_kubeflow_pipelines_would_expand_is_refused(kale, notebook, tmp_path, tag):
    code, out, err = kale("compile", notebook((["block:a", tag], "x = 1")))
    assert (code, out) == (1, "")
    assert "error KALE406: " in err
    assert [p.name for p in tmp_path.iterdir()] == ["nb.ipynb"]


def test_the_script_runs_nothing_of_it(kale, notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = "".join(PIECES)
    path = notebook(
        ("pipeline-parameters", f"p = {hostile!r}"),
        (["block:a", f"annotation:example.org/note:{hostile.replace('{{', '{')}"], "print(p)"),
        metadata={"kubeflow_notebook": {"pipeline_description": hostile}},
    )
    code, out, err = kale("compile", path)
    assert code == 0, out + err
    written = _documents(tmp_path / "nb.yaml")
    pytest.importorskip("kfp")
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, str(tmp_path / "nb.kfp.py")],
        cwd=tmp_path / "elsewhere", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert _documents(tmp_path / "elsewhere" / "nb.yaml") == written
    assert list(tmp_path.rglob(CANARY)) == []
