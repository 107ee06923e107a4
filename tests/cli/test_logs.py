"""``kale logs``: notebooks out of logs that anybody wrote, into files that stay in their folder."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import random
import zlib
from pathlib import Path

import pytest
from pod.executed import code, notebook, stream

from kale.pod.failure import report_failure

BOOK = notebook(code("x = 1\n1 / 0", stream(random.Random(1).randbytes(3000).hex()), failed=True))


def pod_log(book=BOOK, step="train"):
    """What a failed pod prints, with the user's output before and among it."""
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        report_failure(step, book, book, ValueError("no"), {"x": "int"})
    return f"epoch 1 | loss 0.5 |\nno end of line{text.getvalue()}"


def marked(content, *, step="train", digest=None, lines=None):
    """A log with bytes as the pod would encode them."""
    digest = digest or hashlib.sha256(content).hexdigest()
    rows = base64.urlsafe_b64encode(content).decode().rstrip("=")
    rows = [rows[k : k + 120] for k in range(0, len(rows), 120)]
    head = f"==== kale-notebook {digest[:12]} begins: step {step}, {lines or len(rows)} lines, sha256 {digest}"
    return "\n".join([head, *(f"~{digest[:12]} {n}|{row}|" for n, row in enumerate(rows, 1)), ""])


