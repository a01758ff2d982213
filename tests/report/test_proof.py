"""A bar is dark only where coverage C.6 says that a drill proved it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from drill.report.view.proof import (
    Proof,
    Stretch,
    difference,
    intersection,
    length_of,
    prove,
    union,
)
from hypothesis import given
from hypothesis import strategies as st

from drill.engine.record import DrillRecord, Outcome
from drill.recovery.values import Inventory, Window
from drill.report.view.bars import window_bars
from drill.report.view.fleet import source_names
from drill.report.view.formats import share_text
from tests.report import builders
from tests.report.builders import DAY, at

T = at("03-08 00:00")
DOMAIN = Stretch(T - 7 * DAY, T)
BACKUP_PLAN = builders.plan(restore={"mode": "backup", "selection": {"policy": "newest"}})


def example() -> Inventory:
    """Return the inventory of worked example 1 in coverage.md."""
    nights = [at("02-28 01:00"), *(at(f"03-0{day} 01:00") for day in range(1, 8))]
    return Inventory(
        taken_at=T,
        source=builders.instance(),
        target=None,
        backups=tuple(builders.backup(end) for end in (*nights, at("03-04 12:00"))),
        windows=(
            Window(at("03-01 00:00"), at("03-04 10:00")),
            Window(at("03-04 12:00"), at("03-07 23:55")),
        ),
    )


def drilled(
    point: datetime,
    outcome: Outcome = Outcome.PASSED,
    *,
    backup: bool = False,
    level: int = 4,
    ended: datetime | None = None,
    simulated: bool = False,
) -> DrillRecord:
    """Return a drill of one point of the example."""
    slot = ended or point + timedelta(hours=2)
    return builders.drill(
        f"d-{point:%d%H%M}-{outcome}", outcome, slot=slot, point=point, found=example(),
        level=level, is_simulated=simulated, of=BACKUP_PLAN if backup else builders.plan(),
    )  # fmt: skip


def proof_of(*drills: DrillRecord) -> Proof:
    """Return what these drills prove in the example."""
    return prove(drills, example(), DOMAIN)


def test_worked_example_1_of_the_coverage_page():
    proof = proof_of(
        drilled(at("03-02 13:00")),
        drilled(at("03-05 09:00")),
        drilled(at("03-06 01:00"), backup=True),
        drilled(at("03-07 05:00"), Outcome.FAILED_RESTORE),
    )

    advertised = length_of(proof.advertised)
    assert advertised == timedelta(seconds=597_300)
    assert proof.proven == (
        Stretch(at("03-02 01:00"), at("03-02 13:00")),
        Stretch(at("03-05 01:00"), at("03-05 09:00")),
    )
    assert length_of(proof.proven) / advertised == pytest.approx(0.120542, abs=1e-6)
    assert proof.gaps == (Stretch(at("03-04 10:00"), at("03-04 12:00")),)
    assert proof.suspect == (Stretch(at("03-07 01:00"), at("03-07 23:55")),)
    assert length_of(proof.suspect) / advertised == pytest.approx(0.138121, abs=1e-6)
    assert (proof.images, proof.bases) == (3, 9)


def test_a_backup_drill_proves_no_stretch_of_time():
    proof = proof_of(drilled(at("03-06 01:00"), backup=True))

    assert proof.proven == ()
    assert proof.images == 1


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_pass_below_l4_proves_no_stretch(level):
    proof = proof_of(drilled(at("03-02 13:00"), level=level))

    assert proof.proven == ()
    assert proof.low_level


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.ABORTED, Outcome.REFUSED])
def test_what_is_no_verdict_changes_nothing(outcome):
    first = drilled(at("03-02 13:00"))
    later = drilled(at("03-02 09:00"), outcome, ended=at("03-06 00:00"))

    assert proof_of(first, later) == proof_of(first)


def test_a_simulated_drill_proves_nothing():
    assert proof_of(drilled(at("03-02 13:00"), simulated=True)).proven == ()


def test_a_pass_across_an_advertised_gap_is_a_contradiction_and_proves_no_stretch():
    without_the_base = Inventory(
        taken_at=T,
        source=builders.instance(),
        target=None,
        backups=(builders.backup(at("03-04 01:00")),),
        windows=example().windows,
    )
    across = builders.drill(point=at("03-04 20:00"), slot=T, found=without_the_base)

    proof = prove([across], without_the_base, DOMAIN)

    assert proof.contradiction
    assert proof.proven == ()


def test_a_later_failure_takes_the_stretch_away_and_a_later_pass_gives_it_back():
    passed = drilled(at("03-05 09:00"), ended=at("03-05 10:00"))
    failed = drilled(at("03-05 05:00"), Outcome.FAILED_CHECK, ended=at("03-06 00:00"))
    again = drilled(at("03-05 20:00"), ended=at("03-07 00:00"))

    after_failure = proof_of(passed, failed)
    after_pass = proof_of(passed, failed, again)

    assert after_failure.proven == ()
    assert after_failure.suspect == (Stretch(at("03-05 01:00"), at("03-06 01:00")),)
    assert after_pass.proven == (Stretch(at("03-05 01:00"), at("03-05 20:00")),)
    assert after_pass.suspect == (Stretch(at("03-05 20:00"), at("03-06 01:00")),)


def test_a_failure_after_a_proven_instant_leaves_the_part_before_it():
    passed = drilled(at("03-05 09:00"), ended=at("03-05 10:00"))
    failed = drilled(at("03-05 15:00"), Outcome.FAILED_RESTORE, ended=at("03-06 00:00"))

    proof = proof_of(passed, failed)

    assert proof.proven == (Stretch(at("03-05 01:00"), at("03-05 09:00")),)
    assert proof.suspect == (Stretch(at("03-05 09:00"), at("03-06 01:00")),)


def test_the_bar_draws_dots_and_crosses_and_says_what_it_found():
    drills = [drilled(at("03-02 13:00")), drilled(at("03-07 05:00"), Outcome.FAILED_RESTORE)]

    bars = window_bars(drills, source_names(drills))

    (bar,) = bars.shown
    assert [(mark.passed, mark.x) for mark in bar.marks] == [(True, "22.02%"), (False, "88.69%")]
    assert bar.finding[0] == "orders-prod: 7.2 % of 6 d 21 h advertised is proven (12 h)."
    assert "1 gap of 2 h." in bar.finding
    assert {band.kind for band in bar.bands} == {"gap", "advertised", "proven", "suspect"}


def test_a_source_whose_windows_were_never_read_has_no_data():
    unread = builders.drill(
        outcome=Outcome.INCONCLUSIVE, inventory=None, choice=None, of=builders.plan()
    )

    (bar,) = window_bars([unread], source_names([unread])).shown

    assert bar.finding == (
        "src-orders: no data, because no drill has read its restore windows yet.",
    )
    assert bar.bands == ()


def test_a_source_without_windows_says_so_and_shows_no_percentage():
    empty = Inventory(taken_at=T, source=builders.instance(), target=None)
    record = builders.drill(outcome=Outcome.INCONCLUSIVE, inventory=empty, choice=None)

    (bar,) = window_bars([record], source_names([record])).shown

    assert bar.finding == ("orders-prod: the provider advertises no restore window.",)


INSTANTS = st.integers(0, 500).map(lambda minutes: T + timedelta(minutes=minutes))
STRETCHES = st.lists(st.tuples(INSTANTS, INSTANTS).map(lambda pair: Stretch(*sorted(pair))))


@given(STRETCHES, STRETCHES)
def test_the_parts_of_a_set_add_up(one, other):
    both = length_of(intersection(one, other))

    assert both + length_of(difference(one, other)) == length_of(one)
    assert length_of((*one, *other)) == length_of(one) + length_of(other) - both


@given(STRETCHES)
def test_a_union_is_sorted_and_has_no_overlap(stretches):
    merged = union(stretches)

    assert all(before.ends_at < after.starts_at for before, after in zip(merged, merged[1:]))  # noqa: B905, RUF007


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_share_is_never_rounded_up(part, whole):
    part = min(part, whole)

    text = share_text(timedelta(microseconds=part), timedelta(microseconds=whole))

    assert (text == "100.0 %") is (part == whole)
    assert (text == "0.0 %") is (part == 0)
