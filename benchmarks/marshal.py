"""Seconds and memory to hand a large value to the next step: Kale's way, others', and a plain copy.

Every measurement is a process of its own; the ways are interleaved, and each is warmed up with a
small value of the kind, so that no import is timed. What is timed is in the functions of ``WAYS``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
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

# --------------------------------------------------------------------------- the objects


def array(gigabytes: float) -> Any:
    """Floats, in one array."""
    import numpy as np

    return np.random.default_rng(0).standard_normal(int(gigabytes * 1e9) // 8)


def arrays(gigabytes: float) -> Any:
    """Ten arrays of floats in a dict, with a text."""
    import numpy as np

    rng = np.random.default_rng(0)
    parts = {f"part-{i}": rng.standard_normal(int(gigabytes * 1e8) // 8) for i in range(10)}
    return {**parts, "made by": "rng"}


def numbers(gigabytes: float) -> Any:
    """A frame of ten columns of floats and five of integers."""
    import numpy as np
    import pandas as pd

    rng, rows = np.random.default_rng(0), int(gigabytes * 1e9) // 120
    columns = {f"f{i}": rng.standard_normal(rows) for i in range(10)}
    columns |= {f"i{i}": rng.integers(0, 1000, rows) for i in range(5)}
    return pd.DataFrame(columns)


def mixed(gigabytes: float) -> Any:
    """A frame of four columns of floats, four of integers and two of texts."""
    import numpy as np
    import pandas as pd

    rng, rows = np.random.default_rng(0), int(gigabytes * 1e9) // 80
    words = pd.Series([f"customer {i:05}" for i in range(50_000)], dtype="str")
    columns = {f"f{i}": rng.standard_normal(rows) for i in range(4)}
    columns |= {f"i{i}": rng.integers(0, 1000, rows) for i in range(4)}
    columns |= {f"s{i}": words.take(rng.integers(0, len(words), rows)).array for i in range(2)}
    return pd.DataFrame(columns)


def forest(gigabytes: float) -> Any:
    """A fitted random forest, of 94 MB where the others have 1 GB."""
    from sklearn.datasets import make_regression
    from sklearn.ensemble import RandomForestRegressor

    x, y = make_regression(20_000, 20, random_state=0)
    trees = max(int(gigabytes * 52), 1)
    return RandomForestRegressor(trees, random_state=0, n_jobs=2).fit(x, y)


def entries(gigabytes: float) -> Any:
    """A dict from texts to floats, of 5 million entries where the others have 1 GB."""
    return {f"key {i}": i * 0.5 for i in range(int(gigabytes * 5e6))}


OBJECTS: dict[str, Callable[[float], Any]] = {
    made.__name__: made for made in (array, arrays, numbers, mixed, forest, entries)
}


def size_in_memory(value: Any) -> int:
    """Bytes of a value, near enough; small objects take multiples of 16."""
    if isinstance(value, dict):
        parts = itertools.chain(value, value.values()) if len(value) > 20 else value.values()
        return sys.getsizeof(value) + sum((sys.getsizeof(part) + 15) // 16 * 16 for part in parts)
    if hasattr(value, "memory_usage"):
        return int(value.memory_usage(deep=True).sum())
    return int(getattr(value, "nbytes", 0)) or len(pickle.dumps(value, 5))


# --------------------------------------------------------------------------- the ways


def ours_save(value: Any, folder: Path) -> None:
    """What a step does at its end: digests, files, ``fsync``, manifest."""
    from kale.marshal import save_outputs

    place = str(folder / "x")
    _context(folder, {"inputs": {}, "outputs": {"x": place}})
    save_outputs({"x": value}, ["x"])


def ours_load(folder: Path) -> Any:
    """What a step does at its start: manifest, digests of the files, the value."""
    from kale.marshal import load_inputs

    place = str(folder / "x")
    _context(folder, {"inputs": {"x": [place]}, "outputs": {}})
    load_inputs(names := {}, ["x"])
    return names["x"]


def _context(folder: Path, ports: dict[str, Any]) -> None:
    path = folder / "context.json"
    path.write_text(json.dumps({"step": "s", **ports}))
    os.environ["KALE_STEP_CONTEXT"] = str(path)


def kubeflow_save(value: Any, folder: Path) -> None:
    """The end of a step that kubeflow-kale makes: save, then copy to the output artifact."""
    from kale import marshal

    marshal.set_data_dir(str(folder / "first pod"))
    marshal.save(value, "x_artifact")
    path = marshal.get_path("x_artifact")
    (folder / "kind").write_text(Path(path).suffix)
    shutil.copyfile(path, folder / "artifact")


def kubeflow_load(folder: Path) -> Any:
    """The beginning of the next one: copy the input artifact, then load."""
    from kale import marshal

    place = folder / "second pod"
    marshal.set_data_dir(str(place))
    kind = (folder / "kind").read_text()
    shutil.copy(folder / "artifact", place / f"x_artifact{kind}")
    return marshal.load("x_artifact")


def dill_save(value: Any, folder: Path) -> None:
    """``dill.dump`` to a file, as its documentation has it."""
    import dill

    with (folder / "x").open("wb") as file:
        dill.dump(value, file)


def dill_load(folder: Path) -> Any:
    """``dill.load``."""
    import dill

    with (folder / "x").open("rb") as file:
        return dill.load(file)


def pickle_save(value: Any, folder: Path) -> None:
    """``pickle.dump`` to a file, protocol 5, buffers inside."""
    with (folder / "x").open("wb") as file:
        pickle.dump(value, file, 5)


def pickle_load(folder: Path) -> Any:
    """``pickle.load``."""
    with (folder / "x").open("rb") as file:
        return pickle.load(file)


def joblib_save(value: Any, folder: Path) -> None:
    """``joblib.dump``."""
    import joblib

    joblib.dump(value, folder / "x")


def joblib_load(folder: Path) -> Any:
    """``joblib.load``, without a memory map, whose arrays could not be changed."""
    import joblib

    return joblib.load(folder / "x")


def copy_save(value: bytes, folder: Path) -> None:
    """A write of the very bytes that Kale's files hold, from memory, to one new file."""
    with (folder / "x").open("wb", buffering=0) as file:
        _write(file, value)


