"""Runs and recurring runs: what a server holds of them, and how tests have them go on."""

from __future__ import annotations

import uuid

from cluster.kfp_checks import RefusedError, check_parameters, checked
from cluster.kfp_pipelines import KfpPipelines


class KfpState(KfpPipelines):
    """All that a server holds."""

    # -- runs

    def create_run(self, body):
        checked("V2beta1Run", body)
        if not body.get("display_name"):
            raise RefusedError(400, "Invalid input error: The run name is empty.")
        experiment = self._experiment_of(body)
        spec = self._spec_of(body)
        check_parameters(spec, (body.get("runtime_config") or {}).get("parameters") or {})
        run = {
            **body,
            "experiment_id": experiment["experiment_id"],
            "run_id": str(uuid.uuid4()),
            "storage_state": "AVAILABLE",
            "created_at": self.time(),
            "scheduled_at": self.time(),
            "state": "PENDING",
            "state_history": [{"update_time": self.time(), "state": "PENDING"}],
            "pipeline_spec": spec,
            "run_details": {"task_details": []},
        }
        return self.runs.setdefault(run["run_id"], run)

    def run(self, key, query):
        run = self.runs.get(key) or self._missing("Run", key)
        if self.view_needed and query.get("view") != "FULL":
            return {name: value for name, value in run.items() if name != "run_details"}
        return run

    def terminate(self, key):
        run = self.runs.get(key) or self._missing("Run", key)
        if run["state"] not in ("PENDING", "RUNNING"):
            raise RefusedError(400, f"Failed to terminate run {key}: it is not active")
        self.set_state(run, "CANCELING")
        return {}

    def set_state(self, run, state):
        run["state"] = state
        run["state_history"].append({"update_time": self.time(), "state": state})
        if state in ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"):
            run["finished_at"] = self.time()

    # -- recurring runs

    def create_recurring_run(self, body):
        checked("V2beta1RecurringRun", body)
        if not body.get("display_name"):
            raise RefusedError(400, "Invalid input error: The job name is empty.")
        trigger = body.get("trigger") or {}
        if not trigger.get("cron_schedule") and not trigger.get("periodic_schedule"):
            raise RefusedError(400, "Invalid input error: The trigger is empty.")
        if not 1 <= (number := int(body.get("max_concurrency", 0))) <= 10:
            words = "Max concurrency of a recurring run must be at least 1 and at most 10."
            raise RefusedError(400, f"Invalid input error: {words} Received {number}")
        # Five fields are taken, too, the first of them for seconds.
        cron = (trigger.get("cron_schedule") or {}).get("cron", "0 * * * *")
        if not cron.startswith("@") and not 5 <= (fields := len(cron.split())) <= 6:
            words = f"Expected 5 to 6 fields, found {fields}: {cron}"
            raise RefusedError(400, f"Schedule cron is not a supported format. Error: {words}")
        if body.get("mode") not in ("ENABLE", "DISABLE"):
            raise RefusedError(400, "Invalid input error: The mode of the job is unknown.")
        experiment = self._experiment_of(body)
        spec = self._spec_of(body)
        check_parameters(spec, (body.get("runtime_config") or {}).get("parameters") or {})
        job = {
            **body,
            "recurring_run_id": str(uuid.uuid4()),
            "experiment_id": experiment["experiment_id"],
            "namespace": experiment["namespace"],
            "created_at": self.time(),
            "updated_at": self.time(),
            "status": "ENABLED" if body["mode"] == "ENABLE" else "DISABLED",
        }
        return self.recurring_runs.setdefault(job["recurring_run_id"], job)

    def recurring_run(self, key):
        return self.recurring_runs.get(key) or self._missing("Job", key)

    def enable(self, key, *, enabled):
        job = self.recurring_run(key)
        job["mode"] = "ENABLE" if enabled else "DISABLE"
        job["status"] = "ENABLED" if enabled else "DISABLED"
        return {}

    def delete_recurring_run(self, key):
        self.recurring_run(key)
        del self.recurring_runs[key]
        return {}

    def _experiment_of(self, body):
        key = body.get("experiment_id", "")
        if key:
            return self.experiment(key)
        if self.multi_user:
            raise RefusedError(400, "Invalid input error: A run cannot have an empty namespace")
        for each in self.experiments.values():
            if each["display_name"] == "Default":
                return each
        return self.create_experiment({"display_name": "Default"})

    def _spec_of(self, body):
        if "pipeline_spec" in body:
            return body["pipeline_spec"]
        reference = body.get("pipeline_version_reference") or {}
        pipeline_id = reference.get("pipeline_id", "")
        self.pipeline(pipeline_id)
        mine = self.versions_of(pipeline_id)
        key = reference.get("pipeline_version_id") or mine[-1]["pipeline_version_id"]
        return self.version_of(pipeline_id, key)["pipeline_spec"]

    def advance(self, run_id, states, *, pods=None):
        """Set the states of steps ("train": "RUNNING") as a run goes on.

        A step is one task and, once it runs, another named ``executor`` for its pod, whose name is
        ``RUN-STEP`` unless ``pods`` says otherwise.
        """
        with self.lock:
            run = self.runs[run_id]
            if run["state"] == "PENDING":
                self.set_state(run, "RUNNING")
            for step, state in states.items():
                self._advance(run, step, state, (pods or {}).get(step, f"{run_id[:8]}-{step}"))

    def _advance(self, run, step, state, pod):
        tasks = run["run_details"]["task_details"]
        driver, task, executor = (
            self._task(run, name, tasks, key)
            for name, key in ((f"{step}-driver", step), (step, step), ("executor", step))
        )
        driver.update(state="SUCCEEDED", pod_name=f"{pod}-driver", end_time=self.time())
        task["state"] = executor["state"] = state
        task["child_tasks"] = [{"pod_name": pod}]
        executor["pod_name"] = pod
        executor["parent_task_id"] = task["task_id"]
        if state in ("SUCCEEDED", "FAILED", "SKIPPED"):
            task["end_time"] = executor["end_time"] = self.time()

    def _task(self, run, name, tasks, step):
        key = f"{run['run_id'][:8]}-{name}-{step}"
        for task in tasks:
            if task["task_id"] == key:
                return task
        task = {
            "run_id": run["run_id"],
            "task_id": key,
            "display_name": name,
            "create_time": self.time(),
            "start_time": self.time(),
            "state": "PENDING",
        }
        tasks.append(task)
        return task

    def finish(self, run_id, state="SUCCEEDED", states=None, *, error="", pods=None):
        """End a run, with these last states of its steps."""
        with self.lock:
            self.advance(run_id, states or {}, pods=pods)
            run = self.runs[run_id]
            self.set_state(run, state)
            if error:
                run["error"] = {"code": 13, "message": error}
