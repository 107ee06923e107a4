"""What a package is made with: options, variables and the project file, never the notebook."""

from __future__ import annotations

import pytest

from kale.core import check, load
from kale.errors import KaleError
from kale.ir import PackageOptions, SecretEnv

CELL = ("block:a", "x = 1")


def project(path, text):
    (path.parent / "pyproject.toml").write_text(f"[tool.kale]\n{text}\n", encoding="utf-8")


def test_nothing_is_asked_for_by_itself(notebook):
    assert load(notebook(CELL)).packaging == PackageOptions()


GIVEN = [
    pytest.param("requirements", "a b.txt", {"requirements": "a b.txt"}, id="a file"),
    pytest.param("include", "data, m*.csv ,", {"include": ("data", "m*.csv")}, id="a list"),
    pytest.param("include", "a,a", {"include": ("a",)}, id="one twice"),
    pytest.param("no_install", "true", {"install": False}, id="on"),
    pytest.param("no_install", "Yes", {"install": False}, id="on, in other words"),
    pytest.param("no_install", "0", {}, id="off"),
    pytest.param("runtime", "installed", {"installed_runtime": True}, id="a runtime in the image"),
    pytest.param("runtime", "carried", {}, id="the default, said aloud"),
    pytest.param("index_url", "https://h.example:8443/a/simple",
                 {"index_url": "https://h.example:8443/a/simple"}, id="an index"),
    pytest.param("index_url", "http://[::1]:8080/simple/?mirror=eu",
                 {"index_url": "http://[::1]:8080/simple/?mirror=eu"}, id="one by its number"),
    pytest.param("extra_index_url", "https://a/s,https://b/s",
                 {"extra_index_urls": ("https://a/s", "https://b/s")}, id="more indexes"),
    pytest.param("trusted_host", "h:80,10.0.0.1", {"trusted_hosts": ("h:80", "10.0.0.1")},
                 id="hosts"),
    pytest.param("index_secret", "pip-index:url", {
        "index_secrets": (SecretEnv("pip-index", "url", "PIP_INDEX_URL"),)}, id="a secret"),
    pytest.param("index_secret", "s:k:PIP_EXTRA_INDEX_URL,t:u", {"index_secrets": (
        SecretEnv("s", "k", "PIP_EXTRA_INDEX_URL"), SecretEnv("t", "u", "PIP_INDEX_URL"))},
        id="two secrets"),
    pytest.param("kfp_version", "2.3", {"kfp_version": "2.3"}, id="a version"),
]  # fmt: skip


@pytest.mark.parametrize("way", ["given", "environment", "project"])
@pytest.mark.parametrize(("key", "text", "expected"), GIVEN)
def test_an_option(notebook, monkeypatch, way, key, text, expected):
    path, settings = notebook(CELL), {}
    if way == "given":
        settings[key] = text
    elif way == "environment":
        monkeypatch.setenv(f"KALE_{key.upper()}", text)
    elif key == "no_install":
        project(path, f"{key} = {str(expected != {}).lower()}")
    else:
        project(path, f'{key} = "{text}"')
        if key == "requirements":
            expected = {key: str(path.parent / text)}
    assert load(path, settings).packaging == PackageOptions(**expected)


def test_a_list_of_the_project_file(notebook):
    path = notebook(CELL)
    project(path, 'include = ["a, b.csv", "c"]')
    assert load(path).packaging.include == ("a, b.csv", "c")


def test_each_beats_the_one_before_and_lists_do_not_add_up(notebook, monkeypatch):
    path = notebook(CELL)
    project(path, 'include = ["project"]\nno_install = true\nkfp_version = "2.1"')
    assert load(path).packaging.include == ("project",)
    monkeypatch.setenv("KALE_INCLUDE", "environment,too")
    monkeypatch.setenv("KALE_NO_INSTALL", "false")
    assert load(path).packaging.include == ("environment", "too")
    found = load(path, {"include": "given"}).packaging
    assert found == PackageOptions(include=("given",), install=True, kfp_version="2.1")


def test_a_notebook_says_nothing_of_it(notebook):
    asked = {
        "requirements": "/etc/passwd", "include": ["/root"], "index_url": "https://evil/simple",
        "no_install": True, "runtime": "installed", "kfp_version": "1",
        "index_secret": ["other:key"], "trusted_host": ["evil"], "extra_index_url": ["https://e/"],
    }  # fmt: skip
    path = notebook(CELL, metadata={"kubeflow_notebook": asked, "kale": asked})
    assert load(path).packaging == PackageOptions()


