"""``kale deploy`` against a server with state: what is made, what is found, what a run is given."""

import hashlib
import json

import pytest
import yaml
from cluster.deploys import changes, only
from cluster.kfp_faults import JSON

PIPELINE, VERSION = "POST /apis/v2beta1/pipelines", "POST /apis/v2beta1/pipelines/upload_version"
EXPERIMENT, RUN = "POST /apis/v2beta1/experiments", "POST /apis/v2beta1/runs"

CELLS = (
    ("pipeline-parameters", "n: int = 3\nrate = 0.5\nname = 'a'\nflag = True\nlags = [1, 2]\n"
     "conf = {'a': 1}\nlimit: int = None"),
    ("block:a", "print(n, rate, name, flag, lags, conf, limit)\nx = 1"),
    ("block:b prev:a", "print(x)"),
)  # fmt: skip


@pytest.fixture
def deploy(kale, kfp):
    return lambda *arguments: kale("deploy", *arguments, "--host", kfp.url)


# --------------------------------------------------------------------------- first and second


def test_the_first_deploy_makes_all_that_is_missing(deploy, notebook, kfp, tmp_path):
    path = notebook(*CELLS, metadata={"kubeflow_notebook": {"pipeline_description": "for tests"}})
    code, out, err = deploy(path)
    assert code == 0
    assert changes(kfp) == [PIPELINE, VERSION, EXPERIMENT, RUN]
    pipeline, version, run = only(kfp.pipelines), only(kfp.versions), only(kfp.runs)
    assert (pipeline["name"], pipeline["description"]) == ("nb", "for tests")
    assert only(kfp.experiments)["display_name"] == "Default"
    assert version["pipeline_id"] == pipeline["pipeline_id"]
    assert run["pipeline_version_reference"] == {
        "pipeline_id": pipeline["pipeline_id"],
        "pipeline_version_id": version["pipeline_version_id"],
    }
    details = f"{kfp.url}/#/pipelines/details/{pipeline['pipeline_id']}"
    assert [line.split() for line in out.splitlines()] == [
        ["pipeline", "nb", details],
        ["version", version["name"], f"{details}/version/{version['pipeline_version_id']}"],
        ["experiment", "Default",
         f"{kfp.url}/#/experiments/details/{only(kfp.experiments)['experiment_id']}"],
        ["run", run["run_id"], f"{kfp.url}/#/runs/details/{run['run_id']}"],
    ]  # fmt: skip
    assert err.splitlines() == [
        "creates pipeline nb",
        f"uploads version {version['name']}",
        "creates experiment Default",
        f"starts run {run['display_name']}",
    ]
    assert [*tmp_path.glob("nb*")] == [path]


def test_what_is_uploaded_is_what_compile_writes(deploy, kale, notebook, kfp, tmp_path):
    path = notebook(*CELLS)
    assert deploy(path)[0] == 0
    assert kale("compile", path, "-o", tmp_path / "made")[0] == 0
    content = (tmp_path / "made" / "nb.yaml").read_bytes()
    (upload,) = kfp.sent("upload_version")
    assert upload.body[1] == content
    assert upload.query["name"] == f"nb-{hashlib.sha256(content).hexdigest()[:12]}"


def test_the_files_are_written_if_asked_for(deploy, notebook, kfp, tmp_path):
    assert deploy(notebook(*CELLS), "-o", tmp_path / "made")[0] == 0
    written = (tmp_path / "made" / "nb.yaml").read_bytes()
    assert kfp.sent("upload_version")[0].body[1] == written


def test_the_same_again_uploads_nothing(deploy, notebook, kfp):
    path = notebook(*CELLS)
    assert deploy(path)[0] == 0
    code, out, _ = deploy(path)
    assert code == 0
    assert changes(kfp) == [PIPELINE, VERSION, EXPERIMENT, RUN, RUN]
    assert out.count("(was there)") == 3


def test_the_package_of_a_notebook_is_the_same_version(deploy, kale, notebook, kfp, tmp_path):
    path = notebook(*CELLS)
    assert deploy(path)[0] == 0
    assert kale("compile", path)[0] == 0
    assert deploy(tmp_path / "nb.yaml")[0] == 0
    assert changes(kfp) == [PIPELINE, VERSION, EXPERIMENT, RUN, RUN]


