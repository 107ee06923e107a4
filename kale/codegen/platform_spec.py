"""The Kubernetes platform specification: what only pods have, such as secrets and volumes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kale.codegen.components import executor_label
from kale.codegen.package_layout import PackagedTask
from kale.ir import StepOptions, Toleration


def platform_spec(tasks: Iterable[PackagedTask]) -> dict[str, Any] | None:
    """The second document of a package, or ``None`` when no step asks for anything of it."""
    executors = {
        executor_label(task): config for task in tasks if (config := pod_config(task.options))
    }
    if not executors:
        return None
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


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
        "tolerations": [toleration(t) for t in options.tolerations],
    }
    return {name: value for name, value in config.items() if value}


def _constant(text: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": text}}
