"""Which server is spoken to, and which credentials it is given."""

from __future__ import annotations

import pytest

from kale.cluster import connection
from kale.cluster.connection import ConnectionOptions, find_connection
from kale.errors import UsageError

HOST = "https://kf.example.org"
CANARY = "canary-5d2e"


@pytest.fixture
def config(tmp_path):
    """Write the user's configuration file."""

    def write(text):
        folder = tmp_path / "config" / "kale"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://kf.example.org", HOST, id="an address"),
        pytest.param("https://kf.example.org/", HOST, id="a slash at its end"),
        pytest.param("  https://kf.example.org\n", HOST, id="spaces around it"),
        pytest.param("kf.example.org", HOST, id="no scheme is https"),
        pytest.param("HTTPS://KF.Example.org", HOST, id="capitals"),
        pytest.param("kf.example.org:8443", f"{HOST}:8443", id="a port and no scheme"),
        pytest.param("localhost:8080", "http://localhost:8080", id="this machine is http"),
        pytest.param("127.0.0.1:8080", "http://127.0.0.1:8080", id="this machine by number"),
        pytest.param("[::1]:8080", "http://[::1]:8080", id="this machine by a long number"),
        pytest.param("ml-pipeline.kubeflow.svc:8888", "http://ml-pipeline.kubeflow.svc:8888", id="a service is http"),
        pytest.param("bücher.example.org", "https://bücher.example.org", id="letters of any language"),
        pytest.param("my_host.", "https://my_host.", id="a name with a dot at its end"),
        pytest.param(f"{HOST}/pipeline", f"{HOST}/pipeline", id="a path"),
        pytest.param(f"{HOST}/pipeline/#/runs", f"{HOST}/pipeline", id="from the address bar"),
        pytest.param(f"{HOST}/_/pipeline/?ns=team#/runs", f"{HOST}/_/pipeline", id="from the dashboard's address bar"),
        pytest.param(f"{HOST}/pipeline/index.html", f"{HOST}/pipeline", id="the page itself"),
    ],
)  # fmt: skip
def test_a_host_as_people_write_it(text, expected):
    assert find_connection(ConnectionOptions(host=text)).host == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("ftp://kf.example.org", "KALE601", id="another scheme"),
        pytest.param("https://", "KALE601", id="no host"),
        pytest.param("https:///pipeline", "KALE601", id="a path alone"),
        pytest.param("kf.example.org:port", "KALE601", id="a port that is a word"),
        pytest.param("https://kf.example.org:99999", "KALE601", id="a port that cannot be"),
        pytest.param("https://kf.example.org:0", "KALE601", id="port 0"),
        pytest.param("https://[::1", "KALE601", id="half an address"),
        pytest.param("https://.", "KALE601", id="a dot"),
        pytest.param("https://a..b", "KALE601", id="a word too few"),
        pytest.param("https://" + "a" * 64, "KALE601", id="a word too long"),
        pytest.param("https://%zz", "KALE601", id="an escape"),
        pytest.param("https://-", "KALE601", id="a dash"),
        pytest.param("two words", "KALE601", id="a space"),
        pytest.param("kf.example.org\x1b[2J", "KALE601", id="what clears a screen"),
        pytest.param("kf.example.org\r\nX-Me: 1", "KALE601", id="what adds a header"),
        pytest.param(f"https://me:{CANARY}@kf.example.org", "KALE603", id="a password"),
        pytest.param(f"https://{CANARY}@kf.example.org", "KALE603", id="a user name"),
        pytest.param(f"me:{CANARY}@kf.example.org", "KALE603", id="a password and no scheme"),
    ],
)
def test_a_host_that_is_refused(text, code):
    with pytest.raises(UsageError) as caught:
        find_connection(ConnectionOptions(host=text))
    assert caught.value.code == code
    assert caught.value.message.startswith("--host")
    assert CANARY not in caught.value.message + caught.value.hint


def test_nothing_says_where():
    with pytest.raises(UsageError, match="nothing says where") as caught:
        find_connection()
    assert caught.value.code == "KALE601"
    assert "--host" in caught.value.hint


