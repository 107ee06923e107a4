"""Pages of executed notebooks: made beside the run, whole or not at all, and by nobody left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runners.plans import cell, notebook
from runners.view.html_page import Page

from kale.runners.run_directory import RunDirectory
from kale.runners.view.page_writer import page_exporter, write_page
from kale.runners.view.pages import Pages

pytestmark = pytest.mark.usefixtures("with_pages", "measured_children")

EVIL = "</pre></div><script>alert('x')</script>"

#: A process that has a page made, tells the writer's number, and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from kale.runners.run_directory import RunDirectory
from kale.runners.view.pages import Pages
pages = Pages(RunDirectory(Path(sys.argv[1])))
pages.make("load")
print(pages._writer.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "notebooks").mkdir()
    return RunDirectory(tmp_path)


def execute(directory: RunDirectory, name: str, content: bytes | None = None) -> None:
    directory.executed_notebook(name).write_bytes(content or notebook([cell("1 + 1", at=3)]))


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def begin(directory: RunDirectory) -> tuple[Pages, int]:
    """Pages whose writer stands still, and its process."""
    execute(directory, "load")
    pages = Pages(directory)
    pages.make("load")
    writer = pages._writer.pid  # noqa: SLF001 - nobody else needs to know it
    os.kill(writer, signal.SIGSTOP)
    return pages, writer


def output(kind: str, **fields):
    return {"output_type": kind, "metadata": {}, **fields}


def page_of(directory, *cells, step="load") -> Page:
    execute(directory, step, notebook(cells))
    path = directory.page(step)
    write_page(page_exporter(), directory.executed_notebook(step), path, step)
    return Page(path.read_text(encoding="utf-8"))


def test_without_a_notebook_no_process_is_started(directory):
    pages = Pages(directory)
    pages.make("load")
    assert pages._writer is None  # noqa: SLF001 - there is no other sign of it
    assert pages.finish(hurried=False) == {}


def test_every_notebook_that_can_be_a_page_becomes_one(directory):
    pages = Pages(directory)
    for name, content in (("load", None), ("broken", b"{"), ("fit", None)):
        execute(directory, name, content)
        pages.make(name)
    expected = {name: directory.page(name) for name in ("load", "fit")}
    assert pages.finish(hurried=False) == expected
    assert pages.finish(hurried=False) == expected, "asking again changes nothing"
    assert sorted(path.suffix for path in directory.page("fit").parent.iterdir()) == [
        *(".html", ".html", ".ipynb", ".ipynb", ".ipynb")
    ]


def test_a_writer_that_was_prepared_in_vain_ends(directory):
    pages = Pages(directory)
    pages.prepare()
    writer = pages._writer.pid  # noqa: SLF001 - nobody else needs to know it
    pages.prepare()
    assert pages._writer.pid == writer  # noqa: SLF001
    assert pages.finish(hurried=False) == {}
    assert not is_alive(writer)


def test_a_page_is_taken_from_another_run(directory, tmp_path):
    other = RunDirectory(tmp_path / "other")
    other.page("load").parent.mkdir(parents=True)
    other.page("load").write_text("theirs")
    other.page("fit").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("mine")
    directory.page("load").write_text("stale")
    pages = Pages(directory)
    for name in ("load", "fit", "never made"):
        pages.take(name, other.root)
    assert [path.name for path in directory.page("load").parent.iterdir()] == ["load.html"]
    assert directory.page("load").read_text() == "theirs"


def test_asking_for_more_pages_than_a_pipe_holds_does_not_wait_for_them(directory):
    pages, writer = begin(directory)
    # What cannot be read is passed over at once.
    execute(directory, "broken", b"{")
    for _ in range(2000):
        pages.make("broken")
    execute(directory, "last")
    pages.make("last")
    os.kill(writer, signal.SIGCONT)
    expected = {name: directory.page(name) for name in ("load", "last")}
    assert pages.finish(hurried=False) == expected


@pytest.mark.parametrize(
    ("hurried", "stop"),
    [
        pytest.param(True, False, id="in a hurry"),
        pytest.param(False, True, id="the user lost patience"),
    ],
)
def test_nobody_waits_longer_than_the_user(directory, hurried, stop):
    pages, writer = begin(directory)
    assert pages.finish(hurried, lambda: stop) == {}
    assert not is_alive(writer)


def test_the_writer_does_not_outlive_who_started_it(directory):
    execute(directory, "load")
    command = [sys.executable, "-c", PARENT, str(directory.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        writer = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 60
    while is_alive(writer) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(writer)


def test_a_writer_that_died_is_nobodys_failure(directory):
    pages, writer = begin(directory)
    os.kill(writer, signal.SIGKILL)
    execute(directory, "fit")
    pages.make("fit")
    assert pages.finish(hurried=False) == {}


def test_what_a_page_shows_of_a_step(directory):
    failed = cell("model.fit(x)", at=14)
    failed["outputs"] = [output("error", ename="ValueError", evalue=EVIL, traceback=[EVIL])]
    failed["outputs"][0].pop("metadata")
    marker = {
        **cell("An Exception was encountered"),
        "metadata": {"tags": ["papermill-error-cell-tag"]},
    }
    page = page_of(
        directory,
        marker,
        cell("import os", "imports", at=1),
        cell("load()", "load"),
        cell(f"print({EVIL!r})", at=7),
        failed,
        step="<b>load",
    )
    assert page.mistakes == []
    assert "script" not in page.tags
    assert page.ids.count("failure") == 1
    words = page.words
    assert words.startswith(
        "<b>load ← the run <b>load cell 1 imports import os import os load by Kale"
    )
    assert "cell 7 print(" in words
    assert "cell 14 model.fit(x)" in words
    assert "An Exception" not in words


def test_a_widget_is_its_text(directory):
    shown = cell("slider", at=2)
    data = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "1"},
        "text/plain": "Slider<0>",
    }
    shown["outputs"] = [output("display_data", data=data)]
    page = page_of(directory, shown)
    assert "Slider<0>" in page.words
    assert "script" not in page.tags


@pytest.mark.parametrize(
    ("kind", "metadata", "alt"),
    [
        pytest.param("image/png", {}, "a picture that this cell shows", id="a plot"),
        pytest.param("image/jpeg", {}, "a picture that this cell shows", id="a photograph"),
        pytest.param("image/svg+xml", {}, "a picture that this cell shows", id="a drawing"),
        pytest.param("image/png", {"image/png": {"alt": "a roc"}}, "a roc", id="one described"),
    ],
)
def test_a_picture_has_words_for_who_cannot_see_it(directory, kind, metadata, alt):
    shown = cell("plot()", at=2)
    data = {kind: "<svg></svg>" if "svg" in kind else "aGk="}
    shown["outputs"] = [{"output_type": "display_data", "metadata": metadata, "data": data}]
    page = page_of(directory, shown)
    assert page.mistakes == []
    assert page.alts == [alt]


def test_half_a_surrogate_pair_does_not_break_a_page(directory):
    shown = cell("x", at=2)
    shown["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": json.loads('"\\ud800"')}
    ]
    assert "\\ud800" in page_of(directory, shown).words


def test_a_page_that_fails_leaves_the_one_before(directory, monkeypatch):
    execute(directory, "load")
    path = directory.page("load")
    path.write_text("before")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_page(page_exporter(), directory.executed_notebook("load"), path, "load")
    assert path.read_text() == "before"
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".part"] == []
