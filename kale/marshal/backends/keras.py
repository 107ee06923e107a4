"""Keras: models in Keras's own format, with what that leaves out beside it, and checked.

Keras leaves out the states of seeds, the history and attributes. A model is
loaded once where it is saved: where it comes back otherwise, saving it is an error, as it is
where two objects of one save hold a layer in common, which Keras would save twice.

Known gaps: variables are called by other paths; metrics start anew, as at each epoch, and the
first ``fit`` looks at a batch to make them, which draws from the global random state; an
optimizer that is a variable too comes back apart from its model.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from ..describe import describe
from ..digest import content
from ..manifest import MarshalError
from ..pickling import reduce
from ..resources import resource_load, resource_save

_MODEL = r"keras\.src\.models\.model\.Model"
_PLAIN = bool, int, float, str, type(None)


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers())  # noqa: SLF001 -- the only way to all of them


def _variables(model: Any) -> list[Any]:
    """All that changes in training but the optimizer's and what metrics sum up in an epoch."""
    return list(model.variables)


def _counts(name: str) -> bool:
    """Whether an attribute is more than something that Keras keeps at hand."""
    return not name.startswith("_") and not name.endswith("_function")


def _arrays(variables: list[Any]) -> list[Any]:
    import keras

    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _strange(model: Any) -> dict[str, Any]:
    """The classes of layers that Keras does not define, by name."""
    kinds = {type(layer) for layer in _layers(model)}
    return {kind.__name__: kind for kind in kinds if kind.__module__.split(".")[0] != "keras"}


def _state(model: Any) -> list[Any]:
    """The variables of its optimizer."""
    optimizer: Any = getattr(model, "optimizer", None)
    return list(optimizer.variables) if optimizer is not None and optimizer.built else []


def _lacks(model: Any, back: Any) -> list[Any]:
    """What ``back`` lacks, which Keras made of ``model``: arrays, attributes by layer, history.

    Raises:
        MarshalError: it is another model, even with that.
    """
    found: list[dict[str, Any]] = []
    for old, new in zip(_layers(model), _layers(back), strict=False):
        found.append({})
        for name, value in vars(old).items():
            missing = name not in vars(new)
            changed = type(value) in _PLAIN and value is not None
            if not _counts(name) or name == "history" or not (missing or changed):
                continue
            if missing or repr(value) != repr(vars(new)[name]):
                # Keras has its own lists and dictionaries, and makes them of others.
                plain = [kind for kind in (list, dict, set) if isinstance(value, kind)]
                found[-1][name] = plain[0](value) if plain else value
    kept = vars(model).get("history")
    history = kept and {name: vars(kept).get(name) for name in ("params", "epoch", "history")}
    lacks = [_arrays(_variables(model)), _arrays(_state(model)), found, history]
    try:
        _fill(back, *lacks)
        if repr(_content(back)) == repr(_content(model)):
            return lacks
    except (TypeError, ValueError):
        pass
    raise _refuse(model, "it would come back otherwise")


def _refuse(model: Any, why: object) -> MarshalError:
    return MarshalError(
        f"the Keras model `{model.name}` cannot be saved: {why}; register its parts with "
        "`keras.saving.register_keras_serializable`, or save its `get_weights()`"
    )


