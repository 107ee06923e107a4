"""PyTorch's objects come back in another process as they were, and train on to the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="PyTorch is in the extra `heavy`")

#: What both processes define, as the functions cells of a notebook would.
NOTEBOOK = """
import collections, hashlib, io, json, sys, warnings
from pathlib import Path
import numpy as np
import torch
from torch import nn
from kale.marshal import MarshalError, resource_load, resource_save

warnings.simplefilter("error")
for text in ("Sparse", "TypedStorage", "torch.quantize", "torch.ao"):  # what torch says of itself
    warnings.filterwarnings("ignore", text)
torch.set_num_threads(1)

class Net(nn.Module):
    def __init__(self, act=torch.relu):
        super().__init__()
        self.one, self.act, self.two = nn.Linear(4, 8), act, nn.Linear(8, 1)
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))
        self.register_buffer("scratch", torch.arange(3.0), persistent=False)
        self.notes = ["mine"]
    def forward(self, x):
        self.seen += 1
        return self.two(self.act(self.one(x)))
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.enter, self.leave = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
        self.leave.weight = self.enter.weight
    def forward(self, x): return self.leave(self.enter(x))
class MyTensor(torch.Tensor): pass
class Numbers(torch.utils.data.Dataset):
    def __init__(self): self.x = torch.arange(12.0).reshape(6, 2)
    def __len__(self): return 6
    def __getitem__(self, i): return self.x[i]

def plain(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
def own(*args):
    torch.manual_seed(0)
    return Net(*args)
def data(): return torch.linspace(-1, 1, 40).reshape(10, 4)
def train(model, steps=2, optimizer=None, scheduler=None):
    torch.manual_seed(1)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(data()).square().mean().backward()
        optimizer.step()
        if scheduler: scheduler.step()
    return model
def parts(kind=torch.optim.Adam, steps=2, **options):
    model = own()
    optimizer = kind(model.parameters(), lr=0.1, **options)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5 ** epoch)
    train(model, steps, optimizer, scheduler)
    return {"optimizer": optimizer, "model": model, "scheduler": scheduler}
def hooked(value, name, *args):
    getattr(value, name)(*args)
    return value
def double(x): return x * 2
def setting(value, **attributes):
    for name, item in attributes.items(): setattr(value, name, item)
    return value
def inferred():
    with torch.inference_mode(): return plain()(data())

def look(v, depth=0):
    "What can be seen of a value, as JSON."
    kind = f"{type(v).__module__}.{type(v).__qualname__}"
    if isinstance(v, torch.Tensor):
        if isinstance(v, nn.parameter.UninitializedTensorMixin): return [kind]
        if v.is_nested: return [kind, "nested", [look(x) for x in v.unbind()]]
        seen = [kind, str(v.dtype), list(v.shape), v.requires_grad, v.is_leaf, str(v.device), v.is_inference()]
        if v.layout is torch.sparse_coo: return [*seen, v.is_coalesced(), look(v._indices()), look(v._values())]
        if v.layout is not torch.strided: return [*seen, str(v.layout), look(v.to_sparse_coo())]
        if v.is_meta: return seen
        seen += [list(v.stride()), v.storage_offset(), v.untyped_storage().nbytes(), v.is_shared(), v.is_conj(), v.is_neg()]
        if v.is_quantized: seen.append(repr(v))
        seen.append(hashlib.sha256(torch.empty(0, dtype=torch.uint8).set_(v.untyped_storage()).numpy()).hexdigest())
        grad = v.grad if v.is_leaf else None
        return [*seen, look(grad), look(vars(v)), len(v._backward_hooks or ())]
    if isinstance(v, (list, tuple)): return [kind, [look(x) for x in v]]
    if isinstance(v, dict): return [kind, [[look(k), look(x)] for k, x in v.items()], look(getattr(v, "__dict__", None))]
    if isinstance(v, torch.Generator): return [kind, v is torch.default_generator or look(v.get_state())]
    if isinstance(v, Numbers): return [kind, look(v.x)]
    if isinstance(v, torch.utils.data.Dataset): return [kind, [look(x) for x in v]]
    if isinstance(v, (torch.utils.data.DataLoader, torch.utils.data.Sampler)): return [kind, look(v.dataset), look(v.generator)]
    if isinstance(v, collections.deque): return [kind, look(list(v))]
    if isinstance(v, np.ndarray): return [kind, v.tolist()]
    if isinstance(v, nn.Module):
        skip = "_parameters", "_buffers", "_modules"
        names = sorted(k for k in vars(v) if k not in skip)
        return [kind, names, v.training, look([*v.named_parameters(), *v.named_buffers()]), [[n, type(m).__name__] for n, m in v.named_modules()], list(v.state_dict())]
    if isinstance(v, torch.optim.Optimizer):
        return [kind, look(v.state_dict()), sorted(vars(v)), look(v.defaults)]
    if isinstance(v, torch.optim.lr_scheduler.LRScheduler): return [kind, v.last_epoch, v.get_last_lr()]
    if callable(v): return [kind, v.__qualname__]
    return [kind, repr(v)]
