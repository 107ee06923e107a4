"""The Kubernetes platform specification: what only pods have, such as secrets and volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from kale.codegen.components import executor_label
from kale.codegen.group_wires import Wires
from kale.codegen.package_layout import PackagedTask
from kale.codegen.volume_tasks import pipeline_config, pvc_mount
from kale.ir import SecurityContext, StepOptions, Toleration, Volumes

_AS_AT_THE_ROOT: Mapping[str, dict[str, Any]] = MappingProxyType({})


def platform_spec(
    tasks: Iterable[PackagedTask], volumes: Volumes, wires: Mapping[str, Wires]
) -> dict[str, Any] | None:
    """The second document of a package, or ``None`` when nothing of it is asked for."""
    executors: dict[str, Any] = {}
    for task in tasks:
        if config := task_config(task, wires[task.key].claims):
            executors[executor_label(task)] = config
    found: dict[str, Any] = {}
    if executors:
        found["deploymentSpec"] = {"executors": executors}
    if volumes.workspace:
        found["pipelineConfig"] = pipeline_config(volumes.workspace)
    return {"platforms": {"kubernetes": found}} if found else None


def task_config(
    task: PackagedTask, claims: Mapping[str, dict[str, Any]] = _AS_AT_THE_ROOT
) -> dict[str, Any]:
    """What the pod of a task gets that a container has not.

    ``claims`` say what feeds the claim of a mount, by its path, where the task stands in a group.
    """
    config = pod_config(task.options)
    if task.mounts:
        mounted = (pvc_mount(mount, claims.get(mount.path)) for mount in task.mounts)
        config["pvcMount"] = [*mounted, *config.get("pvcMount", ())]
    return config


def toleration(tolerated: Toleration) -> dict[str, str]:
    """A toleration in Kubernetes' words: without a value it holds for every value of the key."""
    spec = {"key": tolerated.key, "operator": "Equal" if tolerated.value else "Exists"}
    if tolerated.value:
        spec["value"] = tolerated.value
    if tolerated.effect:
        spec["effect"] = tolerated.effect
    return spec


def pod_config(options: StepOptions) -> dict[str, Any]:
    """What the pod of a step with these options gets that a container has not."""
    metadata = {
        name: dict(pairs)
        for name, pairs in (("annotations", options.annotations), ("labels", options.labels))
        if pairs
    }
    config = {
        # An int64, which protobuf's JSON writes as text.
        "activeDeadlineSeconds": str(options.timeout) if options.timeout else None,
        "imagePullPolicy": options.pull_policy,
        "imagePullSecret": [
            {"secretName": name, "secretNameParameter": _constant(name)}
            for name in options.pull_secrets
        ],
        "nodeSelector": {"labels": dict(options.node_selectors)} if options.node_selectors else {},
        "podMetadata": metadata,
        "pvcMount": [
            {"constant": v.claim, "mountPath": v.mount_path, "pvcNameParameter": _constant(v.claim)}
            for v in options.volumes
        ],
        "secretAsEnv": [
            {
                "keyToEnv": [{"envVar": s.env, "secretKey": s.key}],
                "optional": False,
                "secretName": s.secret,
                "secretNameParameter": _constant(s.secret),
            }
            for s in options.secrets
        ],
        "securityContext": _security_context(options.security_context),
        "tolerations": [toleration(t) for t in options.tolerations],
    }
    return {name: value for name, value in config.items() if value}


def _constant(text: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": text}}


def _security_context(asked: SecurityContext | None) -> dict[str, Any]:
    """What was asked for; the numbers are int64, which protobuf's JSON writes as text."""
    if asked is None:
        return {}
    user, group, non_root = asked.run_as_user, asked.run_as_group, asked.run_as_non_root
    fields = {
        "runAsUser": None if user is None else str(user),
        "runAsGroup": None if group is None else str(group),
        "runAsNonRoot": non_root,
    }
    return {name: value for name, value in fields.items() if value is not None}
