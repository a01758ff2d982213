"""Every key is found where it stands, whatever way TOML lets it be written."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.plan.positions import KeyPath, Position, find_positions, position_of

TEXT = '''\
a.b = 1
"x.y".'z w' = {k = 1, l.m = [1, {n = 2}]}
[t.u]
v = """
[fake]
k = 1
"""
w = 1  # after = a comment
[[arr.of]]
q = [ {a = 1},  # x = 1
  {b = 2} ]
[[arr.of]]
"äö" = { "é" = 3, f = 4 }
[arr.of.sub]
z = 1
[[arr.of.deep]]
y = 2
[[arr.of.deep]]
y = 3
'''


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("a",), (1, 1)),
        (("a", "b"), (1, 3)),
        (("x.y", "z w"), (2, 7)),
        (("x.y", "z w", "k"), (2, 16)),
        (("x.y", "z w", "l", "m"), (2, 25)),
        (("x.y", "z w", "l", "m", 1, "n"), (2, 34)),
        (("t", "u"), (3, 4)),
        (("t", "u", "v"), (4, 1)),
        (("t", "u", "w"), (8, 1)),
        (("arr", "of", 0), (9, 7)),
        (("arr", "of", 0, "q", 1, "b"), (11, 4)),
        (("arr", "of", 1), (12, 7)),
        (("arr", "of", 1, "äö", "f"), (13, 19)),
        (("arr", "of", 1, "sub", "z"), (15, 1)),
        (("arr", "of", 1, "deep", 1, "y"), (19, 1)),
    ],
)
def test_a_key_is_where_it_is_written(path, expected):
    assert find_positions(TEXT)[path] == Position(*expected)


def test_a_line_in_a_multi_line_text_is_no_key():
    positions = find_positions(TEXT)

    assert ("fake",) not in positions
    assert ("t", "u", "k") not in positions


def test_a_missing_key_is_shown_at_the_table_that_misses_it():
    positions = find_positions(TEXT)

    assert position_of(positions, ("arr", "of", 1, "nothing")) == (12, 7)
    assert position_of(positions, ("nothing",)) == (1, 1)


def test_without_the_parser_no_position_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "tree_sitter_toml", None)

    positions = find_positions(TEXT)

    assert position_of(positions, ("a",)) is None


def _paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))


def test_every_key_of_a_text_has_a_position():
    positions = find_positions(TEXT)

    assert set(_paths(tomllib.loads(TEXT))) == set(positions)


_KEYS = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs", "S")), min_size=1)


@given(st.lists(_KEYS, min_size=1, max_size=8, unique=True))
def test_the_column_counts_characters_and_not_bytes(keys):
    line = ", ".join(f'"{key}" = 1' for key in keys)
    text = f'"ö" = {{ {line} }}'

    positions = find_positions(text)

    for key in keys:
        column = positions["ö", key].column
        assert text[column - 1 :].startswith(f'"{key}"')
