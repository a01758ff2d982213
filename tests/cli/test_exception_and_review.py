"""Decisions and reviews are recorded with who, why and until when; nobody reviews themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drill.cli.person import user_name
from drill.engine.record import DrillRecord, Outcome, State
from drill.errors import ExitCode
from tests.builders import a_plan, a_record
from tests.cli.conftest import Desk

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
TOMORROW = f"{NOW + DAY:%Y-%m-%d}"
EXCLUSION = (
    *("exception", "open", "--kind", "exclusion", "--plan", "orders", "--owner", "ada"),
    *("--reason", "is retired soon", "--as", "ada"),
)
APPROVED = ("--approver", "grace", "--expires", TOMORROW)


def keep(desk: Desk, **overrides) -> DrillRecord:
    """Keep a drill of the source that passed yesterday."""
    plan = a_plan(name="orders", cloud="sandbox", source_id=desk.source_id)
    values = {
        "plan": plan,
        "state": State.FINISHED,
        "outcome": Outcome.PASSED,
        "scheduled_for": NOW - DAY,
        "started_at": NOW - DAY,
        "finished_at": NOW - DAY,
        "initiated_by": "ada",
    }
    record = a_record(**values | overrides)
    with desk.journal() as journal:
        journal.enlist([record])
    return record


def test_an_exclusion_is_opened_listed_and_closed(desk: Desk):
    opened = desk.drill(
        *EXCLUSION, *APPROVED, "--ticket", "https://t.example/7", "--output", "json"
    )
    note = opened.json()

    assert (note["kind"], note["source_id"], note["open"]) == ("exclusion", desk.source_id, True)
    assert (note["owner"], note["approver"], note["opened_by"]) == ("ada", "grace", "ada")
    assert "is retired soon" in desk.drill("exception", "list").out

    closed = desk.drill("exception", "close", note["exception"], "--reason", "stays after all")
    assert closed.code == 0
    assert desk.drill("exception", "list", "--output", "json").json() == {"exceptions": []}
    (kept,) = desk.drill("exception", "list", "--all", "--output", "json").json()["exceptions"]
    assert (kept["closing_reason"], kept["open"]) == ("stays after all", False)
    assert kept["closed_by"] == user_name()
    assert desk.drill("exception", "close", note["exception"], "--reason", "x").code != 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "needs --approver and --expires"),
        (("--approver", "Ada", "--expires", TOMORROW), "cannot approve it"),
        (("--approver", "a.da@example.com", "--expires", TOMORROW), "cannot approve it"),
        (("--approver", "grace", "--expires", "2020-01-01"), "in the past"),
        (("--approver", "grace", "--expires", "2099-01-01T00:00"), "offset"),
        (("--approver", "grace", "--expires", "soon"), "no day"),
        ((*APPROVED, "--ticket", "javascript:alert(1)"), "https URL"),
        ((*APPROVED, "--ticket", "http://t.example/7"), "https URL"),
        ((*APPROVED, "--source", "sandbox", "x"), "one of"),
        ((*APPROVED, "--owner", "a\x1b[31m"), "cannot be seen"),
    ],
)
def test_an_exclusion_that_nobody_answers_for_is_refused(desk: Desk, words, message):
    said = desk.drill(*EXCLUSION, *words)

    assert said.code == ExitCode.USAGE
    assert message in said.err
    assert desk.drill("exception", "list", "--all", "--output", "json").json()["exceptions"] == []


def test_an_excluded_source_raises_no_alarm(desk: Desk):
    assert desk.drill("observe").code == ExitCode.NOT_PASSED
    desk.drill(*EXCLUSION, *APPROVED)

    assert desk.drill("observe").code == ExitCode.PASSED


def test_a_finding_is_closed_by_a_retest_that_passed_since(desk: Desk):
    failed = keep(desk, outcome=Outcome.FAILED_CHECK)
    words = ("--kind", "finding", "--drill", failed.id, "--owner", "ada", "--reason", "rows gone")
    note = desk.drill("exception", "open", *words, "--output", "json").json()
    later = datetime.now(UTC)
    retest = keep(desk, started_at=later, scheduled_for=later, finished_at=later)
    earlier = keep(desk, scheduled_for=NOW - 2 * DAY)

    close = ("exception", "close", note["exception"], "--reason", "repaired", "--retest")
    assert "did not pass" in desk.drill(*close, failed.id).err
    assert "before" in desk.drill(*close, earlier.id).err
    closed = desk.drill(*close, retest.id, "--output", "json")

    assert (closed.code, closed.json()["retest_drill"]) == (0, retest.id)
    assert (note["drill"], note["plan"]) == (failed.id, "orders")


PERIOD = ("--from", f"{NOW - 3 * DAY:%Y-%m-%d}", "--to", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")


def test_a_period_is_reviewed_by_somebody_else_with_its_numbers(desk: Desk):
    record = keep(desk)
    keep(desk, outcome=Outcome.FAILED_CHECK, initiated_by="schedule", scheduled_for=NOW - 2 * DAY)

    said = desk.drill(
        *("review", "sign", *PERIOD, "--verdict", "accepted", "--as", "grace"),
        *("--output", "json"),
    )

    review = said.json()
    assert (review["reviewer"], review["initiator"]) == ("grace", "ada, schedule")
    facts = review["facts"]
    assert (facts["drills"], facts["passed"], facts["failed_check"]) == ("2", "1", "1")
    assert (facts["last"], len(facts["sha256"])) == (record.id, 64)
    assert desk.drill("review", "list", "--output", "json").json() == {"reviews": [review]}
    assert "grace" in desk.drill("review", "list").out


@pytest.mark.parametrize("name", ["ada", "Ada", " ada ", "a-da", "ada@example.com"])
def test_nobody_reviews_what_they_had_run(desk: Desk, name: str):
    record = keep(desk)

    for about in (PERIOD, ("--drill", record.id)):
        said = desk.drill("review", "sign", *about, "--verdict", "accepted", "--as", name)
        assert said.code == ExitCode.NOT_PASSED
        assert "cannot review" in said.err
    assert desk.drill("review", "list", "--output", "json").json() == {"reviews": []}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "2026-01-01"), "give --drill, or"),
        ((), "give --drill, or"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "begin before it ends"),
        (("--from", "2026-02-01", "--to", "2999-01-01"), "to be over"),
    ],
)
def test_what_is_no_period_is_not_reviewed(desk: Desk, words, message):
    said = desk.drill("review", "sign", *words, "--verdict", "accepted", "--as", "grace")

    assert said.code == ExitCode.USAGE
    assert message in said.err


def test_a_rejection_says_why(desk: Desk):
    record = keep(desk)
    words = ("review", "sign", "--drill", record.id, "--verdict", "rejected", "--as", "grace")

    assert desk.drill(*words).code == ExitCode.USAGE
    assert desk.drill(*words, "--comment", "no row was counted").code == 0
