"""PyTorch: plain tensors, containers of them and torch's own modules as ``.pt``, without pickle.

All that torch does not save and load exactly with ``weights_only`` is pickled, with the rules of
:mod:`.torch_inside`. Known gap: a storage cannot grow in place once it is loaded from a file.
"""

from __future__ import annotations

import codecs
import contextlib
import importlib
import itertools
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..describe import describe
from ..dispatch import full_name
from ..resources import resource_load, resource_save
from .torch_inside import extras_of

#: Files of that many bytes are mapped into memory.
_LARGE = 1 << 20

#: More tensors than these are faster in a pickle.
_MANY = 1000

_MODULES = re.compile(r"(torch\.nn\.modules\.\w+)\.(\w+)")
_TENSORS = r"torch\.Tensor|torch\.nn\.parameter\.Parameter"
_CONTAINERS = r"collections\.OrderedDict|builtins\.(dict|list|tuple)"
_PLAIN = set(
    "collections.OrderedDict torch.Size torch.device torch.dtype builtins.set builtins.str "
    "builtins.bytearray builtins.complex".split()
)


class _OddError(Exception):
    """Something that ``weights_only`` would not load, or not exactly."""


class _Check(pickle.Pickler):
    """Visits an object; raises :class:`_OddError` where it holds more than weights."""

    def __init__(self, limit: float) -> None:
        super().__init__(self, 2)
        self.left = limit

    def write(self, data: object) -> None:
        """Forget it."""

    def reducer_override(self, obj: Any) -> Any:
        import torch

        kind = type(obj)
        if kind in (torch.Tensor, torch.nn.Parameter):
            self.left -= 1
            odd = vars(obj) or obj.grad_fn is not None or extras_of(obj) or obj.is_inference()
            if odd or obj.layout is not torch.strided or obj.is_quantized or self.left < 0:
                raise _OddError
            if obj.is_shared():
                raise _OddError
            return str, ()
        name = full_name(obj if isinstance(obj, type) else kind)
        if name in _PLAIN or obj is codecs.encode or _torch_module(name):
            return NotImplemented
        raise _OddError


def _torch_module(name: str) -> Any:
    """The class of that full name, if it is one of torch's own modules."""
    found = _MODULES.fullmatch(name)
    if not found:
        return None
    import torch

    cls = getattr(importlib.import_module(found[1]), found[2], None)
    return cls if isinstance(cls, type) and issubclass(cls, torch.nn.Module) else None


def _has_tensor(obj: Any, depth: int = 4) -> bool:
    """Whether there is a tensor among the first objects in ``obj``."""
    name = full_name(type(obj))
    if not depth or not re.fullmatch(_CONTAINERS, name):
        return re.fullmatch(_TENSORS, name) is not None
    some = itertools.islice(obj.values() if isinstance(obj, dict) else obj, 20)
    return any(_has_tensor(item, depth - 1) for item in some)


@resource_save.register(r"torch\.nn\.modules\.module\.Module", subclasses=True, safe=True)
@resource_save.register(f"{_TENSORS}|{_CONTAINERS}", safe=True)
def save_weights(obj: Any, path: str, *, no_pickle: bool = False, **_: Any) -> Any:
    """Save tensors, containers of them, and torch's own modules as ``path.weights.pt``."""
    if "torch" not in sys.modules or not (_has_tensor(obj) or _torch_module(full_name(type(obj)))):
        return NotImplemented
    import torch

    uri = f"{path}.weights.pt"
    try:
        _Check(float("inf") if no_pickle else _MANY).dump(obj)
        with _no_checksums(torch.serialization):
            torch.save(obj, uri)
        load_weights(uri)
    except Exception:  # noqa: BLE001 -- torch cannot save or load it, for any of many reasons
        Path(uri).unlink(missing_ok=True)
        return NotImplemented
    return uri


@contextlib.contextmanager
def _no_checksums(options: Any) -> Iterator[None]:
    """Let torch leave out a third of the work: the manifest has digests of all files."""
    before = options.get_crc32_options()
    options.set_crc32_options(False)
    try:
        yield
    finally:
        options.set_crc32_options(before)


@resource_load.register(r".*\.weights\.pt", safe=True)
def load_weights(uri: str, **_: Any) -> Any:
    """What :func:`save_weights` wrote; a large file is mapped, copied where it is written to.

    Raises:
        pickle.UnpicklingError: the file holds more than tensors, containers and torch's modules.
    """
    import torch

    save = torch.serialization
    classes = list(filter(None, map(_torch_module, save.get_unsafe_globals_in_checkpoint(uri))))
    with save.safe_globals(classes):
        return torch.load(uri, weights_only=True, mmap=Path(uri).stat().st_size >= _LARGE)


@describe.register(_TENSORS)
def describe_tensor(tensor: Any) -> tuple[str, str]:
    """Shape, dtype and device; a few of the numbers."""
    import torch

    line = f"shape {tuple(tensor.shape)}, {tensor.dtype}, on {tensor.device}"
    if tensor.layout is not torch.strided or tensor.is_nested:
        return f"{line}, {tensor.layout}", ""
    if tensor.numel() > 1000 and tensor.ndim > 3:
        return line, ""
    return line, repr(tensor.detach())


@describe.register(r"torch\.nn\.modules\.module\.Module", subclasses=True)
def describe_module(module: Any) -> tuple[str, str]:
    """How many parameters there are; the names and classes of the parts."""
    import torch

    cls, lazy = torch.nn.Module, torch.nn.parameter.is_lazy
    some = [p for p in cls.parameters(module) if not lazy(p)]
    count = sum(p.numel() for p in some)
    trained = sum(p.numel() for p in some if p.requires_grad)
    mode = "in training mode" if module.training else "in evaluation mode"
    parts = [f"{name}: {type(part).__name__}" for name, part in cls.named_children(module)]
    return f"{count:,} parameters, {trained:,} of them trainable, {mode}", "\n".join(parts[:20])
