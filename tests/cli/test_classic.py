"""``kale --nb``: every option in both spellings, and where else a setting may come from."""

import json

import pytest
import yaml

CELLS = (("block:a", "x = 1"),)

SPELLINGS = [
    pytest.param(
        ["--pipeline_name", "--pipeline_descr", "--docker_image", "--experiment_name",
         "--kfp_port", "--kfp_host"],
        id="underscores",
    ),
    pytest.param(
        ["--pipeline-name", "--pipeline-descr", "--docker-image", "--experiment-name",
         "--kfp-port", "--kfp-host"],
        id="dashes",
    ),
    pytest.param(
        ["--pipeline_name", "--pipeline_description", "--docker_image", "--experiment_name",
         "--kfp_port", "--kfp_host"],
        id="the later name of the description",
    ),
    pytest.param(
        ["--pipeline-name", "--pipeline-description", "--docker-image", "--experiment-name",
         "--kfp-port", "--kfp-host"],
        id="the later name with dashes",
    ),
]  # fmt: skip


def package_of(folder, name):
    return next(yaml.safe_load_all((folder / f"{name}.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_all_options(kale, notebook, tmp_path, spellings):
    values = ["other", "what it is", "img:1", "exp", "8080", "h.example"]
    options = [part for pair in zip(spellings, values, strict=True) for part in pair]
    code, out, err = kale("--nb", notebook(*CELLS), *options)
    assert (code, err) == (0, "")
    assert out.startswith("pipeline  other\n")
    package = package_of(tmp_path, "other")
    assert package["pipelineInfo"]["name"] == "other"
    assert package["pipelineInfo"]["description"] == "what it is"
    executors = package["deploymentSpec"]["executors"]
    assert [one["container"]["image"] for one in executors.values()] == ["img:1"]
    assert "exp" in (tmp_path / "other.kfp.py").read_text(encoding="utf-8")


def test_the_environment_and_the_project_file(kale, notebook, tmp_path, monkeypatch):
    path = notebook(*CELLS)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.kale]\npipeline_name = "project"\ndocker_image = "project:1"\n', encoding="utf-8"
    )
    monkeypatch.setenv("KALE_PIPELINE_NAME", "environment")
    monkeypatch.setenv("KALE_PIPELINE_DESCRIPTION", "told by the environment")
    code, out, _ = kale("--nb", path)
    assert (code, out.splitlines()[0]) == (0, "pipeline  environment")
    package = package_of(tmp_path, "environment")
    assert package["pipelineInfo"]["description"] == "told by the environment"
    executors = package["deploymentSpec"]["executors"]
    assert [one["container"]["image"] for one in executors.values()] == ["project:1"]


def test_a_wrong_project_file_is_told_with_its_path(kale, notebook, tmp_path):
    path = notebook(*CELLS)
    (tmp_path / "pyproject.toml").write_text('[tool.kale]\ndocker_imag = "a"\n', encoding="utf-8")
    code, out, err = kale("--nb", path)
    assert (code, out) == (2, "")
    assert err == (
        f"{tmp_path}/pyproject.toml: error KALE013: `[tool.kale]` has no setting `docker_imag`\n"
        "  hint: did you mean `docker_image`?\n"
    )


@pytest.mark.parametrize("name", ["Other ñame!", "../../other-name", "other_name"])
def test_a_name_never_leads_out_of_the_folder(kale, notebook, tmp_path, name):
    code, out, _ = kale("--nb", notebook(*CELLS), "--pipeline_name", name)
    assert (code, out.splitlines()[0]) == (0, "pipeline  other-name")
    assert (tmp_path / "other-name.yaml").exists()


def test_an_empty_name_is_none(kale, notebook):
    code, out, _ = kale("--nb", notebook(*CELLS), "--pipeline_name", "")
    assert (code, out.splitlines()[0]) == (0, "pipeline  nb")


PICKLING = [
    pytest.param([], {}, None, id="nothing"),
    pytest.param(["--no-pickle"], {}, {"no_pickle": True}, id="the flag"),
    pytest.param(["--no_pickle", "--pickler", "dill"], {},
                 {"no_pickle": True, "pickler": "dill"}, id="both"),
    pytest.param([], {"KALE_NO_PICKLE": "on", "KALE_PICKLER": "joblib"},
                 {"no_pickle": True, "pickler": "joblib"}, id="the environment"),
    pytest.param(["--pickler", "cloudpickle"], {"KALE_PICKLER": "dill"}, None,
                 id="the default, said aloud"),
]  # fmt: skip


@pytest.mark.parametrize("command", [("--nb",), ("compile",)])
@pytest.mark.parametrize(("options", "environment", "expected"), PICKLING)
def test_how_to_pickle_reaches_the_steps(
    kale, notebook, tmp_path, monkeypatch, command, options, environment, expected
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, _, err = kale(*command, notebook(*CELLS), *options)
    assert (code, err) == (0, "")
    step = json.loads((tmp_path / "nb.steps" / "a.ipynb").read_text(encoding="utf-8"))
    assert step["metadata"]["kale"].get("marshal") == expected


def test_an_unknown_pickler(kale, notebook, monkeypatch):
    path = notebook(*CELLS)
    code, _, err = kale("compile", path, "--pickler", "pickle")
    assert code == 2
    assert "'pickle' is not one of 'cloudpickle', 'dill', 'joblib'" in err
    monkeypatch.setenv("KALE_PICKLER", "pickle")
    code, out, err = kale("compile", path)
    assert (code, out) == (2, "")
    assert err == (
        "error KALE018: the setting `pickler` is `pickle`, not `cloudpickle`, `dill` or `joblib`\n"
        "  hint: correct it on the command line or in the environment (`KALE_PICKLER`)\n"
    )


def test_a_name_without_letters(kale, notebook):
    path = notebook(*CELLS)
    code, out, err = kale("--nb", path, "--pipeline_name", "数据")
    assert (code, out) == (1, "")
    assert err == (
        f"{path}: error KALE112: `数据` has no letter or digit that a pipeline's name could keep\n"
        "  hint: give a name of letters a to z and digits: `--pipeline_name`, or `pipeline_name`"
        " in the notebook metadata\n"
    )
