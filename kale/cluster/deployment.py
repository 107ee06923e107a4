"""From a package to a run on a cluster: all that is there is looked up, then the rest is made.

Nothing is made before all that can be refused has been. Done again with the same package, it
finds the same version; a pipeline or a version that somebody else makes meanwhile counts as there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kale.cluster import failures
from kale.cluster.deployed import DEFAULT_EXPERIMENT, Deployed, DeployOptions, Resource
from kale.cluster.links import interface_address, page
from kale.cluster.package import Package
from kale.cluster.recurring import is_same, job_body, notes, other_job
from kale.cluster.run_state import text
from kale.errors import ClusterError, KaleError, UsageError

if TYPE_CHECKING:
    from kale.cluster.api import Api

_API = "/apis/v2beta1"

#: Is told what is being done, and what has been until then.
Tell = Callable[[str, Deployed], None]


def deploy(api: Api, package: Package, options: DeployOptions, tell: Tell) -> Deployed:
    """Have a package on a cluster and, unless only that was asked for, a run of it.

    ``tell`` hears of each thing before it is made; what it was last told is true if this fails.

    Raises:
        UsageError: the server has several users and no namespace was named (KALE614), or a
            recurring run of that name does something else (KALE613).
        ClusterError: the server cannot be reached or refuses.
    """
    return _Deployment(api, package, options, tell).deploy()


def is_refusal(error: BaseException) -> bool:
    """Whether a server has surely not done what it was asked for, when this came of it."""
    if isinstance(error, ClusterError):
        return error.status is not None and 400 <= error.status < 500
    return isinstance(error, KaleError)


class _Deployment:
    def __init__(self, api: Api, package: Package, options: DeployOptions, tell: Tell) -> None:
        self._api, self._package, self._options = api, package, options
        self._tell = tell
        self._done = Deployed()
        self._namespace = _namespace(api)
        self._interface = interface_address(api.base)

    def deploy(self) -> Deployed:
        pipeline = self._find_pipeline()
        version = pipeline and self._find_version(pipeline)
        options = self._options
        experiment = None if options.upload_only else self._find_experiment()
        jobs = self._find_jobs() if options.cron and not options.upload_only else []
        same = [
            job
            for job in jobs
            if version
            and experiment
            and is_same(job, self._what_runs(version, experiment), options)
        ]
        if jobs and not same and not options.replace:
            raise other_job(jobs[0], self._job(jobs[0]).link)
        if version is None:
            version = self._make_version(pipeline or self._make_pipeline())
        self._note(version=version)
        if options.upload_only:
            self._tell("", self._done)
            return self._done
        experiment = experiment or self._make_experiment()
        self._note(experiment=experiment)
        if same:
            self._note(recurring_run=replace(self._job(same[0]), new=False), notes=notes(same[0]))
        elif options.cron:
            self._make_job()
        else:
            self._make_run()
        if options.cron and options.replace:
            kept = self._done.recurring_run and self._done.recurring_run.id
            self._remove([job for job in jobs if text(job, "recurring_run_id") != kept])
        self._tell("", self._done)
        return self._done

    # ----------------------------------------------------------------- pipeline and version

    def _find_pipeline(self) -> Resource | None:
        path = f"{_API}/pipelines/names/{quote(self._package.name, safe='')}"
        try:
            found = self._api.get(path, **self._place())
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        return replace(self._pipeline(found), new=False)

    def _make_pipeline(self) -> Resource:
        name = self._package.name
        self._tell(f"creates pipeline {name}", self._done)
        # Servers before 2.5 know a pipeline's display name only, and later ones take it as well.
        body = {"display_name": name, **_said(description=self._package.description)}
        body |= self._place()
        return _unless_there(
            lambda: self._pipeline(self._api.post(f"{_API}/pipelines", body)), self._find_pipeline
        )

    def _pipeline(self, found: Mapping[str, Any]) -> Resource:
        key = self._key(found, "pipeline_id")
        link = page(self._interface, "pipelines", "details", key)
        return Resource(self._package.name, key, link)

    def _find_version(self, pipeline: Resource) -> Resource | None:
        self._note(pipeline=pipeline)
        name = self._package.version
        for found in self._versions(pipeline.id, name):
            if name in (text(found, "name"), text(found, "display_name")):
                return replace(self._version(found), new=False)
        return None

    def _versions(self, pipeline_id: str, name: str) -> Iterator[dict[str, Any]]:
        """The versions of that name or, where the server cannot look for names, all.

        Those that keep pipelines in Kubernetes cannot before 2.15 (12189 of kubeflow/pipelines).
        """
        path = f"{_API}/pipelines/{quote(pipeline_id, safe='')}/versions"
        try:
            yield from self._api.each(path, "pipeline_versions", filter=_named(name))
        except ClusterError as error:
            if error.status not in (400, 500, 501):
                raise
            # Each holds its whole package.
            yield from self._api.each(path, "pipeline_versions", page_size="20")

    def _make_version(self, pipeline: Resource) -> Resource:
        self._note(pipeline=pipeline)
        name = self._package.version
        self._tell(f"uploads version {name}", self._done)
        query = {"name": name, "pipelineid": pipeline.id}
        query |= _said(description=self._package.description)
        path, file, content = (
            f"{_API}/pipelines/upload_version",
            "package.yaml",
            self._package.content,
        )
        return _unless_there(
            lambda: self._version(self._api.upload(path, file, content, **query)),
            lambda: self._find_version(pipeline),
        )

    def _version(self, found: Mapping[str, Any]) -> Resource:
        key, pipeline = self._key(found, "pipeline_version_id"), self._done.pipeline
        assert pipeline is not None
        link = page(self._interface, "pipelines", "details", pipeline.id, "version", key)
        return Resource(self._package.version, key, link)

    # ----------------------------------------------------------------- experiment and run

    def _find_experiment(self) -> Resource | None:
        name = self._options.experiment or DEFAULT_EXPERIMENT
        path = f"{_API}/experiments"
        for found in self._api.each(path, "experiments", filter=_named(name), **self._place()):
            if text(found, "display_name") == name:
                if text(found, "storage_state") == "ARCHIVED":
                    raise ClusterError(
                        "KALE615",
                        f"the experiment `{name}` is archived",
                        hint="name another with --experiment_name, or take this one out of the "
                        "archive in the user interface",
                    )
                return replace(self._experiment(found), new=False)
        return None

    def _make_experiment(self) -> Resource:
        name = self._options.experiment or DEFAULT_EXPERIMENT
        self._tell(f"creates experiment {name}", self._done)
        body = {"display_name": name, **self._place()}
        return _unless_there(
            lambda: self._experiment(self._api.post(f"{_API}/experiments", body)),
            self._find_experiment,
        )

    def _experiment(self, found: Mapping[str, Any]) -> Resource:
        key = self._key(found, "experiment_id")
        name = self._options.experiment or DEFAULT_EXPERIMENT
        return Resource(name, key, page(self._interface, "experiments", "details", key))

    def _make_run(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        name = self._options.run_name or f"{self._package.name[:100]} {now}"
        self._tell(f"starts run {name}", self._done)
        found = self._api.post(f"{_API}/runs", {"display_name": name, **self._done_runs()})
        key = self._key(found, "run_id")
        self._note(run=Resource(name, key, page(self._interface, "runs", "details", key)))

    def _done_runs(self) -> dict[str, Any]:
        version, experiment = self._done.version, self._done.experiment
        assert version is not None
        assert experiment is not None
        return self._what_runs(version, experiment)

    def _what_runs(self, version: Resource, experiment: Resource) -> dict[str, Any]:
        options = self._options
        return {
            "experiment_id": experiment.id,
            "pipeline_version_reference": self._reference(version),
            "runtime_config": {
                "parameters": {**options.parameters},
                **_said(pipeline_root=options.pipeline_root),
            },
            **_said(service_account=options.service_account),
        }

    def _reference(self, version: Resource) -> dict[str, str]:
        pipeline = self._done.pipeline
        assert pipeline is not None
        return {"pipeline_id": pipeline.id, "pipeline_version_id": version.id}

    # ----------------------------------------------------------------- recurring runs

    def _find_jobs(self) -> list[dict[str, Any]]:
        name = self._options.recurring_name or self._package.name
        path = f"{_API}/recurringruns"
        found = self._api.each(path, "recurringRuns", filter=_named(name), **self._place())
        return [job for job in found if text(job, "display_name") == name]

    def _make_job(self) -> None:
        name = self._options.recurring_name or self._package.name
        self._tell(f"creates recurring run {name}", self._done)
        body = job_body(name, self._done_runs(), self._options.cron)
        self._note(recurring_run=self._job(self._api.post(f"{_API}/recurringruns", body)))

    def _remove(self, jobs: list[dict[str, Any]]) -> None:
        for job in jobs:
            key = self._key(job, "recurring_run_id")
            self._tell(f"removes the recurring run {key} of the same name", self._done)
            self._api.delete(f"{_API}/recurringruns/{quote(key, safe='')}")
            self._note(replaced=(*self._done.replaced, key))

    def _job(self, found: Mapping[str, Any]) -> Resource:
        key = self._key(found, "recurring_run_id")
        name = self._options.recurring_name or self._package.name
        return Resource(name, key, page(self._interface, "recurringrun", "details", key))

    def _place(self) -> dict[str, str]:
        return _said(namespace=self._namespace)

    def _note(self, **found: Any) -> None:
        self._done = replace(self._done, **found)

    def _key(self, found: Mapping[str, Any], name: str) -> str:
        if key := text(found, name):
            return key
        raise failures.no_api(self._api.connection, f"answers without a `{name}`")


def _namespace(api: Api) -> str:
    if api.health().multi_user and not api.namespace:
        raise UsageError(
            "KALE614",
            f"{api.connection.host} has several users, and nothing says which namespace is yours",
            hint="give --namespace NAME, set KALE_KFP_NAMESPACE, or write namespace into the "
            "configuration file",
        )
    return api.namespace


def _unless_there(make: Callable[[], Resource], find: Callable[[], Resource | None]) -> Resource:
    """What ``make`` makes or, if somebody else was faster, what is there."""
    try:
        return make()
    except ClusterError as error:
        there = find() if error.status == 409 else None
        if there is None:
            raise
        return there


def _said(**texts: str) -> dict[str, str]:
    return {key: value for key, value in texts.items() if value}


def _named(name: str) -> str:
    """The filter for a display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "string_value": name}
    return json.dumps({"predicates": [predicate]})
