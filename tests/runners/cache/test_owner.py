"""Whose cache is believed."""

from __future__ import annotations

import pytest

from kale.runners.cache.owner import SECRET, owner_mark


@pytest.fixture(autouse=True)
def no_shared_secret(monkeypatch, tmp_path):
    monkeypatch.delenv(SECRET, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_user_is_the_same_in_all_runs_and_nobody_else_reads_the_secret(tmp_path):
    assert owner_mark() == owner_mark()
    secret = tmp_path / "state" / "kale" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_bytes().hex() not in owner_mark()


def test_another_user_is_another_one(tmp_path, monkeypatch):
    first = owner_mark()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert owner_mark() != first


def test_machines_that_share_a_secret_are_one(tmp_path, monkeypatch):
    monkeypatch.setenv(SECRET, "ours")
    first = owner_mark()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert owner_mark() == first
    monkeypatch.setenv(SECRET, "theirs")
    assert owner_mark() != first
    assert "theirs" not in owner_mark()


def test_where_nothing_can_be_kept_no_two_runs_are_of_one(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert owner_mark() != owner_mark()
