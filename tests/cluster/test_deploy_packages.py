"""Packages that are given: what is taken as one, and what is refused before anything is sent."""

import json
import sys

import pytest
import yaml
from cluster.deploys import changes, only

SPEC = {
    "pipelineInfo": {"name": "given", "description": "by somebody"},
    "root": {
        "dag": {"tasks": {"a": {"taskInfo": {"name": "a"}, "componentRef": {"name": "comp-a"}}}},
        "inputDefinitions": {
            "parameters": {
                "n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3},
                "text": {"parameterType": "STRING", "isOptional": True},
                "status": {"parameterType": "TASK_FINAL_STATUS", "isOptional": True},
            }
        },
    },
    "schemaVersion": "2.1.0",
}
PLATFORM = {"platforms": {"kubernetes": {"deploymentSpec": {}}}}


def text(*documents):
    return yaml.safe_dump_all(documents)


@pytest.fixture
def deploy(kale, kfp, tmp_path):
    def go(content, *options, name="given.yaml"):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return kale("deploy", path, "--host", kfp.url, *options)

    return go


TAKEN = [
    pytest.param(text(SPEC), "given.yaml", id="a pipeline alone"),
    pytest.param(text(SPEC, PLATFORM), "given.yml", id="with its platform"),
    pytest.param(f"# PIPELINE DEFINITION\n{text(SPEC)}---\n", "given.yaml", id="with comments and an empty document"),
    pytest.param(json.dumps(SPEC), "given.json", id="in JSON"),
    pytest.param(b"\xef\xbb\xbf" + text(SPEC).encode(), "given.yaml", id="with a byte order mark"),
]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 100_000, id="lists without an end"),
        pytest.param(b"a: " + b"{a: " * 100_000 + b"1" + b"}" * 100_000, id="objects"),
        pytest.param("".join(f"{' ' * n}a:\n" for n in range(1000)), id="lines"),
    ],
)
def test_what_would_crash_the_parser_is_refused(deploy, kfp, content):
    code, _, err = deploy(content)
    assert (code, kfp.requests) == (1, [])
    assert "error KALE611: this is no package of Kubeflow Pipelines 2: it nests too deeply" in err


@pytest.mark.parametrize(("content", "name"), TAKEN)
def test_taken_to_the_byte(deploy, kfp, tmp_path, content, name):
    code, _, err = deploy(content, "-p", "n=4", name=name)
    assert code == 0, err
    assert kfp.sent("upload_version")[0].body[1] == (tmp_path / name).read_bytes()
    pipeline = only(kfp.pipelines)
    assert (pipeline["name"], pipeline["description"]) == ("given", "by somebody")
    assert only(kfp.runs)["runtime_config"]["parameters"] == {"n": 4}


REFUSED = [
    pytest.param(None, "given.yaml", 2, "the package cannot be read: No such file", id="no file"),
    pytest.param("", "given.yaml", 1, "it holds something else", id="nothing"),
    pytest.param("[1]", "given.yaml", 1, "it holds something else", id="a list"),
    pytest.param("a: [", "given.yaml", 1, "it is no YAML, at line", id="broken YAML"),
    pytest.param("a: !!python/object/apply:os.system ['touch hacked']", "given.yaml", 1, "it is no YAML", id="code in YAML"),
    pytest.param(b"\xff\xfe\x00", "given.yaml", 1, "it is no YAML", id="bytes that are no text"),
    pytest.param("a: 1", "given.yaml", 1, "it has no `pipelineInfo` and `root`", id="other YAML"),
    pytest.param(text({**SPEC, "pipelineInfo": {}}), "given.yaml", 1, "has no `name`", id="no name"),
    pytest.param(text({**SPEC, "pipelineInfo": {"name": 3}}), "given.yaml", 1, "has no `name`", id="a number for a name"),
    pytest.param(text({**SPEC, "pipelineInfo": {"name": "x" * 129}}), "given.yaml", 1, "its name is longer", id="a long name"),
    pytest.param(text({**SPEC, "pipelineInfo": {"name": "a/../b"}}), "given.yaml", 1, "no plain text", id="a name with a slash"),
    pytest.param(text(SPEC, SPEC), "given.yaml", 1, "more documents", id="two pipelines"),
    pytest.param(text(SPEC, PLATFORM, PLATFORM), "given.yaml", 1, "more documents", id="two platforms"),
    pytest.param(text({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}), "given.yaml", 1, "it holds Kubernetes resources", id="a package of KFP 1"),
    pytest.param(b"PK\x03\x04", "given.zip", 1, "it is an archive", id="a zip"),
    pytest.param(b"\x1f\x8b\x08", "given.tar.gz", 1, "it is an archive", id="a tarball"),
    pytest.param(b"a" * (32 * 1024**2 + 1), "given.yaml", 1, "more than 32 MiB", id="a huge file"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "expected", "told"), REFUSED)
