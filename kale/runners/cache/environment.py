"""Environment variables that decide what a step computes, by digests that give nothing away."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

#: Variables that Python and common libraries heed by themselves.
_ALWAYS = {
    "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONWARNINGS",
    "TZ", "LANG", "LANGUAGE", "CUDA_VISIBLE_DEVICES", "MPLBACKEND",
}  # fmt: skip

#: What differs from one terminal to the next, and counts only for who asks for it by name.
_FLEETING = {
    "_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "WINDOWID", "STY", "PS1", "LS_COLORS",
    "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "PYTEST_CURRENT_TEST", "DISPLAY",
}  # fmt: skip
_FLEETING_STARTS = (
    "KALE_", "SSH_", "XDG_SESSION", "DBUS_", "TERM", "VSCODE_", "TMUX", "GNOME_", "WEZTERM",
)  # fmt: skip


def variables_of(
    environment: Mapping[str, str], named: Iterable[str], *, every: bool
) -> dict[str, str]:
    """The variables of an environment that count: those ``named``, or ``every`` lasting one."""
    wanted = {*named, *_ALWAYS}
    return {
        name: value
        for name, value in sorted(environment.items())
        if (name in wanted and name != "_")
        or name.startswith("LC_")
        or (every and name not in _FLEETING and not name.startswith(_FLEETING_STARTS))
    }


class Fingerprints:
    """Digests of values under a secret of this store, which the file ``salt`` keeps.

    Nobody who has but the digests, in a run's journal or report, can try out what they stand for.
    """

    def __init__(self, salt: Path) -> None:
        self._path = salt
        self._salt = b""

    def of(self, values: Mapping[str, str]) -> dict[str, str]:
        """A digest for each value, equal for equal values as long as the store lasts."""
        if not self._salt:
            self._salt = self._read() or self._make()
        return {name: self._digest(name, value) for name, value in values.items()}

    def _digest(self, name: str, value: str) -> str:
        text = os.fsencode(f"{name}={value}")
        return hashlib.blake2b(text, key=self._salt, digest_size=16).hexdigest()

    def _read(self) -> bytes:
        with suppress(OSError):
            found = self._path.read_bytes()
            return found if len(found) == 32 else b""
        return b""

    def _make(self) -> bytes:
        """A new secret; that of another run that was faster; this run's own if none can be kept."""
        made = secrets.token_bytes(32)
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_name(f".salt-{secrets.token_hex(8)}")
            try:
                descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(made)
                if self._path.exists():  # damaged
                    self._path.unlink()
                os.link(new, self._path)
            finally:
                new.unlink(missing_ok=True)
        return self._read() or made
