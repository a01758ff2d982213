"""What has been written stays written, whatever SQL is sent to the database."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from drill.engine.record import DrillRecord, Outcome, State, StepName
from drill.recovery.facts import Population
from drill.store import SqlArchive, SqlJournal
from tests.builders import NOW, a_check_result, a_record, a_step, an_event
from tests.contract.test_archive import a_note, a_review, an_observation, some_sums


@pytest.fixture
def kept(journal: SqlJournal) -> DrillRecord:
    """A finished drill with two events, an ended step and a check; and one under way."""
    ended = a_step(ended_at=NOW, result="done")
    record, _ = journal.enlist([a_record(id="a"), a_record(id="b", steps=(ended, a_step()))])
    return journal.save(
        replace(
            record,
            state=State.FINISHED,
            outcome=Outcome.FAILED_CHECK,
            finished_at=NOW,
            steps=(ended,),
            checks=(a_check_result(),),
        ),
        [an_event()],
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET facts = '{}'",
        "UPDATE OR REPLACE journal SET sequence = 1 WHERE drill_id = 'a'",
        "DELETE FROM journal",
        "REPLACE INTO journal SELECT drill_id, sequence, at, kind, 'other', facts FROM journal",
        "UPDATE check_result SET answer = 'no_data'",
        "DELETE FROM check_result",
        "REPLACE INTO check_result SELECT * FROM check_result",
        "UPDATE step SET result = 'failed' WHERE drill_id = 'a'",
        "UPDATE step SET name = 'select' WHERE drill_id = 'b' AND position = 2",
        "UPDATE OR REPLACE step SET position = 1 WHERE drill_id = 'b' AND position = 2",
        "DELETE FROM step",
        "REPLACE INTO step SELECT * FROM step",
        "UPDATE drill SET outcome = 'passed' WHERE id = 'a'",
        "UPDATE drill SET reason = 'all is well' WHERE id = 'a'",
        "UPDATE drill SET state = 'tearing_down', outcome = 'passed' WHERE id = 'a'",
        "UPDATE drill SET state = 'queued', outcome = NULL, finished_at = NULL WHERE id = 'a'",
        "UPDATE drill SET state = 'tearing_down', outcome = NULL WHERE id = 'a'",
        "UPDATE drill SET plan = '{}' WHERE id = 'b'",
        "UPDATE OR REPLACE drill SET id = 'a' WHERE id = 'b'",
        "UPDATE OR REPLACE drill SET scheduled_for = (SELECT min(scheduled_for) FROM drill)",
        "DELETE FROM drill WHERE id = 'b'",
        "REPLACE INTO drill SELECT * FROM drill WHERE id = 'b'",
    ],
)
def test_raw_sql_changes_nothing(
    kept: DrillRecord, journal: SqlJournal, raw: sqlite3.Connection, statement: str
):
    before = (journal.history(), journal.events_of("a"), journal.events_of("b"))

    with pytest.raises(sqlite3.IntegrityError, match=r"never|only"):
        raw.execute(statement)
    assert (journal.history(), journal.events_of("a"), journal.events_of("b")) == before


def test_a_step_that_lasts_may_end(journal: SqlJournal):
    (record,) = journal.enlist([a_record()])
    ended = replace(record.steps[0], ended_at=NOW + timedelta(seconds=1), result="done")

    saved = journal.save(replace(record, steps=(ended, a_step(name=StepName.SELECT))))

    assert journal.find(record.id) == saved


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE drill SET state = 'bogus' WHERE id = 'b'",
        "UPDATE drill SET state = 'finished' WHERE id = 'b'",
        "UPDATE drill SET level = 7 WHERE id = 'b'",
        "UPDATE drill SET teardown = 'CLEAN' WHERE id = 'b'",
        "UPDATE drill SET leased_by = NULL, leased_until = next_at WHERE id = 'b'",
        "INSERT INTO journal VALUES ('b', 9, '2026-03-01', 'gossip', 'x', '{}')",
        "INSERT INTO nightly_sums VALUES ('x', '2026-03-01', 0, 0, 0, 1, 1, 2, 's', NULL, NULL)",
        "INSERT INTO nightly_sums VALUES ('x', '2026-03-01', 0, 0, 0, 1, 2, 0, 's', NULL, NULL)",
        "INSERT INTO nightly_sums VALUES ('x', '2026-03-01', 0, 0, 0, 1, 0, 0, NULL, 1, NULL)",
    ],
)
def test_words_and_numbers_that_cannot_be_are_refused(
    kept: DrillRecord, raw: sqlite3.Connection, statement: str
):
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        raw.execute(statement)


@pytest.fixture
def remembered(kept: DrillRecord, journal: SqlJournal) -> SqlArchive:
    """An observation, a population, an exception that was closed, and a review."""
    archive = journal.archive
    archive.observe(an_observation())
    archive.record_population(Population(cloud="sandbox", taken_at=NOW, instances=(("a", "b"),)))
    archive.keep_sums(some_sums())
    archive.open_exception(a_note())
    archive.close_exception("E-1", at=NOW, by="ada", reason="retired")
    archive.sign_review(a_review())
    return archive


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE drill_line SET outcome = 'passed' WHERE drill_id = 'a'",
        "UPDATE drill_line SET base_at = NULL WHERE drill_id = 'a'",
        "UPDATE drill_line SET source_id = 'other' WHERE drill_id = 'b'",
        "DELETE FROM drill_line WHERE drill_id = 'b'",
        "REPLACE INTO drill_line SELECT * FROM drill_line",
        *(
            statement
            for table in (
                *("observed_source", "observation", "population", "nightly_sums"),
                *("exception", "exception_closing", "review"),
            )
            for statement in (
                f"DELETE FROM {table}",
                f"REPLACE INTO {table} SELECT * FROM {table}",
            )
        ),
        "UPDATE observed_source SET source_id = 'other'",
        "UPDATE observation SET taken_at = '2020-01-01'",
        "UPDATE population SET document = x''",
        "UPDATE nightly_sums SET proven_microseconds = advertised_microseconds",
        "UPDATE nightly_sums SET taken_at = '2020-01-01'",
        "UPDATE exception SET expires_at = NULL",
        "UPDATE exception_closing SET closed_by = 'grace'",
        "UPDATE review SET verdict = 'rejected'",
    ],
)
def test_raw_sql_changes_nothing_that_is_looked_back_on(
    remembered: SqlArchive, raw: sqlite3.Connection, statement: str
):
    def everything() -> tuple[object, ...]:
        return (
            list(remembered.drill_facts()),
            remembered.newest_observations(),
            remembered.populations(),
            remembered.nightly_sums(),
            remembered.exceptions(),
            remembered.reviews(),
        )

    before = everything()

    with pytest.raises(sqlite3.IntegrityError, match=r"never"):
        raw.execute(statement)
    assert everything() == before
