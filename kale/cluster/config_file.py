"""The user's file of clusters, ``~/.config/kale/config.toml``: found, guarded and read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale.dataclass import dataclass
from kale.diagnostics import nearest
from kale.errors import Location, UsageError
from kale.printable import printable

#: What a cluster's table may say, each a text; `allow_http` is true or false.
KEYS = ("host", "namespace", "token", "token_file", "cookies", "ca_cert", "allow_http")

_FLAGS = frozenset({"allow_http"})

#: No configuration is as long.
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster of the file; ``name`` is empty for the keys outside of any table."""

    name: str
    values: Mapping[str, str]
    place: str

    def __repr__(self) -> str:
        return f"Cluster({self.name!r}, {', '.join(self.values)})"


@dataclass(frozen=True, slots=True)
class Clusters:
    """All clusters of the file, and the one that counts when no host is named."""

    all: tuple[Cluster, ...] = ()
    default: Cluster | None = None


def config_path() -> Path:
    """Where the file is, or would be: below ``XDG_CONFIG_HOME`` or ``~/.config``."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if home.startswith("/") else Path("~/.config").expanduser()
    return folder / "kale" / "config.toml"


def read_clusters(path: Path) -> Clusters:
    """What the file says; nothing when there is none.

    Raises:
        UsageError: the file is not the user's alone, or says what it cannot (KALE602).
    """
    content = _guarded(path)
    if content is None:
        return Clusters()
    import tomllib

    try:
        tables = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise _wrong(path, "the configuration file is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        # Its message names a place, and at most one character of the text.
        raise _wrong(path, f"the configuration file is not valid TOML: {error}") from None
    return _clusters(path, tables)


def _guarded(path: Path) -> bytes | None:
    """The file's bytes, after a look at whose it is and who can read it."""
    try:
        # What the look is at is what is read: the open file, not its name.
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _wrong(path, f"the configuration file cannot be read: {error.strerror}") from None
    if status.st_uid != os.geteuid():
        raise _wrong(path, "the configuration file belongs to another user", "make one of your own")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise _wrong(
            path,
            f"others can read or change the configuration file (mode {mode:o}), and it is for "
            "credentials",
            f"chmod 600 {path}",
        )
    if len(content) > _LARGEST:
        raise _wrong(path, "the configuration file is too large")
    return content


def _clusters(path: Path, tables: Mapping[str, Any]) -> Clusters:
    rest = {key: value for key, value in tables.items() if key not in ("cluster", "default")}
    named = tables.get("cluster", {})
    if not isinstance(named, dict) or not all(isinstance(one, dict) for one in named.values()):
        raise _wrong(path, "`cluster` is no table of clusters", "write [cluster.NAME]")
    found = [Cluster("", _values(path, "", rest), str(path))] if rest else []
    for name, table in named.items():
        found.append(Cluster(name, _values(path, name, table), str(path)))
    for cluster in found:
        if "host" not in cluster.values:
            where = f"the table [cluster.{printable(cluster.name)}]" if cluster.name else "the file"
            raise _wrong(path, f"{where} names no host", 'write host = "https://…" there')
    default = tables.get("default")
    if default is None:
        return Clusters(tuple(found), found[0] if len(found) == 1 or rest else None)
    for cluster in found:
        if cluster.name and cluster.name == default:
            return Clusters(tuple(found), cluster)
    raise _wrong(
        path,
        "`default` names no cluster of the file",
        f"there are {', '.join(printable(name) for name in named) or 'none'}",
    )


def _values(path: Path, name: str, table: Mapping[str, Any]) -> dict[str, str]:
    where = f" of [cluster.{printable(name)}]" if name else ""
    values = {}
    for key, value in table.items():
        if key not in KEYS:
            close = nearest(key, KEYS)
            hint = f"did you mean `{close}`?" if close else f"there are {', '.join(KEYS)}"
            raise _wrong(path, f"there is no setting `{printable(key)}`{where}", hint)
        if key in _FLAGS and isinstance(value, bool):
            values[key] = "1" if value else ""
        elif key not in _FLAGS and isinstance(value, str) and value:
            values[key] = value
        elif key in _FLAGS:
            raise _wrong(path, f"the setting `{key}`{where} is not true or false")
        else:
            raise _wrong(path, f"the setting `{key}`{where} is no text", f'write {key} = "…"')
    if "token" in values and "token_file" in values:
        raise _wrong(path, f"there are both `token` and `token_file`{where}", "keep one of them")
    return values


def _wrong(path: Path, message: str, hint: str = "") -> UsageError:
    return UsageError("KALE602", message, at=Location(str(path)), hint=hint)