def _fill(model: Any, arrays: Any, state: Any, found: Any, history: Any) -> Any:
    import keras

    optimizer: Any = getattr(model, "optimizer", None)
    if state and not optimizer.built:
        optimizer.build(model.trainable_variables)
    elif optimizer is not None and optimizer.built and not state:
        model.optimizer = type(optimizer).from_config(optimizer.get_config())
    for variables, values in ((_variables(model), arrays), (_state(model), state)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    for layer, attributes in zip(_layers(model), found, strict=True):
        for name, value in attributes.items():
            setattr(layer, name, value)
    if history:
        model.history = keras.callbacks.History()
        model.history.set_model(model)
        vars(model.history).update(history)
    return model


@content.register(_MODEL, subclasses=True)
def model_content(model: Any) -> Any:
    """A model by its configuration, its variables and its history."""
    config, _, history = _content(model)
    return config, _arrays(_variables(model)) + _arrays(_state(model)), history


def _content(model: Any) -> Any:
    config = json.dumps([model.get_config(), model.get_compile_config()], default=repr)
    arrays = _arrays(_variables(model)) + _arrays(_state(model))
    kept = getattr(vars(model).get("history"), "history", None)
    own = {name: x for name, x in vars(model).items() if _counts(name) and type(x) in _PLAIN}
    bits = [(array.dtype.str, array.shape, array.tobytes()) for array in arrays]
    return config, bits, [kept, sorted(own.items())]


@resource_save.register(_MODEL, subclasses=True, safe=True)
def save_model(model: Any, path: str, **_: Any) -> Any:
    """Save a model of Keras's own layers as ``path.keras``, ``path.npz`` and ``path.rest.json``."""
    import keras
    import numpy as np

    if _strange(model):
        return NotImplemented
    try:
        keras.saving.save_model(model, f"{path}.keras")
        arrays, state, *rest = _lacks(model, _open(f"{path}.keras"))
        text = json.dumps([len(arrays), *rest])
        exact = repr(json.loads(text)[1:]) == repr(rest)
    except (MarshalError, TypeError, ValueError):
        exact = False
    if not exact:
        Path(f"{path}.keras").unlink(missing_ok=True)
        return NotImplemented
    np.savez(f"{path}.npz", *arrays, *state, allow_pickle=False)
    Path(f"{path}.rest.json").write_text(text)
    return f"{path}.keras"


@resource_load.register(r".*\.keras", safe=True)
def load_model(uri: str, **_: Any) -> Any:
    """What :func:`save_model` wrote."""
    import numpy as np

    path = uri.removesuffix(".keras")
    count, *rest = json.loads(Path(f"{path}.rest.json").read_text())
    with np.load(f"{path}.npz", allow_pickle=False) as kept:
        arrays = [kept[name] for name in kept.files]
    return _fill(_open(uri), arrays[:count], arrays[count:], *rest)


def _open(path: str) -> Any:
    import keras

    with warnings.catch_warnings():
        # An optimizer that was not used yet is said to lack variables.
        warnings.filterwarnings("ignore", "Skipping variable loading", UserWarning)
        return keras.saving.load_model(path)


@reduce.register(_MODEL, subclasses=True)
def reduce_model(model: Any, pickler: Any) -> Any:
    """A model as its configuration and what that lacks.

    Raises:
        MarshalError: it would not come back as it is.
    """
    import keras

    for part in _layers(model):
        if id(part) in pickler.roots:
            raise MarshalError(
                f"the Keras layer `{part.name}` is in two models that are saved together, and "
                "would come back as two; keep one of them, and `get_layer` of it"
            )
        pickler.roots[id(part)] = part, 1
    try:
        config = json.dumps(keras.saving.serialize_keras_object(model))
        classes = _strange(model)
        back = _make(config, classes)
    except Exception as error:
        raise _refuse(model, f"Keras says {error!r}") from error
    return load_config, (config, classes, *_lacks(model, back))


def _make(config: str, classes: Any) -> Any:
    import keras

    return keras.saving.deserialize_keras_object(json.loads(config), classes, safe_mode=False)


def load_config(config: str, classes: Any, *lacks: Any) -> Any:
    """The model that :func:`reduce_model` took apart."""
    return _fill(_make(config, classes), *lacks)


@describe.register(_MODEL, subclasses=True)
def describe_model(model: Any) -> tuple[str, str]:
    """How many layers and parameters there are; the layers' names and classes."""
    layers = [layer for layer in _layers(model) if layer is not model]
    rows = [f"{layer.name}: {type(layer).__name__}" for layer in layers]
    count = f"{model.count_params():,} parameters" if model.built else "not built"
    return f"{len(layers)} layers, {count}", "\n".join(rows[:20])