"""

#: A value, and what is looked at (``v`` is the value; ``look(v)`` always is). After the second
#: ``|||`` comes what is done to it before all is looked at again.
VALUES = {
    "a tensor": "torch.arange(6.0).reshape(2, 3) ||| ||| v.add_(1)",
    "a tensor of two megabytes": "torch.arange(2.0**19) ||| ||| v.mul_(2)",
    "an empty tensor": "torch.empty(0, 3)",
    "a tensor without dimensions": "torch.tensor(3)",
    "half precision": "torch.arange(4, dtype=torch.float16)",
    "brain floats": "torch.arange(4, dtype=torch.bfloat16)",
    "eight bit floats": "torch.arange(4.0).to(torch.float8_e4m3fn)",
    "unsigned sixteen bits": "torch.tensor([1, 2], dtype=torch.uint16)",
    "truths": "torch.tensor([True, False])",
    "complex numbers": "torch.tensor([1 + 2j])",
    "a conjugate": "torch.tensor([1 + 2j]).conj()",
    "an imaginary part of a conjugate": "torch.tensor([1 + 2j]).conj().imag",
    "not a number and minus zero": "torch.tensor([float('nan'), -0.0])",
    "a transposed tensor": "torch.arange(6.0).reshape(2, 3).T ||| v.is_contiguous()",
    "channels last": "torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)",
    "a part of a tensor": "torch.arange(10)[2:8:2]",
    "an expanded tensor": "torch.arange(3).expand(4, 3)",
    "a tensor that wants gradients": "torch.ones(3, requires_grad=True) ||| ||| v.sum().backward()",
    "a tensor with a gradient": "setting(torch.ones(3, requires_grad=True), grad=torch.arange(3.0)) ||| ||| v.sum().backward()",
    "a tensor with a hook": "hooked(torch.ones(3, requires_grad=True), 'register_hook', double) ||| ||| v.sum().backward()",
    "a tensor with a late hook": "hooked(torch.ones(3, requires_grad=True), 'register_post_accumulate_grad_hook', double) ||| len(v._post_accumulate_grad_hooks)",
    "a tensor with an attribute": "setting(torch.ones(3), unit='m', scale=torch.ones(1))",
    "a tensor of a subclass": "torch.ones(3).as_subclass(MyTensor) ||| ||| v.add_(1)",
    "a tensor of inference": "inferred()",
    "a parameter": "nn.Parameter(torch.ones(3)) ||| ||| v.sum().backward()",
    "a frozen parameter": "nn.Parameter(torch.ones(3), requires_grad=False)",
    "a parameter with an attribute": "setting(nn.Parameter(torch.ones(3)), group='bias')",
    "a lazy parameter": "nn.UninitializedParameter()",
    "a buffer": "nn.Buffer(torch.ones(3), persistent=False) ||| v.persistent",
    "a shared tensor": "torch.ones(3).share_memory_()",
    "a sparse tensor": "torch.tensor([[0, 2.0], [3, 0]]).to_sparse()",
    "a sparse tensor with duplicates": "torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,))",
    "a sparse tensor that wants gradients": "torch.tensor([[0, 2.0], [3, 0]]).to_sparse().requires_grad_()",
    "a sparse tensor by rows": "torch.tensor([[0, 2.0], [3, 0]]).to_sparse_csr()",
    "a quantized tensor": "torch.quantize_per_tensor(torch.arange(4.0), 0.5, 1, torch.qint8)",
    "a tensor without data": "torch.empty(3, device='meta')",
    "tensors that share a storage": "(lambda t: [t, t[2:], t.view(torch.int32), t])(torch.arange(6.0)) ||| [v[0] is v[3], v[0].data_ptr() == v[2].data_ptr()] ||| v[1].zero_()",
    "large tensors that share a storage": "(lambda t: {'all': t, 'some': t[2:]})(torch.arange(2.0**19)) ||| v['all'].data_ptr() + 8 == v['some'].data_ptr() ||| v['some'].zero_()",
    "two values of one tensor": "(lambda t: (t, nn.Parameter(t)))(torch.ones(3)) ||| v[0].data_ptr() == v[1].data_ptr()",
    "a tensor beside its numpy view": "(lambda t: [t, t.numpy(), t.numpy()[2:]])(torch.arange(6.0)) ||| v[2].tolist() ||| v[0].mul_(2)",
    "a tensor from an array": "(lambda a: {'a': a, 't': torch.from_numpy(a), 'row': a[1]})(np.arange(6.0).reshape(2, 3)) ||| v['row'].tolist() ||| v['t'].mul_(2)",
    "an array before its tensor": "(lambda t: [t.numpy()[::-2], nn.Parameter(t)])(torch.arange(2.0**19)) ||| v[0][:5].tolist() ||| v[1].data.mul_(2)",
    "a numpy view alone": "torch.arange(6.0).numpy()",
    "many tensors": "[torch.tensor(float(i)) for i in range(1500)]",
    "a storage": "torch.arange(3.0).untyped_storage() ||| v.tolist() ||| v.fill_(0)",
    "a size, a type, a device": "[torch.Size([1, 2]), torch.float32, torch.device('cpu'), torch.strided, torch.channels_last] ||| [v[1] is torch.float32, v[3] is torch.strided]",
    "a generator": "hooked(torch.Generator(), 'manual_seed', 7) ||| ||| torch.rand(3, generator=v)",
    "the global generator": "[torch.default_generator] ||| v[0] is torch.default_generator",
    "the global state": "torch.Generator().manual_seed(3).get_state()",
    "a state": "plain().state_dict()",
    "a checkpoint": "(lambda p: {'epoch': 3, 'model': p['model'].state_dict(), 'optimizer': p['optimizer'].state_dict(), 'loss': 0.25, 'names': ('a', {'b'})})(parts())",
    "a state that keeps its parameters": "plain().state_dict(keep_vars=True)",
    "a network": "plain() ||| v.eval()(data()).tolist() ||| train(v.train())",
    "a network in evaluation": "plain().eval() ||| v(data()).tolist() ||| train(v)",
    "a trained network": "train(plain()) ||| v[0].weight.grad is None ||| train(v)",
    "a trained network without gradients": "hooked(train(plain()), 'zero_grad') ||| v[0].weight.grad is None ||| train(v)",
    "a network with an attribute": "setting(plain(), history=[1, 2], best=torch.ones(2)) ||| [v.history, look(v.best)]",
    "a network with a hook": "hooked(plain(), 'register_forward_hook', lambda m, i, o: o * 2) ||| v.eval()(data()).tolist()",
    "a frozen part": "(lambda m: (m[0].requires_grad_(False), m)[1])(plain()) ||| ||| train(v)",
    "a network of no parts": "nn.Sequential()",
    "a transformer": "(torch.manual_seed(0), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True))[1].eval() ||| v(data()[None]).tolist()",
    "a recurrent network": "(torch.manual_seed(0), nn.LSTM(4, 3, 2))[1] ||| v(data())[0].tolist()",
    "a loss": "nn.CrossEntropyLoss(weight=torch.ones(3))",
    "a network of the notebook": "own() ||| [v(data()).tolist(), v.notes, type(v) is Net, v._non_persistent_buffers_set == {'scratch'}] ||| train(v)",
    "a network with a lambda": "own(lambda x: x.clamp(0)) ||| v(data()).tolist() ||| train(v)",
    "a large network of the notebook": "setting(own(), wide=nn.Linear(1024, 1024, dtype=torch.bfloat16)) ||| ||| train(v)",
    "tied weights": "(torch.manual_seed(0), Tied())[1] ||| [v.enter.weight is v.leave.weight, len(list(v.parameters()))] ||| v(torch.tensor([1])).sum().backward()",
    "a lazy network": "nn.LazyLinear(3) ||| ||| (torch.manual_seed(0), v(data()))",
    "an optimizer with its network": "parts() ||| v['optimizer'].param_groups[0]['params'][0] is v['model'].one.weight ||| train(v['model'], 2, v['optimizer'], v['scheduler'])",
    "a new optimizer with its scheduler": "parts(steps=0) ||| [v['scheduler'].optimizer is v['optimizer']] ||| train(v['model'], 2, v['optimizer'], v['scheduler'])",
    "momentum": "parts(torch.optim.SGD, momentum=0.9) ||| ||| train(v['model'], 2, v['optimizer'], v['scheduler'])",
    "an optimizer with a hook": "(lambda o: hooked(o, 'register_step_post_hook', lambda o, a, k: o.param_groups[0].update(lr=0.5)))(torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1)) ||| ||| v.step()",
    "an optimizer with an attribute": "setting(torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1), note='mine') ||| v.note",
    "a data set of the notebook": "Numbers() ||| [x.tolist() for x in v]",
    "a loader": "torch.utils.data.DataLoader(Numbers(), 2, shuffle=True, generator=torch.Generator().manual_seed(0)) ||| ||| [x.tolist() for x in v]",
    "a split": "torch.utils.data.random_split(Numbers(), [4, 2], torch.Generator().manual_seed(0)) ||| [[x.tolist() for x in part] for part in v]",
    "a distribution": "torch.distributions.Normal(torch.zeros(2), torch.ones(2)) ||| [v.mean.tolist(), v.entropy().tolist()]",
    "tensors deep inside": "collections.deque([{'a': (torch.ones(2), Numbers())}])  ||| look(v[0]['a'][0])",
    "a computed value": "(plain()(data()).mean() * 2) ||| v.item()",
    "computed values of one storage": "(lambda t: [t, t[1:]])(plain()(data())) ||| [v[0].data_ptr() + 4 == v[1].data_ptr()]",
}  # fmt: skip

ROWS = {name: (text + "||| |||").split("|||")[:3] for name, text in VALUES.items()}

SAVE = """
results = {}
for name, (make, facts, then) in ROWS.items():
    try:
        v = eval(make)
        uri = resource_save(v, FOLDER / str(len(results)))
    except Exception as error:
        results[name] = repr(error), []
        continue
    results[name] = uri, LOOK(v, facts, then)
