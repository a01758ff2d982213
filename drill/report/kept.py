"""The cards of one report, kept in a file for the next one.

The file is JSON, two arrays a source: what is counted of it, and behind a tab what is printed. At
the end stands a digest of all that. Whatever is odd about it, it counts as not there: then
everything is counted anew. It holds what the pages hold, and belongs beside the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from drill.recovery.coverage.fleet import Failure
from drill.recovery.coverage.reconciliation import Operation
from drill.recovery.facts import FleetSums, SourceKey, WorstLag
from drill.recovery.tick import ENDINGS, MICROSECOND, Tick, instant, micro
from drill.report.context import Context
from drill.report.digests import code_digest, digest
from drill.report.folder import put_lines
from drill.report.sources import KeptCard
from drill.report.view.card import Card, Cells, Printed, PrintedNow
from drill.report.view.fleet_row import FleetRow
from drill.report.view.small_bar import SmallBar
from drill.report.view.standing import Status
from drill.report.view.statuses import status_sign

_PLAIN = ("name", "tier", "is_simulated", "volume_gb", "proven", "reason", "page_digest")
_INSTANTS = ("proof_at", "expires_at", "covered_at", "attempted_at", "looked_at", "known_since")
_SPANS = ("cadence", "validity")
_TEXTS = tuple(one.name for one in fields(FleetRow) if one.name not in {"sign", "bar"})
_SUMS = tuple(one.name for one in fields(FleetSums) if one.name != "worst")

_AT_ONCE = 200
"""Lines that are taken apart together: more would take memory that nobody needs later."""
_ENDING = Tick._fields.index("ending") - 1

_new_tick = partial(tuple.__new__, Tick)
"""Makes a tick of its values, without counting them again and again as ``Tick._make`` does."""
_COLUMNS = len(Tick._fields) - 1

_plain_of, _instants_of = attrgetter(*_PLAIN), attrgetter(*_INSTANTS)
_spans_of, _texts_of, _sums_of = attrgetter(*_SPANS), attrgetter(*_TEXTS), attrgetter(*_SUMS)


def read_kept(path: Path, context: Context) -> Mapping[SourceKey, KeptCard]:
    """Return the cards of an earlier report with an equal context; none if there is no such."""
    try:
        if path.is_symlink():
            return {}
        with path.open("rb") as file:
            head, *lines, seal = file
        made_by, at = json.loads(head)
        if made_by != _made_by(context) or at > micro(context.at) or seal != _seal((head, *lines)):
            return {}
        return {one.card.key: one for one in _all_kept_in(lines)}
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return {}


def write_kept(path: Path, cards: Iterable[KeptCard], context: Context) -> None:
    """Keep the cards that hold beyond a report. Raise ReportFolderUnusable if that is not possible.

    What was read from the file is written as it was.
    """
    encode = json.JSONEncoder(separators=(",", ":")).encode
    head = encode([_made_by(context), micro(context.at)])
    lines = (
        one.line
        or f"{encode(_kept_out(one))}\t{encode(_printed_out(one.card.printed))}\n".encode("ascii")
        for one in cards
        if one.until > context.at
    )
    put_lines(path, _sealed(chain((f"{head}\n".encode("ascii"),), lines)))


def _sealed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines, and then their digest."""
    seen = hashlib.sha256()
    for line in lines:
        seen.update(line)
        yield line
    yield seen.hexdigest().encode("ascii")


def _seal(lines: Iterable[bytes]) -> bytes:
    """Return the digest of lines: most of each is taken apart when it is too late to find out that
    it is spoilt."""
    *_lines, seal = _sealed(lines)
    return seal


def _made_by(context: Context) -> str:
    """Return what all cards of a file have in common; other code makes other cards."""
    return digest(code_digest(), context.fingerprint())


