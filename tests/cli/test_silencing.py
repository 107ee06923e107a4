"""What is silenced is nowhere; what ``--strict`` asks for is refused."""

import json

import pytest

CELLS = (("block:a", "x = 1"), ("block:b", "print(x)"))
METADATA = {"kubeflow_notebook": {"katib_run": True}}
FOUND = ["KALE111", "KALE201"]
OPTIONS = ("--ignore", "KALE111", "--ignore", "kale201")
VERBS = [
    pytest.param(["check", "--format", "json"], id="check"),
    pytest.param(["compile", "--json"], id="compile"),
    pytest.param(["run", "--json", "--run-dir", "run-dir"], id="run"),
    pytest.param(["run", "--json", "--explain-data"], id="explain data"),
]


@pytest.fixture
def path(notebook, tmp_path, monkeypatch):
    """A notebook with a warning and a notice, in the current folder."""
    monkeypatch.chdir(tmp_path)
    notebook(*CELLS, metadata=METADATA)
    return "nb.ipynb"


def codes(out):
    return [finding["code"] for finding in json.loads(out)["diagnostics"]]


@pytest.mark.parametrize("verb", VERBS)
def test_findings_are_shown_unless_they_are_ignored(kale, path, verb, tmp_path):
    code, out, _ = kale(*verb, path)
    assert (code, codes(out)) == (0, FOUND)
    verb = ["other" if word == "run-dir" else word for word in verb]
    code, out, err = kale(*verb, path, *OPTIONS)
    assert (code, codes(out)) == (0, [])
    assert "KALE" not in err
    for file in tmp_path.glob("other/*"):
        assert file.is_dir() or "KALE111" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", VERBS)
def test_strict_refuses_before_anything_is_done(kale, path, verb, tmp_path):
    code, out, _ = kale(*verb, "--strict", path)
    found = json.loads(out)["diagnostics"]
    assert (code, [d["code"] for d in found]) == (1, FOUND)
    assert {d["severity"] for d in found} == {"error"}
    assert [file.name for file in tmp_path.iterdir()] == ["nb.ipynb"]


@pytest.mark.parametrize("verb", VERBS)
def test_strict_does_not_count_what_is_silenced(kale, path, verb):
    code, out, _ = kale(*verb, "--strict", *OPTIONS, path)
    assert (code, codes(out)) == (0, [])


def test_strict_leaves_other_notices_as_they_are(kale, notebook):
    path = notebook(("", "q = 1"), ("block:a", "x = q"))
    code, out, _ = kale("check", "--strict", path)
    assert code == 0
    assert "notice KALE103" in out


def test_strict_counts_for_the_package_too(kale, notebook, tmp_path):
    path = notebook(("block:a limit:ephemeral-storage:1Gi", "x = 1"))
    assert kale("check", "--strict", path)[0] == 0
    code, out, err = kale("compile", path, "-o", tmp_path / "out")
    assert (code, "warning KALE409" in err) == (0, True)
    code, _, err = kale("compile", "--ignore", "KALE409", path, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    code, out, err = kale("compile", "--strict", path, "-o", tmp_path / "strict")
    assert (code, out, "error KALE409" in err) == (1, "", True)
    assert not (tmp_path / "strict").exists()


def test_check_says_how_many_it_silenced(kale, path):
    code, out, _ = kale("check", path, *OPTIONS)
    assert (code, out) == (0, "nb.ipynb: 2 steps, no errors, 2 silenced\n")
    _, out, _ = kale("check", path, *OPTIONS, "--format", "json")
    assert json.loads(out)["silenced"] == 2


def test_check_as_text_with_strict(kale, path):
    code, out, _ = kale("check", path, "--strict")
    assert code == 1
    assert "nb.ipynb: error KALE111: " in out
    assert "nb.ipynb: cell 2 (b), line 1: error KALE201: " in out
    assert "no errors" not in out


def test_a_wrong_code_to_ignore_is_wrong_use(kale, path):
    code, out, err = kale("compile", path, "--ignore", "KALE391")
    assert (code, out) == (2, "")
    assert err == (
        "error KALE016: `--ignore` names `KALE391`, and there is no such code\n"
        "  hint: did you mean `KALE301`?\n"
    )


def test_a_wrong_project_file_is_told_once_for_all_notebooks(kale, path, notebook, tmp_path):
    other = notebook(("block:a", "x = 1"), name="other.ipynb")
    (tmp_path / "pyproject.toml").write_text('[tool.kale]\nignore = ["KALE301"]\n')
    code, out, _ = kale("check", path, other)
    assert code == 2
    assert out == (
        f"{tmp_path}/pyproject.toml: error KALE017: `ignore` of `[tool.kale]` names `KALE301`"
        " (undefined name), and errors cannot be ignored\n"
        "  hint: correct what it finds, and take the code out of the list\n"
    )


def test_the_kernel_that_is_missing_is_silenced_when_it_runs(kale, notebook, tmp_path):
    kernel = {"kernelspec": {"name": "no-such-kernel", "language": "python"}}
    path = notebook(("block:a", "x = 1"), metadata=kernel)
    _, out, _ = kale("run", path, "--json", "--run-dir", tmp_path / "shown")
    assert codes(out) == ["KALE505"]
    _, out, _ = kale("run", path, "--json", "--run-dir", tmp_path / "r", "--ignore", "KALE505")
    assert codes(out) == []
    assert json.loads((tmp_path / "r" / "run.json").read_text())["diagnostics"] == []
