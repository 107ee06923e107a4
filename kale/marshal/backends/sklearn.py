"""scikit-learn: estimators are pickled; with joblib where asked for, with skops instead of pickle.

Skops counts where what it gives back has the content of what it got; arrays that were parts of
one array are apart then. It loads classes
of scikit-learn, XGBoost and LightGBM, and those that it trusts itself.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
from typing import Any

from ..describe import describe
from ..digest import content, digest
from ..dispatch import full_name
from ..manifest import MarshalError
from ..resources import resource_load, resource_save

_ESTIMATOR = r"sklearn\.base\.BaseEstimator"
_TRUSTED = "sklearn.", "xgboost.", "lightgbm."


class _Names(pickle.Pickler):
    """Visits an object; raises where joblib would save only the name of something."""

    def __init__(self) -> None:
        super().__init__(self, 5, buffer_callback=lambda _: None)

    def write(self, data: object) -> None:
        """Forget it."""

    def reducer_override(self, obj: Any) -> Any:
        if getattr(obj, "__module__", "") == "__main__" and hasattr(obj, "__qualname__"):
            raise MarshalError(
                f"joblib saves `{obj.__qualname__}` of the notebook by name alone; leave out the "
                "pickler `joblib`, or move it to a module"
            )
        return NotImplemented


@resource_save.register(_ESTIMATOR, subclasses=True)
def save_joblib(estimator: Any, path: str, *, pickler: str = "", **_: Any) -> Any:
    """Save an estimator with joblib, as ``path.joblib``, where joblib was asked for.

    Raises:
        MarshalError: it needs a class or a function of the notebook.
    """
    if pickler != "joblib":
        return NotImplemented
    import joblib

    _Names().dump(estimator)
    joblib.dump(estimator, f"{path}.joblib")
    return f"{path}.joblib"


@resource_load.register(r".*\.joblib")
def load_joblib(uri: str, **_: Any) -> Any:
    """What :func:`save_joblib` wrote."""
    import joblib

    return joblib.load(uri)


@resource_save.register(_ESTIMATOR, subclasses=True, safe=True)
def save_skops(estimator: Any, path: str, *, no_pickle: bool = False, **_: Any) -> Any:
    """Save an estimator with skops, as ``path.skops``, where nothing may be pickled.

    Raises:
        MarshalError: skops is missing, would not load it, or would change it.
    """
    if not no_pickle:
        return NotImplemented
    who = f"a `{full_name(type(estimator))}` cannot be saved without pickle"
    try:
        import skops.io
    except ImportError:
        raise MarshalError(f"{who}: install the package `skops`") from None
    uri = f"{path}.skops"
    skops.io.dump(estimator, uri)
    odd = [name for name in skops.io.get_untrusted_types(file=uri) if not _is_trusted(name)]
    if odd:
        raise MarshalError(f"{who}: loading it would need {', '.join(odd)}; allow pickle")
    if _digests(estimator) != _digests(load_skops(uri)):
        raise MarshalError(f"{who}: skops would not keep it exactly; allow pickle")
    return uri


def _digests(obj: Any, depth: int = 30) -> Any:
    """The content of an estimator by its parts, whether or not arrays in it share memory."""
    if type(obj) in (list, tuple) and depth:
        return [_digests(item, depth - 1) for item in obj]
    if type(obj) is dict and depth:
        return [(digest(key), _digests(value, depth - 1)) for key, value in obj.items()]
    if depth and "sklearn.base.BaseEstimator" in map(full_name, type(obj).__mro__):
        return type(obj), _digests(vars(obj), depth - 1)
    return digest(obj) or object()


@resource_load.register(r".*\.skops", safe=True)
def load_skops(uri: str, **_: Any) -> Any:
    """What :func:`save_skops` wrote.

    Raises:
        Exception: the file asks for a type that neither skops nor Kale trusts.
    """
    import skops.io

    unknown = skops.io.get_untrusted_types(file=uri)
    return skops.io.load(uri, trusted=[name for name in unknown if _is_trusted(name)])


def _is_trusted(name: str) -> bool:
    """Whether the full name is that of a class which one of these libraries defines."""
    if name in ("collections.OrderedDict", "collections.defaultdict"):
        return True
    module, _, qualname = name.rpartition(".")
    if not module.startswith(_TRUSTED):
        return False
    found = getattr(importlib.import_module(module), qualname, None)
    return isinstance(found, type) and full_name(found) == name


@content.register(r"sklearn\.tree\._tree\.Tree")
def tree_content(tree: Any) -> Any:
    """A tree by the fields of its nodes, without the bytes between them."""
    _, made_of, state = tree.__reduce__()
    nodes = state["nodes"]
    return made_of, {**state, "nodes": [nodes[field].copy() for field in nodes.dtype.names]}


@describe.register(_ESTIMATOR, subclasses=True)
def describe_estimator(estimator: Any) -> tuple[str, str]:
    """The parameters that are not as by default, and whether it is fitted."""
    own, given = vars(estimator), []
    for name, parameter in inspect.signature(type(estimator).__init__).parameters.items():
        value, default = own.get(name), parameter.default
        if name not in own or value is default:
            continue
        if not isinstance(value, bool | int | float | str):
            given.append(f"{name}={type(value).__name__}")
        elif type(value) is not type(default) or value != default:
            given.append(f"{name}={str(value)[:40]!r}" if type(value) is str else f"{name}={value}")
    fitted = sorted(k for k in own if k.endswith("_") and not k.startswith("_") and k[-2:] != "__")
    steps = own.get("steps") or own.get("transformers")
    rows = [f"{s[0]}: {type(s[1]).__name__}" for s in steps] if isinstance(steps, list) else []
    rows += [f"{name}: {own[name]}" for name in ("n_features_in_",) if type(own.get(name)) is int]
    line = f"{type(estimator).__name__}({', '.join(given)}), {'fitted' if fitted else 'not fitted'}"
    return line, "\n".join(map(str, rows))


@content.register(r"sklearn\.feature_extraction\.text\._VectorizerMixin", subclasses=True)
def vectorizer_content(vectorizer: Any) -> Any:
    """A vectorizer without the id of its stop words, which another process calls otherwise."""
    from sklearn.base import BaseEstimator

    if type(vectorizer).__getstate__ is not BaseEstimator.__getstate__:
        return NotImplemented
    return sorted((k, v) for k, v in vars(vectorizer).items() if k != "_stop_words_id")