"""

LOAD = """
results = {}
for name, (make, facts, then) in ROWS.items():
    try:
        v = resource_load(sys.argv[2 + len(results)])
        results[name] = LOOK(v, facts, then)
    except Exception as error:
        results[name] = repr(error)
"""

BOTH = """
def LOOK(v, facts, then):
    found = []
    for step in "look(v)", facts, then, "look(v)" if then.strip() else "", facts if then.strip() else "":
        if step.strip():
            done = eval(step.strip(), globals(), {"v": v})
            found.append(done if step == facts else look(done))
    return json.loads(json.dumps(found))
FOLDER = Path(sys.argv[1])
ROWS = json.loads((FOLDER / "rows.json").read_text())
"""


def run(code: str, *arguments: object) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK + BOTH + code + "\nprint(json.dumps(results))"]
        + [str(argument) for argument in arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("values")
    (folder / "rows.json").write_text(json.dumps(ROWS))
    saved = run(SAVE, folder)
    return saved, run(LOAD, folder, *(uri for uri, _ in saved.values()))


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in VALUES])
def test_comes_back_and_works_on(results, name):
    saved, loaded = results
    assert loaded[name] == saved[name][1] != [], saved[name][0]


ANSWERS = """
from kale.marshal.describe import describe
from kale.marshal.digest import digest
from kale.marshal.sharing import find_groups
def message(function, *args, **kwargs):
    try: return function(*args, **kwargs)
    except Exception as error: return f"{type(error).__name__}: {error}"