def test_a_changed_notebook_is_a_new_version(deploy, notebook, kfp):
    assert deploy(notebook(*CELLS))[0] == 0
    assert deploy(notebook(*CELLS, ("block:c prev:b", "print(1)")))[0] == 0
    assert changes(kfp) == [PIPELINE, VERSION, EXPERIMENT, RUN, VERSION, RUN]
    first, second = kfp.versions.values()
    used = [run["pipeline_version_reference"]["pipeline_version_id"] for run in kfp.runs.values()]
    assert used == [first["pipeline_version_id"], second["pipeline_version_id"]]
    assert first["name"] != second["name"]


def test_the_version_is_found_among_many(deploy, notebook, kfp):
    for number in range(5):
        cell = ("block:c prev:b", f"print({number})")
        assert deploy(notebook(*CELLS, cell), "--upload-only")[0] == 0
    assert deploy(notebook(*CELLS, ("block:c prev:b", "print(0)")))[0] == 0
    assert len(kfp.versions) == 5
    reference = only(kfp.runs)["pipeline_version_reference"]
    assert reference["pipeline_version_id"] == next(iter(kfp.versions))


def test_a_server_that_cannot_look_for_names(deploy, notebook, kfp):
    for number in range(5):
        cell = ("block:c prev:b", f"print({number})")
        assert deploy(notebook(*CELLS, cell), "--upload-only")[0] == 0
    kfp.fault("/versions", (501, JSON, b'{"code": 12, "message": "unsupported filter"}'))
    assert deploy(notebook(*CELLS, ("block:c prev:b", "print(1)")))[0] == 0
    assert len(kfp.versions) == 5


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(PIPELINE, id="the pipeline"),
        pytest.param(VERSION, id="the version"),
        pytest.param(EXPERIMENT, id="the experiment"),
    ],
)
def test_what_somebody_makes_meanwhile_counts_as_there(deploy, notebook, kfp, part):
    path = notebook(*CELLS)
    assert deploy(path)[0] == 0
    missed, answer = {
        PIPELINE: ("names/nb", (404, JSON, b'{"code": 5, "message": "not found"}')),
        VERSION: ("/versions", (200, JSON, b"{}")),
        EXPERIMENT: ("GET /apis/v2beta1/experiments", (200, JSON, b"{}")),
    }[part]
    # The look-up finds nothing, as if it had come a moment too early.
    kfp.fault(missed, answer)
    code, _, _ = deploy(path)
    assert code == 0
    assert changes(kfp).count(part) == 2
    assert (len(kfp.pipelines), len(kfp.versions), len(kfp.experiments)) == (1, 1, 1)
    assert len(kfp.runs) == 2


# --------------------------------------------------------------------------- what a run is given


PARAMETERS = [
    pytest.param([], {}, id="nothing: the defaults are the package's"),
    pytest.param(["n=4"], {"n": 4}, id="a whole number"),
    pytest.param(["n=-9007199254740992"], {"n": -(2**53)}, id="the least that is exact"),
    pytest.param(["rate=0.1"], {"rate": 0.1}, id="a number"),
    pytest.param(["rate=3"], {"rate": 3.0}, id="a whole number for a float"),
    pytest.param(["rate=5e-324"], {"rate": 5e-324}, id="the smallest number"),
    pytest.param(["name=4"], {"name": "4"}, id="text that looks like a number"),
    pytest.param(["name="], {"name": ""}, id="an empty text"),
    pytest.param(["name=a=b \u00e9\n\U0001f600 \"'\\"], {"name": "a=b \u00e9\n\U0001f600 \"'\\"}, id="any text"),
    pytest.param(["flag=false"], {"flag": False}, id="a truth value"),
    pytest.param(["lags=[]"], {"lags": []}, id="an empty list"),
    pytest.param(['lags=[1, 2.5, "a", [true]]'], {"lags": [1, 2.5, "a", [True]]}, id="a list"),
    pytest.param(['conf={"b": {"c": [0]}}'], {"conf": {"b": {"c": [0]}}}, id="an object"),
    pytest.param(["limit=7"], {"limit": 7}, id="one that is None by default"),
    pytest.param(["limit=null"], {}, id="None, which is not given at all"),
    pytest.param(["n=1", "name=b", "flag=true"], {"n": 1, "name": "b", "flag": True}, id="several"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), PARAMETERS)
def test_parameters(deploy, notebook, kfp, given, expected):
    options = [part for each in given for part in ("-p", each)]
    code, _, err = deploy(notebook(*CELLS), *options)
    assert code == 0, err
    (request,) = kfp.sent(RUN)
    found = request.body["runtime_config"]["parameters"]
    assert found == expected
    assert {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in expected.items()
    }


