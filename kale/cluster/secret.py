"""A text that nobody sees by accident: a token or cookies, literal or in a file."""

from __future__ import annotations

from pathlib import Path

from kale.errors import UsageError

#: No token or cookie is as long; a file that is more was named by mistake.
_LARGEST = 64 * 1024
_SHORTEST = 6


class Secret:
    """A token or cookies; neither ``repr`` nor ``str`` shows any of it.

    ``source`` names where it comes from, for messages: "the environment's KALE_KFP_TOKEN".
    """

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self.source = source

    def __repr__(self) -> str:
        return f"<hidden, from {self.source}>"

    def reveal(self) -> str:
        """The text, fit for a header of a request.

        Raises:
            UsageError: there is none, or no header can hold it (KALE603).
        """
        text = self._read().strip()
        if text and text.isascii() and text.isprintable():
            return text
        wrong = "holds more than one line or a character that no request can carry"
        raise UsageError(
            "KALE603",
            f"{self.source} {wrong if text else 'is empty'}",
            hint="put the token or the cookies there, alone and on one line",
        )

    def hidden_in(self, text: str) -> str:
        """``text`` without this secret, nor any value in it when it is a list of cookies."""
        values = {part.strip().rpartition("=")[2] for part in self._read().split(";")}
        for value in sorted({self._read().strip(), *values}, key=len, reverse=True):
            # What is as short is no secret, and may be a part of any word.
            text = text.replace(value, "<hidden>") if len(value) >= _SHORTEST else text
        return text

    def _read(self) -> str:
        return self._text


class SecretFile(Secret):
    """A secret in a file, read anew each time: tokens of a pod change under way."""

    __slots__ = ()

    def __init__(self, path: str) -> None:
        super().__init__(path, f"the token file {path}")

    def _read(self) -> str:
        try:
            with Path(self._text).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise UsageError(
                "KALE603",
                f"{self.source} cannot be read: {error.strerror}",
                hint="name a file that exists and that you may read",
            ) from None
        if len(content) > _LARGEST:
            raise UsageError("KALE603", f"{self.source} is too large to be a token")
        return content.decode("utf-8", "replace")
