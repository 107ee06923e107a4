"""The configuration file: whose it is, who can read it, and what it says."""

from __future__ import annotations

import os

import pytest

from kale.cluster.config_file import config_path, read_clusters
from kale.errors import UsageError

CANARY = "canary-0c1f"


@pytest.fixture
def config(tmp_path):
    """Write a configuration file and return its path."""

    def write(text, mode=0o600):
        path = tmp_path / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param("host = ", "not valid TOML", "", id="a value is missing"),
        pytest.param(f'host = "x"\ntoken = {CANARY}', "not valid TOML", "", id="a token without quotes"),
        pytest.param(b'host = "\xff"', "not UTF-8", "", id="bytes that are no text"),
        pytest.param('hots = "x"', "no setting `hots`", "did you mean `host`?", id="a misspelt key"),
        pytest.param("host = 8080", "`host` is no text", 'host = "…"', id="a number where a text belongs"),
        pytest.param('host = ""', "`host` is no text", "", id="an empty host"),
        pytest.param('token = "t"', "the file names no host", "", id="a token for no host"),
        pytest.param('[cluster.a]\ntoken = "t"', "[cluster.a] names no host", "", id="a token for no host in a table"),
        pytest.param('cluster = "a"', "no table of clusters", "", id="a text where tables belong"),
        pytest.param("[cluster]\na = 1", "no table of clusters", "", id="a number where a table belongs"),
        pytest.param('host = "x"\nallow_http = "yes"', "not true or false", "", id="a flag in quotes"),
        pytest.param('host = "x"\nhost = "y"', "not valid TOML", "", id="a key twice"),
        pytest.param('default = "b"\n[cluster.a]\nhost = "x"', "names no cluster", "there are a", id="a default that is not there"),
        pytest.param('default = 1\n[cluster.a]\nhost = "x"', "names no cluster", "there are a", id="a default that is no name"),
        pytest.param('host = "x"\ntoken = "t"\ntoken_file = "f"', "both `token`", "keep one", id="two tokens"),
        pytest.param('host = "x"\n"a\\u001bb" = "y"', "a\\x1bb", "", id="a key that would move the cursor"),
        pytest.param(b"#" * (1 << 20) + b"##", "too large", "", id="a file too large"),
    ],
)  # fmt: skip
def test_refused_with_its_place(config, text, message, hint):
    path = config(text)
    with pytest.raises(UsageError) as caught:
        read_clusters(path)
    error = caught.value
    assert (error.code, error.exit_code) == ("KALE602", 2)
    assert message in error.message
    assert hint in error.hint
    assert str(error.at) == str(path)
    assert CANARY not in error.message + error.hint


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(0o644, id="all can read it"),
        pytest.param(0o640, id="the group can read it"),
        pytest.param(0o620, id="the group can write it"),
        pytest.param(0o601, id="others can execute it"),
    ],
)
def test_a_file_that_others_can_touch_is_refused(config, mode):
    path = config('host = "https://kf.example.org"', mode)
    with pytest.raises(UsageError) as caught:
        read_clusters(path)
    assert caught.value.code == "KALE602"
    assert f"(mode {mode:o})" in caught.value.message
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(config):
    path = config('host = "https://kf.example.org"')
    os.chown(path, 12345, -1)
    with pytest.raises(UsageError, match="belongs to another user"):
        read_clusters(path)


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_clusters(tmp_path)


def test_no_file_says_nothing(tmp_path):
    assert read_clusters(tmp_path / "none" / "config.toml").all == ()


@pytest.mark.parametrize(
    ("text", "default"),
    [
        pytest.param('host = "h"\ntoken = "t"', "h", id="keys at the top are the default"),
        pytest.param('[cluster.a]\nhost = "h"', "h", id="a single table is the default"),
        pytest.param('host = "h"\n[cluster.a]\nhost = "x"', "h", id="keys at the top win over tables"),
        pytest.param('default = "b"\n[cluster.a]\nhost = "x"\n[cluster.b]\nhost = "h"', "h", id="the table that is named"),
        pytest.param('[cluster.a]\nhost = "x"\n[cluster.b]\nhost = "y"', None, id="none of two tables"),
        pytest.param("", None, id="none of an empty file"),
    ],
)  # fmt: skip
def test_the_default(config, text, default):
    found = read_clusters(config(text)).default
    assert (found.values["host"] if found else None) == default


def test_no_secret_in_what_is_shown(config):
    clusters = read_clusters(config(f'host = "h"\ntoken = "{CANARY}"\ncookies = "{CANARY}"'))
    assert CANARY not in repr(clusters)


def test_the_place_is_that_of_the_desktop_standard(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_path() == tmp_path / "kale" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert config_path() == tmp_path / "me" / ".config" / "kale" / "config.toml"
