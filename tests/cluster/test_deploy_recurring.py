"""Recurring runs: made once, found again, and never silently a second one beside the first."""

import json

import pytest
from cluster.deploys import changes, only

JOB = "POST /apis/v2beta1/recurringruns"
CELLS = (("pipeline-parameters", "n = 3"), ("block:a", "print(n)"))


@pytest.fixture
def deploy(kale, kfp):
    return lambda *arguments: kale("deploy", *arguments, "--host", kfp.url)


def test_a_recurring_run_in_the_place_of_one_run(deploy, notebook, kfp):
    code, out, _ = deploy(notebook(*CELLS), "--recurring", "30 6 * * 1-7", "-p", "n=4")
    assert code == 0
    assert kfp.runs == {}
    job = only(kfp.recurring_runs)
    assert job["trigger"] == {"cron_schedule": {"cron": "0 30 6 * * 0-6"}}
    assert job["runtime_config"] == {"parameters": {"n": 4}}
    assert (job["display_name"], job["mode"]) == ("nb", "ENABLE")
    assert (job["max_concurrency"], job["no_catchup"]) == ("1", True)
    assert (
        job["pipeline_version_reference"]["pipeline_version_id"]
        == only(kfp.versions)["pipeline_version_id"]
    )
    key = job["recurring_run_id"]
    assert out.splitlines()[-1].split() == [
        "recurring",
        key,
        f"{kfp.url}/#/recurringrun/details/{key}",
    ]


def test_the_same_again_makes_no_second_one(deploy, notebook, kfp):
    path = notebook(*CELLS)
    options = ["--recurring", "@daily", "-p", "n=4", "--service-account", "robot"]
    for _ in range(3):
        code, out, _ = deploy(path, *options)
        assert code == 0
    assert len(kfp.recurring_runs) == 1
    assert out.count("(was there)") == 4


OTHER = [
    pytest.param(["--recurring", "@hourly"], id="another schedule"),
    pytest.param(["--recurring", "@daily", "-p", "n=5"], id="other parameters"),
    pytest.param(["--recurring", "@daily", "--experiment_name", "mine"], id="another experiment"),
    pytest.param(["--recurring", "@daily", "--service-account", "robot"], id="another account"),
    pytest.param(["--recurring", "@daily", "--pipeline-root", "s3://b"], id="another root"),
    pytest.param(["--recurring", "@daily", "--no-cache"], id="another version"),
]


def test_true_is_another_value_than_one(deploy, notebook, kfp):
    path = notebook(("pipeline-parameters", "xs = [1, 2]"), ("block:a", "print(xs)"))
    assert deploy(path, "--recurring", "@daily", "-p", "xs=[1]")[0] == 0
    assert deploy(path, "--recurring", "@daily", "-p", "xs=[1]")[0] == 0
    code, _, err = deploy(path, "--recurring", "@daily", "-p", "xs=[true]")
    assert (code, len(kfp.recurring_runs)) == (2, 1)
    assert "KALE613" in err


@pytest.mark.parametrize("options", OTHER)
def test_another_one_of_that_name_is_refused_before_anything_is_made(
    deploy, notebook, kfp, options
):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    before = changes(kfp)
    code, out, err = deploy(path, *options)
    assert (code, out) == (2, "")
    assert changes(kfp) == before
    key = only(kfp.recurring_runs)["recurring_run_id"]
    assert "error KALE613: there is a recurring run `nb` already at `0 0 0 * * *`" in err
    assert f"{kfp.url}/#/recurringrun/details/{key}" in err
    assert "--replace" in err


@pytest.mark.parametrize("options", OTHER)
def test_one_takes_the_place_of_all_of_its_name(deploy, notebook, kfp, options):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    old = only(kfp.recurring_runs)
    kfp.recurring_runs["twin"] = {**old, "recurring_run_id": "twin"}
    kfp.recurring_runs["other"] = {**old, "recurring_run_id": "other", "display_name": "other"}
    code, out, _ = deploy(path, *options, "--replace", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["replaced"] == [old["recurring_run_id"], "twin"]
    assert {*kfp.recurring_runs} == {document["recurring_run"]["id"], "other"}
    # The new one is there before an old one goes.
    assert [each.split()[0] for each in changes(kfp)][-3:] == ["POST", "DELETE", "DELETE"]


def test_replace_keeps_one_that_is_the_same(deploy, notebook, kfp):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    key = only(kfp.recurring_runs)["recurring_run_id"]
    assert deploy(path, "--recurring", "@daily", "--replace")[0] == 0
    assert [*kfp.recurring_runs] == [key]


def test_one_that_somebody_has_disabled_stays_so_and_that_is_said(deploy, notebook, kfp):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    kfp.enable(only(kfp.recurring_runs)["recurring_run_id"], enabled=False)
    code, _, err = deploy(path, "--recurring", "@daily")
    assert code == 0
    assert "the recurring run is disabled, and stays so" in err
    assert only(kfp.recurring_runs)["status"] == "DISABLED"


def test_a_second_one_by_another_name(deploy, notebook, kfp):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    assert deploy(path, "--recurring", "@hourly", "--recurring-name", "nb hourly")[0] == 0
    assert [each["display_name"] for each in kfp.recurring_runs.values()] == ["nb", "nb hourly"]


def test_those_of_other_namespaces_do_not_count(deploy, notebook, kfp):
    kfp.multi_user = True
    kfp.namespaces = {"team", "mine"}
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily", "--namespace", "team")[0] == 0
    assert deploy(path, "--recurring", "@hourly", "--namespace", "mine")[0] == 0
    assert sorted(each["namespace"] for each in kfp.recurring_runs.values()) == ["mine", "team"]


def test_no_schedule_asks_the_cluster_nothing(deploy, notebook, kfp):
    code, out, err = deploy(notebook(*CELLS), "--recurring", "0 0 9 * * 1")
    assert (code, out, kfp.requests) == (2, "", [])
    assert "error KALE610" in err


def test_a_recurring_run_that_cannot_be_removed_is_named(deploy, notebook, kfp):
    path = notebook(*CELLS)
    assert deploy(path, "--recurring", "@daily")[0] == 0
    key = only(kfp.recurring_runs)["recurring_run_id"]
    kfp.fault(f"DELETE /apis/v2beta1/recurringruns/{key}", "403")
    code, _, err = deploy(path, "--recurring", "@hourly", "--replace")
    assert code == 3
    assert f"removes the recurring run {key}" in err
    assert "made before that: recurring " in err
    # Done again, it goes on from there.
    assert deploy(path, "--recurring", "@hourly", "--replace")[0] == 0
    assert only(kfp.recurring_runs)["recurring_run_id"] != key
