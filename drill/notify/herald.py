"""Looks at what is known, decides what to tell, tells it, and writes down how that went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from drill.engine.notices import NoticeBook, Telling, TellingState
from drill.errors import StoreError
from drill.notify.channel import Channel, ChannelTrouble
from drill.notify.conditions import Manner, find_conditions
from drill.notify.known import DaemonStart, Known, Promise
from drill.notify.transitions import Notice, notices_for, open_since
from drill.notify.words import messages_of, words_of
from drill.recovery.facts import DrillFacts

RecentDrills = Callable[[datetime], Iterable[DrillFacts]]
"""Returns the drills whose slot is at or after an instant, those that are not finished too."""

Promises = Callable[[], Sequence[Promise]]
"""Returns what the plans promise now: a daemon reads them again when their files change."""

LOOKS_BACK = timedelta(days=400)
"""How far back drills and earlier notices are read."""
SENDING_TAKES_AT_MOST = timedelta(minutes=5)
"""After this long nobody is sending any more: the process is gone."""
PAUSES = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6)),
)
"""How long a channel that did not take a message is left alone, by the number of tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Herald:
    """Tells people. It never raises for the trouble of a channel or of the store: it logs it."""

    promises: Promises
    drills: RecentDrills
    book: NoticeBook
    channels: tuple[Channel, ...]
    manner: Manner
    give_up_after: timedelta
    pages: str
    """URL, or else path, of the folder of reports."""

    def look(self, *, now: datetime, start: DaemonStart | None = None) -> list[Telling]:
        """Tell what has to be told now, on every channel; return how each telling went."""
        try:
            return self._look(now, start)
        except StoreError as error:
            _log().error("notices are not told: the store has trouble", fault=error.message)
            return []

    def _look(self, now: datetime, start: DaemonStart | None) -> list[Telling]:
        drills = tuple(self.drills(now - LOOKS_BACK))
        known = Known(promises=tuple(self.promises()), drills=drills, start=start)
        told = self.book.told(since=now - LOOKS_BACK)
        conditions = find_conditions(known, self.manner, now=now, open_since=open_since(told))
        due = self.book.due(now=now)
        ended = []
        for channel in self.channels:
            notices = notices_for(channel.name, known, conditions, told, self.manner, now=now)
            ours = [one for one in map(self._again(now), _of(channel, due)) if one is not None]
            for notice in notices:
                if channel.takes(notice):
                    telling = self._telling(channel, notice, now)
                    if self.book.enter(telling):
                        ours.append(telling)
            ended += self._send(channel, ours, now)
        return ended

    def _again(self, now: datetime) -> Callable[[Telling], Telling | None]:
        return lambda one: self.book.take(one, now=now, until=now + SENDING_TAKES_AT_MOST)

    def _telling(self, channel: Channel, notice: Notice, now: datetime) -> Telling:
        condition = notice.condition
        message = words_of(notice, now=now, pages=self.pages)
        return Telling(
            subject=condition.subject,
            kind=notice.kind,
            since=condition.since,
            number=notice.number,
            channel=channel.name,
            severity=condition.severity,
            title=message.title,
            body=message.body,
            plan_name=condition.plan_name,
            drill_id=condition.drill_id,
            first_at=now,
            last_at=now,
            next_at=now + SENDING_TAKES_AT_MOST,
        )

    def _send(self, channel: Channel, tellings: Sequence[Telling], now: datetime) -> list[Telling]:
        """Send; after the first trouble the rest waits too, so that a dead channel costs once."""
        ended: list[Telling] = []
        fault: str | None = None
        for message, some in messages_of(tellings):
            if fault is None:
                try:
                    channel.sender().send(message)
                except ChannelTrouble as trouble:
                    fault = str(trouble)
                    _log().error("a channel has trouble", channel=channel.name, fault=fault)
            for one in some:
                how = self._failed(one, fault, now) if fault is not None else _sent(one, now)
                self.book.close(how)
                ended.append(how)
        return ended

    def _failed(self, telling: Telling, fault: str, now: datetime) -> Telling:
        if now - telling.first_at >= self.give_up_after:
            return replace(
                telling, state=TellingState.GIVEN_UP, next_at=None, last_at=now, fault=fault
            )
        pause = PAUSES[min(telling.attempts, len(PAUSES)) - 1]
        return replace(
            telling, state=TellingState.FAILED, next_at=now + pause, last_at=now, fault=fault
        )


def _sent(telling: Telling, now: datetime) -> Telling:
    return replace(telling, state=TellingState.SENT, next_at=None, last_at=now, fault=None)


def _of(channel: Channel, tellings: Sequence[Telling]) -> list[Telling]:
    return [one for one in tellings if one.channel == channel.name]


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("drill.notify")
    return log
