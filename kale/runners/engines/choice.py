"""Which engine a step can have: a shell for Python's own kernel here, a real kernel for others."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from kale.runners.engines.kernel import choose_kernel, installed_kernels


class NoFastEngine(Exception):  # noqa: N818 - the name that the run's report shows
    """The fast engine was asked for and cannot run the step."""

    def __init__(self, obstacle: str) -> None:
        super().__init__(
            f"the fast engine cannot run this step: {obstacle}; leave out `--engine fast`, or use "
            "`--engine kernel`"
        )


def choose(wanted: str) -> tuple[str | None, str]:
    """The kernel for a notebook that names ``wanted``, and why the fast engine cannot stand for it.

    The first is ``None`` when no kernel can be, the second empty when there is no obstacle.
    """
    # What jupyter_core's search for kernels depends on.
    seen = {k: v for k, v in os.environ.items() if k.startswith(_SEARCH)}
    return _choose(wanted, tuple(sorted(seen.items())))


_SEARCH = ("APPDATA", "HOME", "IPYTHON", "JUPYTER", "PATH", "PREFER_ENV", "VIRTUAL_ENV", "XDG_")


@cache
def _choose(wanted: str, _: tuple[tuple[str, str], ...]) -> tuple[str | None, str]:
    name = choose_kernel(wanted, installed_kernels())
    return name, fast_obstacle(name)


def fast_obstacle(kernel: str | None) -> str:
    """Why the fast engine cannot stand for the kernel called so; empty if it can."""
    if os.name != "posix" or not sys.platform.startswith("linux"):
        return "it needs Linux"
    if kernel is None:
        return "no kernel is installed"
    try:
        major = int(version("ipykernel").partition(".")[0])
    except (PackageNotFoundError, ValueError):
        return "ipykernel is not installed beside Kale"
    if major < 7:
        return "it needs ipykernel 7"
    try:
        spec = KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel:
        return f"kernel `{kernel}` is not installed"
    return _difference(kernel, [*spec.argv], dict(spec.env))


def _difference(kernel: str, argv: list[str], env: dict[str, str]) -> str:
    """How a kernel's specification differs from that of this interpreter's own; empty if not."""
    # jupyter_client takes the bare words for the interpreter that it runs in.
    names = {"python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
    same = bool(argv) and (argv[0] in names or _same_file(argv[0], sys.executable))
    module = argv[1:3] in (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])
    if not same:
        return f"kernel `{kernel}` is not of the interpreter that runs Kale"
    if not module or argv[3:] != ["-f", "{connection_file}"]:
        return f"kernel `{kernel}` is started in a way of its own"
    if env:
        return f"kernel `{kernel}` sets variables of its own"
    return ""


def _same_file(one: str, other: str) -> bool:
    # Not the file that it links to: that is the same in all environments.
    return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100 - links are kept
