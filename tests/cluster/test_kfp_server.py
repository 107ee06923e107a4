"""The stand-in server is one that the official client can use, and it refuses what the real does."""

from __future__ import annotations

import json

import pytest

kfp_server_api = pytest.importorskip(
    "kfp_server_api", reason="the official client is not installed"
)

PACKAGE = """\
pipelineInfo:
  name: iris
root:
  dag: {}
  inputDefinitions:
    parameters:
      rows: {parameterType: NUMBER_INTEGER}
      seed: {parameterType: NUMBER_INTEGER, defaultValue: 1.0, isOptional: true}
"""


@pytest.fixture
def client(kfp):
    found = kfp_server_api.ApiClient(kfp_server_api.Configuration(host=kfp.url))
    yield found
    found.rest_client.pool_manager.clear()


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(PACKAGE)
    return str(path)


def refusal(call, *arguments, **named):
    with pytest.raises(kfp_server_api.ApiException) as caught:
        call(*arguments, **named)
    return caught.value.status, json.loads(caught.value.body)


def test_the_official_client_deploys(kfp, client, package):
    uploads = kfp_server_api.PipelineUploadServiceApi(client)
    pipelines = kfp_server_api.PipelineServiceApi(client)
    pipeline = uploads.upload_pipeline(package, name="iris", display_name="Iris")
    versions = [
        uploads.upload_pipeline_version(package, name=f"v{n}", pipelineid=pipeline.pipeline_id)
        for n in range(3)
    ]
    assert (
        pipelines.pipeline_service_get_pipeline_by_name("iris").pipeline_id == pipeline.pipeline_id
    )
    key = versions[0].pipeline_version_id
    found = pipelines.pipeline_service_get_pipeline_version(pipeline.pipeline_id, key)
    assert (found.name, found.pipeline_spec["pipelineInfo"]) == ("v0", {"name": "iris"})
    page = pipelines.pipeline_service_list_pipeline_versions(pipeline.pipeline_id)
    assert (len(page.pipeline_versions), page.total_size, bool(page.next_page_token)) == (
        2,
        4,
        True,
    )
    rest = pipelines.pipeline_service_list_pipeline_versions(
        pipeline.pipeline_id, page_token=page.next_page_token
    )
    assert [each.name for each in rest.pipeline_versions] == ["v1", "v2"]
    assert rest.next_page_token is None

    experiments = kfp_server_api.ExperimentServiceApi(client)
    made = experiments.experiment_service_create_experiment(
        kfp_server_api.V2beta1Experiment(display_name="trees")
    )
    runs = kfp_server_api.RunServiceApi(client)
    reference = kfp_server_api.V2beta1PipelineVersionReference(pipeline.pipeline_id, key)
    config = kfp_server_api.V2beta1RuntimeConfig(parameters={"rows": 3})
    run = runs.run_service_create_run(
        kfp_server_api.V2beta1Run(
            display_name="first",
            experiment_id=made.experiment_id,
            pipeline_version_reference=reference,
            runtime_config=config,
        )
    )
    kfp.advance(run.run_id, {"train": "RUNNING"})
    assert runs.run_service_get_run(run.run_id).state == "RUNNING"
    kfp.finish(run.run_id, "FAILED", {"train": "FAILED"}, error="train failed")
    ended = runs.run_service_get_run(run.run_id)
    tasks = {task.display_name: task.state for task in ended.run_details.task_details}
    assert (ended.state, ended.error.message, tasks["train"]) == (
        "FAILED",
        "train failed",
        "FAILED",
    )
    assert len(runs.run_service_list_runs(experiment_id=made.experiment_id).runs) == 1

    jobs = kfp_server_api.RecurringRunServiceApi(client)
    cron = kfp_server_api.V2beta1CronSchedule(cron="0 0 2 * * *")
    job = jobs.recurring_run_service_create_recurring_run(
        kfp_server_api.V2beta1RecurringRun(
            display_name="nightly",
            mode="ENABLE",
            max_concurrency="1",
            trigger=kfp_server_api.V2beta1Trigger(cron_schedule=cron),
            pipeline_version_reference=reference,
            runtime_config=config,
        )
    )
    assert len(jobs.recurring_run_service_list_recurring_runs().recurring_runs) == 1
    jobs.recurring_run_service_disable_recurring_run(job.recurring_run_id)
    assert kfp.recurring_runs[job.recurring_run_id]["status"] == "DISABLED"
    jobs.recurring_run_service_delete_recurring_run(job.recurring_run_id)
    assert kfp.recurring_runs == {}
    assert (
        kfp_server_api.HealthzServiceApi(client).healthz_service_get_healthz().multi_user is False
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param({"display_name": "r", "colour": 1}, 400, 'unknown field "colour"', id="an unknown field"),
        pytest.param({"display_name": 1}, 400, ".display_name: is no str", id="a number for a text"),
        pytest.param({"display_name": "r", "runtime_config": {"parameters": []}}, 400, "is no object", id="a list for an object"),
        pytest.param({"display_name": "r", "runtime_config": {"params": {}}}, 400, 'unknown field "params"', id="an unknown field within"),
        pytest.param({"display_name": "r", "state": "BUSY"}, 400, "no such value 'BUSY'", id="no such state"),
        pytest.param({"display_name": "r", "created_at": "now"}, 400, "is no time", id="a word for a time"),
        pytest.param({}, 400, "The run name is empty", id="no name"),
        pytest.param({"display_name": "r", "experiment_id": "x"}, 404, "Experiment x not found", id="no such experiment"),
        pytest.param({"display_name": "r", "pipeline_version_reference": {"pipeline_id": "x"}}, 404, "Pipeline x not found", id="no such pipeline"),
    ],
)  # fmt: skip
def test_a_run_that_is_refused(kfp, client, body, status, message):
    runs = kfp_server_api.RunServiceApi(client)
    found, error = refusal(runs.run_service_create_run, body)
    assert found == status
    assert message in error["message"]
    assert kfp.runs == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"max_concurrency": None}, "at most 10. Received 0", id="no limit of concurrency"),
        pytest.param({"max_concurrency": "11"}, "at most 10. Received 11", id="a limit too high"),
        pytest.param({"trigger": None}, "The trigger is empty", id="no trigger"),
        pytest.param({"trigger": {"cron_schedule": {"cron": "2 * *"}}}, "Expected 5 to 6 fields, found 3", id="half a schedule"),
        pytest.param({"mode": None}, "The mode of the job is unknown", id="no mode"),
        pytest.param({"display_name": None}, "The job name is empty", id="no name"),
    ],
)  # fmt: skip
def test_a_recurring_run_that_is_refused(kfp, client, change, message):
    body = {
        "display_name": "nightly",
        "mode": "ENABLE",
        "max_concurrency": "1",
        "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}},
        "pipeline_spec": {"root": {}},
        **change,
    }
    body = {key: value for key, value in body.items() if value is not None}
    jobs = kfp_server_api.RecurringRunServiceApi(client)
    status, error = refusal(jobs.recurring_run_service_create_recurring_run, body)
    assert (status, kfp.recurring_runs) == (400, {})
    assert message in error["message"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param({}, "parameter rows is not optional", id="one is missing"),
        pytest.param(
            {"rows": 1, "colour": "red"}, "not required by pipeline: colour", id="one too many"
        ),
        pytest.param({"rows": "1"}, "rows requires type NUMBER_INTEGER", id="a text for a number"),
        pytest.param({"rows": True}, "rows requires type NUMBER_INTEGER", id="a flag for a number"),
    ],
)
def test_parameters_that_are_refused(kfp, client, package, parameters, message):
    pipeline = kfp_server_api.PipelineUploadServiceApi(client).upload_pipeline(package, name="iris")
    body = {
        "display_name": "r",
        "pipeline_version_reference": {"pipeline_id": pipeline.pipeline_id},
        "runtime_config": {"parameters": parameters},
    }
    status, error = refusal(kfp_server_api.RunServiceApi(client).run_service_create_run, body)
    assert status == 400
    assert message in error["message"]