@pytest.fixture
def logs(kale, tmp_path, monkeypatch):
    """Run `kale logs` in an empty folder on a log of this text, or on what is named."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(text="", *options, name="../train.log"):
        if text:
            content = text if isinstance(text, bytes) else text.encode()
            Path(name).write_bytes(content)
        return kale("logs", name, *options)

    return run


def written():
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


# ------------------------------------------------------------------ nothing is written


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="an empty log"),
        pytest.param("epoch 1\nstep `train` failed: ValueError: no\n", id="no notebook"),
        pytest.param("~0123456789ab 1|QUJD|\n", id="a line without a beginning"),
        pytest.param(marked(b"x", step="../../train"), id="a step that is a path"),
        pytest.param(marked(b"x", step="Train"), id="a step with a capital"),
        pytest.param(marked(b"x", step="a" * 64), id="a step with too long a name"),
        pytest.param("\0\xff" * 5000, id="no text"),
    ],
)
def test_a_log_without_notebooks(logs, text):
    Path("../train.log").touch()
    code, out, err = logs(text)
    assert (code, out) == (1, "")
    assert err == (
        "error KALE516: no executed notebook is in `../train.log`\n"
        "  hint: take the log of the failed pod's container `main`, from its first line on\n"
    )
    assert written() == []


def packed(value):
    return zlib.compress(value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        pytest.param(marked(packed(BOOK), digest="0" * 64), "its digest is another, so some of it was changed", id="a digest"),
        pytest.param(marked(b"x", lines=3), "2 of its 3 lines are missing", id="fewer lines"),
        pytest.param(marked(b"no zlib"), "it is no notebook", id="not packed"),
        pytest.param(marked(packed(BOOK)[:-9]), "it is no notebook", id="cut off before it was sent"),
        pytest.param(marked(packed(b"{")), "it is no notebook", id="no JSON"),
        pytest.param(marked(packed(b"\xff")), "it is no notebook", id="no text"),
        pytest.param(marked(packed([1])), "it is no notebook", id="no object"),
        pytest.param(marked(packed({"cells": []})), "it is no notebook", id="no nbformat"),
        pytest.param(marked(packed({"nbformat": 4, "cells": [1]})), "it is no notebook", id="no cells"),
        pytest.param(marked(packed(b"[" * 100_000)), "it is no notebook", id="brackets without end"),
        pytest.param(marked(packed(b"0" * (65 << 20))), "it is larger than 64 MiB", id="a bomb"),
    ],
)  # fmt: skip
def test_a_damaged_notebook(logs, text, damage):
    code, out, err = logs(text)
    assert (code, out) == (1, "")
    assert err == (
        f"error KALE517: the notebook of step `train` in this log is damaged: {damage}\n"
        "  hint: save the whole log, from its first line on\n"
    )
    assert written() == []


def test_a_log_that_lost_its_first_lines(logs):
    first, *rest = pod_log().splitlines(keepends=True)[1:]
    code, _, err = logs(first + "".join(rest[5:]))
    assert code == 1
    assert "KALE517" in err
    assert "5 of its" in err


def test_a_log_of_beginnings_without_end(logs, monkeypatch):
    monkeypatch.setattr("kale.pod_logs._MOST", 1000)
    code, out, err = logs(pod_log())
    assert (code, out, written()) == (1, "", [])
    assert "error KALE517: the log says to hold more notebooks than Kale reads" in err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("no.log", "there is no log and no run `no.log`", id="no such file"),
        pytest.param("a" * 5000, f"there is no log and no run `{'a' * 5000}`", id="a name too long"),
        pytest.param("\x1b[31m", "there is no log and no run `\\x1b[31m`", id="what is no name"),
    ],
)  # fmt: skip
def test_what_is_not_there(logs, name, message):
    code, out, err = logs(name=name)
    assert (code, out) == (2, "")
    assert err.startswith(f"error KALE515: {message}\n")


def test_an_empty_name(logs):
    assert logs(name="")[0] == 2


def test_a_file_that_is_there_is_not_written_over(logs):
    Path("train.ipynb").write_text("mine")
    code, out, err = logs(pod_log() + pod_log(step="load"))
    assert (code, out) == (2, "load.ipynb\n")
    assert err == (
        "error KALE518: `train.ipynb` is there already\n"
        "  hint: name another folder with `-o DIR`, or add `--force`\n"
    )
    assert Path("train.ipynb").read_text() == "mine"


@pytest.mark.parametrize("options", [(), ("--force",)], ids=["unforced", "forced"])
def test_a_link_leads_nowhere(logs, options, tmp_path):
    (tmp_path / "mine").write_text("mine")
    Path("train.ipynb").symlink_to(tmp_path / "mine")
    assert logs(pod_log(), *options)[0] == (0 if options else 2)
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_that_cannot_be_made(logs):
    Path("file").touch()
    code, out, err = logs(pod_log(), "-o", "file/below")
    assert (code, out) == (2, "")
    assert err.startswith("error KALE011: `file/below/train.ipynb` cannot be written")


# ------------------------------------------------------------------------- what is found


def read(path="train.ipynb"):
    return json.loads(Path(path).read_text())


def numbered(form):
    """The log with something around each line."""
    lines = enumerate(pod_log().splitlines())
    return "".join(form.format(k=k, line=line) for k, line in lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod_log(), id="as it was printed"),
        pytest.param(numbered("{line}\r\n"), id="lines that end as on Windows"),
        pytest.param(numbered("2026-11-23T08:33:{k}.1Z {line}\n"), id="times in front"),
        pytest.param(numbered("[pod/titanic-x|1|/main] {line}\n"), id="a pod in front"),
        pytest.param(numbered("titanic-x: abcdef{line}\n"), id="no gap behind what is in front"),
        pytest.param(numbered("\x1b[32mmain:\x1b[0m {line}\x1b[0m\n"), id="colours"),
        pytest.param(
            "".join(json.dumps({"log": f"{row}\n", "stream": "stderr"}) + "\n" for row in pod_log().splitlines()),
            id="JSON around each line",
        ),
        pytest.param(json.dumps(pod_log().splitlines()), id="all in one line of JSON"),
        pytest.param("\n".join(reversed(pod_log().splitlines())), id="newest line first"),
        pytest.param("\n".join(sorted(pod_log().splitlines() * 2)), id="lines twice, and sorted"),
        pytest.param(pod_log().encode("utf-16"), id="what Windows' PowerShell writes"),
        pytest.param("x" * (1 << 20) + pod_log() + "y" * (1 << 20), id="much around it"),
        pytest.param(b"\xff\x00\xfe" + pod_log().encode() + b"\xff", id="bytes that are no text"),
    ],
)  # fmt: skip
def test_a_notebook_from_any_log(logs, text):
    assert logs(text) == (0, "train.ipynb\n", "")
    assert read() == BOOK


def test_a_notebook_across_the_pieces_that_are_read(logs, monkeypatch):
    monkeypatch.setattr("kale.pod_logs._CHUNK", 37)
    assert logs(pod_log())[0] == 0
    assert read() == BOOK


def other(source):
    return notebook(code(source))


def test_the_logs_of_several_pods_at_once(logs):
    pods = [pod_log(other("a"), "a"), pod_log(BOOK, "b-2"), pod_log(other("c"), "c_3")]
    rows = [row for rows in zip(*(pod.splitlines() for pod in pods), strict=False) for row in rows]
    rest = pods[1].splitlines()[len(rows) // 3 :]
    code, out, err = logs("\n".join([*rows, *rest]), "-o", "out/deep")
    assert (code, out, err) == (
        0,
        "out/deep/a.ipynb\nout/deep/b-2.ipynb\nout/deep/c_3.ipynb\n",
        "",
    )
    assert read("out/deep/b-2.ipynb") == BOOK
    assert read("out/deep/c_3.ipynb") == other("c")


def test_of_several_attempts_the_last_one_is_kept(logs):
    text = pod_log(other("first")) + pod_log(other("second")) + pod_log(other("third"))[:300]
    code, out, err = logs(text)
    assert (code, out) == (1, "train.ipynb\n")
    assert err.splitlines()[0] == "step `train`: 3 notebooks in the log, the last sound one is kept"
    assert "KALE517" in err
    assert read() == other("second")


def test_a_file_may_be_written_over(logs):
    Path("train.ipynb").write_text("mine")
    assert logs(pod_log(), "--force")[:2] == (0, "train.ipynb\n")
    assert read() == BOOK
    assert written() == ["train.ipynb"]


def test_nothing_else_in_the_folder_is_touched(logs):
    Path("x.steps").mkdir()
    Path("x.steps/mine.ipynb").touch()
    assert logs(pod_log(), "-o", "x.steps")[0] == 0
    assert written() == ["x.steps/mine.ipynb", "x.steps/train.ipynb"]


def test_standard_input(logs):
    reading, writing = os.pipe()
    os.write(writing, pod_log().encode())
    os.close(writing)
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert logs(name="-") == (0, "train.ipynb\n", "")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)


def test_json(logs):
    code, out, err = logs(pod_log() + marked(b"x", step="load"), "--json")
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert told["notebooks"] == {"train": "train.ipynb"}
    assert [finding["code"] for finding in told["diagnostics"]] == ["KALE517"]
    assert json.loads(logs(pod_log(), "--json", "--force")[1]) == {
        "notebooks": {"train": "train.ipynb"},
        "diagnostics": [],
    }


# ----------------------------------------------------------------------------------- runs


def make_run(name="20261123T045502Z-1", pipeline="titanic", **logs):
    folder = Path(".kale/runs", pipeline, name)
    for part in ("logs", "notebooks"):
        (folder / part).mkdir(parents=True)
    for step, text in logs.items():
        (folder / "logs" / f"{step}.log").write_text(text)
    return folder


@pytest.mark.parametrize(
    "name", ["20261123T045502Z-1", "20261123T0455", ".kale/runs/titanic/20261123T045502Z-1"]
)
def test_the_logs_of_a_run(logs, name):
    make_run(load="loaded\n", train=pod_log())
    if name.endswith("Z-1"):
        make_run("20261123T045502Z-12", train="nothing")
    assert logs("", "-o", "out", name=name) == (0, "out/train.ipynb\n", "")


def test_a_folder_of_logs(logs):
    Path("pods").mkdir()
    Path("pods/a.log").write_text(pod_log(step="a"))
    Path("pods/b.log").write_text(pod_log(step="b"))
    assert logs("", name="pods")[:2] == (0, "a.ipynb\nb.ipynb\n")


def test_a_run_that_has_its_notebooks_elsewhere(logs):
    folder = make_run(train="printed")
    (folder / "notebooks" / "train.ipynb").touch()
    code, _, err = logs(name="20261123T0455")
    assert code == 1
    assert "KALE516" in err
    assert f"hint: the executed notebooks of this run are in `{folder / 'notebooks'}`" in err


def test_a_name_that_several_runs_have(logs):
    make_run()
    make_run(pipeline="iris")
    code, _, err = logs(name="20261123T045502Z-1")
    assert code == 2
    assert err == (
        "error KALE515: `20261123T045502Z-1` may be any of"
        " `.kale/runs/iris/20261123T045502Z-1`, `.kale/runs/titanic/20261123T045502Z-1`\n"
        "  hint: name one by its path\n"
    )
