"""Answers of the API, and every way in which there is none: one sentence each, nothing twice."""

from __future__ import annotations

import socket
import threading
import traceback

import pytest
from cluster.kfp_server import KfpServer

from kale.cluster import session
from kale.cluster.api import Api
from kale.cluster.connection import Connection
from kale.cluster.secret import Secret
from kale.cluster.session import Patience
from kale.errors import ClusterError

RUNS = "/apis/v2beta1/runs"
UPLOAD = "/apis/v2beta1/pipelines/upload"
PACKAGE = b"pipelineInfo:\n  name: iris\nroot:\n  dag: {}\n"
CANARY = "canary-7a91"
TEXT = {"Content-Type": "text/plain"}


class AtOnce:
    """Asks again without a wait, and notes what the server wants of it."""

    attempts = 3

    def __init__(self):
        self.asked = []

    def seconds(self, attempt, asked):
        self.asked.append(asked)
        return 0.0


@pytest.fixture
def open_api():
    """Make an API of a server, with a token and cookies that no message may show."""

    def make(host, *, timeout=30.0, **more):
        token = Secret(CANARY, "KALE_KFP_TOKEN")
        connection = Connection(host, token=token, timeout=timeout, **more)
        return Api(connection, AtOnce())

    return make


@pytest.fixture
def api(kfp, open_api):
    found = open_api(kfp.url)
    found.health()
    return found


