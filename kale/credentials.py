"""Passwords and tokens in addresses: whether there are any, and texts without them."""

from __future__ import annotations

import re

#: Parameters of an address that hold what nobody else may know.
_CREDENTIAL = re.compile(r"token|secret|passw|pwd|key|auth|sig|cred", re.IGNORECASE)

_USER = re.compile(r"(?<=://)[^/?#\s'\"`]*@")


def holds_credentials(address: str) -> bool:
    """Whether an address of an index seems to hold a password or a token."""
    return "@" in address or _names_credentials(address)


def fetches_with_credentials(address: str) -> bool:
    """Whether an address of a file or repository does; a name alone logs in to SSH with a key."""
    user = _USER.search(address)
    by_key = user is not None and ":" not in user[0] and re.match(r"(?:\w+\+)?ssh:", address)
    return (user is not None and not by_key) or _names_credentials(address)


def without_credentials(text: str) -> str:
    """A text, such as a command, for a message: without who logs in to the addresses in it."""
    return _USER.sub("<hidden>@", text)


def _names_credentials(address: str) -> bool:
    return any(map(_CREDENTIAL.search, re.findall(r"[?&;]([^=&;]+)=", address)))