WRONG = [
    pytest.param(["m=4"], "KALE501", id="no such parameter"),
    pytest.param(["n"], "KALE502", id="no value"),
    pytest.param(["n=1", "n=2"], "KALE502", id="a second value"),
    pytest.param(["n=2.5"], "KALE503", id="no whole number"),
    pytest.param(["n=true"], "KALE503", id="a truth value for a number"),
    pytest.param(["flag=yes"], "KALE503", id="no truth value"),
    pytest.param(["lags={}"], "KALE503", id="no list"),
    pytest.param(["conf=[]"], "KALE503", id="no object"),
    pytest.param(["rate=NaN"], "KALE503", id="no number at all"),
    pytest.param(["n=9007199254740993"], "KALE612", id="a number that a double cannot hold"),
    pytest.param(["rate=1e400"], "KALE612", id="more than a double holds"),
    pytest.param(["lags=[9007199254740993]"], "KALE612", id="the same in a list"),
    pytest.param(["lags=[null]"], "KALE612", id="nothing in a list"),
    pytest.param(['conf={"a": null}'], "KALE612", id="nothing in an object"),
    pytest.param(["name={{workflow.name}}"], "KALE612", id="text that Argo expands"),
    pytest.param(["name=$(HOME)"], "KALE612", id="text that Kubernetes expands"),
    pytest.param(["name=a$$b"], "KALE612", id="text that Kubernetes shortens"),
    pytest.param(['conf={"{{a}}": 1}'], "KALE612", id="such text in a key"),
]


@pytest.mark.parametrize(("given", "expected"), WRONG)
def test_wrong_parameters_send_nothing(deploy, notebook, kfp, given, expected):
    options = [part for each in given for part in ("-p", each)]
    code, out, err = deploy(notebook(*CELLS), *options)
    assert (code, out) == (2, "")
    assert expected in err
    assert kfp.requests == []


def test_parameters_of_a_package_by_its_own_types(deploy, kale, notebook, kfp, tmp_path):
    assert kale("compile", notebook(*CELLS))[0] == 0
    options = ["-p", "n=4", "-p", "name=4", "-p", "flag=true", "-p", "lags=[1]", "-p", "rate=2"]
    assert deploy(tmp_path / "nb.yaml", *options)[0] == 0
    (request,) = kfp.sent(RUN)
    assert request.body["runtime_config"]["parameters"] == {
        "n": 4, "name": "4", "flag": True, "lags": [1], "rate": 2.0,
    }  # fmt: skip
    sent = len(kfp.requests)
    code, _, err = deploy(tmp_path / "nb.yaml", "-p", "n=a")
    assert (code, len(kfp.requests)) == (2, sent)
    assert "KALE503" in err


def test_a_parameter_that_the_package_calls_otherwise(deploy, notebook, kfp):
    cells = (("pipeline-parameters", "Ort = 'a'\nÉcart = 1"), ("block:a", "print(Ort, Écart)"))
    assert deploy(notebook(*cells), "-p", "Écart=2")[0] == 0
    (key,) = kfp.sent(RUN)[0].body["runtime_config"]["parameters"]
    package = yaml.safe_load(kfp.sent("upload_version")[0].body[1])
    assert key in package["root"]["inputDefinitions"]["parameters"]
    assert key != "Écart"


def test_all_that_can_be_said_of_a_run(deploy, notebook, kfp):
    metadata = {"kubeflow_notebook": {"experiment_name": "nightly"}}
    code, _, _ = deploy(
        notebook(*CELLS, metadata=metadata), "--run-name", "tonight", "--service-account", "robot",
        "--pipeline-root", "s3://bucket/runs",
    )  # fmt: skip
    assert code == 0
    body = kfp.sent(RUN)[0].body
    assert body["display_name"] == "tonight"
    assert body["service_account"] == "robot"
    assert body["runtime_config"] == {"parameters": {}, "pipeline_root": "s3://bucket/runs"}
    assert only(kfp.experiments)["display_name"] == "nightly"


def test_the_service_account_of_the_notebook(deploy, notebook, kfp):
    metadata = {"kubeflow_notebook": {"service_account": "trainer"}}
    assert deploy(notebook(*CELLS, metadata=metadata))[0] == 0
    assert kfp.sent(RUN)[0].body["service_account"] == "trainer"


