"""A table for programs: rows as CSV for spreadsheets, and as JSON."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from drill.plan.visible import visible
from drill.report.view.formats import machine_text
from drill.report.view.text import capped, without_secrets

Value = str | int | float | bool | None
Row = Sequence[Value]
Form = Literal["csv", "json", "csv.gz"]

_CELLS_AT_MOST = 10_000
"""Texts of a file whose cells are remembered: most stand in it once, and are many."""
CELL_AT_MOST = 2000
"""Characters of one foreign text in a table; the rest is counted."""

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
        """Yield the name and the bytes of each of its files."""
        made = self.loaded().rows()
        # What is written once is never all in memory.
        rows = made if len(self.forms) == 1 else list(made)
        for name, form in zip(self.names, self.forms, strict=True):
            if form == "json":
                yield name, json_of(self.head, self.name, self.fields, rows)
            elif form == "csv":
                yield name, csv_of(self.fields, rows)
            else:
                yield name, gzip.compress(csv_of(self.fields, rows), 6, mtime=0)


def foreign(text: str | None) -> str | None:
    """Return foreign text for a table, without secrets and of limited length."""
    return None if text is None else capped(without_secrets(text), CELL_AT_MOST)


def instant(at: datetime | None) -> str | None:
    """Return an instant for a table: ISO 8601 in UTC, to the millisecond."""
    return None if at is None else machine_text(at)


def json_of(
    head: Mapping[str, Value], name: str, fields: Sequence[str], rows: Iterable[Row]
) -> bytes:
    """Return rows as one JSON object in ASCII, a row a line; what is not known is null."""
    text = json.dumps(dict(head), ensure_ascii=True)[:-1]
    dumped = json.JSONEncoder(separators=(",", ":")).encode
    lines = [dumped(dict(zip(fields, row, strict=True))).encode("ascii") for row in rows]
    begin, end = f'{text}, "{name}": [\n'.encode("ascii"), b"\n]}\n"
    return b"".join((begin, b",\n".join(lines), end))


def csv_of(fields: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return rows as RFC 4180 lines in UTF-8; what is not known is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(fields)
    known = _Cells()
    # Whole numbers and None are written by the writer itself as ``cell`` would.
    writer.writerows(
        [
            known[value]
            if (kind := type(value)) is str
            else value
            if kind is int or value is None
            else cell(value)
            for value in row
        ]
        for row in rows
    )
    return out.getvalue().encode("utf-8")


class _Cells(dict[Value, str]):
    """Texts and their cells: most texts of a file stand in it many times."""

    def __missing__(self, text: Value) -> str:
        if len(self) >= _CELLS_AT_MOST:
            self.clear()
        self[text] = made = cell(text)
        return made


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
