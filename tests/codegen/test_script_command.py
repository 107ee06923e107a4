"""The script as a command: it writes the package, and deploys it to a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from codegen.builders import one, package, plan, without_version

from kale.codegen import emit_script
from kale.ir import StepOptions

MADE = plan(
    "load",
    "train",
    wires=[("x", "load", "train")],
    experiment="flowers",
    service_account="botanist",
)


class Cluster(BaseHTTPRequestHandler):
    """As much of the Kubeflow Pipelines API, version 2, as an upload and a run need."""

    def do_GET(self):
        path, known = urlsplit(self.path).path, self.server.pipelines
        if path.endswith("/healthz"):
            self.answer({"multi_user": False})
        elif path.endswith("/pipelines"):
            found = [{"pipeline_id": name, "display_name": name} for name in known]
            self.answer({"pipelines": found} if found else {})
        else:
            self.answer({"experiments": [{"experiment_id": "e-1", "display_name": "flowers"}]})

    def do_POST(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        last = url.path.rsplit("/", 1)[-1]
        self.server.posts.append((last, query, body))
        if last == "upload":
            self.server.pipelines.append(query["name"])
            self.answer({"pipeline_id": query["name"], "display_name": query["name"]})
        elif last == "upload_version" and query["name"] in self.server.versions:
            self.answer({"error": "it is there already"}, 409)
        elif last == "upload_version" and self.server.broken:
            self.answer({"error": "no space left"}, 500)
        elif last == "upload_version":
            self.server.versions.append(query["name"])
            self.answer({"pipeline_id": query["pipelineid"], "pipeline_version_id": "v-1"})
        else:
            self.answer({"run_id": "r-1", "experiment_id": "e-1"})

    def answer(self, value, status=200):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Nothing: the test prints what it finds."""


@pytest.fixture
def cluster():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    server.posts, server.pipelines, server.versions, server.broken = [], [], [], False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "scripts" / "iris.kfp.py"
    file.parent.mkdir()
    file.write_bytes(emit_script(MADE))
    folder = tmp_path / "here"
    folder.mkdir()

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, str(file), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **environment},
        )

    run.folder = folder
    return run


def host(cluster):
    return f"http://127.0.0.1:{cluster.server_address[1]}"


def test_the_package_is_written_into_the_current_folder(script):
    done = script()
    assert (done.returncode, done.stdout) == (0, "iris.yaml\n"), done.stderr
    assert [file.name for file in script.folder.iterdir()] == ["iris.yaml"]
    documents = list(yaml.safe_load_all((script.folder / "iris.yaml").read_text("utf-8")))
    assert without_version(documents) == without_version(package(MADE))


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        pytest.param(StepOptions(), "kfp", id="nothing of Kubernetes"),
        pytest.param(StepOptions(timeout=9), "kfp kfp-kubernetes", id="an option of pods"),
    ],
)
def test_what_is_missing_is_said(options, needed, tmp_path):
    file = tmp_path / "iris.kfp.py"
    file.write_bytes(emit_script(one(options)))
    without_packages = [sys.executable, "-I", "-S", str(file)]
    done = subprocess.run(without_packages, capture_output=True, text=True, check=False)
    expected = f"No module named 'yaml'; this script needs more: pip install {needed}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_deploy_uploads_and_runs(script, cluster):
    arguments = ["--deploy", "--host", host(cluster), "--run-name", "first"]
    done = script(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "iris.yaml\nr-1\n"
    assert "Traceback" not in done.stderr
    (upload, query, body), (run, _, started) = cluster.posts
    assert (upload, query["name"], run) == ("upload", "iris", "runs")
    assert (script.folder / "iris.yaml").read_bytes() in body
    begun = json.loads(started)
    assert (begun["display_name"], begun["service_account"]) == ("first", "botanist")

    # The same once more makes one version, whose name says what is in it.
    for _ in range(2):
        assert script(*arguments).returncode == 0
    assert len(cluster.versions) == 1
    assert cluster.versions[0].startswith("iris-")


def test_a_cluster_that_refuses(script, cluster):
    cluster.pipelines.append("iris")
    cluster.broken = True
    done = script("--deploy", "--host", host(cluster))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{host(cluster)}: the pipeline was not deployed: ")
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ["--host", "http://127.0.0.1:1"],
            "http://127.0.0.1:1: the pipeline was not deployed: Connection refused",
            id="nobody listens",
        ),
        pytest.param(
            [],
            "Kubeflow Pipelines: the pipeline was not deployed: Connection refused;"
            " name the cluster with --host URL",
            id="no host is named",
        ),
    ],
)
def test_no_cluster_there(script, arguments, expected):
    done = script("--deploy", *arguments, KF_PIPELINES_ENDPOINT="http://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, "iris.yaml\n")
    assert done.stderr.splitlines()[-1] == expected
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written(script):
    (script.folder / "iris.yaml").mkdir()
    done = script()
    assert (done.returncode, done.stderr) == (1, "iris.yaml: Is a directory\n")
