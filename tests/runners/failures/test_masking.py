"""Text without secrets."""

from __future__ import annotations

import pytest

from kale.runners.failures.masking import mask, mask_message, names_secret, secret_values


@pytest.mark.parametrize(
    "name",
    """author authors tokenizer passes passenger PassengerId compass key keys monkey primary_key path
    accession api keyboard x""".split(),
)
def test_ordinary_names(name):
    assert not names_secret(name)


@pytest.mark.parametrize(
    "name",
    """password passwd pwd PASSWORD db_password dbPassword DB_PASS secret client_secret secrets token
    HF_TOKEN accessToken api_key apikey APIKey apiKey OPENAI_API_KEY credential credentials auth
    basic_auth oauth private_key PRIVATEKEY aws_secret_access_key access_key passphrase jwt""".split(),
)
def test_names_of_secrets(name):
    assert names_secret(name)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        pytest.param({"PATH": "/usr/bin", "HOME": "/root", "LANG": "C.UTF-8"}, (), id="nothing"),
        pytest.param(
            {"PWD": "/home/ada/project", "OLDPWD": "/home/ada"}, (), id="folders named like one"
        ),
        pytest.param(
            {"USE_AUTH": "false", "AUTH": "yes", "TOKENS": "4096"}, (), id="values that say nothing"
        ),
        pytest.param({"TOKEN": "abcdef"}, ("abcdef",), id="one by its name"),
        pytest.param({"PLAIN": "abcd"}, ("abcd",), id="one that a step declares"),
        pytest.param({"SHORT": "abc"}, (), id="a declared one that stands in any text"),
        pytest.param(
            {"PASSWORD": 'it\'s "50%"'},
            ("it%27s%20%2250%25%22", 'it\'s \\"50%\\"', 'it\\\'s "50%"', 'it\'s "50%"'),
            id="in each form it takes",
        ),
    ],
)
def test_secret_values(environ, found):
    assert secret_values(environ, ["PLAIN", "SHORT", "MISSING"]) == found


def test_a_key_of_several_lines_is_hidden_by_the_line():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    secrets = secret_values({"PRIVATE_KEY": key})
    assert mask("line: kqhkiG9w0BAQEF!", secrets) == "line: <hidden>!"
    assert mask(f"all: {key.strip()}!", secrets) == "all: <hidden>!"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("x = f(token)", "x = f(token)", id="a name is none"),
        pytest.param("f(password=password)", "f(password=password)", id="nor is an argument"),
        pytest.param("http://host:80/a", "http://host:80/a", id="an address without a password"),
        pytest.param("ssh://git@host/x", "ssh://git@host/x", id="an address with a user"),
        pytest.param("db://me:pw@host/x", "db://me:<hidden>@host/x", id="an address with both"),
        pytest.param("redis://:p@ss@host", "redis://:<hidden>@host", id="a password with its mark"),
        pytest.param("'Bearer abcdefghij'", "'Bearer <hidden>'", id="a header"),
        pytest.param("f(password='abc')", "f(password='<hidden>')", id="a literal argument"),
        pytest.param('os.environ["API_KEY"] = "abc"', 'os.environ["API_KEY"] = "<hidden>"', id="a key"),
        pytest.param("{'token': 'abc', 'a': 'b'}", "{'token': '<hidden>', 'a': 'b'}", id="a dict"),
        pytest.param("secret == 'abc'", "secret == '<hidden>'", id="a comparison"),
        pytest.param("the zebra-crossing", "the <hidden>ing", id="a known value"),
    ],
)  # fmt: skip
def test_mask(text, masked):
    assert mask(text, ["zebra-cross"]) == masked


def test_mask_message():
    assert mask_message("cannot log in: user=me password=abc;", ()) == (
        "cannot log in: user=me password=<hidden>;"
    )
    assert mask_message("token: abcdef", ()) == "token: <hidden>"
    assert mask_message("password=None", ()) == "password=None"
    assert mask_message("Unexpected token: '}' or unknown token: x", ()) == (
        "Unexpected token: '}' or unknown token: x"
    )


@pytest.mark.parametrize("piece", ["a", "a=", "'", "://a:", "Bearer ", "password"])
def test_long_text_is_read_once(piece):
    # A pattern that tries all pairs of places would be at it for minutes.
    text = piece * 20_000
    assert mask_message(f"{text} zebra", ["zebra"]) == f"{text} <hidden>"
