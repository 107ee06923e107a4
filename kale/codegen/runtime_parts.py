"""Which parts of the step runtime a pipeline's steps carry: by what their code imports and does.

The choice depends on the code alone, never on what happens to be installed, so that a notebook
gives the same package everywhere. All steps of a pipeline carry the same parts: a value is read
by what wrote it. Known gap: an installed module, not named here, that hands over objects of a
library which no code of the author imports; they are pickled, as those of unknown libraries are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from kale.ir import AnalyzedPipeline, Loop

#: The folder of the backends, and its modules that each step carries.
BACKENDS, CORE = PurePosixPath("backends"), frozenset({"__init__", "builtin", "pickled"})

#: Libraries hand over arrays and frames without being asked, so any of them calls for these.
_ALWAYS = "numpy pandas"

#: By the parts beside those, which are called as the libraries are: the modules that call for them.
_CALLING = {
    "scipy": "scipy statsmodels networkx",
    "scipy sklearn": "sklearn imblearn skopt umap hdbscan skops",
    "scipy sklearn xgboost": "xgboost",
    "scipy sklearn lightgbm": "lightgbm",
    "lightgbm scipy sklearn xgboost": "autogluon flaml pycaret",
    "keras": "keras keras_cv keras_hub keras_nlp keras_tuner tensorflow tf_keras",
    "torch": "torch torchaudio torchmetrics torch_geometric pytorch_lightning lightning accelerate"
    " botorch diffusers fastai gpytorch monai open_clip peft pyro sentence_transformers"
    " stable_baselines3 timm transformers ultralytics",
    "scipy sklearn torch": "skorch",
    "pillow torch": "torchvision",
    "pillow pyarrow": "datasets",
    "polars": "polars",
    "pyarrow": "deltalake duckdb pyarrow pyspark",
    "pillow": "PIL",
}

#: All the parts beside the core.
LIBRARIES = frozenset(" ".join([_ALWAYS, *_CALLING]).split())

#: What loops and conditions need, and what checks the types of annotations, which few pipelines
#: have a use for; with their modules.
CONTROL_FLOW, TYPE_CHECKS = "control_flow", "type_checks"
_MODULES = {CONTROL_FLOW: ("control_flow", "loop_sharing"), TYPE_CHECKS: ("type_checks",)}

#: What stands for ``kale.sdk`` in a pod, for code that imports Kale.
SDK = "sdk"

#: What has Kubeflow Pipelines show results; it travels with what runs a step in its pod.
SHOWN = "shown"

ON_DEMAND = frozenset({CONTROL_FLOW, TYPE_CHECKS, SDK, SHOWN})

_PARTS = {
    module: parts.split() for parts, modules in _CALLING.items() for module in modules.split()
}


def parts_for(analyzed: AnalyzedPipeline) -> tuple[str, ...]:
    """The parts beyond the core that the steps of a pipeline carry, sorted."""
    steps, parts = analyzed.pipeline.steps, {*backends_for(analyzed.modules)}
    within = (context for step in steps for context in step.within)
    if any(isinstance(context, Loop) for context in within) or any(step.decides for step in steps):
        parts.add(CONTROL_FLOW)
    if any(step.types for step in steps):
        parts.add(TYPE_CHECKS)
    if any(step.shown for step in steps):
        parts.add(SHOWN)
    if "kale" in analyzed.modules:
        parts.add(SDK)
    if any(step.container for step in steps):
        parts |= {SDK, SHOWN}
    return tuple(sorted(parts))


def backends_for(modules: Iterable[str]) -> tuple[str, ...]:
    """The backends of :mod:`kale.marshal.backends` beyond its core ones, sorted.

    ``modules`` are top-level modules that code imports; the standard library needs none.
    """
    foreign = set(modules) - sys.stdlib_module_names - {"kale"}
    if not foreign:
        return ()
    parts = {part for module in foreign for part in _PARTS.get(module, ())}
    return tuple(sorted(parts.union(_ALWAYS.split())))


def carried(sources: Mapping[PurePosixPath, str], parts: Collection[str]) -> list[PurePosixPath]:
    """Of the runtime's modules those that steps with these parts carry, in the same order.

    A backend may have several modules: ``torch`` that of its name and all such as
    ``torch_storages``. One whose name begins with an underscore serves any of them, and what a
    module imports from the runtime comes with it, but for what is carried on demand alone.
    """
    backends = {*parts} - ON_DEMAND
    families = {*backends, ""} if backends else set()
    left_out = (names for part, names in _MODULES.items() if part not in parts)
    absent = {PurePosixPath(f"{name}.py") for names in left_out for name in names}
    wanted = {
        path
        for path in sources.keys() - absent
        if path.parent != BACKENDS or path.stem in CORE or path.stem.partition("_")[0] in families
    }
    pending = [*wanted]
    while pending:
        path = pending.pop()
        new = {*_imported(path, sources[path])} & sources.keys() - wanted - absent
        wanted |= new
        pending += new
    return [path for path in sources if path in wanted]


def _imported(path: PurePosixPath, source: str) -> Iterator[PurePosixPath]:
    """Where the modules may stand that a module of the runtime imports from it."""
    for dots, module, names in _RELATIVE.findall(source):
        folder = path.parents[len(dots) - 1].joinpath(*module.split("."))
        yield folder.parent / f"{folder.name}.py"
        yield from (folder / f"{name}.py" for name in _NAME.findall(names))


#: A relative import; a syntax tree of each module would take as long as all the rest of a run that
#: has nothing to do. What only looks like one in a text brings along a module too many.
_RELATIVE = re.compile(r"^[ \t]*from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_NAME = re.compile(r"\w+")
