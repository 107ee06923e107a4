"""Counting the processes that the system killed for want of memory."""

from __future__ import annotations

import pytest

from kale.runners.failures import memory


@pytest.mark.parametrize(
    ("files", "count"),
    [
        pytest.param({}, None, id="nobody tells"),
        pytest.param({"vmstat": "pgfault 7\n"}, None, id="an old system"),
        pytest.param({"vmstat": "pgfault 7\noom_kill 2\n"}, 2, id="the machine"),
        pytest.param({"vmstat": "oom_kill many\n"}, None, id="no number"),
        pytest.param(
            {"cgroup": "0::/a/b\n", "fs/a/b/memory.events": "oom 9\noom_kill 3\n"},
            3,
            id="a control group of version 2",
        ),
        pytest.param(
            {"cgroup": "0::/../b\n", "fs/memory.events": "oom_kill 3\n"},
            3,
            id="a control group that is the root here",
        ),
        pytest.param(
            {
                "cgroup": "5:cpu,memory:/a\n1:name=systemd:/\n0::/\n",
                "fs/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
                "vmstat": "oom_kill 2\n",
            },
            6,
            id="a control group of version 1, and the machine",
        ),
    ],
)
def test_oom_kills(tmp_path, monkeypatch, files, count):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_MACHINE", tmp_path / "vmstat")
    monkeypatch.setattr(memory, "_MOUNTS", tmp_path / "fs")
    assert memory.oom_kills() == count


def test_it_can_be_asked_here():
    count = memory.oom_kills()
    assert count is None or count >= 0
