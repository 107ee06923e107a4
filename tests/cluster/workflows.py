"""Runs as servers of Kubeflow Pipelines 2 tell of them: Argo's workflow, and what the API has of it."""

from __future__ import annotations

import json

from cluster.kfp_server import KfpServer

_PHASES = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Error": "FAILED", "Running": "RUNNING"}
_PHASES |= {"Skipped": "SKIPPED", "Pending": "PENDING"}

_TEXT, _JSON = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}


def step(name, phase, *, attempts=0, cached=False, message="", driver="Succeeded", **more):
    """The nodes of one task, as (path below the root, type, template, phase, more).

    ``attempts`` are those of a task with retries, all but the last failed.
    """
    pod = {"message": message, **more}
    template = f"{'retry-' if attempts else ''}system-container-impl"
    nodes = [(f"{name}-driver", "Pod", "system-container-driver", driver, {})]
    if driver in ("Failed", "Error"):
        nodes[0] = (*nodes[0][:4], pod)
        return [*nodes, (name, "Skipped", "system-container-executor", "Omitted", {})]
    kind = "Skipped" if phase in ("Omitted", "Skipped") else "DAG"
    nodes.append((name, kind, "system-container-executor", phase, {}))
    if cached:
        nodes.append((f"{name}.executor", "Skipped", template, "Skipped", {}))
    elif kind == "DAG" and not attempts:
        inner = "Pending" if message and phase == "Running" else phase
        nodes.append((f"{name}.executor", "Pod", template, inner, pod))
    elif kind == "DAG":
        nodes.append((f"{name}.executor", "Retry", template, phase, {}))
        for number in range(attempts):
            last = number == attempts - 1
            own = phase if last else "Failed"
            nodes.append((f"{name}.executor({number})", "Pod", template, own, pod if last else {}))
    return nodes


def workflow(*steps, name="iris-x7k2p", phase="Failed", **more):
    """A workflow of tasks made by :func:`step`; pods are numbered from 101 in their order."""
    nodes = {name: _node(name, name, 0, "DAG", "entrypoint", phase)}
    rows = [("root-driver", "Pod", "system-dag-driver", "Succeeded", {})]
    rows += [("root", "DAG", "root", phase, {})]
    rows += [(f"root.{path}", *rest) for nodes_of in steps for path, *rest in nodes_of]
    for number, (path, kind, template, own, extra) in enumerate(rows, 101):
        nodes[f"{name}-{number}"] = _node(
            name, f"{name}.{path}", number, kind, template, own, **extra
        )
    metadata = {"name": name, "namespace": "team", **more.pop("metadata", {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": metadata,
        "status": {"phase": phase, "nodes": nodes, **more},
    }


def _node(workflow, name, number, kind, template, phase, **extra):
    return {
        "id": f"{workflow}-{number}" if number else workflow,
        "name": name,
        "displayName": name.rpartition(".")[2],
        "type": kind,
        "templateName": template,
        "phase": phase,
        "startedAt": f"2026-11-23T08:{number // 60 % 60:02}:{number % 60:02}Z",
        **extra,
    }


def pod(manifest, path):
    """The name of a pod of a workflow, such as ``train.executor``."""
    name = manifest["metadata"]["name"]
    for node in manifest["status"]["nodes"].values():
        if node["name"] == f"{name}.root.{path}":
            return f"{name}-{node['templateName']}-{node['id'].rpartition('-')[2]}"
    raise KeyError(path)


def answer(manifest):
    """What the older API says of a run."""
    return {
        "run": {"id": "r"},
        "pipeline_runtime": {"workflow_manifest": json.dumps(manifest)},
    }


def entries(manifest):
    """The same as ``task_details``: states and nothing of pods, in no order to go by."""
    found = []
    for node in manifest["status"]["nodes"].values():
        entry = {"task_id": f"task of {node['id']}", "display_name": node["displayName"]}
        entry["start_time"] = node["startedAt"]
        if node["phase"] in _PHASES:
            entry["state"] = _PHASES[node["phase"]]
        found.append(entry)
    return sorted(found, key=lambda entry: entry["task_id"][::-1])


def started(server, spec=None):
    """A run on a server, of a pipeline with this specification; its id."""
    with server.lock:
        server.versions["v"] = {"pipeline_id": "p", "pipeline_version_id": "v"}
        server.versions["v"]["pipeline_spec"] = spec or {}
        server.pipelines["p"] = {"pipeline_id": "p", "namespace": ""}
        reference = {"pipeline_id": "p", "pipeline_version_id": "v"}
        run = server.create_run(
            {"display_name": "iris", "pipeline_version_reference": reference}
            | ({"experiment_id": "e"} if server.multi_user else {})
        )
        # A run that was made of a version has no specification of its own.
        del run["pipeline_spec"]
        return run["run_id"]


def specification(**needs):
    """A specification of Kale's with these steps, each with what it waits for."""
    notebook = {"outputDefinitions": {"artifacts": {"executed_notebook": {}}}}
    tasks = {
        name: {
            "componentRef": {"name": f"comp-{name}"},
            "taskInfo": {"name": name.replace("-", "_")},
            "dependentTasks": [*others],
        }
        for name, others in needs.items()
    }
    components = {f"comp-{name}": notebook if name != "createpvc" else {} for name in needs}
    return {"components": components, "root": {"dag": {"tasks": tasks}}}


class WorkflowServer(KfpServer):
    """A server of version 2.0 to 2.17, which gives out the ``workflows`` of runs.

    Logs are read as the user interface has them, or as the API's own server: ``log_paths``.
    """

    def __init__(self, **more):
        super().__init__(**more)
        self.workflows = {}
        self.log_paths = ["/k8s/pod/logs"]
        #: What happens just before the next looks at a run, one thing a look.
        self.story = []
        self.artifacts = {}

    def set_workflow(self, run_id, manifest):
        """Let a run have come to this; its state is the workflow's."""
        with self.lock:
            run = self.runs[run_id]
            run["run_details"] = {"task_details": entries(manifest)}
            self.workflows[run_id] = manifest
            self.set_state(run, _PHASES[manifest["status"]["phase"]])

    def answer(self, request):
        path = request.path
        if path.startswith("/apis/v2beta1/runs/") and request.query.get("view") and self.story:
            self.story.pop(0)()
        is_log = path.endswith(("/log", "/logs"))
        if is_log and not any(path.startswith(each) for each in self.log_paths):
            return 404, _TEXT, b"404 page not found"
        if is_log and path.startswith("/apis/v2beta1/"):
            return 200, _TEXT, self.pod_logs[path.split("/")[-2]]
        if path == "/artifacts/get" and request.query["key"] in self.artifacts:
            return 200, _TEXT, self.artifacts[request.query["key"]]
        run_id = path.removeprefix("/apis/v1beta1/runs/")
        if run_id in self.workflows:
            return 200, _JSON, json.dumps(answer(self.workflows[run_id])).encode()
        return super().answer(request)
