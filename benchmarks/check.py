"""The curve of `kale check`: CPU seconds by the number of steps, start-up taken off.

Each notebook is checked in a process of its own. Runs of all sizes are interleaved, so that a busy
minute of the machine is shared by all; medians are printed. Ten lines make a step; what the steps
share is one of four shapes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

#: What the empty notebook costs is start-up; 100 and 1,000 steps give the ratio.
SIZES = (1, 10, 100, 300, 1000)


def step_code(number: int, before: int) -> str:
    """Ten lines as they stand in notebooks: a table is cleaned, joined, aggregated, fitted."""
    frame, earlier = f"df_{number}", f"df_{before}"
    start = 'pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})' if number == 0 else f"{earlier}.copy()"
    return "\n".join(
        [
            f"{frame} = {start}",
            f'{frame}["ratio_{number}"] = {frame}["a"] / ({frame}["b"] + 1)',
            f"{frame} = {frame}.dropna().reset_index(drop=True)",
            f'mask_{number} = ({frame}["a"] > threshold) & {frame}["b"].notna()',
            f'{frame}.loc[mask_{number}, "flag"] = {number}',
            f'grouped_{number} = {frame}.groupby("a").agg({{"b": "mean"}})',
            f"columns_{number} = [c for c in {frame}.columns if c not in skipped]",
            f"for column in columns_{number}:",
            f"    {frame}[column] = scale({frame}[column].fillna(0))",
            f"print(f'step {number}: {{len(grouped_{number})}} groups, {{{frame}.shape}}')",
        ]
    )


def chain(number: int) -> str:
    """Each step goes on with a table of an earlier one."""
    return step_code(number, max(before_of(number), 0))


def rebound(number: int) -> str:
    """Each step cleans, changes and binds again the one table of the notebook."""
    start = ['df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})'] if number == 0 else []
    return "\n".join(
        [
            *start,
            "df = clean(df)",
            f'df["ratio_{number}"] = df["a"] / (df["b"] + 1)',
            'mask = df["a"] > threshold',
            f'df.loc[mask, "flag"] = {number}',
            'grouped = df.groupby("a").agg({"b": "mean"})',
            "for column in df.columns:",
            "    df[column] = scale(df[column].fillna(0))",
            "print(f'{len(grouped)} groups')",
            "df = df.reset_index(drop=True)",
            f"print('step', {number}, df.shape)",
        ]
    )


def accumulate(number: int) -> str:
    """Each step appends what it has made to the one list of the notebook."""
    return "\n".join(
        [
            *(["acc = []"] if number == 0 else []),
            f"a{number} = [{number}, threshold]",
            f"b{number} = [value * 2 for value in a{number}]",
            f"for value in b{number}:",
            "    print(value)",
            f"c{number} = {{'largest': max(b{number})}}",
            f"c{number}['step'] = {number}",
            f"print(f'{{c{number}}}')",
            f"d{number} = sum(b{number}) + threshold",
            f"print(d{number})",
            f"acc.append(a{number})",
        ]
    )


def fan(number: int) -> str:
    """Each step reads what the first one has made."""
    start = ['df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})'] if number == 0 else []
    return "\n".join(
        [
            *start,
            f"part_{number} = df[df['a'] > {number}]",
            f"grouped_{number} = part_{number}.groupby('a').agg({{'b': 'mean'}})",
            f"mean_{number} = df['b'].mean()",
            "columns = [c for c in df.columns if c not in skipped]",
            "for column in columns:",
            f"    print(column, mean_{number})",
            f"scaled_{number} = scale(df['a'])",
            f"result_{number} = scaled_{number} + mean_{number}",
            f"print(f'{{len(grouped_{number})}} groups')",
            f"print(result_{number})",
        ]
    )


def before_of(number: int) -> int:
    """The step that a step of a chain follows: every fifth branches off an earlier one."""
    return number - 3 if number % 5 == 4 else number - 1


#: The notebooks to choose from: the code of a step, and the step that it follows.
SHAPES: dict[str, tuple[Callable[[int], str], Callable[[int], int]]] = {
    "chain": (chain, before_of),
    "rebound": (rebound, lambda number: number - 1),
    "accumulate": (accumulate, lambda number: number - 1),
    "fan": (fan, lambda number: 0 * number),
}


def notebook(steps: int, shape: str = "chain") -> str:
    """A tagged notebook of that many steps, as JSON."""
    cells = [
        ("imports", "import numpy as np\nimport pandas as pd\nthreshold = 1\nskipped = ['flag']"),
        (
            "functions",
            """def scale(values):
    return (values - values.mean()) / np.ptp(values)


def clean(table):
    return table.dropna()""",
        ),
    ]
    code_of, follows = SHAPES[shape]
    for number in range(steps):
        tags = f"block:s{number}" + (f" prev:s{follows(number)}" if number else "")
        cells.append((tags, code_of(number)))
    if not steps:
        cells = [("block:s0", "x = 1")]
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"c{position}",
                    "metadata": {"tags": tags.split()},
                    "execution_count": None,
                    "outputs": [],
                    "source": code,
                }
                for position, (tags, code) in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def cpu_seconds(path: Path) -> float:
    """User and system time of one `kale check` of a notebook, its start-up included.

    Raises:
        RuntimeError: Kale refuses the notebook, so that the time would mean nothing.
    """
    command = [sys.executable, "-m", "kale", "check", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"kale check {path.name} failed: {said.decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Time all sizes and print the curve."""
    parser = argparse.ArgumentParser(description="CPU seconds of `kale check` by number of steps.")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each size (default: 5)")
    parser.add_argument(
        "--shape", choices=SHAPES, default="chain", help="what the steps share (default: chain)"
    )
    parser.add_argument("--keep", type=Path, help="write the notebooks to this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        paths = {}
        for size in (0, *SIZES):
            paths[size] = folder / f"steps-{size}.ipynb"
            paths[size].write_text(notebook(size, arguments.shape), encoding="utf-8")
        cpu_seconds(paths[0])  # compiles and caches what is imported
        times: dict[int, list[float]] = {size: [] for size in paths}
        for _ in range(arguments.rounds):
            for size, path in paths.items():
                times[size].append(cpu_seconds(path))
    medians = {size: statistics.median(found) for size, found in times.items()}
    print(f"start-up: {medians[0]:.3f} s of CPU, medians of {arguments.rounds} runs")
    print("steps  seconds  milliseconds a step")
    for size in SIZES:
        net = medians[size] - medians[0]
        print(f"{size:5}  {net:7.3f}  {1000 * net / size:7.2f}")
    ratio = (medians[1000] - medians[0]) / (medians[100] - medians[0])
    print(f"1000 steps take {ratio:.1f} times as long as 100 (wanted: at most 12)")


if __name__ == "__main__":
    main()
