"""The looks at one source that its page is made of: read when the page is, and not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.recovery.coverage.reading import look_of
from drill.recovery.facts import Look, SourceKey
from drill.report.view.standing import Standing

PERIOD = timedelta(days=30)
"""How far the lag over time goes back from the newest look."""

LooksOf = Callable[[SourceKey, datetime, datetime], Sequence[Look]]
"""Returns the kept looks at a source from an instant on and before another, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceData:
    """What the page of a source is made of."""

    standing: Standing
    looks: tuple[Look, ...]
    """Of the period up to the newest look, oldest first; that one is the last."""


def no_looks(_source: SourceKey, _since: datetime, _until: datetime) -> Sequence[Look]:
    """Return nothing: for a report without a store behind it."""
    return ()


def source_data(one: Standing, looks_of: LooksOf) -> SourceData:
    """Return the standing with its looks. The newest counts whoever made it, also a drill."""
    seen = one.ground.observation
    if seen is None:
        return SourceData(standing=one, looks=())
    kept = looks_of(one.key, seen.taken_at - PERIOD, seen.taken_at)
    return SourceData(standing=one, looks=(*kept, look_of(seen)))
