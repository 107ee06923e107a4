"""The objects that `marshal.py` hands on, by name, each made for a size in gigabytes."""

from __future__ import annotations

import itertools
import pickle
import sys
from collections.abc import Callable
from typing import Any


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