def test_the_first_that_names_a_host_counts(monkeypatch, config):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert find_connection().host == "http://ml-pipeline.kubeflow.svc.cluster.local:8888"
    config('host = "https://file"')
    assert find_connection().host == "https://file"
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "https://client")
    assert find_connection().host == "https://client"
    monkeypatch.setenv("KALE_KFP_HOST", "https://variable")
    assert find_connection().host == "https://variable"
    assert find_connection(ConnectionOptions(host="https://option")).host == "https://option"


def test_the_first_that_says_more_counts(monkeypatch, config, tmp_path):
    def found(**options):
        it = find_connection(ConnectionOptions(**options))
        return (
            it.namespace,
            it.token and it.token.reveal(),
            it.cookies and it.cookies.reveal(),
            it.ca_cert,
        )

    files = [tmp_path / name for name in ("option.pem", "variable.pem", "config/kale/file.pem")]
    config(f'host = "{HOST}"\nnamespace = "n"\ntoken = "t"\ncookies = "c=1"\nca_cert = "file.pem"')
    for file in files:
        file.write_text("")
    assert found() == ("n", "t", "c=1", str(files[2]))
    for name, value in {
        "NAMESPACE": "n2",
        "TOKEN": "t2",
        "COOKIES": "c=2",
        "CA_CERT": str(files[1]),
    }.items():
        monkeypatch.setenv(f"KALE_KFP_{name}", value)
    assert found() == ("n2", "t2", "c=2", str(files[1]))
    said = {"namespace": "n3", "token": "t3", "cookies": "c=3", "ca_cert": str(files[0])}
    assert found(**said) == ("n3", "t3", "c=3", str(files[0]))


def test_a_cluster_of_the_file_by_name_and_by_address(config):
    config(
        '[cluster.prod]\nhost = "https://prod"\ntoken = "p"\n'
        '[cluster.test]\nhost = "https://test/pipeline"\ntoken = "t"'
    )
    for text, host, token in (
        ("test", "https://test/pipeline", "t"),
        ("prod", "https://prod", "p"),
        ("https://test/", "https://test", "t"),
    ):
        found = find_connection(ConnectionOptions(host=text))
        assert (found.host, found.token.reveal()) == (host, token)
    with pytest.raises(UsageError, match="several clusters \\(prod, test\\)"):
        find_connection()


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("https://other.example.org", id="another host"),
        pytest.param(f"{HOST}:8443", id="another port"),
        pytest.param("http://kf.example.org", id="unencrypted"),
        pytest.param("https://kf.example.org.evil.example.org", id="a longer name"),
    ],
)
def test_credentials_of_the_file_go_to_no_other_server(config, host):
    config(f'host = "{HOST}"\ntoken = "{CANARY}"\ncookies = "{CANARY}"')
    found = find_connection(ConnectionOptions(host=host))
    assert (found.token, found.cookies) == (None, None)


def test_the_pods_token_goes_to_services_of_the_cluster_alone(monkeypatch, tmp_path):
    token = tmp_path / "token"
    token.write_text("of the pod\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(token))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert find_connection().token.reveal() == "of the pod"
    for host in (HOST, "http://localhost:8080", "https://evil.svc.example.org"):
        assert find_connection(ConnectionOptions(host=host)).token is None


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        pytest.param("http://kf.example.org", True, id="another machine"),
        pytest.param("http://10.1.2.3:8888", True, id="another machine by number"),
        pytest.param("http://kf.svc.example.org", True, id="a name that looks like a service's"),
        pytest.param(
            "http://localhost.example.org", True, id="a name that looks like this machine's"
        ),
        pytest.param("http://localhost:8080", False, id="this machine"),
        pytest.param("http://127.0.0.1:8080", False, id="this machine by number"),
        pytest.param("http://ml-pipeline.kubeflow.svc:8888", False, id="a service"),
        pytest.param(HOST, False, id="encrypted"),
    ],
)
@pytest.mark.parametrize("kind", ["token", "cookies"])
def test_credentials_do_not_travel_where_others_read_them(monkeypatch, host, refused, kind):
    said = ConnectionOptions(host=host, **{kind: CANARY})
    if refused:
        with pytest.raises(UsageError, match="unencrypted") as caught:
            find_connection(said)
        assert caught.value.code == "KALE603"
        assert CANARY not in caught.value.message + caught.value.hint
        assert find_connection(ConnectionOptions(host=host)).host == host
        monkeypatch.setenv("KALE_KFP_ALLOW_HTTP", "1")
    assert find_connection(said).host == host


