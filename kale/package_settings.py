"""What a package is to be made with, read from text: options, variables and the project file.

Never from the notebook: a stranger's notebook must not name files of this machine, nor where
packages come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from kale.credentials import holds_credentials
from kale.errors import KaleError, Location, UsageError, raise_all
from kale.options import SecretEnv
from kale.packaging import KEYS, LISTS, RUNTIMES, PackageOptions
from kale.printable import UNPRINTABLE, printable

_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})

#: Names as Kubernetes has them: of a secret (RFC 1123), and of a key in it.
_SECRET = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_PIP_VARIABLE = re.compile(r"PIP_[A-Z][A-Z0-9_]*")
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[-\w.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.A)
_VERSION = re.compile(r"\d+(?:\.\d+){0,2}")


def read_package_options(
    layers: Iterable[tuple[Mapping[str, str | tuple[str, ...]], Location | None]],
) -> PackageOptions:
    """The options that some layers of settings come to, the first that has a setting wins.

    A layer maps :data:`KEYS` to text and says where it stands; ``None`` is the command line and
    the environment.

    Raises:
        UsageError: a value cannot be (KALE418), or an address holds credentials (KALE419).
    """
    chosen: dict[str, tuple[Any, Location | None]] = {}
    for layer, at in layers:
        for key, value in layer.items():
            if key in KEYS:
                chosen.setdefault(key, (_values(key, value), at))
    raise_all(
        error
        for key in sorted(chosen)
        for value in chosen[key][0]
        for error in _wrong(key, value, chosen[key][1])
    )
    found: dict[str, tuple[str, ...]] = {key: values for key, (values, _) in chosen.items()}
    secrets = tuple(map(_secret, found.get("index_secret", ())))
    filled = [secret.env for secret in secrets]
    if len({*filled}) < len(filled):
        twice = next(env for env in filled if filled.count(env) > 1)
        raise UsageError(
            "KALE418",
            f"two secrets of `--index-secret` fill the variable {twice}",
            at=chosen["index_secret"][1],
            hint="name one of them for another variable: SECRET:KEY:PIP_EXTRA_INDEX_URL",
        )

    def text(key: str) -> str:
        return next(iter(found.get(key, ())), "")

    return PackageOptions(
        requirements=text("requirements"),
        include=found.get("include", ()),
        install=text("no_install").lower() not in _ON,
        installed_runtime=text("runtime") == RUNTIMES[1],
        index_url=text("index_url"),
        extra_index_urls=found.get("extra_index_url", ()),
        trusted_hosts=found.get("trusted_host", ()),
        index_secrets=secrets,
        kfp_version=text("kfp_version"),
    )


def _values(key: str, value: str | tuple[str, ...]) -> tuple[str, ...]:
    """The values of a setting, none where nothing is said."""
    listed = value.split(",") if isinstance(value, str) and key in LISTS else [value]
    words = [*value] if isinstance(value, tuple) else [str(one) for one in listed]
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _wrong(key: str, value: str, at: Location | None) -> Iterable[KaleError]:
    """What is wrong with a value, if anything is."""
    where = f"the setting `{key}`" if at else f"`--{key.replace('_', '-')}`"
    if UNPRINTABLE.search(value) or "{{" in value or "}}" in value:
        # No pod could be given it: Argo expands doubled braces.
        problem, hint = "holds a control character or doubled braces", "leave them out"
    elif key in {"index_url", "extra_index_url"}:
        if holds_credentials(value):
            yield UsageError(
                "KALE419",
                f"the address in {where} holds credentials, and a package is a file for all",
                at=at,
                hint="put the whole address into a Kubernetes secret and name that: "
                f"--index-secret SECRET:KEY:PIP_{key.upper()}",
            )
            return
        problem, hint = _wrong_url(value)
    elif key in _FORMS and not _FORMS[key](value):
        problem, hint = f"is `{printable(_shown(value))}`", _WORDS[key]
    else:
        return
    if problem:
        yield UsageError("KALE418", f"{where} {problem}", at=at, hint=hint)


def _shown(value: str) -> str:
    """A value for a message, without who logs in where."""
    return re.sub(r"[^/?#\s]*@", "<hidden>@", value)


def _wrong_url(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        well = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.netloc)
    except ValueError:
        well = False
    if well and not re.search(r"[\s\"'<>\\^`|]", address) and not parts.fragment:
        return "", ""
    return f"is `{printable(address)}`", "an index has an address such as https://HOST/simple"


def _secret(text: str) -> SecretEnv:
    """A secret reference ``SECRET:KEY`` or ``SECRET:KEY:VARIABLE``."""
    secret, key, *env = text.split(":")
    return SecretEnv(secret, key, env[0] if env else "PIP_INDEX_URL")


def _is_secret(text: str) -> bool:
    secret, *rest = text.split(":")
    key, env = (*rest, "PIP_INDEX_URL")[:2] if 0 < len(rest) < 3 else ("", "")
    return bool(_SECRET.fullmatch(secret) and _KEY.fullmatch(key) and _PIP_VARIABLE.fullmatch(env))


_FORMS: dict[str, Callable[[str], object]] = {
    "no_install": lambda text: text.lower() in _ON | _OFF,
    "runtime": lambda text: text in RUNTIMES,
    "trusted_host": _HOST.fullmatch,
    "index_secret": _is_secret,
    "kfp_version": _VERSION.fullmatch,
}
_WORDS = {
    "no_install": "it is true or false",
    "runtime": "it is `carried` or `installed`",
    "trusted_host": "a host is a name such as index.example.org, or with its port",
    "index_secret": "a secret is named SECRET:KEY or SECRET:KEY:VARIABLE, the variable one of"
    " pip's, such as PIP_EXTRA_INDEX_URL",
    "kfp_version": "a version looks like 2.3",
}
