"""What a step's process needs of the way to whatever runs its cells, a shell or a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kale.runners.engines.processes import Process


class Link(Protocol):
    """The way to a process that runs cells, and that process."""

    @property
    def session(self) -> Any:
        """jupyter_client's, for messages."""

    @property
    def process(self) -> Process:
        """The process that runs the cells."""

    def await_ready(self) -> dict[str, Any]:
        """Wait until it takes requests; what it says of itself, ``language_info`` with it."""

    def request(self, code: str, *, stop_on_error: bool) -> str:
        """Have code run; the request's id."""

    def send_message(self, message: dict[str, Any]) -> None:
        """Send a message of the Jupyter protocol."""

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to receive, at most so long; whether there is."""

    def receive(self) -> list[tuple[bool, dict[str, Any]]]:
        """What has come: whether it is a reply to a request or came along, and the message."""

    def start_probes(self, probes: Mapping[str, Any]) -> None:
        """Start probes where the cells run."""

    def call_probes(self, moment: str) -> dict[str, Any]:
        """Call the probes' ``failure`` or ``end``; what they have found so far."""

    def begin_end(self) -> None:
        """Tell the process to end."""