WRONG = [
    pytest.param("index_url", "h/simple", "`--index-url` is `h/simple`", id="no address"),
    pytest.param("index_url", "file:///srv/wheels", "`--index-url` is `file:///srv/wheels`",
                 id="a folder of this machine"),
    pytest.param("index_url", "https://", "`--index-url` is `https://`", id="no host"),
    pytest.param("index_url", "https://h/a b", "`--index-url` is `https://h/a b`", id="a space"),
    pytest.param("index_url", "https://h/#egg", "`--index-url` is `https://h/#egg`",
                 id="a part of a page"),
    pytest.param("index_url", "https://-h/", "`--index-url` is `https://-h/`", id="an odd host"),
    pytest.param("extra_index_url", "https://ok/s,ssh://h", "`--extra-index-url` is `ssh://h`",
                 id="another protocol, in a list"),
    pytest.param("index_url", "https://h/{{workflow.name}}",
                 "`--index-url` holds a control character or doubled braces", id="braces"),
    pytest.param("requirements", "a\nb", "`--requirements` holds a control character", id="lines"),
    pytest.param("include", "a\x1b[2J", "`--include` holds a control character", id="an escape"),
    pytest.param("no_install", "maybe", "`--no-install` is `maybe`", id="neither on nor off"),
    pytest.param("runtime", "none", "`--runtime` is `none`", id="no such runtime"),
    pytest.param("trusted_host", "http://h", "`--trusted-host` is `http://h`", id="no host name"),
    pytest.param("trusted_host", "--index-url=x", "`--trusted-host` is `--index-url=x`",
                 id="an option in disguise"),
    pytest.param("trusted_host", "me:pw@h", "`--trusted-host` is `<hidden>@h`", id="a password"),
    pytest.param("index_secret", "https://me:pw@h/", "`--index-secret` is `https://<hidden>@h/`",
                 id="an address with one in place of a secret"),
    pytest.param("index_secret", "name", "`--index-secret` is `name`", id="no key"),
    pytest.param("index_secret", "Name:key", "`--index-secret` is `Name:key`", id="an odd name"),
    pytest.param("index_secret", "n:k:HOME", "`--index-secret` is `n:k:HOME`",
                 id="a variable that is not pip's"),
    pytest.param("index_secret", "n:k:PIP_INDEX_URL:x", "`--index-secret` is", id="too much"),
    pytest.param("index_secret", "s:k,t:k", "two secrets of `--index-secret` fill the variable",
                 id="two secrets for one variable"),
    pytest.param("kfp_version", "latest", "`--kfp-version` is `latest`", id="no version"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "message"), WRONG)
def test_an_option_that_cannot_be(notebook, key, text, message):
    with pytest.raises(KaleError) as caught:
        load(notebook(CELL), {key: text})
    (error,) = caught.value.parts()
    assert (error.code, error.exit_code) == ("KALE418", 2)
    assert error.message.startswith(message)
    assert error.hint


SECRET = [
    pytest.param("https://me:hunter2@h/simple", id="a name and a password"),
    pytest.param("https://hunter2@h/simple", id="a token for a name"),
    pytest.param("me:hunter2@h/simple", id="an address that is none"),
    pytest.param("https://h/simple?token=hunter2", id="a token in the query"),
    pytest.param("https://h/simple?a=b&api_key=hunter2", id="a key in the query"),
    pytest.param("ftp://me:hunter2@[h/simple", id="one that cannot be read"),
]


@pytest.mark.parametrize("address", SECRET)
@pytest.mark.parametrize("key", ["index_url", "extra_index_url"])
def test_credentials_are_refused_and_not_repeated(notebook, key, address):
    path = notebook(CELL)
    project(path, f'{key} = "{address}"')
    with pytest.raises(KaleError) as caught:
        load(path)
    (error,) = caught.value.parts()
    assert error.code == "KALE419"
    assert str(error.at) == str(path.parent / "pyproject.toml")
    assert f"--index-secret SECRET:KEY:PIP_{key.upper()}" in error.hint
    assert "hunter2" not in f"{error.message} {error.hint}"


def test_all_that_is_wrong_is_told(notebook):
    with pytest.raises(KaleError) as caught:
        check(notebook(CELL), {"runtime": "x", "index_url": "https://u:p@h", "kfp_version": "x"})
    codes = [error.code for error in caught.value.parts()]
    assert codes == ["KALE419", "KALE418", "KALE418"]


PROJECT = [
    pytest.param("include = true", "is not a list of texts", 'include = ["…"]', id="no list"),
    pytest.param("include = [1]", "is not a list of texts", 'include = ["…"]', id="of numbers"),
    pytest.param('no_install = "true"', "is not true or false", "no_install = true", id="quotes"),
    pytest.param("index_url = 1", "is not text", 'index_url = "…"', id="no text"),
    pytest.param('index_ur = "x"', "has no setting `index_ur`", "did you mean `index_url`?",
                 id="no such setting"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "hint"), PROJECT)
def test_a_wrong_project_file(notebook, text, message, hint):
    path = notebook(CELL)
    project(path, text)
    with pytest.raises(KaleError) as caught:
        load(path)
    assert caught.value.code == "KALE013"
    assert message in caught.value.message
    assert caught.value.hint.endswith(hint)
