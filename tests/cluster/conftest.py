"""Fixtures for tests that speak to clusters: none of the machine's own settings count."""

from __future__ import annotations

import os

import pytest
from cluster.kfp_server import KfpServer


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch, tmp_path):
    """Let no variable, file or proxy of this machine name a server or credentials."""
    for name in list(os.environ):
        if name.startswith(("KALE_KFP_", "KF_PIPELINES_", "KUBERNETES_")):
            monkeypatch.delenv(name)
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def kfp():
    """A running server, see :class:`KfpServer`."""
    with KfpServer() as server:
        yield server
