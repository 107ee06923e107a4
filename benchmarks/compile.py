"""What `kale compile` costs, against kubeflow-kale: CPU seconds of the whole command.

The two take turns, and medians are printed, each with its aim. All but "cold" is with warm byte
code and with the memo of the stripped runtime, as after a first use.
"""

from __future__ import annotations

import argparse
import functools
import math
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compile_peers import Compiler, cpu_seconds, install, ours, theirs
from engine import say

#: Steps, and how many times faster than kubeflow-kale Kale has to be.
AIMS = {3: 25, 20: 25, 100: 50, 400: 50}

KIB = 1024


def medians(ways: dict[str, Callable[[], float]], repeat: int) -> dict[str, float]:
    """CPU seconds of each way; the ways take turns."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, measure in ways.items():
            found[way].append(measure())
    return {way: statistics.median(values) for way, values in found.items()}


@contextmanager
def without_memo() -> Iterator[dict[str, str]]:
    """The variables of a process whose user has used Kale never before."""
    with tempfile.TemporaryDirectory(prefix="kale-bench-home-") as home:
        yield {"XDG_CACHE_HOME": home}


def cold(kale: Compiler, steps: int) -> float:
    """CPU seconds of a first compilation, byte code aside."""
    with without_memo() as env:
        return kale.compile(steps, env)


def measure_floor(python: Path, folder: Path, kale: Compiler, repeat: int) -> None:
    """What no command line in Python can do without, and Kale's own start-up."""
    bare = [str(python), "-c"]
    found = medians(
        {
            "python -c pass": lambda: cpu_seconds([*bare, "pass"], folder),
            "python -c 'import click'": lambda: cpu_seconds([*bare, "import click"], folder),
            "kale --help": lambda: cpu_seconds([str(python.parent / "kale"), "--help"], folder),
            "kale compile, 3 steps, cold": lambda: cold(kale, 3),
        },
        repeat,
    )
    print("\nthe floor, CPU seconds")
    for way, seconds in found.items():
        say(way, seconds, "s", 0.15 if way == "kale --help" else None)


def measure_times(kale: Compiler, other: Compiler | None, repeat: int) -> None:
    """Both, by the number of steps; the largest of the other only once, it takes a minute."""
    print("\nkale compile, CPU seconds of the whole command")
    found = {1: medians({"": lambda: kale.compile(1)}, 2 * repeat)[""]}
    for steps, aim in AIMS.items():
        ways = {"ours": functools.partial(kale.compile, steps)}
        few = steps < max(AIMS)
        if other is not None and few:
            ways["theirs"] = functools.partial(other.compile, steps)
        times = medians(ways, repeat)
        if other is not None and not few:
            try:
                times["theirs"] = other.compile(steps)
            except RuntimeError as error:
                print(f"  {steps} steps, kubeflow-kale: {error}")
        found[steps] = times["ours"]
        say(f"{steps} steps", times["ours"], "s")
        if "theirs" in times:
            say(f"{steps} steps, kubeflow-kale", times["theirs"], "s")
            ratio = times["theirs"] / times["ours"]
            say(f"{steps} steps, kubeflow-kale / kale compile", ratio, "x", aim, least=True)
    # A notebook of one step is taken for start-up.
    few, many = found[20] - found[1], found[400] - found[1]
    say("1 step, taken for start-up", found[1], "s")
    say("20 to 400 steps: exponent of growth beyond that", math.log(many / few, 20), "", 1.1)


def measure_sizes(kale: Compiler, other: Compiler | None) -> None:
    """The packages' bytes."""
    print("\npackages")
    large = kale.package_size(100)
    say("100 steps", large / 1000, "KB", 700)
    if other is not None:
        say("100 steps, kubeflow-kale", other.package_size(100) / 1000, "KB")
    for few, many in ((20, 100), (100, 400)):
        more = (kale.package_size(many) - kale.package_size(few)) / (many - few)
        say(f"a further step, {few} to {many}", more / KIB, "KiB", 7)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What `kale compile` costs.")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each way (default: 5)")
    parser.add_argument(
        "--kubeflow-kale",
        type=Path,
        metavar="PYTHON",
        help="the python of a virtual environment that has kubeflow-kale 2.3.0; left out without",
    )
    options = parser.parse_args()
    python = options.kubeflow_kale
    if python is not None and not python.is_file():
        parser.error(f"there is no {python}")
    with tempfile.TemporaryDirectory(prefix="kale-bench-") as scratch:
        folder = Path(scratch)
        our_python = install(folder / "venv")
        kale = ours(our_python.parent / "kale", folder / "ours")
        kale.compile(1)
        other = None if python is None else theirs(python.parent / "kale", folder / "theirs")
        measure_floor(our_python, folder, kale, options.repeat)
        measure_times(kale, other, options.repeat)
        measure_sizes(kale, other)


if __name__ == "__main__":
    main()
