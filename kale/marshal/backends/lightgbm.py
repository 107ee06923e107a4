"""LightGBM: boosters as text, LightGBM's own format, with what Python holds of them beside it."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

from ..describe import describe
from ..resources import resource_load, resource_save


@resource_save.register(r"lightgbm\.basic\.Booster", safe=True)
def save_booster(booster: Any, path: str, **_: Any) -> Any:
    """Save a booster as ``path.lightgbm.txt``, its Python attributes as ``path.lightgbm.json``.

    One that is still being trained, or has attributes of other kinds, is left to pickle, which
    leaves out the training data, as LightGBM does it.
    """
    held = {name: value for name, value in vars(booster).items() if name != "_handle"}
    scores = _as_rows(held.pop("best_score", None))
    text = json.dumps(held, default=repr)
    if scores is None or "_handle" not in vars(booster) or repr(json.loads(text)) != repr(held):
        return NotImplemented
    booster.save_model(f"{path}.lightgbm.txt", num_iteration=-1)
    Path(f"{path}.lightgbm.json").write_text(json.dumps([held, scores]))
    return f"{path}.lightgbm.json"


def _as_rows(scores: Any) -> list[Any] | None:
    """The scores by data set and metric, as JSON has them; ``None`` where they are odd."""
    import numpy as np

    rows: list[Any] = [type(scores) is defaultdict]
    if type(scores) not in (dict, defaultdict) or getattr(scores, "default_factory", 0) not in (
        0,
        OrderedDict,
    ):
        return None
    for name, metrics in scores.items():
        kinds = set(map(type, metrics.values()))
        if type(metrics) is not OrderedDict or not kinds <= {np.float64, float}:
            return None
        rows.append([name, [[m, float(v), type(v) is float] for m, v in metrics.items()]])
    return rows


@resource_load.register(r".*\.lightgbm\.json", safe=True)
def load_booster(uri: str, **_: Any) -> Any:
    """What :func:`save_booster` wrote."""
    import lightgbm
    import numpy as np

    held, (factory, *rows) = json.loads(Path(uri).read_text())
    scores: Any = defaultdict(OrderedDict) if factory else {}
    for name, metrics in rows:
        scores[name] = OrderedDict((m, v if plain else np.float64(v)) for m, v, plain in metrics)
    booster = lightgbm.Booster(model_file=f"{uri.removesuffix('json')}txt")
    handle = vars(booster)["_handle"]
    vars(booster).clear()
    vars(booster).update(held, best_score=scores, _handle=handle)
    return booster


@describe.register(r"lightgbm\.basic\.Booster")
def describe_booster(booster: Any) -> tuple[str, str]:
    """How many trees and features; the features' names."""
    line = f"{booster.num_trees()} trees, {booster.num_feature()} features"
    return line, ", ".join(booster.feature_name()[:20])
