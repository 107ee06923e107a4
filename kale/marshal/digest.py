"""The content digest of a value: equal before and after, the step did not change it.

It sees what pickling would see: a changed element, attribute, dtype or alias. Functions and
classes count by their code, not by the global names that they read. It compares states of one
object in one process; elsewhere, equal digests mean equal content, different ones nothing.

Known gap: a set from which an element is taken and put back may be walked in another order,
and then counts as changed, as does an object that has cached something in itself.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .pickling import Rules, as_variable, full_name, pickler_with


class _DigestRules(Rules):
    """Reductions for comparison only: nothing is ever loaded from them."""

    reduce_array = Rules.reduce_other

    def reduce_class(self, cls: type) -> Any:
        by_reference = self.reduce_other(cls) is NotImplemented
        return NotImplemented if by_reference else (tuple, ([cls.__qualname__, id(cls)],))

    def reduce_code(self, function: Any, by_value: Any) -> Any:  # noqa: ARG002 -- not its names
        names = "qualname", "defaults", "closure", "kwdefaults", "dict"
        parts = [getattr(function, f"__{name}__") for name in names]
        return tuple, (), [*parts, function.__code__.co_code]

    def reduce_pandas(self, obj: Any) -> Any:
        if not hasattr(obj, "iloc"):
            return self.reduce_other(obj)
        # By column: reading a frame may rearrange the blocks inside it.
        parts = [obj.iloc[:, i].array for i in range(obj.shape[1])] if obj.ndim > 1 else [obj.array]
        parts += [getattr(obj, name, None) for name in obj._metadata]  # noqa: SLF001 -- its hook
        return tuple, ([full_name(type(obj)), obj.axes, obj.attrs, parts],)

    def reduce_extension(self, obj: Any) -> Any:
        # Without what it keeps at hand once somebody has read it: a date, a frequency.
        kept = {k: v for k, v in vars(obj).items() if k not in ("_cache", "_readonly")}
        parts = [getattr(obj, name, None) for name in ("_ndarray", "categories", "ordered")]
        dtype = str(getattr(obj, "dtype", obj))
        return tuple, ([full_name(type(obj)), dtype, parts, kept],)


class _Sink:
    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self.write = self.sha256.update


def digest(value: object) -> str | None:
    """The content digest of ``value``, in hexadecimal; ``None`` when it cannot be pickled."""
    sink = _Sink()
    try:
        pickler_with(_DigestRules)(sink).dump(as_variable(value))
    except Exception:  # noqa: BLE001 -- reducers of any library run here; unknown is an answer
        return None
    return sink.sha256.hexdigest()
