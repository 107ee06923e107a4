"""Names in the package: Kubernetes names for tasks, ASCII keys for ports and parameters."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Container, Iterable

#: The outputs of a task that no variable of the author's stands behind: what Kubeflow Pipelines
#: shows as scalars and as curves or tables, the notebook with its outputs, that as a page, and the
#: step runtime, which is an input of most tasks.
METRICS_KEY = "metrics"
CLASSIFICATION_KEY = "classification_metrics"
NOTEBOOK_KEY = "executed_notebook"
REPORT_KEY = "html_report"
RUNTIME_KEY = "kale_runtime"

#: The output that holds the files which a step logs by names that only its run tells.
LOGGED_KEY = "kale_logged"

#: The input of a task that has Kubeflow Pipelines mount its workspace.
WORKSPACE_KEY = "kale_workspace"

#: The keys that no parameter and no variable gets.
RESERVED_KEYS = frozenset({
    METRICS_KEY, CLASSIFICATION_KEY, NOTEBOOK_KEY, REPORT_KEY, RUNTIME_KEY, WORKSPACE_KEY,
    LOGGED_KEY,
})  # fmt: skip

#: What the Kubeflow Pipelines SDK cannot have as the name of a component's input.
_TAKEN_BY_SDK = frozenset({"Output", "self"})


def kubernetes_name(name: str) -> str:
    """``name`` as Kubernetes and the official compiler spell it: lower case, digits, dashes."""
    return re.sub("[^0-9a-z]+", "-", name.lower()).strip("-")


def identifier(name: str) -> str:
    """A part of a Python identifier that reads like ``name``."""
    return re.sub("[^0-9A-Za-z_]", "_", name)


def unique(name: str, taken: Container[str]) -> str:
    """``name``, with the first free number from 2 behind it when it is taken."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def ascii_key(name: str) -> str:
    """``name`` itself where it is an ASCII identifier, else its letters and a checksum of it.

    The key depends on nothing but the name, so that a new variable renames no other one, and a
    variable `random_state` not the random state.
    """
    if name.isascii() and name.isidentifier():
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return f"{identifier(plain) or 'v'}_{zlib.crc32(name.encode('utf-8', 'surrogatepass')):08x}"


def parameter_keys(names: Iterable[str]) -> dict[str, str]:
    """Map each parameter to its name in the package, which is its own where KFP takes it."""
    keys: dict[str, str] = {}
    for name in names:
        key = ascii_key(name)
        fit = key[0].isalpha() and key not in _TAKEN_BY_SDK
        keys[name] = unique(key if fit else f"p_{key}", set(keys.values()))
    return keys
