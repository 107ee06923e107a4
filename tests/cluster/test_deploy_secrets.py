"""Credentials go into the one header they are for: into no file, output, address or body."""

import json
import os

import pytest
from cluster.deploys import only

TOKEN, COOKIE, PASSWORD, OTHER = (
    f"canary-{word}-7f3a" for word in ("token", "cookie", "password", "other")
)
CANARIES = (TOKEN, COOKIE, PASSWORD, OTHER)

CELLS = (
    ("pipeline-parameters", "n = 3"),
    ("block:load secret:db:password:DB_PASSWORD", "import os\nx = os.environ.get('DB_PASSWORD')"),
    ("block:train prev:load", "print(n, 1 / 0)"),
)


@pytest.fixture
def canaries(monkeypatch, tmp_path, kfp):
    """Credentials in the environment and in the configuration file."""
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    monkeypatch.setenv("API_KEY", OTHER)
    monkeypatch.setenv("KALE_NO_PAGES", "1")
    kfp.require_token(TOKEN)
    folder = tmp_path / "config" / "kale"
    folder.mkdir(parents=True)
    file = folder / "config.toml"
    file.write_text(
        f'host = "{kfp.url}"\ntoken = "{TOKEN}"\ncookies = "session={COOKIE}"\n', encoding="utf-8"
    )
    file.chmod(0o600)
    return file


def leaks(folder, but, *texts):
    """Where a canary is: in a file below a folder, or in one of the texts."""
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file() and path != but):
        content = path.read_bytes()
        found += [(str(path), canary) for canary in CANARIES if canary.encode() in content]
    return found + [(text[:80], canary) for text in texts for canary in CANARIES if canary in text]


def sent_texts(kfp):
    """All of the requests but the two headers that are for credentials."""
    for each in kfp.requests:
        headers = {k: v for k, v in each.headers.items() if k not in ("Authorization", "Cookie")}
        body = each.body[1].decode() if isinstance(each.body, tuple) else str(each.body)
        yield f"{each} {each.query} {headers} {body}"


WAYS = [
    pytest.param([], id="in text"),
    pytest.param(["--json"], id="in JSON"),
    pytest.param(["--debug"], id="with tracebacks"),
    pytest.param(["-o", "made"], id="with the files"),
    pytest.param(["--dry-run"], id="dry"),
    pytest.param(["--recurring", "@daily"], id="recurring"),
]


@pytest.mark.parametrize("options", WAYS)
def test_a_deploy_that_goes_well(kale, notebook, kfp, canaries, tmp_path, monkeypatch, options):
    path = notebook(*CELLS)
    monkeypatch.chdir(tmp_path)
    code, out, err = kale("deploy", path, *options)
    assert code == 0, err
    assert leaks(tmp_path, canaries, out, err, *sent_texts(kfp)) == []
    if "--dry-run" not in options:
        heads = {(each.headers["Authorization"], each.headers["Cookie"]) for each in kfp.sent()}
        assert heads == {(f"Bearer {TOKEN}", f"session={COOKIE}")}


@pytest.mark.parametrize(
    "kind", ["401", "expired", "403", "500", "cut", "badjson", "login", "redirect-away"]
)
@pytest.mark.parametrize("options", [[], ["--json"], ["--debug"]])
def test_a_deploy_that_fails(kale, notebook, kfp, canaries, tmp_path, monkeypatch, kind, options):
    monkeypatch.setattr("kale.cluster.session.time.sleep", lambda _: None)
    path = notebook(*CELLS)
    kfp.fault("upload_version", kind, times=99)
    code, out, err = kale("deploy", path, *options)
    assert (code, "Traceback" in err) == (3, options == ["--debug"])
    assert leaks(tmp_path, canaries, out, err, *sent_texts(kfp)) == []


def test_a_run_that_fails(kale, notebook, kfp, canaries, tmp_path, monkeypatch):
    monkeypatch.setattr("kale.cluster.following.time.sleep", lambda _: None)
    find = kfp.run

    def fails(key, query):
        kfp.finish(key, "FAILED", {"train": "FAILED"}, pods={"train": "pod-1"})
        return find(key, query)

    monkeypatch.setattr(kfp, "run", fails)
    code, out, err = kale("deploy", notebook(*CELLS), "--wait", "--json")
    assert (code, json.loads(out)["state"]) == (1, "failed")
    assert leaks(tmp_path, canaries, out, err, *sent_texts(kfp)) == []


def test_credentials_of_options(kale, notebook, kfp, tmp_path, monkeypatch):
    kfp.require_token(TOKEN)
    secret = tmp_path / "config" / "token"
    secret.parent.mkdir()
    secret.write_text(TOKEN, encoding="utf-8")
    options = ["--host", kfp.url, "--token-file", secret, "--cookies", f"session={COOKIE}"]
    code, out, err = kale("deploy", notebook(*CELLS), *options, "--json")
    assert code == 0, err
    assert leaks(tmp_path, secret, out, err, *sent_texts(kfp)) == []
    assert only(kfp.runs)
    code, out, err = kale("deploy", notebook(*CELLS), "--host", kfp.url, "--token", OTHER)
    assert code == 3
    assert leaks(tmp_path, secret, out, err) == []


@pytest.mark.parametrize("variable", ["KALE_INDEX_URL", "KALE_EXTRA_INDEX_URL"])
def test_a_password_in_the_address_of_an_index_sends_nothing(
    kale, notebook, kfp, canaries, tmp_path, monkeypatch, variable
):
    monkeypatch.setenv(variable, f"https://me:{PASSWORD}@pypi.example.org/simple")
    code, out, err = kale("deploy", notebook(*CELLS))
    assert (code, out, kfp.requests) == (2, "", [])
    assert "KALE419" in err
    assert leaks(tmp_path, canaries, err) == []


def test_a_password_in_the_host_is_not_shown(kale, notebook, tmp_path):
    host = f"https://me:{PASSWORD}@kf.example.org"
    code, out, err = kale("deploy", notebook(*CELLS), "--host", host)
    assert (code, out) == (2, "")
    assert leaks(tmp_path, None, err) == []


def test_credentials_are_for_their_own_host(kale, notebook, kfp, canaries, monkeypatch):
    from cluster.kfp_server import KfpServer

    with KfpServer() as other:
        code, _, _ = kale("deploy", notebook(*CELLS), "--host", other.url)
        headers = {name for each in other.requests for name in each.headers}
    assert code == 0
    assert not {"Authorization", "Cookie"} & headers
    assert kfp.requests == []
    assert "KALE_KFP_TOKEN" not in os.environ
