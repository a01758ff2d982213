"""Reads a page as a browser would, and finds what no page may have."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})


@dataclass
class Element:
    """One element with its attributes, its children and the text right inside it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all text inside, children included, in order of the page as far as it matters."""
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[Element]:
        """Return every element of this name below."""
        found = [child for child in self.children if child.tag == tag]
        for child in self.children:
            found += child.all(tag)
        return found

    def has(self, name: str) -> bool:
        """Tell whether the element carries this class."""
        return name in self.attributes.get("class", "").split()


class Page(HTMLParser):
    """One parsed page; ``faults`` are the things that no page may have."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.faults: list[str] = []
        self.ids: list[str] = []
        self._open = [self.root]
        self.feed(source)
        self.close()
        if len(self._open) > 1:
            self.faults.append(f"never closed: {[one.tag for one in self._open[1:]]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, attrs)
        if tag not in VOID:
            self._open.append(self._open[-1].children[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1].tag}>")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1].tag == "style":
            return
        for one in self._open:
            one.words.append(data)

    def _begin(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        attributes = {name: value or "" for name, value in attrs}
        parent = self._open[-1]
        parent.children.append(Element(tag, attributes, parent))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag in {"script", "iframe", "object", "embed", "form", "base"}:
            self.faults.append(f"<{tag}>")
        self.faults += [
            f"{name} on <{tag}>" for name in names if name == "style" or name.startswith("on")
        ]
        if tag == "th" and attributes.get("scope") not in {"col", "row"}:
            self.faults.append("th without scope")

    def all(self, tag: str) -> list[Element]:
        """Return every element of this name."""
        return self.root.all(tag)

    @property
    def text(self) -> str:
        """Return all text of the page."""
        return self.root.text

    def section(self, heading: str) -> Element:
        """Return the section that a heading begins."""
        for section in self.all("section"):
            titles = section.all("h2")
            if titles and titles[0].text == heading:
                return section
        raise LookupError(heading)


def read(path: Path) -> Page:
    """Return the page of a file."""
    return Page(path.read_text(encoding="utf-8"))


def rows_of(section: Element) -> list[list[str]]:
    """Return the text of every cell of every body row."""
    return [
        [cell.text for cell in row.children if cell.tag in {"th", "td"}]
        for body in section.all("tbody")
        for row in body.all("tr")
    ]