def synced_save(value: bytes, folder: Path) -> None:
    """The same, waiting for the disk."""
    with (folder / "x").open("wb", buffering=0) as file:
        _write(file, value)
        os.fsync(file.fileno())


def _write(file: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:  # one call writes no more than 2 GiB
        view = view[file.write(view) :]


def copy_load(folder: Path) -> Any:
    """One read of the file, from the page cache to new memory."""
    return (folder / "x").read_bytes()


WAYS: dict[str, tuple[Callable[[Any, Path], None], Callable[[Path], Any]]] = {
    "ours": (ours_save, ours_load),
    "ours, no fsync": (ours_save, ours_load),
    "copy, fsync": (synced_save, copy_load),
    "copy": (copy_save, copy_load),
    "pickle 5": (pickle_save, pickle_load),
    "joblib": (joblib_save, joblib_load),
    "dill": (dill_save, dill_load),
    "kubeflow-kale": (kubeflow_save, kubeflow_load),
}

#: By object: saves at most so many times a copy, loads so many times a read, is so many times as
#: fast as kubeflow-kale, has at most so many times the object's memory.
TARGETS: dict[str, dict[str, float]] = {
    "array": {"save": 1.5, "load": 1.3, "kubeflow-kale": 3, "memory": 1.1},
    "arrays": {"save": 1.5, "load": 1.3, "kubeflow-kale": 4, "memory": 1.1},
    "numbers": {"save": 1.5, "load": 1.3, "kubeflow-kale": 2.5, "memory": 1.1},
    "mixed": {"kubeflow-kale": 2.5, "memory": 1.1},
    "forest": {"memory": 1.1},
    "entries": {"kubeflow-kale": 4, "memory": 1.1},
}

# --------------------------------------------------------------------------- one process


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
        value = _bytes_of(folder.parent / "ours") if plain else _made(kind, folder, gigabytes)
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


# --------------------------------------------------------------------------- all of them


def run(kind: str, ways: list[str], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Medians of all ways for one object: seconds to save, to load, and memory grown."""
    found: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
            for way, what in _turns(ways):
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
                elif way != "ours":  # whose bytes others copy
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
