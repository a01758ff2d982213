"""What is remembered of notices, and what the book that keeps them must promise.

A notice is told once on every channel: (subject, kind, since, number, channel) is unique in the
book, and who enters it first sends it. So neither a restart nor a second daemon tells it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from drill.plan.telling import NoticeKind, Severity


class TellingState(StrEnum):
    """How the telling of one notice on one channel went."""

    SENDING = "sending"
    """Somebody is at it; after ``next_at`` nobody is any more."""
    SENT = "sent"
    FAILED = "failed"
    """The channel did not take it; it is tried again at ``next_at``."""
    GIVEN_UP = "given_up"


TellingKey = tuple[str, NoticeKind, datetime, int, str]
"""(subject, kind, since, number, channel)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One notice on one channel. The words are kept, so that a late try says what was meant."""

    subject: str
    """What it is about: ``plan:NAME``, ``source:CLOUD/ID``, ``drill:ID`` or ``daemon:NAME``."""
    kind: NoticeKind
    since: datetime
    """When what is told began; it names the episode."""
    number: int = 0
    """0 the first time, then 1 for every repetition."""
    channel: str
    severity: Severity
    title: str
    body: str
    plan_name: str | None = None
    drill_id: str | None = None
    state: TellingState = TellingState.SENDING
    attempts: int = 1
    first_at: datetime
    """When it was entered into the book."""
    last_at: datetime
    """When it was tried last."""
    next_at: datetime | None = None
    """When somebody else may try; None once it is over."""
    fault: str | None = None
    """What the channel said, without any secret."""

    @property
    def key(self) -> TellingKey:
        """Return what is unique in the book."""
        return self.subject, self.kind, self.since, self.number, self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the notices of one kind on one channel, over all time."""

    channel: str
    kind: NoticeKind
    sent: int = 0
    failed_attempts: int = 0
    waiting: int = 0
    given_up: int = 0


class NoticeBook(Protocol):
    """Remembers what was told. Every method is one transaction; all raise StoreError."""

    def told(self, *, since: datetime | None = None) -> Sequence[Telling]:
        """Return what was entered at or after an instant, oldest first."""
        ...

    def enter(self, telling: Telling) -> bool:
        """Enter a telling before it is sent; False if it is in the book: then do not send it."""
        ...

    def due(self, *, now: datetime) -> Sequence[Telling]:
        """Return what has to be tried again: its ``next_at`` has come, oldest first."""
        ...

    def take(self, telling: Telling, *, now: datetime, until: datetime) -> Telling | None:
        """Take a telling that is due, and return it as being sent; None if somebody else did."""
        ...

    def close(self, telling: Telling) -> None:
        """Write down how it went: state, ``next_at`` and fault."""
        ...

    def tallies(self) -> Sequence[Tally]:
        """Return the counts by (channel, kind), sorted."""
        ...

    def newest(self, *, at_most: int) -> Sequence[Telling]:
        """Return the newest tellings, newest first."""
        ...
