"""A page as a browser takes it: its text, its tags, its addresses, and whether they fit together."""

from __future__ import annotations

from html.parser import HTMLParser

#: Elements without an end tag.
VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})


class Page(HTMLParser):
    """The text that is shown, the tags, the ids and the addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.alts: list[str] = []
        self.text = ""
        self.mistakes: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.mistakes += [f"{tag} is not closed" for tag in self._open]

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "alt":
                self.alts.append(value)
            elif name in {"href", "src"}:
                (self.anchors if value.startswith("#") else self.links).append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.mistakes.append(f"{tag} is closed out of turn")

    def handle_data(self, data):
        if "style" not in self._open:
            self.text += data
