"""The package as custom resources of Kubernetes, for tools that apply what a repository holds.

Kubeflow Pipelines 2.14 and later take them where they keep pipelines in Kubernetes' own database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from kale.codegen.kfp_spec import package_documents
from kale.codegen.kfp_versions import spelled, version_of
from kale.codegen.yaml_text import dump
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, PackageError, UsageError
from kale.ir import Files, Plan
from kale.version_name import version_name

_API = "pipelines.kubeflow.org/v2beta1"

#: The release that reads them (12012, 12016, 11952 of kubeflow/pipelines).
_SINCE = (2, 14)

#: What Kubernetes' database takes as one object, but for 16 KiB around it.
_LARGEST = (1536 - 16) * 1024

#: What `kubectl apply` can note of an object in its annotations, unless it applies server-side.
_NOTED = 256 * 1024

#: A name as Kubernetes has those of namespaces (RFC 1123), and what it cuts labels to.
_NAMESPACE = re.compile("[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = 63


def as_manifests(
    plan: Plan, files: Files, namespace: str = ""
) -> tuple[Files, tuple[Diagnostic, ...]]:
    """The files of a compiled notebook with ``NAME.kubernetes.yaml`` in the place of the package.

    It holds a ``Pipeline`` and its ``PipelineVersion``, without a namespace if none is given. The
    version is named after the content of the package, so what has changed is a new one:
    Kubernetes refuses to change one that is there. Beside the files, what is to be said of them.

    Raises:
        PackageError: Kubernetes would refuse them (KALE444).
        UsageError: the namespace or the release of the cluster cannot be (KALE446).
    """
    _check_options(plan, namespace)
    name = plan.pipeline.name
    package = PurePosixPath(f"{name}.yaml")
    resources = _resources(plan, version_name(name, files[package]), namespace)
    found = tuple(_size(plan, resources[1]))
    rest = {path: content for path, content in files.items() if path != package}
    return {PurePosixPath(f"{name}.kubernetes.yaml"): dump(resources).encode(), **rest}, found


def _resources(plan: Plan, version: str, namespace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pipeline = plan.pipeline
    place = {"namespace": namespace} if namespace else {}
    said = {"description": pipeline.description} if pipeline.description else {}
    specs = zip(("pipelineSpec", "platformSpec"), package_documents(plan), strict=False)
    return (
        {
            "apiVersion": _API,
            "kind": "Pipeline",
            "metadata": {"name": pipeline.name, **place},
            "spec": {"displayName": pipeline.title or pipeline.name, **said},
        },
        {
            "apiVersion": _API,
            "kind": "PipelineVersion",
            "metadata": {"name": version, **place},
            "spec": {
                "displayName": version,
                "pipelineName": pipeline.name,
                **dict(specs),
                **said,
            },
        },
    )


def _check_options(plan: Plan, namespace: str) -> None:
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise UsageError(
            "KALE446",
            f"`{namespace}` is no name of a namespace",
            hint="it has at most 63 lower-case letters, digits and dashes, none of these at an end",
        )
    version = version_of(plan.environment.options.kfp_version)
    if version < _SINCE:
        raise UsageError(
            "KALE446",
            f"Kubeflow Pipelines {spelled(version)} takes no manifests",
            hint=f"it does from {spelled(_SINCE)} on; for an older one write the package: kale"
            " compile without --format",
        )
    name = plan.pipeline.name
    if len(name) >= _LABEL and name[_LABEL - 1] == "-":
        raise PackageError(
            "KALE444",
            f"Kubernetes cuts the pipeline's name to {_LABEL} characters for a label, and"
            f" `{name[:_LABEL]}` is none, for its dash at the end",
            at=Location(plan.pipeline.path),
            hint="choose another name with --pipeline_name",
        )


def _size(plan: Plan, version: Mapping[str, Any]) -> Iterator[Diagnostic]:
    size = len(json.dumps(version, separators=(",", ":"), ensure_ascii=False).encode())
    at = Location(plan.pipeline.path)
    takes = f"the pipeline's version takes {size // 1024} KiB as an object of Kubernetes"
    if size > _LARGEST:
        raise PackageError(
            "KALE444",
            f"{takes}, which has room for {_LARGEST // 1024}",
            at=at,
            hint="merge small steps into one, or put modules and files into the image",
        )
    if size > _NOTED:
        yield diagnose(
            "KALE445",
            f"{takes}, and `kubectl apply` can do with {_NOTED // 1024} KiB unless it applies on"
            " the server's side",
            at=at,
            hint="use kubectl apply --server-side, or ServerSideApply=true in Argo CD; Flux does so"
            " by itself",
        )
