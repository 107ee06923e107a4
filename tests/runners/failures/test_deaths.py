"""Kernels and processes that ended on their own, and what may have ended them."""

from __future__ import annotations

import pytest
from runners.plans import PATH

from kale.errors import Location
from kale.runners.failures.deaths import kernel_death, process_death

AT = Location(PATH, 7, step="fit")


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        pytest.param(None, "the kernel died", "", id="nobody knows how"),
        pytest.param(
            3,
            "the kernel ended with exit status 3",
            "code that ends the process, like `quit()` or `os._exit()`, cannot run in a step",
            id="an exit status",
        ),
        pytest.param(
            -9,
            "the kernel was killed by SIGKILL",
            "the system does that when memory runs out",
            id="out of memory",
        ),
        pytest.param(
            -11,
            "the kernel was killed by SIGSEGV",
            "a crash in a library's native code; its last words may be in the log",
            id="a crash",
        ),
        pytest.param(-15, "the kernel was killed by SIGTERM", "", id="somebody's signal"),
        pytest.param(-200, "the kernel was killed by signal 200", "", id="a signal without a name"),
    ],
)
def test_kernel_death(status, message, hint):
    error = kernel_death(status, AT)
    assert (error.type, error.message, error.hint) == ("KernelDied", message, hint)


@pytest.mark.parametrize(
    ("oom", "hint"),
    [
        pytest.param(None, "the system does that when memory runs out", id="nobody counts"),
        pytest.param(
            0,
            "the system counts no kill for want of memory: another process sent the signal, "
            "perhaps one that watches memory",
            id="none was killed for memory",
        ),
        pytest.param(
            2,
            "memory ran out: the system killed for it while this ran; let the step hold less at "
            "once, or give `limit:memory:` tags so that fewer steps run together",
            id="some were killed for memory",
        ),
    ],
)
def test_what_sent_the_signal(oom, hint):
    assert kernel_death(-9, AT, oom).hint == hint
    assert process_death(-9, AT, oom).hint == hint
    # Other ends have nothing to do with it.
    assert process_death(1, AT, oom).hint == "the step's log may tell more"
    assert "memory" not in kernel_death(-11, AT, oom).hint
