"""What a server holds after a deploy, and what it was asked to change."""

from __future__ import annotations


def only(things):
    """The one thing that there is."""
    (one,) = things.values() if isinstance(things, dict) else things
    return one


def changes(server):
    """The requests that were to change something."""
    return [str(each) for each in server.sent() if each.method != "GET"]
