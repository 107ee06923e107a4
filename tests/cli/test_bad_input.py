"""What a user reads after a mistake: place, cause, remedy; no traceback, nothing half written."""

import pytest

GOOD = (("block:a", "x = 1"), ("block:b prev:a", "print(x)"))


def refused(kale, *arguments):
    code, out, err = kale(*arguments)
    assert out == ""
    return code, err


def test_a_missing_file(kale, tmp_path):
    path = tmp_path / "none.ipynb"
    code, err = refused(kale, "compile", path)
    assert code == 2
    assert err.startswith(f"{path}: error KALE001: ")
    assert "hint: " in err


NOTEBOOKS = [
    pytest.param([("block:a", "x = (")], ["cell 1 (a), line 1: error KALE", "x = ("], id="syntax"),
    pytest.param(
        [("block:a", "x = 1"), ("block:b", "1\nprint(totl)")],
        [
            "cell 2 (b), line 2: error KALE301: step `b` uses `totl`",
            "    print(totl)",
            "          ^",
        ],
        id="an undefined name",
    ),
    pytest.param([("blok:a", "x = 1")], ["cell 1", "block:a"], id="a misspelt tag"),
    pytest.param(
        [("block:load", "1"), ("block:b prev:laod", "1")], ["cell 2", "`load`"], id="unknown prev"
    ),
    pytest.param([("block:a prev:b", "1"), ("block:b prev:a", "1")], ["a", "→", "b"], id="a cycle"),
    pytest.param([("block:a_b", "1"), ("block:a-b", "1")], ["a_b", "a-b"], id="a name collision"),
    pytest.param([("", "1")], ["block:"], id="no tagged cell"),
    pytest.param([("block:Train Model", "1")], [], id="tags with spaces"),
]


@pytest.mark.parametrize("command", ["check", "compile", "run"])
@pytest.mark.parametrize(("cells", "expected"), NOTEBOOKS)
def test_a_refused_notebook(kale, notebook, command, cells, expected):
    path = notebook(*[(tags.split("|") if "|" in tags else tags, code) for tags, code in cells])
    code, out, err = kale(command, path)
    assert code == 1
    text = out if command == "check" else err
    assert all(part in text for part in expected), text
    assert "Traceback" not in out + err
    assert sorted(p.name for p in path.parent.iterdir()) == ["nb.ipynb"]


def test_the_traceback_is_there_for_who_asks(kale, notebook, monkeypatch):
    import sys

    from kale.cli import main
    from kale.errors import KaleError

    path = notebook(("block:a", "print(totl)"))
    monkeypatch.setattr(sys, "argv", ["kale", "compile", str(path), "--debug"])
    with pytest.raises(KaleError):
        main()


def test_a_folder_that_cannot_be_written(kale, notebook, tmp_path):
    path = notebook(*GOOD)
    (tmp_path / "file").write_text("")
    code, err = refused(kale, "compile", path, "-o", tmp_path / "file" / "out")
    assert code == 2
    assert err == (
        f"error KALE011: the folder `{tmp_path}/file/out` cannot be written: Not a directory\n"
        "  hint: name another one with `-o DIR`\n"
    )


PARAMETERS = [
    pytest.param("alhpa=1", ["`alhpa`", "`alpha`"], id="an unknown one"),
    pytest.param("alpha=x", ["`alpha`", "`x`"], id="one of another type"),
    pytest.param("alpha", ["`alpha`", "NAME=VALUE"], id="no value"),
]


@pytest.mark.parametrize(("given", "expected"), PARAMETERS)
def test_a_wrong_parameter(kale, notebook, given, expected):
    path = notebook(("pipeline-parameters", "alpha = 0.5"), ("block:a", "print(alpha)"))
    code, err = refused(kale, "run", path, "-p", given)
    assert code == 2
    assert all(part in err for part in expected), err
    assert not (path.parent / ".kale").exists()


def test_deploying_says_what_is_missing(kale, notebook):
    path = notebook(*GOOD)
    code, err = refused(kale, "--nb", path, "--deploy")
    assert code == 2
    assert err == (
        "error KALE014: this version of Kale compiles pipelines but does not deploy them itself\n"
        "  hint: leave the option away, then upload and run with the script that is written: "
        "python NAME.kfp.py --deploy --host URL\n"
    )


USAGE = [
    pytest.param(["frobnicate"], "No such command", id="an unknown verb"),
    pytest.param(["check"], "Missing argument", id="no notebook"),
    pytest.param(["run", "x.ipynb", "-j", "0"], "'-j' / '--jobs'", id="no jobs"),
    pytest.param(["--nb", "x.ipynb", "check", "y.ipynb"], "exclude each other", id="two forms"),
    pytest.param(
        ["check", "--explain", "KALE30"],
        "there is no code KALE30; did you mean KALE3",
        id="no such code",
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), USAGE)
def test_wrong_use(kale, arguments, expected):
    code, err = refused(kale, *arguments)
    assert code == 2
    assert expected in err
