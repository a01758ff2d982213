"""A table for programs: rows as CSV for spreadsheets, and as JSON."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Literal

from pydantic_core import PydanticSerializationError, to_json

from drill.plan.visible import visible
from drill.report.view.formats import machine_text
from drill.report.view.text import capped, without_secrets

Value = str | int | float | bool | None
Row = Sequence[Value]
Form = Literal["csv", "json", "csv.gz"]

_ROWS_AT_ONCE = 500
_WRITTEN_AS_THEY_ARE = frozenset({int, type(None)})
"""Types whose cells the writer makes by itself as ``cell`` would."""
_TEXTS = frozenset({str, type(None)})
CELL_AT_MOST = 2000
"""Characters of one foreign text in a table; the rest is counted."""

_MAY_BEGIN_A_FORMULA = frozenset("=+-@ ")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """One table of the folder ``data``; it may be sent to another process and written there."""

    name: str
    fields: Sequence[str]
    rows: Callable[[], Iterable[Row]] = tuple
    """Makes the rows, once for all forms; can be pickled."""
    head: Mapping[str, Value] = field(default_factory=dict)
    """What stands before the rows in JSON."""
    forms: tuple[Form, ...] = ("csv", "json")
    digest: str = ""
    """Of what it is made of; empty for a table that is always made."""
    load: Callable[[], Callable[[], Iterable[Row]]] | None = None
    """Reads what the rows are made of, where the past is, and returns what makes them elsewhere."""
    reads_drills: bool = False
    """Whether that reads more of drills than is counted."""

    def loaded(self) -> DataTable:
        """Return the table with what its rows are made of: then it can be sent away."""
        return self if self.load is None else replace(self, rows=self.load(), load=None)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its files."""
        return tuple(f"data/{self.name}.{form}" for form in self.forms)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the bytes of each of its files. No more than some rows are in memory
        at a time."""
        made = [_FORMS[form](self) for form in self.forms]
        left = iter(self.loaded().rows())
        while some := list(islice(left, _ROWS_AT_ONCE)):
            for file in made:
                file.add(some)
        for name, file in zip(self.names, made, strict=True):
            yield name, file.content()


def foreign(text: str | None) -> str | None:
    """Return foreign text for a table, without secrets and of limited length."""
    if text is None or (len(text) <= CELL_AT_MOST and ":" not in text and "=" not in text):
        return text  # it is short, and gives nothing a value: this is the common case
    return capped(without_secrets(text), CELL_AT_MOST)


def instant(at: datetime | None) -> str | None:
    """Return an instant for a table: ISO 8601 in UTC, to the millisecond."""
    return None if at is None else machine_text(at)


class _Json:
    """Rows as one JSON object in ASCII, a row a line; what is not known is null."""

    def __init__(self, table: DataTable) -> None:
        head = json.dumps(dict(table.head), ensure_ascii=True)[:-1]
        self._begin = f'{head}, "{table.name}": [\n'.encode("ascii")
        self._fields = table.fields
        self._lines: list[bytes] = []

    def add(self, rows: Iterable[Row]) -> None:
        self._lines += [_json_line(dict(zip(self._fields, row, strict=True))) for row in rows]

    def content(self) -> bytes:
        return b"".join((self._begin, b",\n".join(self._lines), b"\n]}\n"))


_encoded = json.JSONEncoder(separators=(",", ":")).encode


def _json_line(row: Mapping[str, Value]) -> bytes:
    """Return a row in ASCII. Nearly all are so anyway, and then a quicker encoder says the same."""
    try:
        line = to_json(row)
    except PydanticSerializationError:  # half a character, as a database may have it
        line = b""
    return line if line.isascii() and line else _encoded(row).encode("ascii")


class _Csv:
    """Rows as RFC 4180 lines in UTF-8; what is not known is empty."""

    def __init__(self, table: DataTable) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow(table.fields)

    def add(self, rows: Iterable[Row]) -> None:
        columns = [_cells(column) for column in zip(*rows, strict=True)]
        self._writer.writerows(zip(*columns, strict=True))

    def content(self) -> bytes:
        return self._text.getvalue().encode("utf-8")


class _GzippedCsv(_Csv):
    def content(self) -> bytes:
        return gzip.compress(super().content(), 6, mtime=0)


_FORMS: Mapping[Form, type[_Json | _Csv]] = {"json": _Json, "csv": _Csv, "csv.gz": _GzippedCsv}


def _cells(column: Sequence[Value]) -> Iterable[Value]:
    """Return the cells of a column: nearly every one has values of one type, and None."""
    kinds = set(map(type, column))
    if kinds <= _WRITTEN_AS_THEY_ARE or (kinds <= _TEXTS and _are_plain(column)):
        return column
    return map(cell, column)


def _are_plain(column: Sequence[Value]) -> bool:
    """Tell at a glance that texts are their own cells, as nearly all are; False may be wrong."""
    texts = [text for text in column if isinstance(text, str) and text]
    whole = "".join(texts)
    begins = {text[0] for text in texts}
    return whole.isascii() and whole.isprintable() and begins.isdisjoint(_MAY_BEGIN_A_FORMULA)


def cell(value: Value) -> str:
    """Return a cell that no spreadsheet takes for a formula and no terminal for a command."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    is_formula = value.lstrip(" \u00a0\ufeff").startswith(_FORMULA)
    return f"'{visible(value)}" if is_formula else visible(value)
