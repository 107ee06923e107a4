"""Seconds and memory to hand a large value to the next step: Kale's way, others', and a plain copy.

Every measurement is a process of its own; the ways take turns, in another order each time, and
each is warmed up with a small value of the kind, so that no import is timed. What is timed is in
the functions of ``WAYS``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from marshal_objects import OBJECTS, forest, size_in_memory
from marshal_ways import TARGETS, WAYS


def child(way: str, what: str, kind: str, folder: Path, gigabytes: float, profile: bool) -> None:
    """Save or load once and say how long it took; with ``profile``, where, on standard error."""
    save, load = WAYS[way]
    plain = way.startswith("copy")
    if way == "ours, no fsync":
        os.fsync = lambda _: None
    (small := folder / "small").mkdir(exist_ok=True)
    save(b"a" if plain else OBJECTS[kind](0.0005), small)
    load(small)
    call: Callable[[], Any]
    if what == "save":
        value = _bytes_of(folder.parent / "kept") if plain else _made(kind, folder, gigabytes)
        size = len(value) if plain else size_in_memory(value)
        call = functools.partial(save, value, folder)
    else:
        size, call = 0, functools.partial(load, folder)
    print(json.dumps({"anonymous": anonymous(os.getpid()), "size": size}), flush=True)
    sys.stdin.readline()
    if profile:
        import cProfile
        import pstats

        profiler = cProfile.Profile()
        profiler.runcall(call)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(15)
    start = time.perf_counter()
    kept = call() if not profile else None
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds}), flush=True)
    sys.stdin.readline()
    del kept
    os._exit(0)  # freeing millions of objects takes its time


def _made(kind: str, folder: Path, gigabytes: float) -> Any:
    """The object; a forest from the file where the first process left it."""
    if kind != "forest":
        return OBJECTS[kind](gigabytes)
    path = folder.parent / "forest.pickle"
    if not path.exists():
        path.write_bytes(pickle.dumps(forest(gigabytes), 5))
    return pickle.loads(path.read_bytes())


def _bytes_of(folder: Path) -> bytes:
    """All that Kale's files hold, in a row."""
    return b"".join(path.read_bytes() for path in sorted((folder / "x").iterdir()))


def anonymous(process: int) -> int:
    """The bytes of memory of a process that no file backs: ``RssAnon``."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])
    return 0


def measure(command: list[str]) -> dict[str, float]:
    """Run one process: seconds, the object's size, and how much its memory grew at most."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        first = process.stdout.readline()
        if not first:
            raise RuntimeError(f"{' '.join(command)} failed; run it by itself to see why")
        before, peak, done = json.loads(first), [0], threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, peak, done))
        sampler.start()
        process.stdin.write("go\n")
        process.stdin.flush()
        after = process.stdout.readline()
        done.set()
        sampler.join()
        process.stdin.write("end\n")
    growth = max(peak[0], before["anonymous"]) - before["anonymous"]
    return {**json.loads(after), "size": before["size"], "growth": growth}


def _sample(process: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.004):
        peak[0] = max(peak[0], anonymous(process))
    peak[0] = max(peak[0], anonymous(process))


