"""Options of ``kale deploy`` and of the classic form that contradict each other: wrong use."""

import json

import pytest

ALONE = [
    pytest.param([], "name what to deploy, or `--follow RUN`", id="nothing to deploy"),
    pytest.param(["nb.ipynb", "--follow", "r"], "one of the two", id="a notebook and a run"),
    pytest.param(["nb.ipynb", "--timeout", "5"], "`--timeout` needs `--wait`", id="a timeout without a wait"),
    pytest.param(["nb.ipynb", "--wait", "--timeout", "0"], "'--timeout'", id="no time at all"),
    pytest.param(["nb.ipynb", "--upload-only", "--wait"], "`--wait` has no effect beside `--upload-only`", id="a wait without a run"),
    pytest.param(["nb.ipynb", "--upload-only", "-p", "n=1"], "`-p` has no effect", id="parameters without a run"),
    pytest.param(["nb.ipynb", "--upload-only", "--recurring", "@daily"], "`--recurring` has no effect", id="a schedule without runs"),
    pytest.param(["nb.ipynb", "--recurring", "@daily", "--wait"], "`--wait` has no effect", id="a wait for all time"),
    pytest.param(["nb.ipynb", "--recurring", "@daily", "--run-name", "r"], "`--run-name` has no effect", id="one name for many runs"),
    pytest.param(["nb.ipynb", "--replace"], "`--replace` needs `--recurring`", id="nothing to replace"),
    pytest.param(["nb.ipynb", "--recurring-name", "r"], "`--recurring-name` needs", id="a name for nothing"),
    pytest.param(["nb.ipynb", "--dry-run", "--wait"], "`--wait` has no effect beside `--dry-run`", id="a wait for nothing"),
    pytest.param(["--follow", "r", "-p", "n=1"], "has no effect beside `--follow`", id="parameters of a run that goes on"),
    pytest.param(["--follow", "r", "--dry-run"], "has no effect beside `--follow`", id="to follow without a network"),
    pytest.param(["--follow", ""], "it is empty", id="an empty run"),
    pytest.param(["nb.ipynb", "--host", ""], "it is empty", id="an empty host"),
    pytest.param(["nb.ipynb", "--run-name", ""], "it is empty", id="an empty name"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "told"), ALONE)
def test_wrong_use(kale, options, told):
    code, out, err = kale("deploy", *options)
    assert (code, out) == (2, "")
    assert told in err


CLASSIC = [
    pytest.param(["--wait"], "`--wait` needs `--deploy`", id="a wait"),
    pytest.param(["--host", "h"], "`--host` needs `--deploy`", id="a host"),
    pytest.param(["--no-cache"], "needs `--deploy`", id="no cache"),
    pytest.param(["-p", "n=1"], "needs `--deploy`", id="a parameter"),
    pytest.param(
        ["--deploy", "--host", "h", "--kfp_host", "i"], "exclude each other", id="two hosts"
    ),
    pytest.param(
        ["--upload_pipeline", "--wait"], "`--wait` has no effect", id="a wait for an upload"
    ),
    pytest.param(["--deploy", "--replace"], "needs `--recurring`", id="nothing to replace"),
]


@pytest.mark.parametrize(("options", "told"), CLASSIC)
def test_wrong_use_of_the_classic_form(kale, notebook, tmp_path, options, told):
    code, out, err = kale("--nb", notebook(("block:a", "x = 1")), *options)
    assert (code, out) == (2, "")
    assert told in err
    assert not [*tmp_path.glob("*.yaml")]


def test_the_options_of_a_verb_do_not_stand_before_it(kale):
    code, _, err = kale("--wait", "deploy", "nb.ipynb")
    assert code == 2
    assert "`--wait` before `deploy` belongs to `kale --nb`" in err


def test_the_help_of_the_classic_form_does_not_repeat_it(kale):
    code, out, _ = kale("--help")
    assert code == 0
    assert "--deploy" in out
    assert "--recurring" not in out
    assert "--token" not in out


def test_a_classic_dry_run_writes_nothing(kale, notebook, tmp_path):
    code, out, _ = kale("--nb", notebook(("block:a", "x = 1")), "--deploy", "--dry-run")
    assert code == 0
    assert "version   nb-" in out.replace("version     ", "version   ")
    assert not [*tmp_path.glob("*.yaml")]


def test_a_token_from_standard_input_is_read_once(kale, notebook, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("a-token\n"))
    options = ["--dry-run", "--host", "https://kf.example.org", "--token", "-", "--json"]
    code, out, _ = kale("deploy", notebook(("block:a", "x = 1")), *options)
    assert code == 0
    assert json.loads(out)["host"] == "https://kf.example.org"
    assert "a-token" not in out
