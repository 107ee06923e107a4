"""What Kubernetes accepts as the value of a step's option.

Each check returns why a value is refused, or ``None``. The rules are those of the Kubernetes
API reference: "Object Names and IDs", "Labels and Selectors", "Resource Management for Pods".
"""

from __future__ import annotations

import re

from kale.diagnostics import nearest
from kale.nbparser.lookalikes import one_change_apart
from kale.quantities import quantity_value

_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_SUBDOMAIN = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
#: The grammar of image references: a host, names with `/` between them, a tag, a digest.
_HOST = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_REPOSITORY = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"(?:{_HOST}/)?{_REPOSITORY}(?:/{_REPOSITORY})*(?::\w[\w.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?"
)
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
#: What the vendors' own device plugins call their devices.
_DEVICES = (
    "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/pgpu", "nvidia.com/vgpu", "amd.com/gpu",
    "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi", "google.com/tpu",
    "cloud-tpus.google.com/v2", "cloud-tpus.google.com/v3", "aws.amazon.com/neuron",
    "aws.amazon.com/neuroncore", "aws.amazon.com/neurondevice", "huawei.com/Ascend910",
)  # fmt: skip
#: When Kubernetes fetches an image.
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
#: The effects of a taint.
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def resource_problem(resource: str) -> str | None:
    """Why ``resource`` is no name of a resource, or ``None``."""
    if resource in _RESOURCES or re.fullmatch(r"hugepages-[0-9]+[KMG]i", resource):
        return None
    vendor, slash, name = resource.partition("/")
    if slash and re.fullmatch(_SUBDOMAIN, vendor) and re.fullmatch(_WORD, name):
        return _device_problem(resource, vendor)
    form = "a resource is `cpu`, `memory`, `ephemeral-storage` or `VENDOR/NAME`"
    if re.search("gpu|tpu|gaudi|cuda", resource, re.IGNORECASE):
        return f"{form}; a device has its vendor's name, as `nvidia.com/gpu` or `amd.com/gpu`"
    near = nearest(resource.lower(), _RESOURCES)
    return f"{form}; did you mean `{near}`?" if near else form


def _device_problem(resource: str, vendor: str) -> str | None:
    """What is wrong with the well-formed name of a device: a slip in a vendor's, for one."""
    if resource in _DEVICES:
        return None
    if vendor.startswith("requests.") or vendor.endswith("kubernetes.io"):
        return f"`{vendor}/` is Kubernetes' own; a device has its vendor's, as `nvidia.com/gpu`"
    near = next((known for known in _DEVICES if _slipped(resource, known)), None)
    return f"no vendor has such a device; did you mean `{near}`?" if near else None


def _slipped(text: str, meant: str) -> bool:
    return text.lower() == meant.lower() or one_change_apart(text.lower(), meant.lower())


def quantity_problem(resource: str, quantity: str) -> str | None:
    """Why ``quantity`` is no amount of ``resource``, or ``None``."""
    value = quantity_value(quantity)
    if value is None:
        return "a quantity is a number and a unit, as `2`, `500m`, `512Mi` or `1.5Gi`"
    if resource not in _RESOURCES and value.denominator != 1:
        return f"`{resource}` comes in whole numbers"
    if resource != "cpu" and quantity.endswith(("m", "u", "n")):
        unit = {"m": "thousandths", "u": "millionths", "n": "billionths"}[quantity[-1]]
        offer = f"; did you mean `{quantity[:-1]}Mi`?" if quantity[-1] == "m" else ""
        return f"`{quantity}` means {unit} of a byte{offer}"
    return None


def label_key_problem(key: str) -> str | None:
    """Why ``key`` is no key of a label or an annotation, or ``None``."""
    prefix, slash, name = key.rpartition("/")
    good = re.fullmatch(_WORD, name) and len(name) <= 63
    if slash:
        good = good and re.fullmatch(_SUBDOMAIN, prefix) and len(prefix) <= 253
    if good:
        return None
    return (
        "a key is at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both"
        " ends, and may follow a domain and a `/`"
    )


def label_value_problem(value: str) -> str | None:
    """Why ``value`` is no value of a label, or ``None``."""
    if not value or (re.fullmatch(_WORD, value) and len(value) <= 63):
        return None
    return (
        "a value is at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both"
        " ends"
    )


def object_name_problem(name: str) -> str | None:
    """Why ``name`` is no name of a secret or a volume claim, or ``None``."""
    if re.fullmatch(_SUBDOMAIN, name) and len(name) <= 253:
        return None
    return "the name of an object is made of lower-case letters, digits, `-` and `.`"


def secret_key_problem(key: str) -> str | None:
    """Why ``key`` is no key within a secret, or ``None``."""
    if re.fullmatch(r"[-._A-Za-z0-9]{1,253}", key) and key not in {".", ".."}:
        return None
    return "a secret's key is made of letters, digits, `-`, `_` and `.`"


def env_name_problem(name: str) -> str | None:
    """Why ``name`` is no name of an environment variable, or ``None``."""
    if re.fullmatch(r"[-._A-Za-z][-._A-Za-z0-9]*", name) and name not in {".", ".."}:
        return None
    return (
        "a variable's name is made of letters, digits, `_`, `-` and `.`, and begins with no digit"
    )


def mount_path_problem(path: str) -> str | None:
    """Why ``path`` is no place to mount a volume at, or ``None``."""
    if path.startswith("/") and ":" not in path and path.strip() == path and path.strip("/"):
        return None
    return "a volume is mounted at an absolute path without `:`, as `/data`"


def pull_policy_problem(policy: str) -> str | None:
    """Why ``policy`` is no policy of fetching an image, or ``None``."""
    if policy in PULL_POLICIES:
        return None
    return "the policy is `Always`, `IfNotPresent` or `Never`"


def id_problem(number: str) -> str | None:
    """Why ``number`` is not that of a user or a group, or ``None``."""
    if re.fullmatch("[0-9]{1,10}", number) and int(number) < 2**31:
        return None
    return "users and groups are whole numbers from 0 to 2147483647"


def effect_problem(effect: str) -> str | None:
    """Why ``effect`` is no effect of a taint, or ``None``."""
    if effect in EFFECTS:
        return None
    return "the effect is `NoSchedule`, `PreferNoSchedule` or `NoExecute`"


def image_problem(image: str) -> str | None:
    """Why ``image`` is no reference of a container image, or ``None``."""
    if re.fullmatch(_IMAGE, image, re.ASCII) and len(image) <= 1024:
        return None
    return (
        "an image is named as `python:3.11` or `registry.example.org:5000/team/iris:3`, all but"
        " its tag in lower case, and without spaces"
    )