class Bomb:
    def __reduce__(self): return print, ("boom",)
torch.save({"w": torch.ones(1), "x": Bomb()}, FOLDER / "bomb.weights.pt")
computed = resource_load(resource_save(plain()(data()).mean(), FOLDER / "loss"))
model, numbers, frame = plain(), np.arange(3.0), torch.ones(4)
from kale.marshal.backends.torch_inside import load_on_device
results = {
    "describe": [describe(torch.ones(2, 2, dtype=torch.int8)), describe(train(plain())), describe(own().eval())],
    "digests": [digest(v) for v in (torch.ones(3), train(plain()), parts()["optimizer"], own().state_dict(), torch.ones(3).to_sparse())],
    "bomb": message(resource_load, FOLDER / "bomb.weights.pt"),
    "backward": message(computed.backward),
    "unpicklable": message(resource_save, own(), FOLDER / "own", no_pickle=True),
    "safe": Path(resource_save(train(plain()).eval(), FOLDER / "safe")).name,
    "cuda": message(load_on_device, "cuda:0", torch.ones(1).untyped_storage()),
    "groups": find_groups({"m": model, "w": model[0].weight, "o": torch.optim.Adam(model.parameters()), "n": numbers, "t": torch.from_numpy(numbers), "f": frame, "a": frame.numpy(), "x": torch.ones(4), "d": torch.float32, "p": plain()}),
}
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("answers")
    (folder / "rows.json").write_text("{}")
    return [run(ANSWERS, folder), run(ANSWERS, folder)]