def test_a_token_file_is_read_anew(tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    found = find_connection(ConnectionOptions(host=HOST, token_file=str(file)))
    assert found.headers() == {"Authorization": "Bearer one"}
    file.write_text("two")
    assert found.headers() == {"Authorization": "Bearer two"}
    file.unlink()
    with pytest.raises(UsageError, match="cannot be read") as caught:
        found.headers()
    assert caught.value.code == "KALE603"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="an empty file"),
        pytest.param(f"{CANARY}\nX-Other: 1", id="two lines"),
        pytest.param(f"{CANARY}ü", id="a letter that headers cannot hold"),
        pytest.param(f"{CANARY}\x00", id="a NUL"),
        pytest.param(CANARY * 10_000, id="a file too large"),
    ],
)
def test_a_token_that_no_request_can_carry(tmp_path, text):
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    found = find_connection(ConnectionOptions(host=HOST, token_file=str(file)))
    with pytest.raises(UsageError) as caught:
        found.headers()
    assert caught.value.code == "KALE603"
    assert CANARY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("token", "cookies", "sent"),
    [
        pytest.param("abc", "a=1; b=2", ("Bearer abc", "a=1; b=2"), id="alone"),
        pytest.param("Bearer abc", "Cookie: a=1", ("Bearer abc", "a=1"), id="as headers"),
        pytest.param(
            "authorization: bearer abc\n", "cookie:a=1 ", ("Bearer abc", "a=1"), id="as copied"
        ),
        pytest.param("bearerabc", "cookies=1", ("Bearer bearerabc", "cookies=1"), id="words alike"),
    ],
)
def test_how_credentials_are_sent(token, cookies, sent):
    found = find_connection(ConnectionOptions(host=HOST, token=token, cookies=cookies))
    assert tuple(found.headers().values()) == sent


def test_certificates_that_are_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"no file of certificates .*none\.pem"):
        find_connection(ConnectionOptions(host=HOST, ca_cert=str(tmp_path / "none.pem")))


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", "1e9"])
def test_a_timeout_that_is_none(monkeypatch, text):
    monkeypatch.setenv("KALE_KFP_TIMEOUT", text)
    with pytest.raises(UsageError, match="KALE_KFP_TIMEOUT"):
        find_connection(ConnectionOptions(host=HOST))


def test_the_usual_namespace(monkeypatch, tmp_path):
    assert find_connection(ConnectionOptions(host=HOST)).usual_namespace == ""
    context = tmp_path / "home" / ".config" / "kfp" / "context.json"
    context.parent.mkdir(parents=True)
    context.write_text("[]")
    assert find_connection(ConnectionOptions(host=HOST)).usual_namespace == ""
    context.write_text('{"namespace": "mine", "client_authentication_cookie": "x"}')
    found = find_connection(ConnectionOptions(host=HOST))
    assert (found.namespace, found.usual_namespace, found.cookies) == ("", "mine", None)
    pod = tmp_path / "namespace"
    pod.write_text("team\n")
    monkeypatch.setattr(connection, "_POD_NAMESPACE", str(pod))
    assert find_connection(ConnectionOptions(host=HOST)).usual_namespace == "team"


def test_no_secret_in_what_is_shown(monkeypatch, config):
    config(f'host = "{HOST}"\ntoken = "{CANARY}"')
    said = ConnectionOptions(cookies=f"a={CANARY}", token=CANARY)
    for shown in (said, find_connection(), find_connection(said)):
        assert CANARY not in f"{shown!r} {shown}"
