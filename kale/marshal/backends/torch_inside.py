"""PyTorch's objects inside pickles: a storage is one buffer, however many tensors are views of it.

Gradients, hooks and an optimizer's tie to its scheduler, which torch would leave out, are kept;
so is the memory that tensors have in common with NumPy arrays.

Known gaps: a large storage cannot grow in place once it is loaded; a tensor made from a part of
a NumPy array comes back apart from the whole. Devices other than the CPU could not be tested.
"""

from __future__ import annotations

import ctypes
import functools
import pickle
import sys
import warnings
import weakref
from typing import Any

from ..manifest import MarshalError
from ..pickling import reduce

#: What torch leaves out of a pickled tensor, by attribute.
_EXTRAS = "grad", "_backward_hooks", "_post_accumulate_grad_hooks"


def extras_of(tensor: Any) -> dict[str, Any]:
    """What torch leaves out of the tensor's pickle."""
    found = {name: getattr(tensor, name) for name in _EXTRAS}
    return {name: value for name, value in found.items() if value is not None}


@reduce.register(r"torch\.Tensor", subclasses=True)
def reduce_tensor(tensor: Any, pickler: Any) -> Any:  # noqa: ARG001 -- as all of these functions
    """A tensor as torch has it, with its gradient and hooks.

    One that was computed with gradients comes back with its value alone; going backward from
    there raises an error.
    """
    import torch

    if torch.nn.parameter.is_lazy(tensor):
        return NotImplemented
    kept, extras = tensor, {}
    if tensor.is_leaf:
        extras = extras_of(tensor)
        # Torch forgets it.
        if tensor.requires_grad and tensor.layout is not torch.strided:
            extras["requires_grad"] = True
    else:
        kept = tensor.detach()
        vars(kept).update(vars(tensor))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # hooks would be lost, if not for ``extras``
        made = kept.__reduce_ex__(5)[:2]
    if tensor.is_inference():
        made = load_inference, made
    if not tensor.is_leaf:
        made = load_computed, made
    return (*made, extras, None, None, set_extras) if extras else made


def load_inference(make: Any, arguments: Any) -> Any:
    """A tensor as inference mode makes it."""
    import torch

    with torch.inference_mode():
        return make(*arguments)


def load_computed(make: Any, arguments: Any) -> Any:
    """A tensor that has the marks of a computed one, and an error for a history."""
    import torch

    text = b"the history of this tensor stayed in the step that computed it; go backward there"
    return torch._C._functions.DelayedError(text, 1)(make(*arguments).requires_grad_())  # noqa: SLF001


def set_extras(obj: Any, extras: dict[str, Any]) -> None:
    """Set attributes."""
    for name, value in extras.items():
        setattr(obj, name, value)


@reduce.register(r"torch\.storage\.TypedStorage")
def reduce_typed(storage: Any, pickler: Any) -> Any:  # noqa: ARG001
    """A storage with a dtype, as torch wraps them."""
    name = str(storage.dtype).removeprefix("torch.")
    return load_typed, (storage._untyped_storage, name)  # noqa: SLF001


def load_typed(storage: Any, name: str) -> Any:
    """The storage with the dtype of that name."""
    import torch

    dtype = getattr(torch, name)
    return torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


@reduce.register(r"torch\.storage\.UntypedStorage")
def reduce_storage(storage: Any, pickler: Any) -> Any:
    """The bytes of a storage as one buffer."""
    if storage.device.type != "cpu":
        return load_on_device, (str(storage.device), storage.cpu())
    size, address = storage.nbytes(), storage.data_ptr()
    if size and _is_common(pickler, address, "storage", storage):
        common = pickler.memories.setdefault(address, storage)
        if common is not storage:
            return _same, (common,)
    memory: Any = bytearray()
    if size:
        memory = (ctypes.c_ubyte * size).from_address(address)
        memory.owner = storage  # whoever holds the buffer holds it
    return load_storage, (pickle.PickleBuffer(memory), storage.is_shared())