def _kept_out(one: KeptCard) -> list[Any]:
    card = one.card
    return [
        *card.key,
        one.mark,
        _instant_out(one.until),
        int(card.status),
        _plain_of(card),
        [_instant_out(at) for at in _instants_of(card)],
        [span // MICROSECOND for span in _spans_of(card)],
        _sums_out(card.sums),
        _ticks_out(card.ticks),
        _operation_out(card.operation),
        [(one.began, one.ended) for one in card.failures],
        [_instant_out(at) for at in card.proof_ends],
    ]


def _printed_out(printed: Printed) -> list[Any]:
    row = printed.row
    bar = row.bar
    return [
        _texts_of(row),
        None if bar is None else (bar.title, bar.paths),
        printed.cells,
    ]


def _all_kept_in(lines: Sequence[bytes]) -> Iterator[KeptCard]:
    """Yield the cards of all lines, of which some are taken apart at a time."""
    for place in range(0, len(lines), _AT_ONCE):
        some = lines[place : place + _AT_ONCE]
        counted = b",".join(line.partition(b"\t")[0] for line in some)
        for parts, line in zip(from_json(b"[%b]" % counted), some, strict=True):
            yield _kept_in(parts, line)


def _kept_in(parts: Sequence[Any], line: bytes) -> KeptCard:
    cloud, source_id, mark, until, status, *values_of = parts
    plain, instants, spans, sums, ticks, operation, failures, proof_ends = values_of
    key = cloud, source_id
    stands = Status(status)
    values: dict[str, Any] = dict(zip(_PLAIN, plain, strict=True))
    values |= {name: _instant_in(at) for name, at in zip(_INSTANTS, instants, strict=True)}
    values |= {name: span * MICROSECOND for name, span in zip(_SPANS, spans, strict=True)}
    card = Card(
        key=key,
        status=stands,
        sums=_sums_in(key, sums),
        ticks=_ticks_in(key, ticks),
        operation=_operation_in(operation),
        failures=tuple(Failure(source=key, began=began, ended=ended) for began, ended in failures),
        proof_ends=tuple(map(instant, proof_ends)),
        printed=_KeptPrinted(stands, line),
        **values,
    )
    return KeptCard(mark=mark, until=instant(until), card=card, line=line)


class _KeptPrinted:
    """What is printed of a source, taken out of its line when it is asked for."""

    __slots__ = ("_line", "_made", "_status")

    def __init__(self, status: Status, line: bytes) -> None:
        self._status, self._line = status, line
        self._made: PrintedNow | None = None

    @property
    def row(self) -> FleetRow:
        return self._now.row

    @property
    def cells(self) -> Cells:
        return self._now.cells

    @property
    def _now(self) -> PrintedNow:
        if self._made is None:
            texts, bar, cells = from_json(self._line.partition(b"\t")[2])
            row = FleetRow(
                sign=status_sign(self._status),
                bar=None if bar is None else _bar_in(bar),
                **dict(zip(_TEXTS, texts, strict=True)),
            )
            self._made = PrintedNow(row=row, cells=tuple(cells))
        return self._made

    def __eq__(self, other: object) -> bool:
        return (self.row, self.cells) == (getattr(other, "row", 0), getattr(other, "cells", 0))


def _bar_in(bar: Sequence[Any]) -> SmallBar:
    title, paths = bar
    return SmallBar(title=title, paths=tuple((kind, path) for kind, path in paths))


def _sums_out(sums: FleetSums) -> list[Any]:
    worst = sums.worst
    lag = None
    if worst is not None:
        target = None if worst.target is None else worst.target // MICROSECOND
        lag = worst.milliseconds, target
    return [*_sums_of(sums), lag]


def _sums_in(key: SourceKey, kept: Sequence[Any]) -> FleetSums:
    *numbers, lag = kept
    worst = None
    if lag is not None:
        target = None if lag[1] is None else lag[1] * MICROSECOND
        worst = WorstLag(source=key, milliseconds=lag[0], target=target)
    return FleetSums(worst=worst, **dict(zip(_SUMS, numbers, strict=True)))


def _ticks_out(ticks: Sequence[Tick]) -> list[list[Any]]:
    """Return ticks by column; what is the same in all of them is told once."""
    if not ticks:
        return []
    _sources, *columns = map(list, zip(*ticks, strict=True))
    columns[_ENDING] = [ending.code for ending in columns[_ENDING]]
    return [column[:1] if column.count(column[0]) == len(column) else column for column in columns]


def _ticks_in(key: SourceKey, columns: list[list[Any]]) -> tuple[Tick, ...]:
    if not columns:
        return ()
    if len(columns) != _COLUMNS:
        raise ValueError("other columns than a tick has")
    count = max(map(len, columns))
    columns[_ENDING] = [ENDINGS[code] for code in columns[_ENDING]]
    whole = [column if len(column) == count else column * count for column in columns]
    return tuple(map(_new_tick, zip([key] * count, *whole, strict=True)))


def _operation_out(one: Operation) -> list[Any]:
    return [one.scheduled, one.executed, one.passed, one.executed_as, one.not_executed_as]


def _operation_in(kept: Sequence[Any]) -> Operation:
    scheduled, executed, passed, executed_as, not_executed_as = kept
    return Operation(
        scheduled=scheduled,
        executed=executed,
        passed=passed,
        executed_as=executed_as,
        not_executed_as=not_executed_as,
    )


def _instant_out(at: datetime | None) -> int | None:
    return None if at is None else micro(at)


def _instant_in(kept: int | None) -> datetime | None:
    return None if kept is None else instant(kept)
