"""Pipelines, their versions and experiments: what a server holds, and what its API does."""

from __future__ import annotations

import itertools
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta

from cluster.kfp_checks import RefusedError, checked, matches, read_spec, short

#: Times are those of a clock that ticks with each thing made.
_START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class KfpPipelines:
    """Things of each kind by their ids, and who may see them."""

    def __init__(self):
        self.pipelines = {}
        self.versions = {}
        self.experiments = {}
        self.runs = {}
        self.recurring_runs = {}
        self.multi_user = False
        #: "kubernetes" where pipelines are objects of Kubernetes, whose names are its names.
        self.store = "database"
        #: The namespaces that the user may write to, when there are several users.
        self.namespaces = {"team"}
        self.page_size = 2
        #: Servers from before June 2025 (2.14) know one name, which they call `display_name`.
        self.has_names = True
        #: Tasks are only in answers to `view=FULL`, as after 2.17.
        self.view_needed = False
        self.lock = threading.RLock()
        self._ticks = itertools.count()

    def time(self):
        return (_START + timedelta(seconds=next(self._ticks))).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- pipelines and versions

    def create_pipeline(self, body):
        checked("V2beta1Pipeline", body)
        name = body["display_name"]
        namespace = self._allowed(body.get("namespace", ""), "pipelines", open=True)
        if self._pipeline_named(name, namespace):
            raise RefusedError(409, "Already exist error: the pipeline exists")
        pipeline = {
            "pipeline_id": str(uuid.uuid4()),
            "display_name": name,
            "name": name,
            "description": body.get("description", ""),
            "created_at": self.time(),
            "namespace": namespace,
        }
        return self.pipelines.setdefault(pipeline["pipeline_id"], pipeline)

    def upload_pipeline(self, query, name, content):
        namespace = self._allowed(query.get("namespace", ""), "pipelines", upload=True, open=True)
        spec = read_spec(name, content)
        name = query.get("name") or query.get("display_name") or name
        short("Pipeline", name)
        self._check_name(name)
        if self._pipeline_named(name, namespace):
            raise RefusedError(
                409, "Failed to create a pipeline and a pipeline version", upload=True
            )
        pipeline = {
            "pipeline_id": str(uuid.uuid4()),
            "display_name": (self.has_names and query.get("display_name")) or name,
            "name": name,
            "description": query.get("description", ""),
            "created_at": self.time(),
            "namespace": namespace,
        }
        self.pipelines[pipeline["pipeline_id"]] = pipeline
        self._add_version(pipeline["pipeline_id"], {**query, "name": name}, spec)
        return pipeline

    def upload_version(self, query, name, content):
        spec = read_spec(name, content)
        pipeline = self.pipelines.get(query.get("pipelineid", ""))
        if pipeline is None:
            raise RefusedError(400, "Failed to create a pipeline version", upload=True)
        self._allowed(pipeline["namespace"], "pipelines", upload=True, open=True)
        name = query.get("name") or query.get("display_name") or name
        short("PipelineVersion", name)
        self._check_name(name)
        if any(each["name"] == name for each in self.versions_of(pipeline["pipeline_id"])):
            raise RefusedError(409, "Failed to create a pipeline version", upload=True)
        return self._add_version(pipeline["pipeline_id"], {**query, "name": name}, spec)

    def _add_version(self, pipeline_id, query, spec):
        version = {
            "pipeline_id": pipeline_id,
            "pipeline_version_id": str(uuid.uuid4()),
            "display_name": (self.has_names and query.get("display_name")) or query["name"],
            "name": query["name"],
            "description": query.get("description", ""),
            "created_at": self.time(),
            "pipeline_spec": spec,
        }
        return self.versions.setdefault(version["pipeline_version_id"], version)

    def versions_of(self, pipeline_id):
        return [each for each in self.versions.values() if each["pipeline_id"] == pipeline_id]

    def _check_name(self, name):
        if self.store == "kubernetes" and not re.fullmatch("[a-z0-9]([-.a-z0-9]*[a-z0-9])?", name):
            words = f"{name} is no lowercase RFC 1123 subdomain"
            raise RefusedError(400, f"Invalid input error: {words}", upload=True)

    def _pipeline_named(self, name, namespace):
        for each in self.pipelines.values():
            if (each["name"], each["namespace"]) == (name, namespace):
                return each
        return None

    def pipeline_named(self, name, query):
        found = self._pipeline_named(name, query.get("namespace", "") if self.multi_user else "")
        return found or self._missing("Pipeline", name)

    def pipeline(self, key):
        return self.pipelines.get(key) or self._missing("Pipeline", key)

    def version_of(self, pipeline_id, key):
        found = self.versions.get(key)
        if found is None or found["pipeline_id"] != pipeline_id:
            self._missing("PipelineVersion", key)
        return found

    def delete_pipeline(self, key, query):
        self.pipeline(key)
        mine = self.versions_of(key)
        if mine and query.get("cascade") != "true":
            raise RefusedError(400, f"Failed to delete pipeline {key}: it has pipeline versions")
        for version in mine:
            del self.versions[version["pipeline_version_id"]]
        del self.pipelines[key]
        return {}

    def delete_version(self, pipeline_id, key):
        self.version_of(pipeline_id, key)
        del self.versions[key]
        return {}

    # -- experiments

    def create_experiment(self, body):
        checked("V2beta1Experiment", body)
        name = body.get("display_name", "")
        if not name:
            raise RefusedError(400, "Invalid input error: Experiment has an empty name")
        short("Experiment", name)
        namespace = self._allowed(body.get("namespace", ""), "experiments")
        for each in self.experiments.values():
            if (each["display_name"], each["namespace"]) == (name, namespace):
                raise RefusedError(409, f"Already exist error: The name {name} already exist.")
        experiment = {
            **body,
            "experiment_id": str(uuid.uuid4()),
            "created_at": self.time(),
            "namespace": namespace,
            "storage_state": "AVAILABLE",
        }
        return self.experiments.setdefault(experiment["experiment_id"], experiment)

    def experiment(self, key):
        return self.experiments.get(key) or self._missing("Experiment", key)

    # -- what they have in common

    def listed(self, key, things, query):
        """A page: those of the namespace and the filter, in the order in which they were made."""
        found = [each for each in things if matches(each, query.get("filter", ""))]
        if self.multi_user and key != "pipeline_versions" and "experiment_id" not in query:
            if not query.get("namespace") and key != "pipelines":
                raise RefusedError(
                    400, "Invalid input error: the namespace is empty in multi-user mode"
                )
            if query.get("namespace"):
                self._allowed(query["namespace"], key)
            found = [each for each in found if self._namespace(each) == query.get("namespace", "")]
        if "experiment_id" in query:
            found = [each for each in found if each["experiment_id"] == query["experiment_id"]]
        size = min(int(query.get("page_size") or self.page_size), self.page_size)
        if query.get("sort_by", "").endswith(" desc"):
            found.reverse()
        start = int(query.get("page_token", "page-0").removeprefix("page-") or 0)
        page = {key: found[start : start + size], "total_size": len(found)}
        if start + size < len(found):
            page["next_page_token"] = f"page-{start + size}"
        return page

    def _namespace(self, thing):
        if "namespace" in thing:
            return thing["namespace"]
        return self.experiments[thing["experiment_id"]]["namespace"]

    def _allowed(self, namespace, kind, *, upload=False, open=False):  # noqa: A002
        if not self.multi_user or (open and not namespace):
            return namespace if self.multi_user else ""
        if not namespace:
            raise RefusedError(
                400, f"Invalid input error: {kind} need a namespace in multi-user mode"
            )
        if namespace not in self.namespaces:
            words = f"user may not create {kind}.pipelines.kubeflow.org in {namespace}"
            raise RefusedError(400 if upload else 403, words, upload=upload)
        return namespace

    def _missing(self, kind, key):
        raise RefusedError(404, f"ResourceNotFoundError: {kind} {key} not found.")
