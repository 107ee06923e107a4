"""The server that forks: what it tells, and that nothing it forked outlives who asked for it."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kale.runners.engines.processes import OwnProcess, ServedProcess
from kale.runners.engines.shell.fork_server import send_request, supported

pytestmark = [
    pytest.mark.skipif(not supported(), reason="needs Linux' handles of processes"),
    pytest.mark.usefixtures("measured_children"),
]

#: A server whose processes do what they are told.
SERVER = """
import os, signal, subprocess, sys, time
from kale.runners.engines.shell.fork_server import ForkServer, connection_of
request = ForkServer(connection_of(sys.argv[1]), signal.Signals(int(sys.argv[2]))).serve()
exec(request.content["code"])
os._exit(0)
"""

#: A process that waits, with a child that does so too and is named in a file.
WAITS = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
open({path!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(300)
"""


class Server:
    """A server, and the socket to it."""

    def __init__(self, farewell: signal.Signals = signal.SIGKILL) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(theirs.fileno()), str(int(farewell))],
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._forked: list[ServedProcess] = []

    def stop(self) -> None:
        self.socket.close()
        self.process.wait()
        for process in self._forked:
            process.life.close()

    def fork(self, code: str, *descriptors: int) -> ServedProcess:
        life, theirs = socket.socketpair()
        process = ServedProcess(life)
        self._forked.append(process)
        with theirs:
            send_request(self.socket, {"code": code}, [theirs.fileno(), *descriptors])
        return process


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def pids_in(path: Path) -> list[int]:
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    for pid in pids:
        while _alive(pid):
            assert time.monotonic() < deadline, pid
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("", 0, id="a process that ends"),
        pytest.param("os._exit(3)", 3, id="an exit status"),
        pytest.param("os.kill(os.getpid(), signal.SIGSEGV)", -11, id="a signal"),
    ],
)
def test_the_end_of_a_process_is_told(server, code, status):
    process = server.fork(code)
    assert process.pid is not None
    assert process.wait(60) == status
    assert process.close() == status


def test_a_process_keeps_its_id_until_nobody_asks_for_it(server):
    process = server.fork("")
    pid = process.pid
    assert process.wait(60) == 0
    assert Path(f"/proc/{pid}").exists()
    process.close()
    assert_gone([pid])
    # The server has collected it.
    assert server.fork("").wait(60) == 0
    assert not Path(f"/proc/{pid}").exists()


def test_descriptors_reach_the_process_and_no_other(server):
    read, write = os.pipe()
    one = server.fork("os.write(request.descriptors[0], b'hi')", write)
    os.close(write)
    two = server.fork("time.sleep(300)")
    assert one.wait(60) == 0
    assert two.pid is not None
    # The pipe ends: neither the server nor the other process has it open.
    assert os.read(read, 10) + os.read(read, 10) == b"hi"
    os.close(read)
    two.close()


def test_a_process_leads_a_session_and_has_not_the_servers_descriptors(server, tmp_path):
    others = [server.fork("time.sleep(300)") for _ in range(3)]
    path = tmp_path / "found"
    process = server.fork(
        f"open({str(path)!r}, 'w').write(repr([os.getsid(0) == os.getpid(), "
        "sum('socket:' in os.readlink('/proc/self/fd/' + n) or 'pidfd' in os.readlink("
        "'/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')[:-1])]))"
    )
    assert process.wait(60) == 0
    assert path.read_text() == "[True, 0]"
    for other in others:
        other.close()


def test_who_lets_go_of_a_process_ends_it_and_its_children(server, tmp_path):
    process = server.fork(WAITS.format(path=str(tmp_path / "pids")))
    pids = pids_in(tmp_path / "pids")
    # Not by this side's own signal: as if this process had been killed.
    process.life.close()
    assert_gone(pids)


def test_a_process_ends_before_it_has_begun_if_nobody_wants_it(server):
    for _ in range(20):
        server.fork("time.sleep(300)").life.close()
    process = server.fork("")
    assert process.wait(60) == 0
    process.close()
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    deadline = time.monotonic() + 30
    while children.read_text().split():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_all_end_with_who_asked_the_server(tmp_path):
    server = Server()
    server.fork(WAITS.format(path=str(tmp_path / "pids")))
    pids = pids_in(tmp_path / "pids")
    server.stop()
    assert server.process.returncode == 0
    assert_gone(pids)


def test_a_farewell_lets_processes_end_in_their_own_way(tmp_path):
    server = Server(signal.SIGTERM)
    tidied = tmp_path / "tidied"
    process = server.fork(
        f"signal.signal(signal.SIGTERM, lambda *_: open({str(tidied)!r}, 'a').write('x') and None or "
        f"os._exit(0)); open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} 1'); "
        "time.sleep(300)"
    )
    pids_in(tmp_path / "pids")
    pid = process.pid
    server.stop()
    assert_gone([pid])
    assert tidied.read_text() == "x"


def test_a_killed_server_takes_its_processes_along(server, tmp_path):
    process = server.fork(WAITS.format(path=str(tmp_path / "pids")))
    pids = pids_in(tmp_path / "pids")
    server.process.kill()
    assert process.wait(60) is None
    assert process.ended
    # Its children are left to who asked for it.
    assert process.close() is None
    assert_gone(pids)


def test_a_request_to_a_server_that_is_gone_is_an_error():
    server = Server()
    server.process.kill()
    server.process.wait()
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the moment
        server.fork("")
    server.stop()


def test_a_process_of_ones_own_is_seen_to_end_and_ends_with_its_children(tmp_path):
    code = "import os, subprocess, sys, time\n" + WAITS.format(path=str(tmp_path / "pids"))
    process = OwnProcess(subprocess.Popen([sys.executable, "-c", code], start_new_session=True))
    pids = pids_in(tmp_path / "pids")
    assert process.wait(0) is None
    os.kill(pids[0], signal.SIGTERM)
    assert select.select([process.descriptor], [], [], 60)[0]
    assert process.wait(60) == -signal.SIGTERM
    assert process.close() == -signal.SIGTERM
    assert_gone(pids)
