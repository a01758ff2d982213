"""What an archive promises, whatever it keeps things in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from drill.engine.archive import Archive
from drill.engine.ports import Journal
from drill.engine.record import Outcome, State
from drill.engine.summary import facts_of, observation_of
from drill.errors import DrillError, StoreError
from drill.recovery.facts import (
    ExceptionNote,
    FleetSums,
    NightlySums,
    Observation,
    Population,
    Review,
    WorstLag,
)
from drill.recovery.values import BackupKind, Window
from tests.builders import (
    CLOUD,
    NOW,
    SOURCE_ID,
    a_backup,
    a_check_result,
    a_choice,
    a_plan,
    a_record,
    an_inventory,
)

SOURCE = (CLOUD, SOURCE_ID)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def an_observation(taken_at: datetime = NOW, **overrides: Any) -> Observation:
    values: dict[str, Any] = {
        "cloud": CLOUD,
        "source_id": SOURCE_ID,
        "taken_at": taken_at,
        "source_name": "orders-prod",
        "engine": "PostgreSQL",
        "version": "18",
        "status": "ACTIVE",
        "created_at": NOW - 90 * DAY,
        "volume_gb": 40,
        "volume_type": "CLOUDSSD",
        "flavor": "rds.pg.n1.small",
        "retention_days": 7,
        "windows": (Window(taken_at - 7 * DAY, taken_at - timedelta(microseconds=300_123)),),
        "backups": nightly(taken_at),
    }
    return Observation(**values | overrides)


def nightly(taken_at: datetime, days: int = 7):
    """Return a backup of every night that is kept at this instant, by (end, id)."""
    nights = [taken_at.replace(hour=1, minute=0) - day * DAY for day in range(days)]
    return tuple(
        a_backup(id=sha256(at.isoformat().encode()).hexdigest(), began_at=at - HOUR, ended_at=at)
        for at in sorted(nights)
        if at <= taken_at
    )


def a_note(**overrides: Any) -> ExceptionNote:
    values: dict[str, Any] = {
        "id": "E-1",
        "kind": "exclusion",
        "cloud": CLOUD,
        "source_id": SOURCE_ID,
        "reason": "is retired in April",
        "owner": "ada",
        "approver": "grace",
        "ticket": "https://tickets.example/1",
        "opened_at": NOW,
        "opened_by": "ada",
        "expires_at": NOW + 30 * DAY,
    }
    return ExceptionNote(**values | overrides)


def a_review(**overrides: Any) -> Review:
    values: dict[str, Any] = {
        "id": "R-1",
        "reviewer": "grace",
        "initiator": "ada",
        "period_from": NOW - 30 * DAY,
        "period_to": NOW,
        "verdict": "accepted",
        "comment": "looked at all of them",
        "signed_at": NOW,
        "facts": {"drills": "30"},
    }
    return Review(**values | overrides)


def some_sums(taken_at: datetime = NOW, cloud: str = CLOUD, **overrides: Any) -> NightlySums:
    values: dict[str, Any] = {
        "proven": 20 * 3_600_000 + 1,
        "advertised": 10_000 * 35 * 86_400_000,
        "with_window": 10_000,
        "measured": 10_001,
        "promised": 9_000,
        "late": 3,
        "worst": WorstLag(
            source=(cloud, SOURCE_ID), milliseconds=1_200_007, target=timedelta(minutes=15)
        ),
    }
    return NightlySums(cloud=cloud, taken_at=taken_at, sums=FleetSums(**values | overrides))


# Drills.


def test_drills_come_as_their_records_say_oldest_slot_first(journal: Journal, archive: Archive):
    late = a_record(
        scheduled_for=NOW + HOUR,
        inventory=an_inventory(),
        choice=a_choice(seed="s"),
        checks=(a_check_result(),),
        rta=timedelta(seconds=61),
        initiated_by="ada",
        plan=a_plan(tier=1, group="shop"),
    )
    early = a_record(scheduled_for=NOW - HOUR)
    journal.enlist([late, early])

    assert list(archive.drill_facts()) == [facts_of(early), facts_of(late)]


def test_a_line_follows_its_drill_through_save_finish_and_reopening(
    journal: Journal, archive: Archive
):
    (record,) = journal.enlist([a_record()])
    under_way = journal.save(
        replace(record, state=State.RESTORING, inventory=an_inventory(), choice=a_choice())
    )
    assert list(archive.drill_facts()) == [facts_of(under_way)]

    finished = journal.save(
        replace(
            under_way,
            state=State.FINISHED,
            outcome=Outcome.FAILED_CHECK,
            finished_at=NOW + HOUR,
            checks=(a_check_result(),),
        )
    )
    assert list(archive.drill_facts()) == [facts_of(finished)]

    reopened = journal.reopen_teardown(record.id, now=NOW + DAY)
    assert reopened is not None
    assert list(archive.drill_facts()) == [facts_of(reopened)]


def test_since_is_included_and_until_is_not(journal: Journal, archive: Archive):
    records = journal.enlist([a_record(scheduled_for=NOW + day * DAY) for day in range(4)])

    found = archive.drill_facts(since=NOW + DAY, until=NOW + 3 * DAY)

    assert [one.id for one in found] == [record.id for record in records[1:3]]


def test_drills_are_chosen_by_source_and_by_plan(journal: Journal, archive: Archive):
    mine = a_record(plan=a_plan(name="mine", source_id="mine"))
    other = a_record(plan=a_plan(name="other", source_id="other"))
    journal.enlist([mine, other])

    by_source = archive.drill_facts(source=(CLOUD, "mine"))
    by_plan = archive.drill_facts(plan_name="other")

    assert [one.id for one in by_source] == [mine.id]
    assert [one.id for one in by_plan] == [other.id]
    assert list(archive.drill_facts(source=("another", "mine"))) == []


def test_drills_without_an_outcome_are_left_out_where_nobody_asks_for_them(
    journal: Journal, archive: Archive
):
    done, under_way = journal.enlist([a_record(), a_record(scheduled_for=NOW + HOUR)])
    journal.save(
        replace(
            done,
            state=State.FINISHED,
            outcome=Outcome.ABORTED,
            finished_at=NOW + HOUR,
        )
    )
    journal.reopen_teardown(done.id, now=NOW + DAY)

    assert [one.id for one in archive.drill_facts(finished=True)] == [done.id]
    assert [one.id for one in archive.drill_facts()] == [done.id, under_way.id]


# Observations.


def test_observations_come_back_to_the_microsecond(archive: Archive):
    odd = an_observation(
        backups=(
            a_backup(
                id="b1",
                ended_at=NOW - HOUR + timedelta(microseconds=1),
                kind=BackupKind.INCREMENTAL,
                databases=("shop", "crm"),
                min_volume_gb=100,
            ),
            a_backup(id="b2", ended_at=None, status="BUILDING", engine=None, size_bytes=None),
        ),
        windows=(),
        volume_gb=None,
        is_simulated=True,
    )

    archive.observe(odd)

    assert archive.observations_of(SOURCE) == [odd]


def test_a_year_of_nights_comes_back_whatever_rests_on_what(archive: Archive):
    nights = [an_observation(NOW + day * DAY) for day in range(40)]
    nights[20] = an_observation(nights[20].taken_at, backups=nightly(NOW, days=3), windows=())
    nights[30] = Observation(
        cloud=CLOUD, source_id=SOURCE_ID, taken_at=nights[30].taken_at, fault="cannot be reached"
    )
    for night in nights:
        archive.observe(night)

    assert archive.observations_of(SOURCE) == nights
    assert archive.observations_of(SOURCE, since=NOW + 5 * DAY, until=NOW + 7 * DAY) == nights[5:7]


def test_observations_may_arrive_out_of_order(archive: Archive):
    nights = [an_observation(NOW + day * DAY) for day in (3, 0, 2, 1)]
    for night in nights:
        archive.observe(night)

    assert archive.observations_of(SOURCE) == sorted(nights, key=lambda one: one.taken_at)


def test_looks_say_how_far_back_a_source_could_be_brought_at_each_of_them(archive: Archive):
    """By windows where there are any, else by backups, and whatever rests on what."""
    nights = [an_observation(NOW + day * DAY) for day in range(12)]
    nights[5] = an_observation(nights[5].taken_at, windows=())
    nights[6] = an_observation(nights[6].taken_at, windows=(), backups=())
    nights[7] = Observation(
        cloud=CLOUD, source_id=SOURCE_ID, taken_at=nights[7].taken_at, fault="no"
    )
    for night in (*nights[6:], *nights[:6]):
        archive.observe(night)

    found = archive.looks_of(SOURCE)

    told = [one for one in nights if one.fault is None]
    assert [one.taken_at for one in found] == [one.taken_at for one in told]
    assert [one.newest_at for one in found[:5]] == [one.windows[-1].ends_at for one in told[:5]]
    assert found[5].newest_at == max(one.ended_at for one in told[5].backups if one.ended_at)
    assert found[6].newest_at is None
    assert archive.looks_of(SOURCE, since=NOW + 2 * DAY, until=NOW + 4 * DAY) == found[2:4]
    assert archive.looks_of(("another", SOURCE_ID)) == []


def test_the_look_of_a_drill_is_not_among_the_kept_ones(journal: Journal, archive: Archive):
    journal.enlist([a_record(inventory=an_inventory(taken_at=NOW + HOUR))])
    archive.observe(an_observation(NOW))

    assert [one.taken_at for one in archive.looks_of(SOURCE)] == [NOW]


def test_the_newest_is_without_a_fault_and_not_later_than_asked(archive: Archive):
    first, second = an_observation(NOW), an_observation(NOW + DAY)
    archive.observe(first)
    archive.observe(second)
    archive.observe(
        Observation(cloud=CLOUD, source_id=SOURCE_ID, taken_at=NOW + 2 * DAY, fault="no")
    )
    archive.observe(Observation(cloud=CLOUD, source_id="never", taken_at=NOW, fault="no"))

    assert archive.newest_observations() == {SOURCE: second}
    assert archive.newest_observations(at=NOW + DAY) == {SOURCE: second}
    assert archive.newest_observations(at=NOW + DAY - HOUR) == {SOURCE: first}
    assert archive.newest_observations(at=NOW - HOUR) == {}


def test_the_inventory_of_a_drill_is_an_observation(journal: Journal, archive: Archive):
    inventory = an_inventory(taken_at=NOW + HOUR)
    journal.enlist([a_record(inventory=inventory), a_record()])
    archive.observe(an_observation(NOW))
    seen = observation_of(inventory)

    assert archive.newest_observations() == {SOURCE: seen}
    assert archive.newest_observations(at=NOW) == {SOURCE: an_observation(NOW)}
    assert archive.observations_of(SOURCE) == [an_observation(NOW), seen]
    assert archive.observations_of(SOURCE, until=NOW + HOUR) == [an_observation(NOW)]


def test_the_newest_observation_of_one_source_is_that_of_all(journal: Journal, archive: Archive):
    journal.enlist([a_record(inventory=an_inventory(taken_at=NOW + HOUR)), a_record()])
    archive.observe(an_observation(NOW))

    for at in (None, NOW + HOUR, NOW, NOW - HOUR):
        known = archive.newest_observations(at=at)
        assert archive.newest_observation(SOURCE, at=at) == known.get(SOURCE)
    assert archive.newest_observation((CLOUD, "never")) is None


def test_a_mark_differs_with_every_new_drill_and_look(journal: Journal, archive: Archive):
    marks = [archive.marks(at=NOW + DAY)]
    archive.observe(an_observation(NOW))
    marks.append(archive.marks(at=NOW + DAY))
    journal.enlist([a_record(enlisted_at=NOW)])
    marks.append(archive.marks(at=NOW + DAY))
    journal.enlist([a_record(enlisted_at=NOW, inventory=an_inventory(taken_at=NOW + HOUR))])
    marks.append(archive.marks(at=NOW + DAY))
    archive.observe(an_observation(NOW + 2 * HOUR))
    marks.append(archive.marks(at=NOW + DAY))

    assert marks[0] == {}
    assert [list(one) for one in marks[1:]] == [[SOURCE]] * 4
    assert len({one[SOURCE] for one in marks[1:]}) == 4


def test_a_mark_is_as_of_an_instant(journal: Journal, archive: Archive):
    archive.observe(an_observation(NOW))
    archive.observe(Observation(cloud=CLOUD, source_id="faulty", taken_at=NOW, fault="no"))
    journal.enlist([a_record(enlisted_at=NOW)])
    before = archive.marks(at=NOW)

    archive.observe(an_observation(NOW + HOUR))
    journal.enlist([a_record(enlisted_at=NOW + HOUR)])

    assert archive.marks(at=NOW) == before
    assert archive.marks(at=NOW + HOUR) != before
    assert archive.marks(at=NOW - HOUR) == {}


def test_a_source_is_observed_once_at_an_instant(archive: Archive):
    archive.observe(an_observation())

    with pytest.raises(StoreError, match="already"):
        archive.observe(an_observation(status="FAILED"))
    assert archive.observations_of(SOURCE) == [an_observation()]


def test_populations_come_back_oldest_first(archive: Archive):
    later = Population(
        cloud=CLOUD,
        taken_at=NOW + DAY,
        instances=(("a", "orders"), ("b", "ünïcode")),
        in_scope=("b", "vanished"),
    )
    fault = Population(cloud=CLOUD, taken_at=NOW, fault="cannot be reached")
    archive.record_population(later)
    archive.record_population(fault)

    assert archive.populations() == [fault, later]
    assert archive.populations(since=NOW, until=NOW + DAY) == [fault]
    with pytest.raises(StoreError, match="already"):
        archive.record_population(fault)


# Sums of nights.


def test_sums_come_back_to_the_millisecond_oldest_first(archive: Archive):
    late, early = some_sums(NOW + DAY, "another"), some_sums(NOW)
    beside = some_sums(NOW + DAY)
    for one in (beside, late, early):
        archive.keep_sums(one)

    assert archive.nightly_sums() == sorted(
        [early, late, beside], key=lambda one: (one.taken_at, one.cloud)
    )
    assert archive.nightly_sums(since=NOW, until=NOW + DAY) == [early]
    assert archive.nightly_sums(since=NOW + DAY + HOUR) == []


def test_no_recovery_point_no_target_and_no_source_come_back_as_what_they_are(archive: Archive):
    never = WorstLag(source=(CLOUD, SOURCE_ID), milliseconds=math.inf, target=None)
    kept = [
        some_sums(NOW, promised=0, late=0, worst=never),
        NightlySums(cloud=CLOUD, taken_at=NOW + DAY, sums=FleetSums()),
    ]
    for one in kept:
        archive.keep_sums(one)

    assert archive.nightly_sums() == kept


def test_a_cloud_has_sums_of_an_instant_once(archive: Archive):
    archive.keep_sums(some_sums())

    with pytest.raises(StoreError, match="already"):
        archive.keep_sums(some_sums(proven=0))
    assert archive.nightly_sums() == [some_sums()]


# Exceptions and reviews.


def test_an_exception_is_opened_and_closed_once(archive: Archive):
    archive.open_exception(a_note())
    later = a_note(id="E-0", kind="finding", approver=None, opened_at=NOW + HOUR, drill_id="d")
    archive.open_exception(later)

    closed = archive.close_exception(
        "E-1", at=NOW + DAY, by="ada", reason="retired", retest_drill_id="drill-9"
    )

    assert archive.exceptions() == [closed, later]
    assert (closed.closed_by, closed.retest_drill_id) == ("ada", "drill-9")
    assert not closed.is_open(NOW + DAY)
    with pytest.raises(StoreError, match="closed at"):
        archive.close_exception("E-1", at=NOW + DAY, by="ada", reason="again")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda archive: archive.open_exception(a_note()), "already"),
        (lambda archive: archive.open_exception(a_note(id="E-2", approver=None)), "no approver"),
        (
            lambda archive: archive.close_exception("E-9", at=NOW, by="ada", reason="x"),
            "no such exception",
        ),
        (
            lambda archive: archive.close_exception("E-1", at=NOW - DAY, by="ada", reason="x"),
            "before it was opened",
        ),
    ],
)
def test_what_nobody_could_check_is_not_kept(
    archive: Archive, act: Callable[[Archive], None], message: str
):
    archive.open_exception(a_note())

    with pytest.raises(DrillError, match=message):
        act(archive)
    assert archive.exceptions() == [a_note()]


def test_reviews_come_back_signed_first_first(archive: Archive):
    later = a_review(id="R-0", signed_at=NOW + DAY, drill_id="d", facts={}, initiator=None)
    archive.sign_review(later)
    archive.sign_review(a_review())

    assert archive.reviews() == [a_review(), later]
    with pytest.raises(StoreError, match="already"):
        archive.sign_review(a_review(comment="changed my mind"))


def test_nobody_reviews_what_they_had_run(archive: Archive):
    with pytest.raises(StoreError, match="cannot review"):
        archive.sign_review(a_review(reviewer="ada"))
    assert archive.reviews() == []
