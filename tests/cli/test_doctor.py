"""``kale doctor``: what is printed, what it exits with, and that it works with nothing configured."""

from __future__ import annotations

import json
import os

import pytest
from cluster.kfp_server import KfpServer

SECRET = "canary-secret-5521"
CELLS = (("block:a", "x = 1"), ("block:b prev:a", "y = x"))


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch, tmp_path):
    """Let no variable, file or proxy of this machine name a server, an image or credentials."""
    for name in list(os.environ):
        if name.startswith(("KALE_KFP_", "KALE_DOCKER", "KF_PIPELINES_", "KUBERNETES_")):
            monkeypatch.delenv(name)
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # Registries are asked through a proxy at which nothing listens: at once, and nowhere else.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def doctor(kale):
    """Run it: exit code and the checks by part and name, each (status, detail, remedy, code)."""

    def doctor(*arguments):
        code, out, err = kale("doctor", *arguments, "--json")
        assert err == ""
        assert SECRET not in out
        document = json.loads(out)
        assert document["status"] == ("failed" if code else "ok")
        return code, {
            f"{one['part']}: {one['what']}": (
                one["status"],
                one["detail"],
                one["remedy"],
                one["code"],
            )
            for one in document["checks"]
        }

    return doctor


def config(tmp_path, text, mode=0o600):
    path = tmp_path / "config" / "kale" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_with_nothing_configured_it_looks_at_this_machine(doctor):
    code, found = doctor()
    assert code == 0
    assert found["machine: papermill"][0] == found["machine: kernel"][0] == "ok"
    assert found["machine: cache"][0] in ("ok", "warning")
    assert found["images: image"][:2] == (
        "skipped",
        "python:3.11-slim: registry-1.docker.io cannot be reached from here",
    )
    assert [key for key in found if key.startswith("cluster")] == ["cluster: address"]
    assert found["cluster: address"][0] == "skipped"


def test_a_cluster_that_is_well_is_0(doctor, kale):
    with KfpServer() as kfp:
        code, found = doctor("--host", kfp.url)
        text_code, out, err = kale("doctor", "--host", kfp.url)
    assert code == text_code == 0
    assert found["cluster: reading"][0] == "ok"
    assert err == ""
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        "machine",
        "images",
        "cluster",
    ]
    assert "  ok       version          Kubeflow Pipelines 2.17.0;" in out


def test_a_cluster_that_fails_is_3_and_says_what_to_do(doctor, kale):
    with KfpServer() as kfp:
        kfp.require_token("another")
        code, found = doctor("--host", kfp.url, "--token", SECRET)
        text_code, out, _ = kale("doctor", "--host", kfp.url, "--token", SECRET)
    assert code == text_code == 3
    status, detail, remedy, given = found["cluster: server"]
    assert (status, given) == ("failed", "KALE606")
    assert "--token" in detail
    assert f"hint: {remedy}" in out
    assert SECRET not in out
    assert found["cluster: artifact store"][0] == "skipped"


def test_servers_cannot_write_to_the_terminal(kale):
    with KfpServer() as kfp:
        kfp.version = "2.17.0\x1b]0;owned\x07"
        kfp.fault("experiments", (403, {"Content-Type": "text/plain"}, b"\x1b[2Jno\xe2\x80\xae"), 9)
        code, out, _ = kale("doctor", "--host", kfp.url)
    assert code == 3
    assert not {"\x1b", "\x07", "\u202e"} & {*out}


def test_secrets_are_told_by_where_they_are(doctor, tmp_path, monkeypatch):
    with KfpServer() as kfp:
        config(tmp_path, f'host = "{kfp.url}"\ntoken = "{SECRET}"\ncookies = "s={SECRET}"\n')
        code, found = doctor()
        assert (code, found["machine: configuration"][0]) == (0, "ok")
        detail = found["cluster: credentials"][1]
        assert "`token`" in detail
        assert "config.toml" in detail
        monkeypatch.setenv("KALE_KFP_TOKEN", SECRET)
        assert "KALE_KFP_TOKEN" in doctor()[1]["cluster: credentials"][1]


