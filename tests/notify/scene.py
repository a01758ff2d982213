"""Plans, drills and channels for tests of notices: say only what matters."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from drill.engine.notices import Telling
from drill.notify.channel import Channel, ChannelTrouble, log_channel
from drill.notify.conditions import Manner
from drill.notify.herald import Herald
from drill.notify.known import Known, Promise
from drill.notify.words import Message
from drill.plan.telling import NoticeKind, Severity
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome
from tests.builders import NOW
from tests.notify.memory_book import MemoryNoticeBook

_numbers = count(1)
SECRET = "s3cr3t-T0ken-9f8e7d6c"


def a_promise(**overrides: Any) -> Promise:
    """Return the promise of a plan without schedule and cadence."""
    values: dict[str, Any] = {"plan_name": "orders-nightly", "source": ("sandbox", "source-1")}
    return Promise(**values | overrides)


def a_drill(outcome: Outcome | None, *, ago: timedelta, **overrides: Any) -> DrillFacts:
    """Return a real drill of the plan that ended this long before NOW."""
    at = NOW - ago
    values: dict[str, Any] = {
        "id": f"20260301-020000-{next(_numbers):08x}",
        "plan_name": "orders-nightly",
        "plan_digest": "sha256:" + "0" * 64,
        "cloud": "sandbox",
        "source_id": "source-1",
        "source_name": "orders-prod",
        "mode": "pitr",
        "target_kind": "new",
        "trigger": "schedule",
        "scheduled_for": at - timedelta(minutes=30),
        "enlisted_at": at - timedelta(minutes=30),
        "finished_at": at if outcome is not None else None,
        "outcome": outcome,
        "state": "finished" if outcome is not None else "checking",
        "teardown": "clean" if outcome is not None else "pending",
        "level": 4 if outcome in (Outcome.PASSED, Outcome.PASSED_LATE) else 0,
    }
    return DrillFacts(**values | overrides)


def known(*drills: DrillFacts, **overrides: Any) -> Known:
    """Return what is known: one plan, and these drills."""
    values: dict[str, Any] = {"promises": (a_promise(),), "drills": drills}
    return Known(**values | overrides)


def a_telling(**overrides: Any) -> Telling:
    """Return a notice of a failure that is being sent on a channel."""
    values: dict[str, Any] = {
        "subject": "plan:orders-nightly",
        "kind": NoticeKind.FAILED,
        "since": NOW - timedelta(hours=1),
        "channel": "on-call",
        "severity": Severity.CRITICAL,
        "title": "[drill] FAILED: orders-nightly",
        "body": "The drill ended as failed check",
        "plan_name": "orders-nightly",
        "drill_id": "20260301-020000-00000001",
        "first_at": NOW,
        "last_at": NOW,
        "next_at": NOW + timedelta(minutes=5),
    }
    return Telling(**values | overrides)


class Pigeon:
    """A sender that keeps what it was given, and can be told to lose its way."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.trouble: str | None = None
        self.tries = 0

    def send(self, message: Message) -> None:
        self.tries += 1
        if self.trouble is not None:
            raise ChannelTrouble(self.trouble)
        self.sent.append(message)


class Square:
    """A herald with one channel, a book in memory, and drills that a test changes."""

    def __init__(self, **channel: Any) -> None:
        self.drills: list[DrillFacts] = []
        self.book = MemoryNoticeBook()
        self.pigeon = Pigeon()
        self.promises: tuple[Promise, ...] = (a_promise(),)
        self.channel = Channel(name="on-call", sender=lambda: self.pigeon, **channel)
        self.manner = Manner()

    def herald(self) -> Herald:
        """Return a new herald, as after a restart: nothing but the book remembers."""
        return Herald(
            promises=lambda: self.promises,
            drills=lambda since: [one for one in self.drills if one.scheduled_for >= since],
            book=self.book,
            channels=(log_channel(), self.channel),
            manner=self.manner,
            give_up_after=timedelta(days=3),
            pages="https://reports.example.org/drill",
        )

    def look(self, *, later: timedelta = timedelta(0)) -> list[Message]:
        """Look, and return what the pigeon carried this time."""
        before = len(self.pigeon.sent)
        self.herald().look(now=NOW + later)
        return self.pigeon.sent[before:]
