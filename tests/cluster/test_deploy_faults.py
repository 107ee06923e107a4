"""A server that fails midway: one plain sentence, exit code 3, and what there is by then is named."""

import json

import pytest
from cluster.deploys import changes

CELLS = (("block:a", "print(1)"),)

#: The requests of a first deploy, and what has been made when each is answered.
STAGES = [
    pytest.param("names/nb", [], False, id="looking for the pipeline"),
    pytest.param("GET /apis/v2beta1/experiments", [], False, id="looking for the experiment"),
    pytest.param("POST /apis/v2beta1/pipelines", [], True, id="making the pipeline"),
    pytest.param("upload_version", ["pipeline"], True, id="uploading the version"),
    pytest.param("POST /apis/v2beta1/experiments", ["pipeline", "version"], True, id="making the experiment"),
    pytest.param("POST /apis/v2beta1/runs", ["pipeline", "version", "experiment"], True, id="starting the run"),
]  # fmt: skip

#: Faults by the code that they are told by; those of the last rows leave it open what was done.
FAULTS = [
    pytest.param("401", "KALE606", True, id="nobody is logged in"),
    pytest.param("expired", "KALE606", True, id="the token has expired"),
    pytest.param("403", "KALE607", True, id="not allowed"),
    pytest.param("500", "KALE609", False, id="a broken server"),
    pytest.param("badjson", "KALE608", False, id="an answer that ends midway in its JSON"),
    pytest.param("cut", "KALE604", False, id="a connection that breaks off"),
    pytest.param("drop", "KALE604", False, id="no answer at all"),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Let what may be asked again be asked again at once."""
    from kale.cluster import session

    monkeypatch.setattr(session.time, "sleep", lambda _: None)


@pytest.fixture
def deploy(kale, kfp):
    return lambda *arguments: kale("deploy", *arguments, "--host", kfp.url)


@pytest.mark.parametrize(("kind", "told", "sure"), FAULTS)
@pytest.mark.parametrize(("stage", "made", "changing"), STAGES)
def test_what_was_made_before_is_named(
    deploy, notebook, kfp, stage, made, changing, kind, told, sure
):
    if stage == "names/nb":
        # The answer is not 404, of which half would say as much.
        kfp.create_pipeline({"display_name": "nb"})
    kfp.fault(stage, kind, times=99)
    code, out, err = deploy(notebook(*CELLS))
    assert (code, out) == (3, "")
    assert f"error {told}: " in err
    named = [
        line.split(": ")[1].split()[0]
        for line in err.splitlines()
        if line.startswith("made before that")
    ]
    assert named == made
    assert ("under way was: " in err) == (changing and not sure)
    assert ("nothing was changed on the cluster" in err) == (not changing)
    assert "Traceback" not in err


@pytest.mark.parametrize(("kind", "told", "sure"), FAULTS)
def test_the_same_command_goes_on_from_there(deploy, notebook, kfp, kind, told, sure):
    path = notebook(*CELLS)
    for stage in (
        "POST /apis/v2beta1/pipelines",
        "upload_version",
        "POST /apis/v2beta1/experiments",
    ):
        kfp.fault(stage, kind)
        assert deploy(path)[0] == 3
    assert deploy(path)[0] == 0
    assert (len(kfp.pipelines), len(kfp.versions), len(kfp.experiments)) == (1, 1, 1)
    assert len(kfp.runs) == 1


def test_a_run_that_may_have_started_is_not_started_again(deploy, notebook, kfp):
    kfp.fault("POST /apis/v2beta1/runs", "cut")
    code, _, err = deploy(notebook(*CELLS))
    assert code == 3
    assert len(kfp.runs) == 1
    assert "see the list of runs before you start it again" in err


@pytest.mark.parametrize("kind", ["429", "503-later"])
def test_a_busy_server_is_asked_again(deploy, notebook, kfp, kind):
    for stage in ("names/nb", "upload_version", "POST /apis/v2beta1/runs"):
        kfp.fault(stage, kind)
    assert deploy(notebook(*CELLS))[0] == 0
    assert (len(kfp.versions), len(kfp.runs)) == (1, 1)


@pytest.mark.parametrize("kind", ["login", "redirect"])
def test_a_page_to_log_in(deploy, notebook, kfp, kind):
    kfp.fault("names/nb", kind, times=99)
    code, out, err = deploy(notebook(*CELLS))
    assert (code, out, changes(kfp)) == (3, "", [])
    assert "error KALE606" in err


@pytest.mark.parametrize(("kind", "told", "sure"), FAULTS)
def test_json_of_a_failure(deploy, notebook, kfp, kind, told, sure):
    kfp.fault("POST /apis/v2beta1/runs", kind, times=99)
    code, out, _ = deploy(notebook(*CELLS), "--json")
    document = json.loads(out)
    assert code == 3
    assert [each["code"] for each in document["diagnostics"]] == [told]
    assert document["version"]["new"] is True
    assert document["run"] is None


@pytest.mark.parametrize(
    ("options", "expected", "told"),
    [
        pytest.param(["--host", "http://127.0.0.1:1"], 3, "KALE604", id="nothing listens"),
        pytest.param([], 2, "KALE601", id="no host"),
        pytest.param(["-p", "x=1"], 2, "KALE501", id="wrong use"),
    ],
)
def test_json_of_what_never_reached_a_server(kale, notebook, options, expected, told):
    code, out, _ = kale("deploy", notebook(*CELLS), "--json", *options)
    document = json.loads(out)
    assert (code, [each["code"] for each in document["diagnostics"]]) == (expected, [told])
    assert document["pipeline"] is None


def test_json_of_a_refused_notebook(kale, notebook):
    code, out, _ = kale("deploy", notebook(("block:a prev:b", "x = 1")), "--json")
    assert code == 1
    assert json.loads(out)["diagnostics"]


def test_a_server_that_is_too_old(deploy, notebook, kfp):
    kfp.version = "1.8.5"
    code, out, err = deploy(notebook(*CELLS))
    assert (code, out) == (3, "")
    assert "error KALE608" in err
    assert "2.0" in err


TWO = (("block:load_it", "x = 1"), ("block:train prev:load_it", "print(x)"))


@pytest.mark.parametrize("version", ["2.0.5", "v2.5.0", "2.4"])
def test_servers_of_earlier_years(deploy, notebook, kfp, version):
    kfp.version, kfp.has_names = version, False
    code, out, err = deploy(notebook(*TWO))
    assert (code, out, changes(kfp)) == (1, "", [])
    release = version.strip("v")[:3]
    assert f"error KALE618: the cluster is Kubeflow Pipelines {version}, which" in err
    assert f"--kfp-version {release}" in err
    for _ in range(2):
        assert deploy(notebook(*TWO), "--kfp-version", release)[0] == 0
    assert (len(kfp.pipelines), len(kfp.versions), len(kfp.runs)) == (1, 1, 2)


@pytest.mark.parametrize(("version", "told"), [("2.17.3", 0), ("2.3.0", 1)])
def test_what_fails_at_runs_there_is_said(deploy, notebook, kfp, version, told):
    kfp.version = version
    path = notebook(("pipeline-parameters", "n = None"), ("block:a", "print(n)"))
    code, _, err = deploy(path)
    assert code == 0, err
    assert err.count("KALE414: parameter `n` has no default") == told


@pytest.mark.parametrize(
    "version", ["2.17.3", "3.0.0", "", "dev", "2.16.0-rc.1", "1.2.3-of-a-vendor"]
)
def test_servers_that_know_it_all_or_do_not_say(deploy, notebook, kfp, version):
    # One of the next release says so; what a vendor calls it may be any text.
    health = json.dumps({"tag_name": version, "multi_user": False}).encode()
    kfp.fault("healthz", (200, {"Content-Type": "application/json"}, health))
    code, _, err = deploy(notebook(*TWO))
    assert code == 0, err
    assert len(kfp.runs) == 1


@pytest.mark.parametrize(
    "stage", ["POST /apis/v2beta1/pipelines", "upload_version", "POST /apis/v2beta1/runs"]
)
def test_an_answer_without_what_it_should_have(deploy, notebook, kfp, stage):
    kfp.fault(stage, (200, {"Content-Type": "application/json"}, b'{"run_id": 3}'))
    code, out, err = deploy(notebook(*CELLS))
    assert (code, out) == (3, "")
    assert "error KALE608" in err
    assert "answers without a `" in err


def test_hostile_words_of_a_server_are_shown_and_not_obeyed(deploy, notebook, kfp):
    words = json.dumps({"run_id": "../\x1b[31mx\n/\u202e"}).encode()
    kfp.fault("POST /apis/v2beta1/runs", (200, {"Content-Type": "application/json"}, words))
    code, out, err = deploy(notebook(*CELLS))
    assert code == 0
    assert not {"\x1b", "\u202e"} & {*out, *err}
    assert out.splitlines()[-1].endswith("/#/runs/details/..%2F%1B%5B31mx%0A%2F%E2%80%AE")