def shown(error):
    """All that a user can get to see of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + error.message + error.hint


def failure(call, *arguments, **named):
    with pytest.raises(ClusterError) as caught:
        call(*arguments, **named)
    assert CANARY not in shown(caught.value)
    assert "requests.exceptions" not in shown(caught.value)  # whose texts hold addresses
    assert caught.value.exit_code == 3
    return caught.value


# -- faults that asking again does not mend


@pytest.mark.parametrize(
    ("fault", "code", "status", "message", "hint"),
    [
        pytest.param("401", "KALE606", 401, "does not accept the credentials from KALE_KFP_TOKEN: Request header error", "new token", id="nobody is logged in"),
        pytest.param("expired", "KALE606", 401, "KALE_KFP_TOKEN: Jwt is expired", "new token", id="the token has expired"),
        pytest.param("login", "KALE606", 200, "a web page, which is most often one to log in", "cookies of a browser", id="a page to log in"),
        pytest.param((200, {}, b"\n<!DOCTYPE html><p>Log in"), "KALE606", 200, "a web page", "cookies of a browser", id="a page that does not say that it is one"),
        pytest.param("redirect", "KALE606", 200, "a web page", "cookies of a browser", id="the way to a page to log in"),
        pytest.param("redirect-away", "KALE606", 302, "a web page", "cookies of a browser", id="the way to a login elsewhere"),
        pytest.param("403", "KALE607", 403, f"does not allow GET {RUNS} in the namespace team: RBAC: access denied", "--namespace", id="not allowed"),
        pytest.param((403, {"Content-Type": "text/html"}, b"<html><form action=/oauth2/start>Sign in</form>"), "KALE606", 403, "a web page", "cookies of a browser", id="not allowed, on a page to log in"),
        pytest.param((403, {"Content-Type": "text/html"}, b"<html><h1>403 Forbidden</h1></html>"), "KALE607", 403, "does not allow GET", "--namespace", id="not allowed, on a page that says no more"),
        pytest.param("404", "KALE609", 404, f"answers GET {RUNS} with 404: Not Found", "deleted", id="not there"),
        pytest.param("409", "KALE609", 409, "with 409: Already exist error: the name is taken", "there already", id="there already"),
        pytest.param("badjson", "KALE608", None, f"answers GET {RUNS} with what is no JSON", "", id="JSON that ends midway"),
        pytest.param("nojson", "KALE608", None, "what is no JSON", "", id="JSON that is no object"),
        pytest.param((413, TEXT, b"too big"), "KALE609", 413, "with 413: too big", "too large", id="too large for a proxy"),
        pytest.param((407, TEXT, b""), "KALE604", 407, "the proxy wants a user name", "HTTPS_PROXY", id="a proxy that wants a login"),
        pytest.param((400, TEXT, b"Client sent an HTTP request to an HTTPS server.\n"), "KALE605", None, "wants https, and the address says http", "https://", id="HTTP to a port of HTTPS"),
        pytest.param((301, {"Location": "https://127.0.0.1/x"}, b""), "KALE605", None, "wants https", "https://", id="sent on to https"),
        pytest.param((400, TEXT, f"bad token {CANARY}".encode()), "KALE609", 400, "bad token <hidden>", "", id="a token sent back"),
        pytest.param((400, TEXT, b"see https://me:pw@store/x"), "KALE609", 400, "https://<hidden>@store/x", "", id="a password in its words"),
        pytest.param((400, TEXT, b"\x1b[2J\r\nred"), "KALE609", 400, ": \\x1b[2J red", "", id="words that clear a screen"),
        pytest.param((400, TEXT, b"\xff" * 9), "KALE609", 400, "with 400: \ufffd", "", id="bytes that are no text"),
        pytest.param((400, TEXT, b"x" * 5000), "KALE609", 400, ": " + "x" * 299 + "…", "", id="more words than fit"),
        pytest.param((400, {}, b'{"error_message": "unknown template format", "error_details": "go"}'), "KALE609", 400, ": unknown template format", "", id="the words of an upload"),
        pytest.param((400, {}, b'{"message": 3, "error": "older"}'), "KALE609", 400, ": older", "", id="the words of an older server"),
        pytest.param((418, {}, b""), "KALE609", 418, "with 418", "", id="no words"),
    ],
)  # fmt: skip
def test_said_plainly_and_asked_once(kfp, api, fault, code, status, message, hint):
    kfp.fault(f"GET {RUNS}", fault)
    error = failure(api.get, RUNS, namespace="team")
    assert (error.code, error.status) == (code, status)
    assert message in error.message
    assert hint in error.hint
    assert len(kfp.sent(RUNS)) == 1


# -- faults that asking again may mend


@pytest.mark.parametrize(
    ("fault", "code", "status", "message"),
    [
        pytest.param("429", "KALE609", 429, "with 429: Too Many Requests", id="asked too much"),
        pytest.param("500", "KALE609", 500, "driver: bad connection", id="broken"),
        pytest.param("502", "KALE609", 502, "answers GET /apis/v2beta1/runs with 502", id="a page of a proxy"),
        pytest.param("503", "KALE609", 503, "upstream connect error", id="not up"),
        pytest.param("drop", "KALE604", None, "broke off before the answer was whole", id="no answer"),
        pytest.param("cut", "KALE604", None, "broke off before the answer was whole", id="half an answer"),
    ],
)  # fmt: skip
def test_reading_is_tried_again(kfp, api, fault, code, status, message):
    kfp.fault(f"GET {RUNS}", fault, times=2)
    assert api.get(RUNS) == {}
    assert len(kfp.sent(RUNS)) == 3
    kfp.fault(f"GET {RUNS}", fault, times=99)
    error = failure(api.get, RUNS)
    assert (error.code, error.status) == (code, status)
    assert message in error.message
    assert len(kfp.sent(RUNS)) == 6


@pytest.mark.parametrize(
    ("fault", "sent", "code"),
    [
        pytest.param("500", 1, "KALE609", id="broken"),
        pytest.param("502", 1, "KALE609", id="a proxy that lost it"),
        pytest.param("503", 1, "KALE609", id="a mesh that may have lost it"),
        pytest.param("drop", 1, "KALE604", id="no answer"),
        pytest.param("cut", 1, "KALE604", id="half an answer"),
        pytest.param("redirect", 1, "KALE606", id="sent on to log in"),
        pytest.param("429", 3, "KALE609", id="asked too much, so not begun"),
        pytest.param("503-later", 3, "KALE609", id="told to come back, so not begun"),
    ],
)
@pytest.mark.parametrize("kind", ["run", "upload"])
def test_what_may_have_been_done_is_not_sent_twice(kfp, api, kind, fault, sent, code):
    def send():
        if kind == "upload":
            return api.upload(UPLOAD, "iris.yaml", PACKAGE, name="iris")
        return api.post(RUNS, {"display_name": "r", "pipeline_spec": {"root": {}}})

    kfp.fault("POST", fault, times=99)
    error = failure(send)
    assert error.code == code
    assert len(kfp.sent("POST")) == sent
    done = len(kfp.pipelines if kind == "upload" else kfp.runs)
    assert done == (fault == "cut")
    if code == "KALE604":
        assert error.status is None
        assert "may have been done" in error.hint


def test_a_post_goes_through_when_the_kept_connection_has_ended(kfp, api):
    api.get(RUNS)
    kfp.fault("POST", "stale")
    assert (
        api.post(RUNS, {"display_name": "r", "pipeline_spec": {"root": {}}})["run_id"] in kfp.runs
    )


def test_a_silent_server_is_waited_for_once(kfp, open_api):
    api = open_api(kfp.url, timeout=0.2)
    api.health()
    kfp.fault(RUNS, "slow", times=9)
    for send, where in ((api.get, "GET"), (api.post, "POST")):
        error = failure(send, RUNS)
        assert error.code == "KALE604"
        assert "has not answered within 0.2 seconds" in error.message
        assert len(kfp.sent(f"{where} {RUNS}")) == 1
    assert "may have been done" in error.hint


def test_a_server_that_falls_silent_is_waited_for_once(kfp, open_api):
    api = open_api(kfp.url, timeout=0.2)
    api.post(RUNS, {"display_name": "r", "pipeline_spec": {"root": {}}})
    kfp.fault(f"GET {RUNS}", "stall", times=9)
    error = failure(api.get, RUNS)
    assert (error.code, len(kfp.sent("GET"))) == ("KALE604", 1)
    assert "has not answered within 0.2 seconds" in error.message


def test_the_server_says_when_to_come_back(kfp, api):
    kfp.fault(RUNS, (429, {"Retry-After": "7"}, b""))
    api.get(RUNS)
    assert api._session._patience.asked == ["7"]  # noqa: SLF001 - the test's own


@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"),
    [
        pytest.param(1, "", 0.25, id="soon at first"),
        pytest.param(3, "", 1.0, id="twice as long each time"),
        pytest.param(9, "", 30.0, id="never longer than half a minute"),
        pytest.param(1, "7", 7.0, id="as long as it is told"),
        pytest.param(1, "99999", 30.0, id="but not for a day"),
        pytest.param(1, "-7", 0.25, id="not backwards"),
        pytest.param(1, "²", 0.25, id="not by a digit that is none"),
        pytest.param(1, "Wed, 21 Oct 2026 07:28:00 GMT", 0.25, id="not by a clock"),
    ],
)
def test_how_long_is_waited(attempt, asked, seconds):
    assert Patience().seconds(attempt, asked) == seconds


# -- no server, or another one


def test_nothing_listens(open_api):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    api = open_api(f"http://127.0.0.1:{port}")
    error = failure(api.get, RUNS)
    assert error.code == "KALE604"
    assert error.message == f"nothing listens at 127.0.0.1:{port}"
    assert api._session._patience.asked == ["", ""]  # noqa: SLF001 - the test's own


def test_no_such_name(open_api):
    error = failure(open_api("https://kale.invalid").get, RUNS)
    assert error.code == "KALE604"
    assert error.message == "there is no server named kale.invalid"


def test_a_name_that_cannot_be(open_api):
    error = failure(open_api("https://" + "ü" * 60).get, RUNS)
    assert error.code == "KALE604"
    assert "is no address of a server" in error.message


def test_no_http(open_api):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            for _ in range(3):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        threading.Thread(target=answer, daemon=True).start()
        error = failure(open_api(f"http://127.0.0.1:{listening.getsockname()[1]}").get, RUNS)
    assert error.code == "KALE604"
    assert "broke off" in error.message


def test_a_server_before_2_0(kfp, open_api):
    kfp.version = "1.8.5"
    error = failure(open_api(kfp.url).get, RUNS)
    assert error.code == "KALE608"
    assert "from before 2.0" in error.message
    assert "upgrade" in error.hint


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        pytest.param((404, TEXT, b"no such page"), "KALE608", "does not answer as Kubeflow Pipelines does", id="pages that are not there"),
        pytest.param((200, {}, b'{"status": "ok"}'), "KALE608", "does not answer as Kubeflow Pipelines does", id="another API"),
        pytest.param((200, {}, b"ok"), "KALE608", "does not answer as Kubeflow Pipelines does", id="plain text"),
        pytest.param("login", "KALE606", "a web page", id="a login page everywhere"),
        pytest.param("403", "KALE607", "does not allow GET /apis/v2beta1/healthz", id="nothing allowed"),
    ],
)  # fmt: skip
def test_another_server(kfp, open_api, answer, code, message):
    kfp.fault("", answer, times=99)
    error = failure(open_api(kfp.url).get, RUNS)
    assert error.code == code
    assert message in error.message


# -- where the API is


@pytest.mark.parametrize(
    ("prefix", "host"),
    [
        pytest.param("", "", id="at the host"),
        pytest.param("/pipeline", "", id="below the dashboard"),
        pytest.param("/pipeline", "/pipeline", id="below the dashboard, and said so"),
        pytest.param("/kf/pipeline", "/kf", id="below a dashboard with a path"),
    ],
)
def test_the_api_is_found(open_api, prefix, host):
    with KfpServer(prefix=prefix) as server:
        api = open_api(server.url + host)
        assert api.get(RUNS) == {}
        assert api.base == server.url + prefix
        asked = len(server.requests)
        assert api.get(RUNS) == {}
        assert len(server.requests) == asked + 1


def test_the_api_is_found_where_all_else_is_forbidden(kfp, open_api):
    with KfpServer(prefix="/pipeline") as server:
        server.fault("GET /apis/", "403", times=99)
        assert open_api(server.url).get(RUNS) == {}


def test_what_a_server_says_of_itself(kfp, open_api):
    kfp.multi_user = True
    health = open_api(kfp.url).health()
    assert (health.version, health.multi_user, health.store) == ("2.17.0", True, "database")


@pytest.mark.parametrize(
    ("multi_user", "asked", "usual", "namespace"),
    [
        pytest.param(False, "", "pod", "", id="one user has no namespaces"),
        pytest.param(False, "team", "pod", "", id="one user has none, even if asked for"),
        pytest.param(True, "team", "pod", "team", id="several users: the one asked for"),
        pytest.param(True, "", "pod", "pod", id="several users: the usual one"),
        pytest.param(True, "", "", "", id="several users, and nothing known"),
    ],
)
def test_the_namespace(kfp, open_api, multi_user, asked, usual, namespace):
    kfp.multi_user = multi_user
    assert open_api(kfp.url, namespace=asked, usual_namespace=usual).namespace == namespace


# -- credentials


def test_every_request_has_the_credentials(kfp, open_api):
    kfp.require_token(CANARY)
    api = open_api(kfp.url, cookies=Secret("a=1; b=2", "--cookies"))
    api.post(RUNS, {"display_name": "r", "pipeline_spec": {"root": {}}})
    assert list(api.each(RUNS, "runs"))
    for request in kfp.requests:
        assert request.headers["Authorization"] == f"Bearer {CANARY}"
        assert request.headers["Cookie"] == "a=1; b=2"
        assert CANARY not in str(request.query)


def test_cookies_get_past_the_login_page(kfp, open_api):
    kfp.require_cookies("authservice_session=abc")
    assert failure(open_api(kfp.url).get, RUNS).code == "KALE606"
    assert open_api(kfp.url, cookies=Secret("authservice_session=abc", "--cookies")).get(RUNS) == {}


def test_no_other_server_gets_the_credentials(kfp, api):
    with KfpServer() as other:
        for status in (301, 302, 303, 307, 308):
            kfp.fault(RUNS, (status, {"Location": f"{other.url}{RUNS}"}, b""), times=2)
            assert failure(api.get, RUNS).code == "KALE606"
            assert failure(api.post, RUNS).code == "KALE606"
        assert other.requests == []


def test_a_way_on_within_the_server_is_followed_to_its_end(kfp, api):
    kfp.fault(f"GET {RUNS}", (307, {"Location": "/apis/v2beta1/experiments"}, b""))
    assert api.get(RUNS, page_size="1") == {}
    assert [str(each) for each in kfp.sent()] == [f"GET {RUNS}", "GET /apis/v2beta1/experiments"]
    kfp.fault(f"GET {RUNS}", (307, {"Location": RUNS}, b""), times=99)
    assert failure(api.get, RUNS).code == "KALE606"


def test_credentials_of_other_programs_are_not_sent(kfp, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {CANARY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    Api(Connection(kfp.url)).get(RUNS)
    assert all("Authorization" not in request.headers for request in kfp.requests)


def test_cookies_of_the_server_are_not_kept(kfp, api):
    kfp.fault(RUNS, (200, {"Content-Type": "application/json", "Set-Cookie": "spy=1"}, b"{}"))
    api.get(RUNS)
    api.get(RUNS)
    assert "Cookie" not in kfp.requests[-1].headers


# -- what is asked and what comes


def test_a_file_is_uploaded_as_it_is(kfp, api):
    content = PACKAGE + b'x: "--boundary\\r\\n"\n'
    found = api.upload(UPLOAD, "iris.yaml", content, name="iris", description="a & b = ü")
    (request,) = kfp.sent("POST")
    assert request.body == ("iris.yaml", content)
    assert request.query == {"name": "iris", "description": "a & b = ü"}
    assert found["pipeline_id"] in kfp.pipelines


def test_all_pages_are_read(kfp, api):
    names = [f"run {number}" for number in range(7)]
    for name in names:
        api.post(RUNS, {"display_name": name, "pipeline_spec": {"root": {}}})
    assert [run["display_name"] for run in api.each(RUNS, "runs")] == names
    assert list(api.each(RUNS, "pipelines")) == []


def test_pages_that_go_round_end(kfp, api):
    page = b'{"runs": [{"run_id": "a"}], "next_page_token": "again"}'
    kfp.fault(RUNS, (200, {}, page), times=99)
    assert len(list(api.each(RUNS, "runs"))) == 2


def test_a_list_without_end_is_given_up(kfp, api, monkeypatch):
    monkeypatch.setattr("kale.cluster.api._MOST_PAGES", 3)
    head = {"Content-Type": "application/json"}
    for number in range(4):
        page = b'{"runs": [{"run_id": "r"}], "next_page_token": "t%d"}' % number
        kfp.fault("/runs", (200, head, page))
    error = failure(lambda: list(api.each(RUNS, "runs")))
    assert error.code == "KALE608"


@pytest.mark.parametrize(("status", "code"), [(200, "KALE608"), (400, "KALE609")])
def test_lists_in_lists_without_end(kfp, api, status, code):
    kfp.fault("/runs", (status, {"Content-Type": "application/json"}, b"[" * 100_000))
    error = failure(api.get, RUNS)
    assert error.code == code
    assert len(error.message) < 500


def test_a_page_of_something_else(kfp, api):
    kfp.fault(RUNS, (200, {}, b'{"runs": "none"}'))
    assert failure(list, api.each(RUNS, "runs")).code == "KALE608"


def test_an_empty_answer_is_an_empty_object(kfp, api):
    kfp.fault(RUNS, (200, {}, b""))
    assert api.post(RUNS) == {}


def test_deleting(kfp, api):
    found = api.upload(UPLOAD, "iris.yaml", PACKAGE, name="iris")
    path = f"/apis/v2beta1/pipelines/{found['pipeline_id']}"
    assert failure(api.delete, path).status == 400
    (version,) = api.each(f"{path}/versions", "pipeline_versions")
    api.delete(f"{path}/versions/{version['pipeline_version_id']}")
    api.delete(path)
    assert failure(api.get, path).status == 404


def test_an_answer_without_end_is_not_read(kfp, api, monkeypatch):
    monkeypatch.setattr(session, "_LARGEST", 1000)
    kfp.fault(RUNS, (200, {}, b" " * 1001))
    error = failure(api.get, RUNS)
    assert (error.code, len(kfp.sent())) == ("KALE608", 1)


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"a\n\nb\n", [b"a", b"", b"b"], id="lines"),
        pytest.param(b"a\nb", [b"a", b"b"], id="a last line without an end"),
        pytest.param(b"\xff\r\n", [b"\xff\r"], id="bytes as they are"),
        pytest.param(b"x" * 2_500_000 + b"\ny\n", [b"x" * (1 << 20), b"x" * (1 << 20), b"x" * 402_848, b"y"], id="a line too long to hold"),
    ],
)  # fmt: skip
def test_a_log_comes_in_lines(kfp, api, log, lines):
    kfp.pod_logs["pod"] = log
    assert list(api.lines("/k8s/pod/logs", podname="pod", podnamespace="team")) == lines


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param("404", "KALE609", id="no such pod"),
        pytest.param("login", "KALE606", id="a page to log in"),
        pytest.param("cut", "KALE604", id="half a log"),
    ],
)
def test_no_log(kfp, api, fault, code):
    kfp.pod_logs["pod"] = b"one\ntwo\n"
    kfp.fault("/k8s/", fault)
    assert failure(list, api.lines("/k8s/pod/logs", podname="pod")).code == code
