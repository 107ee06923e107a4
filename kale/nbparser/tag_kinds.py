"""The kinds of tags, one frozen dataclass a kind."""

from __future__ import annotations

from typing import Literal

from kale.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class BlockTag:
    """``block:a;b``: the cell is part of these steps; of none, it goes on with those above."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrevTag:
    """``prev:a;b``: the cell's steps run after these."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportsTag:
    """``imports``: code at the head of every step."""


@dataclass(frozen=True, slots=True)
class FunctionsTag:
    """``functions``: code at the head of every step, after the imports."""


@dataclass(frozen=True, slots=True)
class ParametersTag:
    """``pipeline-parameters``, or ``parameters`` when it is papermill's word for the same."""

    papermill: bool = False


@dataclass(frozen=True, slots=True)
class MetricsTag:
    """``pipeline-metrics``: the names printed here are the pipeline's metrics."""


@dataclass(frozen=True, slots=True)
class SkipTag:
    """``skip``: the cell does not exist for Kale."""


@dataclass(frozen=True, slots=True)
class NotebookTag:
    """``notebook:NAME``: another tagged notebook as a nested pipeline."""

    name: str


@dataclass(frozen=True, slots=True)
class ImageTag:
    """``image:REF``: the step's container image."""

    image: str


@dataclass(frozen=True, slots=True)
class PackagesTag:
    """``packages:a==1,b``: requirements (PEP 508) to install before the step runs."""

    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LimitTag:
    """``limit:RESOURCE:QUANTITY``: the most that the step's pod may take."""

    resource: str
    quantity: str


@dataclass(frozen=True, slots=True)
class RequestTag:
    """``request:RESOURCE:QUANTITY``: what the step's pod is sure to get."""

    resource: str
    quantity: str


@dataclass(frozen=True, slots=True)
class RetryTag:
    """``retry:N:SECONDS``: attempts after a failure, and how long to wait before each."""

    count: int
    pause: int | None = None


@dataclass(frozen=True, slots=True)
class TimeoutTag:
    """``timeout:SECONDS``: how long the step may run."""

    seconds: int


@dataclass(frozen=True, slots=True)
class CacheTag:
    """``cache:enabled`` or ``cache:disabled``."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class ReportTag:
    """``report:enabled`` or ``report:disabled``: the step's HTML report."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class FileTag:
    """``file:PATH``: a file, or several by a pattern, that the step reads; for its cache."""

    path: str


@dataclass(frozen=True, slots=True)
class SecretTag:
    """``secret:SECRET:KEY:ENV``: an environment variable from a Kubernetes secret."""

    secret: str
    key: str
    env: str


@dataclass(frozen=True, slots=True)
class EnvTag:
    """``env:NAME=VALUE``: a plain environment variable."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LabelTag:
    """``label:KEY:VALUE``: a label of the step's pod."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class AnnotationTag:
    """``annotation:KEY:VALUE``: an annotation of the step's pod; the value may be any text."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class NodeTag:
    """``node:KEY:VALUE``: the step runs on a node with this label."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class TolerationTag:
    """``toleration:KEY:VALUE:EFFECT``: a taint that the step's pod tolerates."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class VolumeTag:
    """``volume:PVC:MOUNT``: an existing volume claim, mounted at an absolute path."""

    claim: str
    mount_path: str


@dataclass(frozen=True, slots=True)
class PullSecretTag:
    """``pull-secret:NAME``: a Kubernetes secret that the step's image is fetched with."""

    secret: str


@dataclass(frozen=True, slots=True)
class PullPolicyTag:
    """``pull-policy:POLICY``: when the step's image is fetched anew."""

    policy: str


@dataclass(frozen=True, slots=True)
class RunAsTag:
    """``run-as-user:UID``, ``run-as-group:GID``, ``run-as-non-root:true``; ``what`` is the word."""

    what: Literal["user", "group", "non-root"]
    value: int | bool


@dataclass(frozen=True, slots=True)
class LoopTag:
    """``loop:TARGET in ITEMS``: the step runs once for each item, with the item assigned.

    Both are Python text; ``parallelism`` is how many items are worked on at the same time, which
    a tag of its own says.
    """

    target: str
    items: str
    parallelism: int | None = None


@dataclass(frozen=True, slots=True)
class WhenTag:
    """``when:TEST``: the step runs only when the expression is true.

    ``when:elif TEST`` and ``when:else``, whose test is empty, go on with the condition of the
    steps right before, as in Python; of these, ``otherwise`` is set.
    """

    test: str
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class ParallelismTag:
    """``parallelism:N``: at most so many items of the loop before it are worked on at a time."""

    items: int


#: Tags that say what a cell is.
RoleTag = BlockTag | ImportsTag | FunctionsTag | ParametersTag | MetricsTag | SkipTag | NotebookTag

#: Tags that ask something for a step.
OptionTag = (
    ImageTag
    | PackagesTag
    | LimitTag
    | RequestTag
    | RetryTag
    | TimeoutTag
    | CacheTag
    | ReportTag
    | FileTag
    | SecretTag
    | EnvTag
    | LabelTag
    | AnnotationTag
    | NodeTag
    | TolerationTag
    | VolumeTag
    | PullSecretTag
    | PullPolicyTag
    | RunAsTag
)

#: Tags that say how often a step runs; their order counts, the outermost stands first.
ControlTag = LoopTag | WhenTag | ParallelismTag

#: Every tag of Kale's.
Tag = RoleTag | PrevTag | OptionTag | ControlTag
