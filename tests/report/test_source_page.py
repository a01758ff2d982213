"""The page of a source is dark only where a drill proved it, and says what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, Outcome
from drill.plan.model import Objectives
from drill.recovery.coverage.promises import promises_of
from drill.recovery.facts import ExceptionNote
from drill.recovery.values import Inventory, Window
from drill.report.looks import no_looks, source_data
from drill.report.site import plan_site
from drill.report.view.bars import Bar, window_bar
from drill.report.view.formats import minute, share_text
from drill.report.view.links import Links, source_page
from drill.report.view.small_bar import small_bar
from drill.report.view.source import source_view
from drill.report.view.standing import Standing, Status, standing_of
from tests.report import builders, reports
from tests.report.builders import DAY, NOW, at
from tests.report.pages import Page, read, rows_of

T = at("03-08 00:00")
BACKUP_PLAN = builders.plan(restore={"mode": "backup", "selection": {"policy": "newest"}})


def example() -> Inventory:
    """Return the inventory of worked example 1 of the definitions of coverage."""
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
    slot: datetime | None = None,
    simulated: bool = False,
) -> DrillRecord:
    """Return a drill of one point of the example."""
    slot = slot or min(point + timedelta(hours=2), T - timedelta(hours=2))
    return builders.drill(
        f"d-{point:%d%H%M}-{outcome}", outcome, slot=slot, point=point, found=example(),
        level=level, is_simulated=simulated, of=BACKUP_PLAN if backup else builders.plan(),
    )  # fmt: skip


def standing(*drills: DrillRecord, when: datetime = T) -> Standing:
    """Return where the one source of these drills stands."""
    (source,) = reports.past(drills).sources.values()
    return standing_of(source, Objectives(), at=when)


def bar_of(*drills: DrillRecord) -> Bar:
    """Return the window bar of the one source."""
    return window_bar(standing(*drills), "orders-prod", Links())


def page_of(folder: Path, *records: DrillRecord, **changes: object) -> Page:
    """Write the report and read the page of its first source."""
    reports.write(folder, records, **changes)  # type: ignore[arg-type]
    return read(folder / "i" / source_page(("frankfurt", "src-orders")))


def test_the_bar_of_worked_example_1_says_the_computed_shares():
    bar = bar_of(
        drilled(at("03-02 13:00")),
        drilled(at("03-05 09:00")),
        drilled(at("03-06 01:00"), backup=True),
        drilled(at("03-07 05:00"), Outcome.FAILED_RESTORE),
    )

    assert bar.finding == (
        "orders-prod: 12.0 % of 6 d 21 h advertised is proven (20 h).",
        "3 of 9 backups are proven as images.",
        "22 h 55 min is suspect after a drill that failed.",
        "1 gap of 2 h.",
    )


def test_the_bar_draws_dots_and_crosses_where_it_was_drilled():
    bar = bar_of(drilled(at("03-02 13:00")), drilled(at("03-07 05:00"), Outcome.FAILED_RESTORE))

    assert [(mark.passed, mark.x) for mark in bar.marks] == [(True, "22.02%"), (False, "88.69%")]
    assert {band.kind for band in bar.bands} == {"gap", "advertised", "proven", "suspect"}


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_pass_below_l4_draws_nothing_dark_and_says_why(level):
    bar = bar_of(drilled(at("03-02 13:00"), level=level))

    assert "proven" not in {band.kind for band in bar.bands}
    if level == 3:
        assert "A drill that passed below L4 proves no stretch of time." in bar.finding


def test_a_simulated_drill_draws_neither_proof_nor_dot():
    bar = bar_of(drilled(at("03-02 13:00"), simulated=True))

    assert "proven" not in {band.kind for band in bar.bands}
    assert bar.marks == ()


def test_the_bar_of_a_row_has_the_same_stretches_as_the_large_one():
    one = standing(drilled(at("03-05 09:00")), drilled(at("03-07 05:00"), Outcome.FAILED_CHECK))

    small = small_bar(one)

    assert small is not None
    assert [kind for kind, _path in small.paths] == [
        "advertised", "proven", "suspect", "dot", "cross",
    ]  # fmt: skip


def test_a_source_whose_windows_were_never_read_has_no_data(tmp_path):
    unread = builders.drill(outcome=Outcome.INCONCLUSIVE, inventory=None, choice=None)

    page = page_of(tmp_path, unread)

    assert "src-orders: no data, because its restore windows were never read." in page.text
    assert not any(one.has("advertised") for one in page.section("Drills").all("rect"))
    assert "✕ never proven" in page.all("section")[0].text


def test_a_source_without_windows_says_so_and_shows_no_percentage():
    empty = Inventory(taken_at=T, source=builders.instance(), target=None)
    bar = bar_of(builders.drill(outcome=Outcome.INCONCLUSIVE, found=None, inventory=empty,
                                choice=None))  # fmt: skip

    assert bar.finding == ("orders-prod: the provider advertises no restore window.",)


@pytest.mark.parametrize(
    ("outcomes", "days", "status"),
    [
        ([Outcome.PASSED], 1, Status.PROVEN),
        ([Outcome.PASSED], 25, Status.EXPIRING),
        ([Outcome.PASSED], 31, Status.EXPIRED),
        ([Outcome.PASSED_LATE], 1, Status.LATE),
        ([Outcome.INCONCLUSIVE, Outcome.PASSED], 1, Status.UNSURE),
        ([Outcome.INCONCLUSIVE], 1, Status.UNPROVEN),
        ([Outcome.INCONCLUSIVE, Outcome.FAILED_CHECK, Outcome.PASSED], 1, Status.FAILED),
        ([Outcome.SKIPPED, Outcome.PASSED], 1, Status.PROVEN),
    ],
)
def test_the_standing_is_the_worst_thing_to_know(outcomes, days, status):
    drills = [
        builders.drill(f"d{night}", outcome, slot=NOW - timedelta(hours=4) - DAY * night)
        for night, outcome in enumerate(outcomes)
    ]

    assert standing(*drills, when=NOW + (days - 1) * DAY).status is status


def test_a_plan_says_how_long_a_proof_is_valid():
    week = builders.plan("a", objectives={"proof_validity": "7d", "retention": "14d"})
    month = builders.plan("b", objectives={"cadence": "30d", "retention": "35d"})

    (promise,) = promises_of([week, month]).values()

    assert promise.proof_validity == timedelta(days=7)
    assert promise.retention == timedelta(days=35)


def test_the_verdict_names_when_the_proof_ends(tmp_path):
    page = page_of(tmp_path, builders.drill())

    assert "Proven at 2026-03-08 02:28 UTC until 2026-04-07 02:28 UTC." in page.text


def test_the_checks_matrix_has_a_column_a_drill_and_says_what_was_not_asked(tmp_path):
    first = builders.drill("d1", slot=NOW - DAY)
    second = builders.drill("d2", Outcome.FAILED_CHECK)
    second = replace(second, checks=second.checks[:3])

    rows = rows_of(page_of(tmp_path, first, second).section("Checks of the last drills"))

    assert rows[2] == ["row-count", "✕ failed", "✓ passed", "1 of 2 (9.4–90.6 %)"]
    assert rows[3] == ["heartbeat", "–", "✓ passed", "1 of 1 (20.6–100.0 %) untested"]


def test_a_check_without_data_is_neither_passed_nor_failed(tmp_path):
    record = builders.drill(outcome=Outcome.INCONCLUSIVE)
    assert any(one.answer is CheckAnswer.NO_DATA for one in record.checks)

    rows = rows_of(page_of(tmp_path, record).section("Checks of the last drills"))

    assert rows[2] == ["row-count", "! no data", "no data"]


def test_a_failed_drill_of_a_point_that_passed_since_is_not_among_the_proofs():
    point = NOW - timedelta(days=1)
    failed = builders.drill("d1", Outcome.FAILED_CHECK, slot=NOW - timedelta(hours=9), point=point)
    passed = builders.drill("d2", slot=NOW - timedelta(hours=4), point=point)

    data = source_data(standing(failed, passed, when=NOW), no_looks)
    (row,) = source_view(data, reports.context()).proofs

    assert passed.finished_at is not None
    assert row.finished_at == minute(passed.finished_at)


def test_a_pass_without_a_known_base_is_listed_as_an_instant_alone():
    found = replace(example(), backups=())
    drill = builders.drill("d1", point=at("03-06 09:00"), found=found, slot=at("03-06 11:00"))

    (row,) = source_view(source_data(standing(drill), no_looks), reports.context(at=T)).proofs

    assert (row.what, row.begin) == ("instant", None)


def test_the_median_recovery_time_counts_failed_drills(tmp_path):
    drills = [
        builders.drill("d1", slot=NOW - DAY),
        *(builders.drill(f"f{n}", Outcome.FAILED_RESTORE, slot=NOW - n * DAY) for n in (2, 3)),
    ]

    section = page_of(tmp_path, *drills).section("Recovery time")

    assert "1 of 3 conclusive drills kept their RTO target" in section.text
    assert "median recovery time not reached, longest not reached" in section.text


def test_recovery_times_count_a_failed_drill_as_never_recovered(tmp_path):
    section = page_of(
        tmp_path,
        builders.drill("d1", Outcome.FAILED_CHECK),
        builders.drill("d2", slot=NOW - DAY),
    ).section("Recovery time")

    assert "1 of 2 conclusive drills kept their RTO target" in section.text
    assert [row[1] for row in rows_of(section)] == ["not reached", "17 min 58 s"]


def test_exceptions_say_whether_they_hold(tmp_path):
    note = ExceptionNote(
        id="x1", kind="finding", cloud="frankfurt", source_id="src-orders", reason="known",
        owner="ana", opened_at=NOW - DAY, opened_by="ana", expires_at=NOW - timedelta(hours=1),
    )  # fmt: skip

    (row,) = rows_of(page_of(tmp_path, builders.drill(), exceptions=[note]).section("Exceptions"))

    assert row[:4] == ["finding", "known", "ana", "no data"]
    assert row[6] == "no"


def test_the_calendar_counts_what_it_draws(tmp_path):
    records = [builders.drill(f"d{night}", slot=NOW - DAY * night) for night in range(40)]

    rows = rows_of(page_of(tmp_path, *records).section("Nights"))

    assert rows == [["2026-03", "8", "8", "0"], ["2026-02", "28", "28", "0"],
                    ["2026-01", "4", "4", "0"]]  # fmt: skip


def test_two_sources_never_share_a_page():
    assert source_page(("a", "b-c")) != source_page(("a-b", "c"))
    assert source_page(("a", "../../x")).startswith("source-")
    site = plan_site(reports.past([builders.drill()]), reports.context())
    assert "i/src-orders-3f5cb9d28e.html" in {page.name for page in site.pages}


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_share_is_never_rounded_up(part, whole):
    part = min(part, whole)

    text = share_text(timedelta(microseconds=part), timedelta(microseconds=whole))

    assert (text == "100.0 %") is (part == whole)
    assert (text == "0.0 %") is (part == 0)