def run(kind: str, ways: list[str], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Medians of all ways for one object: seconds to save, to load, and memory grown."""
    found: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for number in range(options.repeat):
        with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
            # Once without a clock: the copies need Kale's files, and memory that the machine has
            # not handed out yet is slow when it is first touched.
            (folder := Path(scratch, "kept")).mkdir()
            arguments = ["ours", "save", kind, str(folder), str(options.size)]
            measure([sys.executable, __file__, "--child", *arguments])
            for way, what in _turns([*ways[number:], *ways[:number]]):
                name = "ours" if way == "ours" else way.replace(" ", "-")
                folder = Path(scratch, name)
                folder.mkdir(exist_ok=True)
                os.sync()  # what the last one left to write is not this one's
                arguments = [way, what, kind, str(folder), str(options.size)]
                python = options.kubeflow_kale if way == "kubeflow-kale" else sys.executable
                one = measure([str(python), __file__, "--child", *arguments])
                kept = found[way]
                kept.setdefault(what, []).append(one["seconds"])
                kept.setdefault(f"{what} growth", []).append(one["growth"])
                if what == "save":
                    kept.setdefault("size", []).append(one["size"])
                else:
                    shutil.rmtree(folder)
    return {
        way: {key: statistics.median(values) for key, values in kept.items()}
        for way, kept in found.items()
    }


def _turns(ways: list[str]) -> Iterator[tuple[str, str]]:
    for way in ways:
        yield way, "save"
        yield way, "load"


def report(kind: str, found: dict[str, dict[str, float]]) -> None:
    """Print the table of one object and what is wanted."""
    size, files = found["ours"]["size"], found["copy"]["size"]
    copy, read = found["copy"]["save"], found["copy"]["load"]
    print(f"\n{kind}: {size / 1e6:.0f} MB in memory, {files / 1e6:.0f} MB in Kale's files")
    print(f"{'':16}   save s   load s    sum s   x ours   memory when saving, loading")
    ours = found["ours"]["save"] + found["ours"]["load"]
    for way, row in found.items():
        both = row["save"] + row["load"]
        held = (1 + row["save growth"] / row["size"], row["load growth"] / row["size"])
        print(
            f"{way:16} {row['save']:8.3f} {row['load']:8.3f} {both:8.3f} {both / ours:8.2f}   "
            f"{held[0]:8.2f} {held[1]:8.2f}"
        )
    free, wanted = found["ours, no fsync"], TARGETS[kind]
    synced = found["copy, fsync"]["save"]
    pickled = found["pickle 5"]["save"] + found["pickle 5"]["load"]
    memory = max(1 + found["ours"]["save growth"] / size, found["ours"]["load growth"] / size)
    free_sum = free["save"] + free["load"]
    rows = [
        ("save / copy, both with fsync", found["ours"]["save"] / synced, wanted.get("save")),
        ("save / copy, both without", free["save"] / copy, wanted.get("save")),
        ("load / read", found["ours"]["load"] / read, wanted.get("load")),
        ("sum / pickle 5, ours with fsync", ours / pickled, 1),
        ("sum / pickle 5, both without", free_sum / pickled, 1),
        ("memory / object", memory, wanted["memory"]),
    ]
    if "kubeflow-kale" in found:
        other = found["kubeflow-kale"]["save"] + found["kubeflow-kale"]["load"]
        least = wanted.get("kubeflow-kale")
        rows += [
            ("kubeflow-kale / sum, ours with fsync", other / ours, least and -least),
            ("kubeflow-kale / sum, both without", other / free_sum, least and -least),
        ]
    for text, ratio, limit in rows:
        if limit is None:
            print(f"  {text:38} {ratio:6.2f}")
            continue
        kept = ratio <= limit if limit > 0 else ratio >= -limit
        sign = "at most" if limit > 0 else "at least"
        print(f"  {text:38} {ratio:6.2f}  {'PASS' if kept else 'MISS'} ({sign} {abs(limit):g})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What it costs to hand a value to the next step.")
    parser.add_argument("--size", type=float, default=1.0, help="GB of each object (default: 1)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each way (default: 3)")
    parser.add_argument("--only", choices=OBJECTS, action="append", help="this object")
    parser.add_argument("--without", choices=WAYS, action="append", default=[], help="not this way")
    parser.add_argument("--folder", help="write there (default: the folder for temporary files)")
    parser.add_argument(
        "--kubeflow-kale",
        type=Path,
        metavar="PYTHON",
        help="the python of a virtual environment that has kubeflow-kale 2.3.0; left out without",
    )
    parser.add_argument(
        "--profile", choices=WAYS, help="only show where this way of saving and loading spends time"
    )
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, what, kind, folder, size = options.child
        child(way, what, kind, Path(folder), float(size), bool(options.profile))
    ways = [way for way in WAYS if way not in options.without]
    if options.kubeflow_kale is None:
        ways.remove("kubeflow-kale")
    for kind in options.only or OBJECTS:
        if options.profile:
            profile(kind, options)
        else:
            report(kind, run(kind, ways, options))


def profile(kind: str, options: argparse.Namespace) -> None:
    """Show the functions that a save and a load spend their time in."""
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        (folder := Path(scratch, "ours")).mkdir()
        for what in ("save", "load"):
            print(f"{kind}: {what}", flush=True)
            arguments = ["--profile", options.profile, "--child", options.profile, what, kind]
            command = [sys.executable, __file__, *arguments, str(folder), str(options.size)]
            subprocess.run(command, input="go\nend\n", text=True, check=True)


if __name__ == "__main__":
    main()