def test_descriptions(answers):
    tensor, model, own = answers[0]["describe"]
    assert tensor[0] == "shape (2, 2), torch.int8, on cpu"
    assert tensor[1].startswith("tensor([[1, 1],")
    assert model[0] == "65 parameters, 65 of them trainable, in training mode"
    assert model[1].splitlines()[:2] == ["0: Linear", "1: BatchNorm1d"]
    assert own[0] == "49 parameters, 49 of them trainable, in evaluation mode"


def test_equal_content_has_one_digest_in_any_process(answers):
    digests = answers[0]["digests"]
    assert digests == answers[1]["digests"]
    assert len(set(digests) - {None}) == 5


def test_a_file_of_weights_runs_no_code(answers):
    assert "boom" not in answers[0]["bomb"]
    assert answers[0]["bomb"].startswith("UnpicklingError: Weights only load failed")


def test_going_backward_from_a_loaded_loss_is_an_error(answers):
    assert "the history of this tensor stayed in the step" in answers[0]["backward"]


def test_without_pickle_a_network_of_the_notebook_is_refused(answers):
    assert answers[0]["unpicklable"].startswith("MarshalError: nothing is registered to save")


def test_a_device_that_is_not_there_is_named(answers):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    assert answers[0]["cuda"].startswith("MarshalError: a tensor in it lies on `cuda:0`")


def test_variables_that_share_storages_are_saved_together(answers):
    groups = sorted(map(sorted, answers[0]["groups"]))
    assert groups == [["a", "f"], ["d"], ["m", "o", "w"], ["n", "t"], ["p"], ["x"]]
