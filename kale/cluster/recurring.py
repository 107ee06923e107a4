"""Recurring runs: what asks a server for one, and whether one that is there is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kale.cluster.deployed import DeployOptions
from kale.cluster.run_state import mapping, text
from kale.errors import UsageError


def job_body(name: str, what: Mapping[str, Any], cron: str) -> dict[str, Any]:
    """The body of a request for a recurring run; ``what`` is that of a run, without a name."""
    return {
        "display_name": name,
        **what,
        "trigger": {"cron_schedule": {"cron": cron}},
        "mode": "ENABLE",
        "max_concurrency": "1",
        # A notebook asks for the time itself: runs that were missed would all see the same.
        "no_catchup": True,
    }


def is_same(job: Mapping[str, Any], what: Mapping[str, Any], options: DeployOptions) -> bool:
    """Whether a recurring run does what is asked for: ``what``, at the times of ``options``.

    A service account that nobody named may be the server's own.
    """
    config, wanted = mapping(job, "runtime_config"), mapping(what, "runtime_config")
    account = options.service_account or text(job, "service_account")
    return (
        mapping(job, "pipeline_version_reference") == what["pipeline_version_reference"]
        and text(job, "experiment_id") == what["experiment_id"]
        and _cron(job) == options.cron
        and _kinds_kept(mapping(config, "parameters")) == _kinds_kept(wanted["parameters"])
        and text(config, "pipeline_root") == options.pipeline_root
        and text(job, "service_account") == account
    )


def _kinds_kept(value: Any) -> Any:
    """A JSON value such that ``true`` is not 1, as it is for Python; but 1 is 1.0, as for KFP."""
    if isinstance(value, Mapping):
        return {key: _kinds_kept(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_kinds_kept(each) for each in value]
    return ("bool", value) if isinstance(value, bool) else value


def other_job(job: Mapping[str, Any], link: str) -> UsageError:
    """The error for a recurring run of the name that is asked for, which is not the same."""
    schedule = f" at `{_cron(job)}`" if _cron(job) else ""
    return UsageError(
        "KALE613",
        f"there is a recurring run `{text(job, 'display_name')}` already{schedule}, of another "
        f"version or with other settings: {link}",
        hint="--replace puts the new one in its place, --recurring-name makes one beside it",
    )


def notes(job: Mapping[str, Any]) -> tuple[str, ...]:
    """What is to be said of a recurring run that is there."""
    if text(job, "status") != "DISABLED":
        return ()
    return ("the recurring run is disabled, and stays so: enable it in the user interface",)


def _cron(job: Mapping[str, Any]) -> str:
    return text(mapping(mapping(job, "trigger"), "cron_schedule"), "cron")
