"""A page says how dense the backups lie and how much would have been lost, and on what ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from drill.plan.model import Objectives
from drill.recovery.facts import DrillFacts, Look, Observation, SourceKey
from drill.recovery.ordering import newest_first
from drill.recovery.values import BackupKind, Window
from drill.report.looks import PERIOD, source_data
from drill.report.past import past_of
from drill.report.view.source import SourceView, source_view
from drill.report.view.standing import standing_of
from tests.recovery.coverage.histories import T, a_backup, a_drill, an_observation, at
from tests.report import reports

KEY = ("frankfurt", "source-in03")
POLLS = (
    ("03-07 00:00", "03-06 23:55"),
    ("03-07 06:00", "03-07 05:56"),
    ("03-07 12:00", "03-07 10:10"),
)
LAST = Window(at("03-01 00:00"), at("03-07 17:55"))
DAILY = tuple(a_backup(f"03-0{day} 01:00") for day in range(1, 8))


def page_of(
    seen: Observation | None,
    drills: Sequence[DrillFacts] = (),
    looks: Sequence[Look] = (),
) -> SourceView:
    """Return the page of the one source with these older looks."""
    past = past_of(newest_first(drills), {KEY: seen} if seen else {})
    one = standing_of(past.sources[KEY], Objectives(), at=T)
    return source_view(source_data(one, lambda *_: looks), reports.context(at=T))


def figures_of(page: SourceView) -> dict[str, str]:
    """Return every figure of the section by its name."""
    assert page.points is not None
    return {fact.name: fact.value for fact in (*page.points.density, *page.points.exposure)}


def test_the_lag_of_a_window_is_what_looks_saw_and_what_it_can_have_been_between_them():
    """Worked example 3 of the definitions; the newest look counts whoever made it."""
    looks = [Look(taken_at=at(taken), newest_at=at(newest)) for taken, newest in POLLS]
    seen = an_observation(taken_at=at("03-07 18:00"), windows=(LAST,))

    page = page_of(seen, looks=looks)

    found = figures_of(page)
    assert found["longest lag seen"] == "1 h 50 min (n = 4)"
    assert found["worst case between two looks"] == "7 h 50 min (n = 3)"
    assert "longest exposure" not in found
    assert page.points is not None
    assert page.points.basis.startswith("Of 4 looks from 2026-03-07 00:00 to 2026-03-07 18:00 UTC.")


def test_one_look_has_no_worst_case():
    found = figures_of(page_of(an_observation()))

    assert found["longest lag seen"] == "5 min (n = 1)"
    assert found["worst case between two looks"] == "no data"


def test_a_look_without_a_recovery_point_has_no_finite_lag():
    empty = Look(taken_at=at("03-07 00:00"), newest_at=None)

    found = figures_of(page_of(an_observation(), looks=[empty]))

    assert found["longest lag seen"] == "no recovery point at times"


def test_backups_alone_have_an_exposure_and_no_lag_at_looks():
    seen = an_observation(windows=(), backups=DAILY)
    drill = a_drill("03-06 01:00", backup=True, rpo_target=timedelta(hours=12))

    found = figures_of(page_of(seen, [drill]))

    assert found["longest exposure"] == "1 d (n = 7)"
    assert found["time over RPO"].endswith(" %")
    assert "longest lag seen" not in found


def test_what_was_there_before_the_oldest_backup_that_is_left_is_not_held_against_a_source():
    """Retention has removed what was there; but before the first backup ever there was nothing."""
    kept = an_observation(windows=(), backups=DAILY[2:])
    young = replace(kept, created_at=at("03-02 00:00"))

    assert figures_of(page_of(kept))["longest exposure"] == "1 d (n = 5)"
    assert figures_of(page_of(young))["longest exposure"] == "no recovery point at times"


def test_time_over_rpo_needs_a_target():
    found = figures_of(page_of(an_observation(windows=(), backups=DAILY)))

    assert found["time over RPO"] == "no target"


def test_density_counts_full_backups_and_tells_the_types_of_all():
    log = a_backup("03-07 02:00", "log", kind=BackupKind.INCREMENTAL)

    found = figures_of(page_of(an_observation(backups=(*DAILY, log))))

    assert found["backups a day"] == "1.0 (n = 7)"
    assert found["median between two"] == "1 d (n = 6)"
    assert found["newest, when last read"] == "23 h"
    assert found["by type"] == "auto 87.5 %, incremental 12.5 %"


def test_a_source_without_backups_has_no_density_and_no_zero():
    found = figures_of(page_of(an_observation(backups=())))

    for name in ("backups a day", "median between two", "newest, when last read", "by type"):
        assert found[name] == "no data"


def test_a_window_without_a_backup_to_begin_with_is_told_and_otherwise_not_mentioned():
    late = an_observation(backups=(a_backup("03-06 01:00"),))

    assert figures_of(page_of(late))["windows without a backup to begin with"] == "2"
    assert "windows without a backup to begin with" not in figures_of(page_of(an_observation()))


def test_a_provider_that_never_answered_is_no_data():
    assert page_of(None, [a_drill("03-06 09:00")]).points is None


def test_looks_are_read_for_the_month_up_to_the_newest_one():
    asked: list[tuple[SourceKey, datetime, datetime]] = []

    def looks_of(key: SourceKey, since: datetime, until: datetime) -> Sequence[Look]:
        asked.append((key, since, until))
        return ()

    seen = replace(an_observation(), taken_at=T - timedelta(hours=3))
    one = standing_of(past_of((), {KEY: seen}).sources[KEY], Objectives(), at=T)

    data = source_data(one, looks_of)

    assert asked == [(KEY, seen.taken_at - PERIOD, seen.taken_at)]
    assert [look.taken_at for look in data.looks] == [seen.taken_at]


def test_a_check_that_changes_its_answer_is_flaky_and_one_that_never_failed_is_untested():
    answers = ["passed", "failed", "passed", "passed"]
    drills = [
        a_drill(f"03-0{day} 09:00", checks=(("rows", answer), ("connects", "passed")))
        for day, answer in enumerate(answers, start=2)
    ]

    matrix = page_of(an_observation(), drills).matrix

    assert matrix is not None
    assert [(row.check, row.rate, row.remark) for row in matrix.rows] == [
        ("rows", "3 of 4 (30.0–95.5 %)", "flaky"),
        ("connects", "4 of 4 (51.0–100.0 %)", "untested"),
    ]
    assert "Flaky" in matrix.note
    assert "Untested" in matrix.note