def test_refused(deploy, kfp, tmp_path, monkeypatch, content, name, expected, told):
    monkeypatch.chdir(tmp_path)
    code, out, err = deploy(content, name=name)
    assert (code, out, kfp.requests) == (expected, "", [])
    assert "error KALE611" in err
    assert told in err
    assert not (tmp_path / "hacked").exists()


def test_values_that_json_does_not_have_cannot_be_changed(deploy, kfp):
    content = text(SPEC).replace("defaultValue: 3", "defaultValue: 2026-11-23")
    code, _, err = deploy(content, "--no-cache")
    assert (code, kfp.requests) == (1, [])
    assert "it holds what JSON does not have" in err


def test_not_a_number_cannot_be_changed(deploy, kfp):
    content = text(SPEC).replace("defaultValue: 3", "defaultValue: .nan")
    code, _, err = deploy(content, "--no-cache")
    assert (code, kfp.requests) == (1, [])
    assert "it holds what JSON does not have" in err


def test_what_is_no_task_is_left_as_it_is(deploy, kfp):
    root = {**SPEC["root"], "dag": {"tasks": {"a": None, "b": "x"}}}
    code, out, _ = deploy(text({**SPEC, "root": root}), "--no-cache", "--dry-run")
    assert (code, kfp.requests) == (0, [])
    assert "version" in out


def test_aliases_are_not_written_out(deploy, kfp):
    bomb = "laughs:\n- &a0 [x, x]\n"
    bomb += "".join(f"- &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30))
    content = text(SPEC) + bomb
    code, _, err = deploy(content, "--no-cache")
    assert (code, kfp.requests) == (1, [])
    assert "aliases" in err


@pytest.mark.parametrize("given", ["status=x", "text=$(x)", "n=null", "other=1"])
def test_values_that_the_package_does_not_take(deploy, kfp, given):
    code, _, _ = deploy(text(SPEC), "-p", given)
    assert (code, kfp.requests) == (2, [])


def test_a_parameter_that_needs_a_value(deploy, kfp):
    inputs = {"parameters": {"table": {"parameterType": "STRING"}}}
    content = text({**SPEC, "root": {**SPEC["root"], "inputDefinitions": inputs}})
    code, _, err = deploy(content)
    assert (code, kfp.requests) == (2, [])
    assert "error KALE617: parameter `table` has no default" in err
    assert deploy(content, "--upload-only")[0] == 0
    assert deploy(content, "-p", "table=a")[0] == 0


def test_a_parameter_of_no_type_is_not_to_be_given_by_p(deploy, kfp):
    inputs = {"parameters": {"table": {"type": "STRING"}}}
    content = text({**SPEC, "root": {**SPEC["root"], "inputDefinitions": inputs}})
    code, _, err = deploy(content)
    assert (code, kfp.requests) == (2, [])
    assert "says no type of it" in err
    assert "add -p" not in err


@pytest.mark.parametrize(
    "option",
    [["--docker-image", "img"], ["--pipeline-name", "x"], ["--no-install"], ["-o", "made"], ["--strict"],
     ["--include", "x"], ["--kfp-version", "2.3"]],
)  # fmt: skip
def test_options_for_notebooks(deploy, kfp, option):
    code, _, err = deploy(text(SPEC), *option)
    assert (code, kfp.requests) == (2, [])
    assert "is for notebooks" in err


def test_the_experiment_of_a_package(deploy, kfp, monkeypatch):
    monkeypatch.setenv("KALE_EXPERIMENT_NAME", "of the environment")
    assert deploy(text(SPEC))[0] == 0
    assert deploy(text(SPEC), "--experiment_name", "mine")[0] == 0
    names = [each["display_name"] for each in kfp.experiments.values()]
    assert names == ["of the environment", "mine"]


def test_a_name_that_is_no_word_of_an_address(deploy, kfp):
    spec = {**SPEC, "pipelineInfo": {"name": "My Pipeline? #1"}}
    assert deploy(text(spec))[0] == 0
    assert only(kfp.pipelines)["name"] == "My Pipeline? #1"
    assert kfp.sent("names")[0].path.endswith("/names/My%20Pipeline%3F%20%231")
    assert len(changes(kfp)) == 4


def test_a_compile_imports_nothing_of_clusters(notebook):
    import subprocess

    path = notebook(("block:a", "x = 1"))
    code = (
        "import sys; sys.argv = ['kale', 'compile', sys.argv[1]]\n"
        "from kale.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('requests', 'yaml', 'kubernetes')"
        " or m.startswith(('kale.cluster', 'kale.deploying'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
