"""How often a task is tried again, in the words of Kubeflow Pipelines."""

from __future__ import annotations

from typing import Any

from kale.ir import StepOptions

#: Argo counts this from the start of the first attempt, and at its end kills the attempt that runs.
#: The SDK's hour would cut off what takes long: let it be a year.
_LONGEST = "31536000s"


def retry_policy(options: StepOptions) -> dict[str, Any]:
    """The ``retryPolicy`` of a task that is tried again: equal pauses, none unless asked for."""
    return {
        "backoffDuration": f"{options.retry_pause or 0}s",
        "backoffFactor": 1.0,
        "backoffMaxDuration": _LONGEST,
        "maxRetryCount": options.retries,
    }


def retry_call(options: StepOptions) -> str:
    """The same as a call of the SDK's."""
    pause = f'backoff_duration="{options.retry_pause}s", ' if options.retry_pause else ""
    longest = f'backoff_max_duration="{_LONGEST}"'
    return f"set_retry({options.retries}, {pause}backoff_factor=1.0, {longest})"
