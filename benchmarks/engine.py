"""What `kale run` costs beyond the cells' own time, against what a user would pick instead.

Every measurement is a command in a process of its own, start-up included. The ways take turns, and
medians are printed, each with its aim. Cells do nothing, so that all their time is overhead.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine_notebooks import Cell, chain, idle, long_step, sleepers, three, write
from engine_peers import KubeflowKale, Ploomber, papermill, seconds
from engine_runs import KALE, Run, kale_run

ENGINES = ("fast", "kernel")


class Bench:
    """Options, a folder to work in, and how a verdict is printed."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder

    def notebook(self, name: str, cells: list[Cell]) -> Path:
        """A notebook in a folder of its own, so that no run sees another one's store."""
        (self.folder / name).mkdir()
        return write(self.folder / name / f"{name}.ipynb", cells)

    def medians(self, ways: dict[str, Callable[[], float]]) -> dict[str, float]:
        """Seconds of each way; the ways take turns, each first once in a while."""
        found: dict[str, list[float]] = {way: [] for way in ways}
        names = list(ways)
        for number in range(self.options.repeat):
            first = number % len(names)
            for way in [*names[first:], *names[:first]]:
                found[way].append(ways[way]())
        return {way: statistics.median(values) for way, values in found.items()}


def say(
    text: str, value: float, unit: str, aim: float | None = None, *, least: bool = False
) -> None:
    """Print a figure and whether it is as it should be."""
    verdict = ""
    if aim is not None:
        kept = value >= aim if least else value <= aim
        verdict = f"  {'PASS' if kept else 'MISS'} ({'at least' if least else 'at most'} {aim:g})"
    print(f"  {text:58} {value:9.3f} {unit:3}{verdict}", flush=True)


def anew(notebook: Path, engine: str) -> float:
    """Seconds of a run that takes nothing from an earlier one."""
    return kale_run(notebook, "--engine", engine, "--no-cache").seconds


def measure_chain(bench: Bench) -> None:
    """Ten trivial steps in a row: overhead of a step, against papermill's command."""
    steps = 10
    notebook, single = bench.notebook("chain", chain(steps)), bench.notebook("one", chain(1))
    model = kale_run(notebook, "--no-cache").folder
    ways: dict[str, Callable[[], float]] = {}
    for engine in ENGINES:
        ways[engine] = functools.partial(anew, notebook, engine)
        ways[f"{engine}, one"] = functools.partial(anew, single, engine)
    ways["papermill"] = lambda: papermill(model, bench.folder / "papermill")
    found = bench.medians(ways)
    theirs = found["papermill"] / steps
    print(f"\na chain of {steps} trivial steps, start-up and report included")
    say("papermill's command, a step", 1000 * theirs, "ms")
    for engine, aim in zip(ENGINES, (0.1, 0.4), strict=True):
        ours = found[engine] / steps
        further = (found[engine] - found[f"{engine}, one"]) / (steps - 1)
        say(f"--engine {engine}, a step", 1000 * ours, "ms")
        say(f"--engine {engine}, a step / papermill", ours / theirs, "x", aim)
        say(f"--engine {engine}, a further step of a run", 1000 * further, "ms")
        say(f"--engine {engine}, a further step / papermill", further / theirs, "x")


def measure_cells(bench: Bench) -> None:
    """A step of 200 trivial cells: what a cell costs."""
    cells = 200
    long, short = bench.notebook("long", long_step(cells)), bench.notebook("short", long_step(1))
    ways: dict[str, Callable[[], float]] = {}
    for engine in ENGINES:
        for name, notebook in (("long", long), ("short", short)):
            ways[f"{engine}, {name}"] = functools.partial(anew, notebook, engine)
    found = bench.medians(ways)
    print(f"\na step of {cells} trivial cells, against a step of one")
    for engine in ENGINES:
        cost = (found[f"{engine}, long"] - found[f"{engine}, short"]) / (cells - 1)
        say(f"--engine {engine}, a cell", 1000 * cost, "ms", 5)


def measure_kubeflow_kale(bench: Bench) -> None:
    """Three steps, against kubeflow-kale's output of the same notebook in KFP's local runner."""
    if bench.options.kubeflow_kale is None:
        print("\nkubeflow-kale: left out; give --kubeflow-kale PYTHON")
        return
    fresh = bench.options.fresh_environments
    other = KubeflowKale(bench.options.kubeflow_kale, bench.folder / "other", fresh=fresh)
    notebook = bench.notebook("three", three())
    found = bench.medians(
        {"ours": lambda: kale_run(notebook, "--no-cache").seconds, "theirs": other.run}
    )
    kind = "each task in a new environment" if fresh else "everything installed before"
    print(f"\nthree steps, kubeflow-kale in KFP's local runner: {kind}")
    say("kubeflow-kale, a step", found["theirs"] / other.steps, "s")
    say("kale run, a step", found["ours"] / other.steps, "s")
    say("kubeflow-kale / kale run", found["theirs"] / found["ours"], "x", 30, least=True)


