"""XGBoost: boosters as UBJSON, XGBoost's own format, with their configuration beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..describe import describe
from ..resources import resource_load, resource_save


@resource_save.register(r"xgboost\.core\.Booster", safe=True)
def save_booster(booster: Any, path: str, **_: Any) -> Any:
    """Save a booster as ``path.ubj``, with ``path.config.json`` to train it on as before."""
    if vars(booster).keys() != {"handle"}:
        return NotImplemented
    booster.save_model(f"{path}.ubj")
    Path(f"{path}.config.json").write_text(booster.save_config())
    return f"{path}.ubj"


@resource_load.register(r".*\.ubj", safe=True)
def load_booster(uri: str, **_: Any) -> Any:
    """What :func:`save_booster` wrote."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(uri)
    booster.load_config(Path(f"{uri.removesuffix('.ubj')}.config.json").read_text())
    return booster


@describe.register(r"xgboost\.core\.Booster")
def describe_booster(booster: Any) -> tuple[str, str]:
    """How many rounds and features; the attributes."""
    line = f"{booster.num_boosted_rounds()} rounds, {booster.num_features()} features"
    rows = [f"{name}: {str(text)[:80]}" for name, text in booster.attributes().items()]
    return line, "\n".join(rows[:20])
