"""Every value that crosses a package boundary, all frozen.

A type says how far processing got: a front end makes a :class:`Pipeline`, the analysis an
:class:`AnalyzedPipeline`, the planner a :class:`Plan`, and emitters turn that into :data:`Files`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Literal

from kale.control import Branch, ContainerSpec, Context, ExitHandler, Loop, TypeCheck
from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import Location
from kale.inputs import Input, InputKind, Origin, Reason
from kale.options import (
    Pairs,
    Pickling,
    SecretEnv,
    SecurityContext,
    StepOptions,
    Toleration,
    VolumeMount,
)
from kale.packaging import Environment, PackageOptions
from kale.ports import Port, PortKind
from kale.suppression import Suppression
from kale.volumes import Volumes
from kale.wires import Wire

__all__ = [
    "METRICS_STEP", "SETUP_STEP", "UNSEEN_MODULE", "AnalyzedPipeline", "Branch", "ContainerSpec",
    "Context", "Environment", "ExitHandler", "Files", "Input", "InputKind", "Loop", "Origin",
    "PackageOptions", "Pairs", "Parameter", "ParameterType", "Pickling", "Pipeline", "Plan", "Port",
    "PortKind", "Reason", "SecretEnv", "SecurityContext", "Source", "Step", "StepOptions",
    "StepSummary", "Task", "Toleration", "TypeCheck", "VolumeMount", "Volumes", "Wire",
]  # fmt: skip

#: What an emitter returns: relative path to content, nothing written yet.
Files = Mapping[PurePosixPath, bytes]

#: Types of pipeline parameters, by the names that notebooks use.
ParameterType = Literal["str", "int", "float", "bool", "list", "dict"]


# --------------------------------------------------------------------------- front end


@dataclass(frozen=True, slots=True)
class Source:
    """The code of one cell, or of one statement of it.

    Line ``k`` of ``code`` is line ``at.line + k - 1`` of cell ``at.cell``. ``python`` is the
    same code as plain Python, line for line, its IPython syntax replaced by calls that read
    the same names; analyses read ``python``, kernels run ``code``. ``installs`` are the first
    and last lines, from 1, of commands that only install packages: a pod leaves them out.
    """

    code: str
    at: Location
    python: str
    installs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pipeline parameter: a small JSON value with a default.

    ``literal`` is the default as a Python literal (``repr``); a default of ``None`` makes
    the parameter optional, its ``type`` then comes from the annotation or is ``str``.
    """

    name: str
    type: ParameterType
    literal: str
    at: Location

    @property
    def default(self) -> Any:
        """The default, made anew at each call, so that no two callers share a list."""
        return ast.literal_eval(self.literal)