def test_an_experiment_is_found_again(deploy, notebook, kfp):
    path = notebook(*CELLS)
    for _ in range(2):
        assert deploy(path, "--experiment_name", "mine")[0] == 0
    assert [each["display_name"] for each in kfp.experiments.values()] == ["mine"]
    assert {run["experiment_id"] for run in kfp.runs.values()} == {*kfp.experiments}


def test_an_archived_experiment_is_refused_before_anything_is_made(deploy, notebook, kfp):
    kfp.create_experiment({"display_name": "old"})["storage_state"] = "ARCHIVED"
    code, out, err = deploy(notebook(*CELLS), "--experiment_name", "old")
    assert (code, out, changes(kfp)) == (3, "", [])
    assert "error KALE615: the experiment `old` is archived" in err
    assert "nothing was changed on the cluster" in err


@pytest.mark.parametrize(
    ("option", "expected"), [("--no-cache", {}), ("--enable-cache", {"enableCache": True})]
)
def test_caching_is_the_same_for_all_steps_and_a_version_of_its_own(
    deploy, notebook, kfp, option, expected
):
    path = notebook(*CELLS, ("block:c prev:b cache:disabled", "print(1)"))
    assert deploy(path)[0] == 0
    for _ in range(2):
        assert deploy(path, option)[0] == 0
    plain, other = (next(yaml.safe_load_all(each.body[1])) for each in kfp.sent("upload_version"))
    tasks = other["root"]["dag"]["tasks"]
    assert [task["cachingOptions"] for task in tasks.values()] == [expected] * len(tasks)
    for document in (plain, other):
        for task in document["root"]["dag"]["tasks"].values():
            del task["cachingOptions"]
    assert plain == other
    used = [run["pipeline_version_reference"]["pipeline_version_id"] for run in kfp.runs.values()]
    assert used == [*kfp.versions, [*kfp.versions][1]]


# --------------------------------------------------------------------------- several users


def test_all_is_in_the_namespace_where_there_are_several_users(deploy, notebook, kfp):
    kfp.multi_user = True
    path = notebook(*CELLS)
    for _ in range(2):
        assert deploy(path, "--namespace", "team")[0] == 0
    assert [each["namespace"] for each in kfp.pipelines.values()] == ["team"]
    assert [each["namespace"] for each in kfp.experiments.values()] == ["team"]
    assert len(kfp.runs) == 2
    assert changes(kfp) == [PIPELINE, VERSION, EXPERIMENT, RUN, RUN]


def test_no_namespace_where_there_are_several_users(deploy, notebook, kfp):
    kfp.multi_user = True
    code, out, err = deploy(notebook(*CELLS))
    assert (code, out, changes(kfp)) == (2, "", [])
    assert f"error KALE614: {kfp.url} has several users" in err


def test_the_namespace_of_somebody_else(deploy, notebook, kfp):
    kfp.multi_user = True
    code, out, err = deploy(notebook(*CELLS), "--namespace", "theirs")
    assert (code, out) == (3, "")
    assert "error KALE607" in err
    assert kfp.pipelines == {}


def test_a_namespace_is_not_sent_where_there_is_one_user(deploy, notebook, kfp):
    assert deploy(notebook(*CELLS), "--namespace", "team")[0] == 0
    assert all("namespace" not in each.query for each in kfp.sent())


# --------------------------------------------------------------------------- less than a run


def test_upload_only(deploy, notebook, kfp):
    code, out, _ = deploy(notebook(*CELLS), "--upload-only")
    assert (code, changes(kfp)) == (0, [PIPELINE, VERSION])
    assert [line.split()[0] for line in out.splitlines()] == ["pipeline", "version"]


def test_a_dry_run_asks_the_cluster_nothing(kale, notebook, tmp_path):
    # Nothing listens at that port, and no proxy lets us through.
    path = notebook(*CELLS)
    code, out, err = kale(
        "deploy", path, "--dry-run", "--host", "http://127.0.0.1:1", "-p", "n=4",
        "--experiment_name", "mine",
    )  # fmt: skip
    assert code == 0
    told = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert told.pop("version").startswith("nb-")
    assert told == {
        "host": "http://127.0.0.1:1", "pipeline": "nb", "experiment": "mine", "run": "once",
        "parameter": "n  4",
    }  # fmt: skip
    assert err == "nothing was asked of the cluster, and nothing done\n"
    assert [*tmp_path.glob("nb*")] == [path]


