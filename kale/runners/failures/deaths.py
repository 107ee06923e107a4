"""The failure of a step whose kernel or process ended on its own, and what may have ended it."""

from __future__ import annotations

import signal

from kale.errors import Location
from kale.runners.failures.step_error import StepError

_CRASHES = frozenset(["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"])


def kernel_death(status: int | None, at: Location, oom: int | None = None) -> StepError:
    """The failure of a step whose kernel ended on its own.

    ``status`` is its exit status, or minus the number of the signal that killed it. ``oom`` is
    how many processes the system has killed for want of memory meanwhile, if that is known.
    """
    hint = ""
    if status is None:
        message = "the kernel died"
    elif status >= 0:
        message = f"the kernel ended with exit status {status}"
        hint = "code that ends the process, like `quit()` or `os._exit()`, cannot run in a step"
    else:
        name = _signal_name(-status)
        message = f"the kernel was killed by {name}"
        if name == "SIGKILL":
            hint = _sigkill_hint(oom)
        elif name in _CRASHES:
            hint = "a crash in a library's native code; its last words may be in the log"
    return StepError("KernelDied", message, at, hint=hint)


def process_death(status: int, at: Location, oom: int | None = None) -> StepError:
    """The failure of a step whose process, not its kernel, ended without a word."""
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    hint = _sigkill_hint(oom) if status == -signal.SIGKILL else ""
    return StepError(
        "RunError", f"the step's process {how}", at, hint=hint or "the step's log may tell more"
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _sigkill_hint(oom: int | None) -> str:
    if oom is None:
        return "the system does that when memory runs out"
    if oom > 0:
        return (
            "memory ran out: the system killed for it while this ran; let the step hold less at "
            "once, or give `limit:memory:` tags so that fewer steps run together"
        )
    return (
        "the system counts no kill for want of memory: another process sent the signal, perhaps "
        "one that watches memory"
    )
