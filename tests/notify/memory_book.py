"""A book of notices in memory: strict like the one on disk, gone with its process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from drill.engine.notices import Tally, Telling, TellingKey, TellingState
from drill.plan.telling import NoticeKind


class MemoryNoticeBook:
    """Implements ``drill.engine.notices.NoticeBook`` for tests. Threads may share it."""

    def __init__(self) -> None:
        self._tellings: dict[TellingKey, Telling] = {}
        self._lock = threading.Lock()

    def told(self, *, since: datetime | None = None) -> Sequence[Telling]:
        with self._lock:
            found = [
                one for one in self._tellings.values() if since is None or one.first_at >= since
            ]
        return sorted(found, key=_order)

    def enter(self, telling: Telling) -> bool:
        with self._lock:
            if telling.key in self._tellings:
                return False
            self._tellings[telling.key] = telling
            return True

    def due(self, *, now: datetime) -> Sequence[Telling]:
        return [one for one in self.told() if one.next_at is not None and one.next_at <= now]

    def take(self, telling: Telling, *, now: datetime, until: datetime) -> Telling | None:
        with self._lock:
            one = self._tellings[telling.key]
            if one.next_at is None or one.next_at > now:
                return None
            one = replace(
                one,
                state=TellingState.SENDING,
                attempts=one.attempts + 1,
                last_at=now,
                next_at=until,
            )
            self._tellings[telling.key] = one
            return one

    def close(self, telling: Telling) -> None:
        with self._lock:
            self._tellings[telling.key] = replace(
                self._tellings[telling.key],
                state=telling.state,
                last_at=telling.last_at,
                next_at=telling.next_at,
                fault=telling.fault,
            )

    def tallies(self) -> Sequence[Tally]:
        return tallies_of(self.told())

    def newest(self, *, at_most: int) -> Sequence[Telling]:
        return list(reversed(self.told()))[:at_most]


def _order(telling: Telling) -> tuple[datetime, str, str, int, str]:
    return telling.first_at, telling.subject, telling.kind, telling.number, telling.channel


def tallies_of(tellings: Sequence[Telling]) -> Sequence[Tally]:
    """Return the counts by (channel, kind), sorted."""
    found: Mapping[tuple[str, NoticeKind], list[Telling]] = {
        (one.channel, one.kind): [] for one in tellings
    }
    for one in tellings:
        found[one.channel, one.kind].append(one)
    return [_tally(channel, kind, some) for (channel, kind), some in sorted(found.items())]


def _tally(channel: str, kind: NoticeKind, tellings: Sequence[Telling]) -> Tally:
    states = [one.state for one in tellings]
    sent = states.count(TellingState.SENT)
    under_way = states.count(TellingState.SENDING)
    return Tally(
        channel=channel,
        kind=kind,
        sent=sent,
        failed_attempts=sum(one.attempts for one in tellings) - sent - under_way,
        waiting=under_way + states.count(TellingState.FAILED),
        given_up=states.count(TellingState.GIVEN_UP),
    )