@dataclass(frozen=True, slots=True)
class Step:
    """One step as its author wrote it: its cells in notebook order and what it asks for.

    ``after`` holds the names of ``prev:`` tags, in notebook order; ``at`` is its first cell.
    ``within`` is what it stands in, the outermost first. ``decides`` maps keys of loops and
    conditions to the names, bound by this step, that hold the items of the one and the number
    of the branch of the other. ``types`` are to be checked; ``shown`` maps names that it binds to
    the types by which Kubeflow Pipelines shows their values. A step with a ``container`` has no
    sources but one of the pipeline's text, for the analysis.
    """

    name: str
    sources: tuple[Source, ...]
    after: tuple[str, ...]
    options: StepOptions
    at: Location
    within: tuple[Context, ...] = ()
    decides: Pairs = ()
    types: tuple[TypeCheck, ...] = ()
    shown: Pairs = ()
    container: ContainerSpec | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A tagged notebook, read: well formed and, over its ``after`` edges, acyclic.

    ``name`` is a valid Kubeflow Pipelines name, ``title`` what the author wrote. ``steps``
    stand in the notebook order of their first cells. ``imports`` and ``functions`` hold
    cells, in notebook order, as does ``metrics``. ``kernel`` is the kernelspec's name.
    ``image`` is ``None`` and ``service_account``, that of its runs, empty when nobody named one.
    ``settings`` holds pipeline-wide notebook metadata that later stages act on, as JSON text by
    its key. ``packages`` are those that the notebook has installed where it ends. ``pickling``
    says how values are saved, ``packaging`` how a package is made, ``suppression`` which findings
    the author does not want to see, ``volumes`` what all its pods mount.
    """

    name: str
    title: str
    path: str
    description: str = ""
    experiment: str = ""
    image: str | None = None
    service_account: str = ""
    kernel: str = "python3"
    parameters: tuple[Parameter, ...] = ()
    imports: tuple[Source, ...] = ()
    functions: tuple[Source, ...] = ()
    steps: tuple[Step, ...] = ()
    metrics: tuple[Source, ...] = ()
    settings: Pairs = ()
    packages: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    pickling: Pickling = field(default_factory=Pickling)
    packaging: PackageOptions = field(default_factory=PackageOptions)
    suppression: Suppression = field(default_factory=Suppression)
    volumes: Volumes = field(default_factory=Volumes)

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)


# --------------------------------------------------------------------------- analysis


def _no_names() -> Mapping[str, Location]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StepSummary:
    """What one step reads, binds and changes; names map to the first place it does so.

    ``uses`` are upward-exposed reads. ``defs`` are names its top level may bind, those of
    them that it binds on every path are in ``certain``. ``mutations`` are names whose
    objects it may change in place; those it surely changes are in ``certain`` too.
    ``parameters`` are the pipeline parameters it must be given, ``carried`` is the code
    of other steps that stands at its head, ``unchanged`` maps each input that it must
    leave as it was to the step that reads it at the same time. ``inputs`` are sorted by name.
    ``imports`` are the dotted names that the code in the step's notebook imports, sorted.
    ``items`` are the keys of the loops around the step whose item it binds, the outermost first.
    """

    name: str
    defs: Mapping[str, Location] = field(default_factory=_no_names)
    uses: Mapping[str, Location] = field(default_factory=_no_names)
    mutations: Mapping[str, Location] = field(default_factory=_no_names)
    certain: frozenset[str] = frozenset()
    definitions: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()
    carried: tuple[Source, ...] = ()
    unchanged: Pairs = ()
    inputs: tuple[Input, ...] = ()
    imports: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyzedPipeline:
    """A pipeline with its data flow.

    ``summaries`` has one entry a step, in the order of ``pipeline.steps``, and a last one
    named :data:`METRICS_STEP` when the metrics need a step of their own; that step is then
    in ``pipeline.steps`` too. ``after`` maps each step to all the steps it waits for, its
    ``prev:`` tags and the edges inferred from data. ``metrics`` are the names reported, and
    ``metrics_step`` the step whose notebook ends with the metrics cells. ``silenced`` counts
    the findings that ``diagnostics`` lacks at the author's wish. ``modules`` are the top-level
    modules that any of the code imports, and :data:`UNSEEN_MODULE` if it may import others.
    """

    pipeline: Pipeline
    summaries: tuple[StepSummary, ...]
    wires: tuple[Wire, ...]
    after: Mapping[str, tuple[str, ...]]
    metrics: tuple[str, ...] = ()
    metrics_step: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    silenced: int = 0
    modules: frozenset[str] = frozenset()

    def summary(self, name: str) -> StepSummary:
        """The summary of the step of that name.

        Raises:
            KeyError: there is none.
        """
        for summary in self.summaries:
            if summary.name == name:
                return summary
        raise KeyError(name)


#: Stands for the modules that code imports out of sight, as ``exec`` does.
UNSEEN_MODULE = "?"

#: The name of the step made for ``pipeline-metrics`` cells that no author's step can hold.
METRICS_STEP = "pipeline-metrics"

#: The name of the step made of untagged cells that stand before the first tagged one.
SETUP_STEP = "setup"


# --------------------------------------------------------------------------- plan


@dataclass(frozen=True, slots=True)
class Task:
    """One step, ready to run: a notebook, its ports and its options.

    ``name`` is the step's, ``key`` its name in the package (Kubernetes'). ``after`` names
    all the tasks it waits for. ``notebook`` is the step notebook's JSON, the same bytes for
    every runner. An input variable with several candidate versions has several ports.
    ``metrics`` are the names this task reports. ``within``, ``decides``, ``shown`` and
    ``container`` are those of the step.
    """

    name: str
    key: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    after: tuple[str, ...]
    notebook: bytes
    options: StepOptions
    metrics: tuple[str, ...] = ()
    within: tuple[Context, ...] = ()
    decides: Pairs = ()
    shown: Pairs = ()
    container: ContainerSpec | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline, ready to emit or run; ``tasks`` are in topological order.

    ``backends`` are the parts of the step runtime, one for a library, that its steps carry.
    ``imports`` maps each step to the dotted names that the code of its notebook imports.
    ``environment`` is what the pods of a package get; empty where none is made.
    """

    pipeline: Pipeline
    tasks: tuple[Task, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    backends: tuple[str, ...] = ()
    imports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)

    def task(self, name: str) -> Task:
        """The task of the step of that name.

        Raises:
            KeyError: there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)
