"""Which instants can be restored to. Pure, but for what the archive reader found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from drill.sandbox.lineage import in_lineage
from drill.sandbox.postgres.archive import ArchiveReader
from drill.sandbox.postgres.layout import InstanceFolder
from drill.sandbox.servers import Span

_MILLISECOND = timedelta(milliseconds=1)


def windows_of(folder: InstanceFolder, reader: ArchiveReader) -> list[Span]:
    """Return the windows of an instance, merged, oldest first. Raise ServerFault, OSError.

    They are what was archived. Whether it still is, a restore finds out.
    """
    spans = []
    for backup in in_lineage(folder.backups(), folder.history()):
        archive = folder.archive(backup.era)
        chain = reader.chain(archive, backup.log, backup.first_segment)
        span = span_after(backup.base.ended_at, chain.noted_ending_at)
        if span is not None:
            spans.append(span)
    return merge(spans)


def span_after(consistent_at: datetime, newest_ending_at: datetime | None) -> Span | None:
    """Return what one base backup and the log after it can be restored to, in milliseconds.

    Recovery proves that it reached an instant by stopping in front of the first transaction that
    ended later; at or after the newest one there is none (embedded.md, 5: a quiet database).
    """
    if newest_ending_at is None:
        return None
    starts_at = _round_up(consistent_at)
    ends_at = _round_up(newest_ending_at) - _MILLISECOND
    return Span(starts_at, ends_at) if starts_at <= ends_at else None


def merge(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch, to the millisecond."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.starts_at, span.ends_at)):
        if merged and span.starts_at <= merged[-1].ends_at + _MILLISECOND:
            merged[-1] = Span(merged[-1].starts_at, max(merged[-1].ends_at, span.ends_at))
        else:
            merged.append(span)
    return merged


def _round_up(instant: datetime) -> datetime:
    rest = instant.microsecond % 1000
    return instant + timedelta(microseconds=1000 - rest) if rest else instant