@reduce.register(r"numpy\.ndarray")
def reduce_array(array: Any, pickler: Any) -> Any:
    """An array as a view of a storage, where a tensor lies in the same memory."""
    if "torch" not in sys.modules or array.dtype.hasobject or not array.nbytes:
        return NotImplemented
    import torch

    root, tensor = array, array.base
    while tensor is not None and not isinstance(tensor, torch.Tensor):
        root = tensor if type(tensor) is type(array) else root
        tensor = getattr(tensor, "base", None)
    address = tensor.untyped_storage().data_ptr() if tensor is not None else root.ctypes.data
    if not _is_common(pickler, address, "array", root):
        return NotImplemented
    storage = pickler.memories.get(address)
    if storage is None:
        flat = tensor if tensor is not None else _bytes_of(root)
        storage = pickler.memories[address] = flat.untyped_storage()
    start, writeable = array.ctypes.data - address, bool(array.flags.writeable)
    return load_array, (storage, array.dtype, array.shape, array.strides, start, writeable)


def _bytes_of(root: Any) -> Any:
    import torch

    memory: Any = (ctypes.c_ubyte * root.nbytes).from_address(root.ctypes.data)
    memory.owner = root
    return torch.frombuffer(memory, dtype=torch.uint8)


def _is_common(pickler: Any, address: int, kind: str, owner: Any) -> bool:
    """Whether this is the pass in which tensors and arrays in that memory are saved as one."""
    owners = pickler.memories.setdefault(("torch", address), {})
    owners[kind] = owner
    pickler.roots[address] = owner, len(owners)
    return address in pickler.views


def _same(obj: Any) -> Any:
    return obj


def load_array(
    storage: Any, dtype: Any, shape: Any, strides: Any, start: int, writeable: bool
) -> Any:
    """An array that is a view of a storage, ``start`` bytes after its first."""
    import numpy as np
    import torch

    memory = torch.empty(0, dtype=torch.uint8).set_(storage).numpy()
    array = np.ndarray(shape, dtype, memory, start, strides)
    array.flags.writeable = writeable
    return array


def load_storage(buffer: Any, shared: bool) -> Any:
    """A storage of these bytes, which are its own from now on."""
    import torch

    storage = torch.UntypedStorage(0)
    if memoryview(buffer).nbytes:
        storage = torch.frombuffer(buffer, dtype=torch.uint8).untyped_storage()
        if isinstance(buffer, bytearray):  # no file; in memory of torch's it can grow
            storage = storage.clone()
    return storage.share_memory_() if shared else storage


def load_on_device(device: str, storage: Any) -> Any:
    """The storage on the device that it was on.

    Raises:
        MarshalError: there is no such device here.
    """
    import torch

    try:
        return torch.empty(0, dtype=torch.uint8).set_(storage).to(device).untyped_storage()
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        raise MarshalError(
            f"a tensor in it lies on `{device}`, which this step lacks ({error}); give the step "
            "such a device, or save `.cpu()` of it"
        ) from None


@reduce.register(r"torch\._C\.Generator")
def reduce_generator(generator: Any, pickler: Any) -> Any:  # noqa: ARG001
    """Torch's global generator is, wherever it is loaded, that of the process."""
    return (default_generator, ()) if generator is default_generator() else NotImplemented


def default_generator() -> Any:
    """Torch's global generator on the CPU."""
    import torch

    return torch.default_generator


@reduce.register(r"torch\.optim\.optimizer\.Optimizer", subclasses=True)
def reduce_optimizer(optimizer: Any, pickler: Any) -> Any:  # noqa: ARG001
    """An optimizer with its hooks and other attributes, and what its schedulers did to it."""
    make, arguments, state, *_ = optimizer.__reduce_ex__(5)
    if not isinstance(state, dict):
        return NotImplemented
    own = {name: value for name, value in vars(optimizer).items() if name not in state}
    watched = hasattr(own.get("step"), "_wrapped_by_lr_sched")
    if watched:
        del own["step"]
    return make, arguments, ({**own, **state}, watched), None, None, fill_optimizer


def fill_optimizer(optimizer: Any, state: Any) -> None:
    """Give an optimizer its state; a scheduler wants to know whether ``step`` was called."""
    optimizer.__setstate__(state[0])
    if not state[1]:
        return
    step, here = type(optimizer).step, weakref.ref(optimizer)

    @functools.wraps(step)
    def watched(*args: Any, **kwargs: Any) -> Any:
        owner: Any = here()
        owner._opt_called = True  # noqa: SLF001 -- the name that torch's schedulers ask for
        return step(owner, *args, **kwargs)

    watched._wrapped_by_lr_sched = True  # type: ignore[attr-defined]  # noqa: SLF001
    optimizer.step = watched
