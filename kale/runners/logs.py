"""What steps print, read from their logs as it comes."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import suppress

from kale.runners.run_directory import RunDirectory

#: The most that is read of one log at a time, in bytes: a step may print faster than anybody reads.
_MOST = 1 << 20


class LogTail:
    """Hands on what the logs of a run have gained, by step; ``printed(step, text)`` gets it."""

    def __init__(self, directory: RunDirectory, printed: Callable[[str, str], None]) -> None:
        self._directory, self._printed = directory, printed
        self._read: dict[str, int] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}

    def look(self, step: str) -> None:
        """Hand on what a step has printed since; nothing if it has no log yet."""
        with suppress(FileNotFoundError), self._directory.log(step).open("rb") as log:
            log.seek(self._read.get(step, 0))
            while chunk := log.read(_MOST):
                self._read[step] = self._read.get(step, 0) + len(chunk)
                decoder = self._decoders.get(step)
                if decoder is None:
                    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
                    self._decoders[step] = decoder
                if text := decoder.decode(chunk):
                    self._printed(step, text)