def test_uploads_that_are_refused(kfp, client, package, tmp_path):
    uploads = kfp_server_api.PipelineUploadServiceApi(client)
    uploads.upload_pipeline(package, name="iris")
    assert refusal(uploads.upload_pipeline, package, name="iris")[0] == 409
    assert refusal(uploads.upload_pipeline, package, name="i" * 129)[0] == 400
    assert refusal(uploads.upload_pipeline_version, package, name="v")[0] == 400
    (pipeline,) = kfp.pipelines
    again = {"name": "iris", "pipelineid": pipeline}
    assert refusal(uploads.upload_pipeline_version, package, **again)[0] == 409
    for name, text in (("iris.txt", PACKAGE), ("no.yaml", "a: 1"), ("half.yaml", "{")):
        path = tmp_path / name
        path.write_text(text)
        status, error = refusal(uploads.upload_pipeline, str(path), name="other")
        assert status == 400
        assert error["error_message"]
    kfp.store = "kubernetes"
    assert refusal(uploads.upload_pipeline, package, name="Iris")[0] == 400
    assert (
        refusal(uploads.upload_pipeline_version, package, name="v_1", pipelineid=pipeline)[0] == 400
    )
    assert len(kfp.pipelines) == len(kfp.versions) == 1


def test_several_users(kfp, client, package):
    kfp.multi_user = True
    uploads = kfp_server_api.PipelineUploadServiceApi(client)
    assert refusal(uploads.upload_pipeline, package, name="iris", namespace="other")[0] == 400
    shared = uploads.upload_pipeline(package, name="iris")
    mine = uploads.upload_pipeline(package, name="iris", namespace="team")
    pipelines = kfp_server_api.PipelineServiceApi(client)
    found = pipelines.pipeline_service_get_pipeline_by_name
    assert found("iris").pipeline_id == shared.pipeline_id
    assert found("iris", namespace="team").pipeline_id == mine.pipeline_id
    experiments = kfp_server_api.ExperimentServiceApi(client)
    create = experiments.experiment_service_create_experiment
    for namespace, status in ((None, 400), ("other", 403)):
        body = kfp_server_api.V2beta1Experiment(display_name="trees", namespace=namespace)
        assert refusal(create, body)[0] == status
    create(kfp_server_api.V2beta1Experiment(display_name="trees", namespace="team"))
    assert refusal(experiments.experiment_service_list_experiments)[0] == 400
    named = {"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": "trees"}]}
    page = experiments.experiment_service_list_experiments(
        namespace="team", filter=json.dumps(named)
    )
    assert [each.display_name for each in page.experiments] == ["trees"]
    body = kfp_server_api.V2beta1Run(display_name="r", pipeline_spec={"root": {}})
    assert refusal(kfp_server_api.RunServiceApi(client).run_service_create_run, body)[0] == 400