def test_a_dry_run_without_a_host(kale, notebook):
    code, out, _ = kale("deploy", notebook(*CELLS), "--dry-run", "--recurring", "@daily", "--json")
    document = json.loads(out)
    assert (code, document["dry_run"], document["schedule"]) == (0, True, "0 0 0 * * *")
    assert document["host"].startswith("nowhere yet")
    assert document["pipeline"] == {"name": "nb", "id": None, "link": None, "new": None}


def test_no_host_at_all(kale, notebook):
    code, out, err = kale("deploy", notebook(*CELLS))
    assert (code, out) == (2, "")
    assert "error KALE601" in err
    assert "--host" in err


def test_a_refused_notebook_is_not_deployed(deploy, notebook, kfp):
    code, out, err = deploy(notebook(("block:a", "print(nothing)"), ("block:a", "x = (")))
    assert (code, out, kfp.requests) == (1, "", [])
    assert "nothing was changed" not in err


# --------------------------------------------------------------------------- JSON, links, hosts


def test_json(deploy, notebook, kfp):
    code, out, _ = deploy(notebook(*CELLS), "--json", "--run-name", "r")
    document = json.loads(out)
    run = only(kfp.runs)
    assert code == 0
    assert document["run"] == {
        "name": "r", "id": run["run_id"], "link": f"{kfp.url}/#/runs/details/{run['run_id']}", "new": True,
    }  # fmt: skip
    assert document["version"]["new"] is True
    assert document["recurring_run"] is None
    assert (document["state"], document["diagnostics"]) == (None, [])


def test_links_of_the_user_interface_that_the_environment_names(deploy, notebook, kfp, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", "https://kf.example.org/pipeline/")
    code, out, _ = deploy(notebook(*CELLS))
    assert code == 0
    run = only(kfp.runs)["run_id"]
    assert out.splitlines()[-1].endswith(f"https://kf.example.org/pipeline/#/runs/details/{run}")


def test_the_api_below_the_dashboard(kale, notebook):
    from cluster.kfp_server import KfpServer

    with KfpServer(prefix="/pipeline") as kfp:
        code, out, _ = kale("deploy", notebook(*CELLS), "--host", kfp.url)
        run = only(kfp.runs)["run_id"]
    assert code == 0
    assert out.splitlines()[-1].endswith(f"{kfp.url}/pipeline/#/runs/details/{run}")


def test_the_host_of_the_environment_is_no_setting_of_the_notebook(
    kale, notebook, kfp, monkeypatch
):
    monkeypatch.setenv("KALE_KFP_HOST", kfp.url)
    code, _, err = kale("compile", notebook(*CELLS))
    assert (code, err) == (0, "")
    assert kale("deploy", notebook(*CELLS))[0] == 0
    assert len(kfp.runs) == 1


def test_the_host_of_a_notebook_does_not_count(kale, notebook, kfp):
    metadata = {"kubeflow_notebook": {"kfp_host": kfp.url}}
    code, _, err = kale("deploy", notebook(*CELLS, metadata=metadata))
    assert (code, kfp.requests) == (2, [])
    assert "KALE601" in err


@pytest.mark.parametrize(
    ("options", "path"),
    [
        pytest.param(["--deploy", "--kfp_host"], "runs", id="deploy"),
        pytest.param(["--run_pipeline", "--kfp-host"], "runs", id="run"),
        pytest.param(["--upload_pipeline", "--kfp_host"], "versions", id="upload"),
        pytest.param(["--upload-pipeline", "--run-pipeline", "--kfp_host"], "runs", id="both"),
        pytest.param(["--deploy", "-p", "n=4", "--host"], "runs", id="with later options"),
    ],
)
def test_the_classic_form(kale, notebook, kfp, tmp_path, options, path):
    code, _, err = kale("--nb", notebook(*CELLS), *options, kfp.url)
    assert code == 0, err
    assert (bool(kfp.runs), bool(kfp.versions)) == (path == "runs", True)
    written = (tmp_path / "nb.yaml").read_bytes()
    assert kfp.sent("upload_version")[0].body[1] == written


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "http://127.0.0.1", "http://127.0.0.1:1", "127.0.0.1:1/"]
)
def test_the_classic_port(kale, notebook, kfp, host):
    options = ["--deploy", "--kfp_host", host, "--kfp_port", kfp.port]
    code, _, err = kale("--nb", notebook(*CELLS), *options)
    assert code == 0, err
    assert len(kfp.runs) == 1
