"""Where each key of a TOML text stands. Only asked when there is a problem to show.

tomllib keeps no positions, so the text is read a second time, by tree-sitter. Where that cannot be
imported the answer is empty, and problems name the key without line and column.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

KeyPath = tuple[str | int, ...]
"""Keys, and indices (from 0) of arrays: ``("checks", 2, "query")``."""


class Position(NamedTuple):
    """Line and column of the first character of a key, both counted from 1, in characters."""

    line: int
    column: int


def find_positions(text: str) -> Mapping[KeyPath, Position]:
    """Return the position of every key, table and element of an array in a valid TOML text.

    A dotted key gives a position to each of its parts, unless the part had one before: the first
    place that mentions a table is its place.
    """
    try:
        import tree_sitter_toml
        from tree_sitter import Language, Parser
    except ImportError:
        return {}
    source = text.encode("utf-8")
    root = Parser(Language(tree_sitter_toml.language())).parse(source).root_node
    # tomllib took the text: where the two disagree, no position is better than a wrong one
    return {} if root.has_error else _Reader(source).read(root)


def position_of(positions: Mapping[KeyPath, Position], path: KeyPath) -> Position | None:
    """Return the position of a key, or of the nearest table around it that has one.

    The top level itself is line 1, column 1. Return None where no positions are known at all.
    """
    for length in range(len(path), 0, -1):
        if path[:length] in positions:
            return positions[path[:length]]
    return Position(1, 1) if positions else None


class _Reader:
    """Walks the syntax tree once, in the order of the text."""

    def __init__(self, source: bytes) -> None:
        self._lines = source.split(b"\n")
        self._positions: dict[KeyPath, Position] = {}
        self._lengths: dict[KeyPath, int] = {}
        """Arrays of tables: how many elements were begun so far."""

    def read(self, root: Node) -> Mapping[KeyPath, Position]:
        for node in root.named_children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                path = self._header(node, begins_element=node.type == "table_array_element")
                for child in node.named_children:
                    if child.type == "pair":
                        self._pair(path, child)
        return self._positions

    def _header(self, node: Node, *, begins_element: bool) -> KeyPath:
        """Return the path that the keys below this header belong to."""
        *parents, last = _parts(node.named_children[0])
        path: KeyPath = ()
        for part in parents:
            path = self._newest_element((*path, self._named(path, part)))
        path = (*path, self._named(path, last))
        if begins_element:
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = (*path, index)
            self._positions[path] = self._position(last)
        return path

    def _newest_element(self, path: KeyPath) -> KeyPath:
        """Return the path of the last element, where the path is an array of tables."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, path: KeyPath, node: Node) -> None:
        key, *_, value = node.named_children
        for part in _parts(key):
            path = (*path, self._named(path, part))
        self._value(path, value)

    def _value(self, path: KeyPath, node: Node) -> None:
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(path, child)
        elif node.type == "array":
            elements = [child for child in node.named_children if child.type != "comment"]
            for index, element in enumerate(elements):
                self._positions.setdefault((*path, index), self._position(element))
                self._value((*path, index), element)

    def _named(self, path: KeyPath, part: Node) -> str:
        """Remember where this key stands below a path, and return it."""
        written = (part.text or b"").decode("utf-8")
        name = next(iter(tomllib.loads(f"{written} = 0"))) if part.type == "quoted_key" else written
        self._positions.setdefault((*path, name), self._position(part))
        return name

    def _position(self, node: Node) -> Position:
        row, column = node.start_point
        before = self._lines[row][:column].decode("utf-8")
        return Position(row + 1, len(before) + 1)


def _parts(key: Node) -> list[Node]:
    """Return the single keys of a key, dotted or not."""
    if key.type != "dotted_key":
        return [key]
    return [part for child in key.named_children for part in _parts(child)]
