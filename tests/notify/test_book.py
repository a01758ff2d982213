"""What every book of notices promises, in memory and on disk."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drill.engine.notices import NoticeBook, Tally, TellingState
from drill.plan.telling import NoticeKind
from drill.store import open_journal
from tests.builders import NOW
from tests.contract.conftest import POSTGRESQL, make_empty
from tests.notify.memory_book import MemoryNoticeBook
from tests.notify.scene import a_telling

MINUTE = timedelta(minutes=1)


KINDS = ["memory", "sqlite", *(["postgresql"] if POSTGRESQL in os.environ else [])]


@pytest.fixture(params=KINDS)
def book(request, tmp_path: Path):
    if request.param == "memory":
        yield MemoryNoticeBook()
        return
    url = "sqlite:///drill.db"
    if request.param == "postgresql":
        url = os.environ[POSTGRESQL]
        make_empty(url)
    with open_journal(url, folder=tmp_path) as journal:
        yield journal.notices()


def test_a_telling_is_entered_once(book: NoticeBook):
    assert book.enter(a_telling())
    assert not book.enter(a_telling(title="another", first_at=NOW + MINUTE))

    assert book.told() == [a_telling()]


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "plan:billing"},
        {"kind": NoticeKind.STILL_FAILING},
        {"since": NOW},
        {"number": 1},
        {"channel": "mail"},
    ],
)
def test_each_part_of_the_key_makes_another_telling(book: NoticeBook, other):
    book.enter(a_telling())

    assert book.enter(a_telling(**other))


def test_what_is_told_is_read_back_as_it_was(book: NoticeBook):
    telling = a_telling(
        since=NOW - timedelta(microseconds=1), body="two\nlines", plan_name=None, fault="no route"
    )
    book.enter(telling)

    assert book.told() == [telling]


def test_only_what_was_entered_since_then_is_told_of(book: NoticeBook):
    book.enter(a_telling(first_at=NOW - MINUTE))
    new = a_telling(channel="mail")
    book.enter(new)

    assert book.told(since=NOW) == [new]


def test_what_is_being_sent_is_due_only_when_its_sender_must_be_dead(book: NoticeBook):
    book.enter(a_telling(next_at=NOW + 5 * MINUTE))

    assert book.due(now=NOW + 4 * MINUTE) == []
    assert len(book.due(now=NOW + 5 * MINUTE)) == 1


def test_a_due_telling_is_taken_by_one_alone(book: NoticeBook):
    telling = a_telling(state=TellingState.FAILED, next_at=NOW, fault="no route")
    book.enter(telling)

    taken = book.take(telling, now=NOW, until=NOW + 5 * MINUTE)

    assert taken is not None
    assert (taken.attempts, taken.state) == (2, TellingState.SENDING)
    assert book.take(telling, now=NOW, until=NOW + 5 * MINUTE) is None


def test_of_many_that_want_it_at_once_one_gets_it(book: NoticeBook):
    telling = a_telling(state=TellingState.FAILED, next_at=NOW)
    book.enter(telling)
    entered, taken = [], []
    new = a_telling(channel="mail")
    begin = threading.Barrier(6)

    def reach() -> None:
        begin.wait()
        taken.append(book.take(telling, now=NOW, until=NOW + MINUTE))
        entered.append(book.enter(new))

    threads = [threading.Thread(target=reach) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(one is not None for one in taken) == 1
    assert sum(entered) == 1


def test_how_it_went_is_written_down(book: NoticeBook):
    book.enter(a_telling())
    sent = replace(a_telling(), state=TellingState.SENT, next_at=None, last_at=NOW + MINUTE)

    book.close(sent)

    assert book.told() == [sent]
    assert book.due(now=NOW + timedelta(days=9)) == []


def test_the_tallies_tell_what_was_sent_what_failed_and_what_waits(book: NoticeBook):
    for tenth in range(2):
        book.enter(a_telling(number=tenth, state=TellingState.SENT, attempts=2, next_at=None))
    book.enter(a_telling(number=7, state=TellingState.FAILED, attempts=3))
    book.enter(a_telling(number=8, state=TellingState.GIVEN_UP, attempts=5, next_at=None))
    book.enter(a_telling(number=9, attempts=1))

    assert book.tallies() == [
        Tally(
            channel="on-call",
            kind=NoticeKind.FAILED,
            sent=2,
            failed_attempts=10,
            waiting=2,
            given_up=1,
        )
    ]


def test_the_newest_come_first(book: NoticeBook):
    for minutes in range(5):
        book.enter(a_telling(number=minutes, first_at=NOW + minutes * MINUTE))

    assert [one.number for one in book.newest(at_most=2)] == [4, 3]