@pytest.mark.parametrize("arguments", [(), ("--host", "http://127.0.0.1:9")])
def test_a_configuration_that_others_can_read_is_a_failure(doctor, tmp_path, arguments):
    config(tmp_path, f'host = "http://127.0.0.1:9"\ntoken = "{SECRET}"\n', mode=0o644)
    code, found = doctor(*arguments)
    assert code == 3
    status, _, remedy, given = found["machine: configuration"]
    assert (status, given, "chmod 600" in remedy) == ("failed", "KALE602", True)
    assert found["cluster: address"][0] == "failed"


def test_a_folder_that_is_not_ones_own_is_1(doctor, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("KALE_CACHE_DIR", str(tmp_path / "file"))
    code, found = doctor()
    assert (code, found["machine: cache"][0], found["machine: cache"][3]) == (
        1,
        "failed",
        "KALE642",
    )


def test_a_notebook_brings_its_images_packages_and_kernel(doctor, notebook):
    cells = ((["block:a", "image:localhost:9/team/a:1"], "import numpy\nx = 1"), *CELLS[1:])
    code, found = doctor(notebook(*cells))
    assert code == 0
    assert found["notebook: compiles"][:2] == ("ok", "nb, in 2 steps")
    assert found["notebook: packages"][1].startswith("numpy==")
    assert "images: image" in found


def test_all_images_of_a_notebook_are_looked_for(kale, notebook):
    cells = ((["block:a", "image:localhost:9/team/a:1"], "x = 1"), *CELLS[1:])
    _, out, _ = kale("doctor", notebook(*cells))
    assert "localhost:9/team/a:1" in out
    assert "python:3.11-slim" in out


def test_a_notebook_that_is_refused_is_1(doctor, notebook):
    code, found = doctor(notebook(("block:a prev:b", "x = 1")))
    assert code == 1
    assert found["notebook: compiles"][0] == "failed"
    assert "nb.ipynb" in found["notebook: compiles"][1]


def test_a_notebook_that_is_not_there_is_1(doctor):
    code, found = doctor("none.ipynb")
    assert (code, found["notebook: compiles"][0]) == (1, "failed")


def test_warnings_of_a_notebook_are_shown(doctor, notebook):
    code, found = doctor(notebook(("block:a", "import nowhere_to_be_found\nx = 1")))
    assert code == 0
    assert (found["notebook: finding"][0], found["notebook: finding"][3]) == ("warning", "KALE421")


def test_the_release_that_packages_are_made_for_is_that_of_the_settings(doctor, monkeypatch):
    with KfpServer() as kfp:
        kfp.version = "2.3.0"
        assert doctor("--host", kfp.url)[1]["cluster: version"][0] == "warning"
        monkeypatch.setenv("KALE_KFP_VERSION", "2.3")
        assert doctor("--host", kfp.url)[1]["cluster: version"][0] == "ok"


@pytest.mark.parametrize(
    ("image", "status", "words"),
    [
        pytest.param("No Image", "failed", "an image is named as", id="no name"),
        pytest.param("127.0.0.1:9/a", "skipped", "cannot be reached", id="no registry"),
    ],
)
def test_an_image_is_looked_for(doctor, image, status, words):
    code, found = doctor("--docker-image", image)
    assert (code, found["images: image"][0]) == (int(status == "failed"), status)
    assert words in found["images: image"][1]


def test_an_empty_option_is_wrong_use(kale):
    assert kale("doctor", "--host", "")[0] == 2


def test_nothing_is_written(kale, notebook, tmp_path):
    path = notebook(*CELLS)
    (tmp_path / "home" / ".ipython").mkdir()  # Jupyter makes it whenever it looks for kernels
    before = {*tmp_path.rglob("*")}
    kale("doctor", path)
    assert {*tmp_path.rglob("*")} == before
