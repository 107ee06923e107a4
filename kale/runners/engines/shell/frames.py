"""Messages on a stream socket: each a list of byte strings, the first of which names a channel.

Channels are ``shell`` and ``iopub``, with messages as the Jupyter protocol frames them, and
``kale``, with one JSON object: what the two processes have to say to each other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

SHELL, IOPUB, KALE = b"shell", b"iopub", b"kale"

#: Bytes to ask the system for at once.
CHUNK = 1 << 18

_COUNT = struct.Struct("!I")


def pack(parts: Sequence[bytes]) -> bytes:
    """A message as it is sent."""
    sizes = struct.pack(f"!I{len(parts)}Q", len(parts), *map(len, parts))
    return b"".join([sizes, *parts])


def note(**content: Any) -> list[bytes]:
    """A message of the channel ``kale``."""
    return [KALE, json.dumps(content).encode()]


class Unpacker:
    """Cuts what comes from a socket into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._sizes: tuple[int, ...] | None = None

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Take in ``data``; yield the messages that are complete by now."""
        self._buffer += data
        while (message := self._take()) is not None:
            yield message

    def _take(self) -> list[bytes] | None:
        if self._sizes is None:
            if len(self._buffer) < _COUNT.size:
                return None
            (count,) = _COUNT.unpack_from(self._buffer)
            head = _COUNT.size + 8 * count
            if len(self._buffer) < head:
                return None
            self._sizes = struct.unpack_from(f"!{count}Q", self._buffer, _COUNT.size)
            del self._buffer[:head]
        if len(self._buffer) < sum(self._sizes):
            return None
        parts, at = [], 0
        view = memoryview(self._buffer)
        for size in self._sizes:
            parts.append(bytes(view[at : at + size]))
            at += size
        view.release()
        del self._buffer[:at]
        self._sizes = None
        return parts
