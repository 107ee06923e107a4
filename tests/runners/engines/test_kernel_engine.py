"""A kernel of a step: started at once, spoken to when it is ready, gone when the step is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from runners.engines.executions import kernel, notebook, shown
from runners.processes import processes_of

from kale.runners.engines import kernel as kernel_module
from kale.runners.engines.kernel import StartedKernel
from kale.runners.engines.kernel_link import KernelLink

pytestmark = pytest.mark.usefixtures("measured_children")


@pytest.fixture
def private():
    """A folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="k"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def link(private, tmp_path):
    found = KernelLink(StartedKernel("python3", private / "k.json", cwd=tmp_path))
    yield found
    found.finish()


def text_of(link: KernelLink, code: str) -> str:
    """What code prints."""
    request = link.request(code, stop_on_error=True)
    text = ""
    while True:
        assert link.wait(60)
        for _, message in link.receive():
            if message["parent_header"]["msg_id"] != request:
                continue
            text += message["content"].get("text", "")
            if message["content"].get("execution_state") == "idle":
                return text


def listen(link: KernelLink) -> None:
    while link.wait(60):
        link.receive()


def assert_gone(folder: Path) -> None:
    """No process knows the folder any more, once those that were killed have ended."""
    deadline = time.monotonic() + 60
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes_of(folder)


def test_no_such_kernel(private, tmp_path):
    with pytest.raises(NoSuchKernel):
        StartedKernel("no-such-kernel", private / "k.json", cwd=tmp_path)
    assert not [*private.iterdir()]


def test_a_folder_that_is_not_there(private, tmp_path):
    with pytest.raises(FileNotFoundError):
        StartedKernel("python3", private / "k.json", cwd=tmp_path / "gone")
    assert not processes_of(private)


def test_a_kernel_that_is_never_spoken_to_is_gone_with_its_files(private, tmp_path):
    started = KernelLink(StartedKernel("python3", private / "k.json", cwd=tmp_path))
    assert processes_of(private)
    assert started.finish() == -signal.SIGKILL
    assert started.finish() == -signal.SIGKILL
    assert not processes_of(private)
    assert not [*private.iterdir()]


def test_a_kernel_that_ends_instead_of_answering(private, tmp_path, monkeypatch):
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit(4)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started = KernelLink(StartedKernel("python3", private / "k.json", cwd=tmp_path))
    with pytest.raises(DeadKernelError):
        started.await_ready()
    assert started.finish() == 4


def test_its_folder_environment_and_sockets(link, private, tmp_path, monkeypatch):
    monkeypatch.setenv("SET_AFTER_THE_START", "1")
    assert link.await_ready()["language_info"]["name"] == "python"
    assert link.await_ready() is link.await_ready()
    code = "import os; print(os.getcwd(), os.environ.get('SET_AFTER_THE_START'))"
    assert text_of(link, code) == f"{tmp_path} None\n"
    assert {path.name for path in private.iterdir()} >= {"k.json", "k-ipc-1", "k-ipc-2"}


def test_a_path_that_no_socket_can_have(tmp_path):
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    found = KernelLink(StartedKernel("python3", folder / "k.json", cwd=tmp_path))
    try:
        found.await_ready()
        assert text_of(found, "print(1)") == "1\n"
        found.begin_end()
    finally:
        assert found.finish() == 0


def test_exit_handlers_run_and_what_was_left_running_ends(tmp_path):
    code = (
        "import atexit, subprocess, sys\natexit.register(lambda: open('tidy', 'w').close())\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', {str(tmp_path)!r}])"
    )
    kernel(notebook([code]), tmp_path)
    assert (tmp_path / "tidy").exists()
    assert_gone(tmp_path)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("import os; os._exit(3)", 3, id="an exit status"),
        pytest.param("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV, id="a segfault"),
        pytest.param("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, id="out of memory"),
    ],
)
def test_a_kernel_that_dies_is_noticed_with_its_status(link, code, status):
    link.await_ready()
    assert text_of(link, "print('before', flush=True)") == "before\n"
    link.request(code, stop_on_error=True)
    with pytest.raises(DeadKernelError):
        listen(link)
    assert link.finish() == status


def test_messages_beyond_what_a_socket_holds_are_kept(tmp_path):
    # Each is a message of its own; by default a thousand wait at either end, and the next ones are
    # lost. Who listens is stopped meanwhile, a process of its own: a busy machine does the same.
    cell = (
        "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\n"
        "try:\n    for k in range(3_000):\n        print(k, flush=True)\n"
        "finally:\n    os.kill(os.getppid(), signal.SIGCONT)"
    )
    code = (
        "from pathlib import Path\nfrom runners.engines.executions import kernel, notebook\n"
        f"(output,) = kernel(notebook([{cell!r}]), Path({str(tmp_path)!r})).cells[0].outputs\n"
        "print(output['text'], end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "".join(f"{k}\n" for k in range(3_000))


def test_a_kernel_ends_with_the_process_that_started_it(private, tmp_path):
    code = (
        "import sys, os, signal\nfrom pathlib import Path\n"
        "from kale.runners.engines.kernel import StartedKernel\n"
        f"StartedKernel('python3', Path({str(private / 'k.json')!r}), cwd=Path({str(tmp_path)!r}))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(kernel_module.__file__).parents[3])
    assert_gone(private)


def test_an_interrupt_reaches_the_cell(link):
    link.await_ready()
    request = link.request(
        "import time\nprint('on', flush=True)\ntime.sleep(60)", stop_on_error=True
    )
    replies = []
    while not replies:
        assert link.wait(60)
        for on_shell, message in link.receive():
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["content"].get("text") == "on\n":
                os.killpg(link.process.pid, signal.SIGINT)
            if on_shell:
                replies.append(message["content"]["ename"])
    assert replies == ["KeyboardInterrupt"]


def test_the_notebook_is_written_as_papermill_writes_it(tmp_path):
    book = kernel(notebook(["print(1)\n2", "1 / 0", "3"]), tmp_path)
    assert [shown(cell)["count"] for cell in book.cells] == [1, 2, None]
    statuses = [cell.metadata.papermill.status for cell in book.cells]
    assert statuses == ["completed", "failed", "pending"]
    assert book.metadata.papermill.exception is True
    assert book.metadata.language_info.name == "python"
    assert book.cells[0].metadata.papermill.duration >= 0
