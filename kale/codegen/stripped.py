"""The stripped text of sources, made once for each text and kept by :mod:`kale.codegen.memo`."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from kale.codegen.memo import keep, recall

_Key = TypeVar("_Key")
_FILE = "stripped.json"

#: More texts than this are not all of one version of Kale, and those of others go.
_MOST = 200


def stripped(sources: Mapping[_Key, str]) -> dict[_Key, str]:
    """Each source as :func:`kale.codegen.strip.strip` gives it."""
    keys = {name: _key(text) for name, text in sources.items()}
    known = _known()
    missing = {keys[name]: text for name, text in sources.items() if keys[name] not in known}
    if missing:
        from kale.codegen.strip import strip

        made = {key: strip(text) for key, text in missing.items()}
        if len(known) + len(made) > _MOST:
            known.clear()
        known |= made
        keep(_FILE, known)
    return {name: known[key] for name, key in keys.items()}


@functools.cache
def _known() -> dict[str, str]:
    return recall(_FILE)


def _key(text: str) -> str:
    return hashlib.sha256(_how() + text.encode()).hexdigest()


@functools.cache
def _how() -> bytes:
    """What the result depends on beside the source."""
    code = Path(__file__).with_name("strip.py").read_bytes()
    return f"{sys.version_info[:2]} {hashlib.sha256(code).hexdigest()}\n".encode()
