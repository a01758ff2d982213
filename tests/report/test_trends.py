"""The page of trends counts failed drills as never recovered, and every drill that was due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from drill.engine.record import DrillRecord, Outcome
from drill.report.site import plan_site
from drill.report.view.trends import Multiple, TrendsView, trends_view
from tests.report import builders, reports
from tests.report.builders import NOW

HOUR = timedelta(hours=1)


def trends_of(*records: DrillRecord) -> TrendsView:
    site = plan_site(reports.past(records), reports.context())
    return trends_view(site.fleet, site.context)


def times_of(*records: DrillRecord) -> Multiple:
    (multiple,) = trends_of(*records).multiples
    return multiple


def a_drill(
    hours: int, outcome: Outcome = Outcome.PASSED, minutes: int | None = 20, **changes: Any
) -> DrillRecord:
    """Return a drill whose slot was so many hours ago."""
    rta = None if minutes is None else timedelta(minutes=minutes)
    return builders.drill(f"d{hours}", outcome, slot=NOW - hours * HOUR, rta=rta, **changes)


def test_the_quantiles_of_a_month_have_failed_drills_at_their_end():
    passed = [a_drill(hours, minutes=20 + hours) for hours in range(1, 9)]
    failed = [a_drill(hours, Outcome.FAILED_RESTORE) for hours in (9, 10)]

    multiple = times_of(*passed, *failed)

    (month,) = multiple.months
    assert (month.count, month.failed) == (10, 2)
    assert (month.p50, month.p90, month.longest) == ("25 min", "not reached", "not reached")
    assert multiple.finding == (
        "PostgreSQL, 10 conclusive drills: median recovery time 25 min, nine in ten not reached."
    )


def test_a_pass_without_a_measured_time_is_in_no_quantile_and_no_attainment():
    (month,) = times_of(a_drill(1), a_drill(2, minutes=None)).months

    assert (month.count, month.longest, month.met) == (1, "20 min", "1 of 1")


def test_a_time_that_nobody_looked_at_is_met_or_no_data_and_never_missed_for_that():
    bound = replace(a_drill(2, minutes=9999), unattended=timedelta(minutes=9990))
    (month,) = times_of(a_drill(1), bound).months

    assert month.met == "1 of 1"


def test_a_failed_drill_never_attained_its_target():
    (month,) = times_of(a_drill(1), a_drill(2, Outcome.FAILED_CHECK)).months

    assert month.met == "1 of 2"


def test_a_month_counts_what_was_due_executed_passed_and_mended():
    view = trends_of(
        a_drill(30, Outcome.FAILED_CHECK),
        a_drill(20, Outcome.FAILED_RESTORE),
        a_drill(10, Outcome.REFUSED),
        a_drill(9, Outcome.MISSED),
        a_drill(6),
        a_drill(5, is_simulated=True),
        a_drill(4, Outcome.FAILED_CHECK),
    )

    month = view.months[0]
    assert (month.due, month.executed, month.passed, month.failed) == (6, 4, 1, 3)
    assert (month.share, month.repaired) == ("16.6 %", "1")
    assert view.lasting == 1
    assert month.mttr == view.mttr == "1 d"