def measure_sleepers(bench: Bench) -> None:
    """Ten independent steps that sleep a second."""
    notebook = bench.notebook("sleepers", sleepers(10, 1.0))
    found = bench.medians({"ours": lambda: kale_run(notebook, "--no-cache", "-j", "10").seconds})
    print("\n10 independent steps that sleep 1 s, -j 10")
    say("wall", found["ours"], "s", 2.5)


def measure_rerun(bench: Bench) -> None:
    """A hundred steps with nothing changed, against `ploomber build`."""
    steps = 100
    notebook = bench.notebook("rerun", idle(steps))
    kale_run(notebook)
    ways: dict[str, Callable[[], float]] = {
        "ours": lambda: kale_run(notebook).seconds,
        "check": lambda: seconds([*KALE, "check", str(notebook)], bench.folder),
        "kale": lambda: seconds([*KALE, "--version"], bench.folder),
        "python": lambda: seconds([sys.executable, "-c", "pass"], bench.folder),
    }
    if bench.options.ploomber is not None:
        ways["ploomber"] = Ploomber(bench.options.ploomber, bench.folder / "ploomber", steps).run
    found = bench.medians(ways)
    print(f"\n{steps} steps with nothing changed, again")
    say("kale run", found["ours"], "s", 1)
    say("of that: kale check, which any run begins with", found["check"], "s")
    say("of that: kale --version, Kale's start-up", found["kale"], "s")
    say("of that: python -c pass", found["python"], "s")
    if "ploomber" in found:
        say("ploomber build", found["ploomber"], "s")
        say("ploomber build / kale run", found["ploomber"] / found["ours"], "x", 20, least=True)
        say("ploomber build / kale check", found["ploomber"] / found["check"], "x")
    else:
        print("  ploomber: left out; give --ploomber PYTHON")


def measure_many(bench: Bench) -> None:
    """A thousand steps that do nothing: time, memory, and whether the cost grows."""
    few, many = bench.options.many // 10, bench.options.many
    small = kale_run(bench.notebook("few", idle(few)), "--no-cache")
    large = kale_run(bench.notebook("many", idle(many)), "--no-cache")
    print(f"\n{many} steps that do nothing, ten chains beside each other")
    say("wall", large.seconds, "s")
    say("a step", 1000 * large.seconds / many, "ms")
    say(f"a step of a run of {few}", 1000 * small.seconds / few, "ms")
    say("peak memory of the process that schedules", large.memory / 1e6, "MB", 300)
    if len(large.ended) != many:
        print(f"  progress tells of {len(large.ended)} ends only; first and last not compared")
        return
    first, last = _pace(large, few, last=False), _pace(large, few, last=True)
    say(f"the first {few}, a step", 1000 * first, "ms")
    say(f"the last {few}, a step", 1000 * last, "ms")
    say("last / first", last / first, "x", 1.25)


def _pace(run: Run, steps: int, *, last: bool) -> float:
    """Seconds a step, from the end of the first of so many steps to that of the last."""
    ends = run.ended[-steps:] if last else run.ended[:steps]
    return (ends[-1] - ends[0]) / (len(ends) - 1)


MEASURES: dict[str, Callable[[Bench], None]] = {
    "chain": measure_chain,
    "cells": measure_cells,
    "kubeflow-kale": measure_kubeflow_kale,
    "sleepers": measure_sleepers,
    "rerun": measure_rerun,
    "many": measure_many,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What `kale run` costs beyond the cells' time.")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each way (default: 5)")
    parser.add_argument("--only", choices=MEASURES, action="append", help="this measure")
    parser.add_argument("--many", type=int, default=1000, help="steps of the large run")
    parser.add_argument(
        "--kubeflow-kale",
        type=Path,
        metavar="PYTHON",
        help="the python of a virtual environment that has kubeflow-kale 2.3.0; left out without",
    )
    parser.add_argument(
        "--fresh-environments",
        action="store_true",
        help="have KFP make an environment for each task, as it does unless told not to; it "
        "installs from a package index",
    )
    parser.add_argument(
        "--ploomber",
        type=Path,
        metavar="PYTHON",
        help="the python of a virtual environment that has ploomber; left out without",
    )
    options = parser.parse_args()
    for python in (options.kubeflow_kale, options.ploomber):
        if python is not None and not python.is_file():
            parser.error(f"there is no {python}")
    for name in options.only or MEASURES:
        with tempfile.TemporaryDirectory(prefix="kale-bench-") as scratch:
            MEASURES[name](Bench(options, Path(scratch)))


if __name__ == "__main__":
    main()
