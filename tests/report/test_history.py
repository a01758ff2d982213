"""Nightly sums are what a report of then counted, and draw the lines that depend on windows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drill.engine.nightly import sums_at
from drill.plan.model import Plan
from drill.recovery.coverage.promises import promises_of
from drill.recovery.coverage.totals import added_up
from drill.recovery.facts import FleetSums, NightlySums, WorstLag
from drill.report.data import data_tables
from drill.report.past import Past, Scope, read_past
from drill.report.pseudonyms import Pseudonyms
from drill.report.site import plan_site
from drill.report.view.history import night_of, nights_until
from drill.report.view.numbers import Number, numbers, sums_of
from drill.report.view.overview import in_scope
from drill.report.view.sparks import Spark, sparks
from tests.report import builders, histories, made_up, reports
from tests.report.builders import DAY, NOW
from tests.report.pages import read

EVER = datetime.min.replace(tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
BOTH = ("proven_coverage", "worst_lag")


def kept(
    back: timedelta, proven: int = 1, lag: float = 5, *, cloud: str = "frankfurt", **changes: Any
) -> NightlySums:
    """Return sums from so long before the report: so many of four hours proven, and so many
    minutes behind; changes are those of the sums."""
    target = changes.pop("target", 15 * MINUTE)
    worst = WorstLag(source=(cloud, "src-orders"), milliseconds=lag * 60_000, target=target)
    values: dict[str, Any] = {
        "proven": proven * 3_600_000, "advertised": 4 * 3_600_000, "with_window": 1,
        "measured": 1, "promised": 1, "late": int(lag > 15), "worst": worst,
    }  # fmt: skip
    return NightlySums(cloud=cloud, taken_at=NOW - back, sums=FleetSums(**values | changes))


def past_with(nights: Sequence[NightlySums] | None) -> Past:
    """Return the past of one drill with these nights, the oldest first."""
    return reports.past([builders.drill("d1")], nights=nights)


def lines_of(past: Past, at: datetime = NOW) -> tuple[dict[str, Spark], dict[str, Number]]:
    """Return the lines and the numbers of the overview by their id."""
    site = plan_site(past, reports.context(at))
    scope = in_scope(site.fleet, at)
    return (
        sparks(site.fleet, sums_of(scope), at),
        {one.id: one for one in numbers(site.fleet.ticks, scope, sums_of(scope), at)},
    )


# What is kept is what the report counts.


@pytest.mark.parametrize("seed", range(12))
def test_what_is_kept_for_a_night_is_what_the_report_of_that_instant_counts(seed):
    known: Any = histories.confused(seed)
    plans = [
        builders.plan(
            f"plan-{number}",
            source={"cloud": cloud, "instance_id": source_id},
            objectives={
                name: f"{span // timedelta(hours=1)}h"
                for name, span in (
                    ("cadence", one.cadence), ("proof_validity", one.proof_validity)
                )
                if span is not None
            },
        )
        for number, ((cloud, source_id), one) in enumerate(sorted(known.promises.items()))
    ]  # fmt: skip
    for at in (histories.NOW, histories.NOW - 10 * HOUR, histories.NOW - 3 * DAY):
        assert counted(known, plans, at) == reported(known, plans, at)


def counted(known: Any, plans: Sequence[Plan], at: datetime) -> FleetSums:
    """Return what an observation keeps, over all clouds."""
    clouds = ("frankfurt", "madrid")
    return added_up([one.sums for one in sums_at(known, plans, clouds, at=at, read_since=EVER)])


def reported(known: Any, plans: Sequence[Plan], at: datetime) -> FleetSums:
    """Return what the page counts, and hold its numbers to it."""
    past = read_past(known, at=at)
    site = plan_site(past, reports.context(at), promises=promises_of(plans))
    scope = in_scope(site.fleet, at)
    found = sums_of(scope)
    shown = {one.id: one for one in numbers(site.fleet.ticks, scope, found, at)}
    coverage, lag = (shown[name] for name in BOTH)
    assert (coverage.numerator or 0, coverage.denominator or 0) == (found.proven, found.advertised)
    assert (coverage.count, lag.count) == (found.with_window, found.measured)
    if found.promised:
        assert lag.basis.startswith(f"{found.late} of {found.promised} sources")
    return found


def test_the_fleet_of_a_report_is_the_sum_of_its_clouds():
    known = made_up.history(30, 600)
    past = read_past(known, at=made_up.NOW)  # type: ignore[arg-type]
    site = plan_site(past, reports.context(made_up.NOW))
    by_cloud = [
        sums_of(one for one in site.cards if one.key[0] == cloud) for cloud in made_up.REGIONS
    ]

    assert added_up(by_cloud) == sums_of(site.cards)
    assert all(one.proven for one in by_cloud)


# The lines.


def test_a_line_goes_from_what_was_kept_to_the_number_that_it_stands_under():
    lines, shown = lines_of(past_with([kept(2 * DAY, 2, lag=7), kept(DAY, 3, lag=9)]))

    coverage, lag = (lines[name] for name in BOTH)
    assert coverage.text.startswith("90 days: from 50.0 % to ")
    assert f" to {shown['proven_coverage'].value}; " in coverage.text
    assert coverage.text.endswith("highest 75.0 %")
    assert lag.text == (
        f"90 days: from 7 min to {shown['worst_lag'].value}; lowest 5 min, highest 9 min"
    )
    assert coverage.path.startswith("M87 ")
    assert coverage.path.count("L") == 2


def test_a_report_at_the_instant_of_the_sums_ends_at_what_they_say():
    known: Any = made_up.history(20, 400)
    tonight = sums_at(known, [], made_up.REGIONS, at=made_up.NOW, read_since=EVER)
    known.sums = [replace(one, taken_at=one.taken_at - DAY) for one in tonight] + tonight

    lines, shown = lines_of(read_past(known, at=made_up.NOW), made_up.NOW)

    whole = added_up([one.sums for one in tonight])
    coverage, lag = (shown[name].value for name in BOTH)
    assert shown["proven_coverage"].numerator == whole.proven
    assert shown["proven_coverage"].denominator == whole.advertised
    assert lines["proven_coverage"].text.startswith(f"90 days: from {coverage} to {coverage};")
    assert lines["worst_lag"].text.startswith(f"90 days: from {lag} to {lag};")
    assert lines["worst_lag"].note.endswith("n = 20; beyond an RPO target on 0")


def test_a_night_that_nobody_looked_at_interrupts_the_line():
    every = [kept(back * DAY) for back in range(20, 0, -1) if back not in {5, 6, 9}]

    lines, _shown = lines_of(past_with(every))

    for name in BOTH:
        path = lines[name].path
        assert [part.split(" ")[0] for part in path.split("M")[1:]] == ["69", "81", "85"]
        assert not {"L80 ", "L83 ", "L84 "} & {f"{one} " for one in path.split(" ")}
        assert lines[name].note.startswith("18 of 90 days known; n = 1")


def test_a_night_between_two_that_nobody_looked_at_is_a_point():
    lines, _shown = lines_of(past_with([kept(3 * DAY), kept(DAY)]))

    first, *_others = lines["worst_lag"].path.split("M")[1:]
    assert first.startswith("86 ")
    assert first.endswith("h0")


def test_without_any_record_there_is_no_line_and_the_page_says_why():
    lines, _shown = lines_of(past_with([]))

    for name in BOTH:
        assert lines[name] == Spark(path="", text="no history: only the newest reading is known")


@pytest.mark.parametrize(
    "scope",
    [
        Scope(groups=frozenset({"group-1"})),
        Scope(patterns=("made-up-*",)),
        Scope(clouds=frozenset({"frankfurt"})),
        Scope(since=made_up.NOW - 10 * DAY),
    ],
)
def test_a_report_about_less_than_was_kept_has_no_line_and_says_why(scope):
    known: Any = made_up.history(6, 60)
    known.sums = [kept(back * DAY) for back in range(9, 0, -1)]
    past = read_past(known, at=made_up.NOW, scope=scope)

    lines, _shown = lines_of(past, made_up.NOW)

    assert past.drills
    for name in BOTH:
        assert lines[name].path == ""
        assert "about all sources and all drills" in lines[name].text
    assert rows_of(past, made_up.NOW) == []


def test_a_night_counts_with_the_clouds_that_were_looked_at_in_it():
    lines, _shown = lines_of(
        past_with([
            kept(3 * DAY, 1), kept(3 * DAY, 3, lag=99, cloud="madrid", with_window=4, measured=5),
            kept(2 * DAY, 1),
            kept(DAY, 1), kept(DAY, 2, cloud="madrid", with_window=4, measured=5),
        ])
    )  # fmt: skip

    assert lines["proven_coverage"].text.startswith("90 days: from 50.0 % to ")
    assert "lowest 0.2 %" not in lines["proven_coverage"].text
    assert lines["proven_coverage"].note == "4 of 90 days known; n = 1–5"
    assert lines["worst_lag"].text.startswith("90 days: from 1 h 39 min to 5 min; ")
    assert lines["worst_lag"].note == ("4 of 90 days known; n = 1–6; beyond an RPO target on 1")


def test_a_lag_beyond_its_target_comes_before_a_longer_one_within_its_own():
    within = kept(DAY, lag=600, cloud="madrid", target=DAY, late=0)

    lines, _shown = lines_of(past_with([kept(DAY, lag=20), within]))

    assert "from 20 min to" in lines["worst_lag"].text


def test_no_recovery_point_is_at_the_top_and_has_its_words():
    lines, _shown = lines_of(
        past_with([kept(3 * DAY, lag=8), kept(2 * DAY, lag=math.inf), kept(DAY, lag=6)])
    )

    assert lines["worst_lag"].path == "M86 2L87 2L88 15.3L89 22"
    assert lines["worst_lag"].text == (
        "90 days: from 8 min to 5 min; lowest 5 min, highest no recovery point"
    )


def test_a_night_without_any_window_has_no_share_and_is_a_gap():
    empty = kept(2 * DAY, 0, advertised=0, with_window=0)

    lines, _shown = lines_of(past_with([kept(3 * DAY), empty, kept(DAY)]))

    assert "M86 " in lines["proven_coverage"].path
    assert "87 " not in lines["proven_coverage"].path
    assert "L87 " in lines["worst_lag"].path


# Nights.


def test_a_night_runs_from_noon_to_noon_and_its_newest_record_counts():
    noon = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    early = [
        kept(NOW - noon + timedelta.resolution, cloud="a"),
        kept(NOW - noon, 1, cloud="a"),
        kept(NOW - noon - 5 * HOUR, 2, cloud="a"),
        kept(NOW - noon - 13 * HOUR, 3, cloud="b"),
    ]

    nights = nights_until(early, NOW)

    assert [one.isoformat() for one in nights] == ["2026-03-07", "2026-03-08"]
    newest = nights[night_of(NOW)]
    assert {cloud: one.sums.proven // 3_600_000 for cloud, one in newest.items()} == {
        "a": 2, "b": 3,
    }  # fmt: skip


def test_what_is_older_than_90_nights_or_later_than_the_report_is_not_drawn():
    known: Any = made_up.history(3, 30)
    known.sums = [kept(one) for one in (90 * DAY, 89 * DAY, DAY, timedelta(0), -MINUTE)]

    past = read_past(known, at=made_up.NOW)

    assert [row["taken_at"][:16] for row in rows_of(past, made_up.NOW)] == [
        "2025-12-09T06:00", "2026-03-07T06:00", "2026-03-08T06:00",
    ]  # fmt: skip
    assert lines_of(past, made_up.NOW)[0]["worst_lag"].path.startswith("M0 ")


# Data files and pseudonyms.


def rows_of(past: Past, at: datetime = NOW) -> list[dict[str, str]]:
    """Return the lines of data/history.csv."""
    site = plan_site(past, reports.context(at))
    (table,) = [one for one in data_tables(site) if one.name == "history"]
    (content,) = [content for name, content in table.files() if name.endswith(".csv")]
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_data_have_a_line_for_each_night_and_cloud():
    never = WorstLag(source=("madrid", "=cmd"), milliseconds=math.inf, target=None)

    rows = rows_of(
        past_with([
            kept(DAY, 2, lag=20), kept(DAY, cloud="madrid", worst=never, promised=0),
            kept(HOUR, cloud="madrid", measured=0, worst=None),
        ])
    )  # fmt: skip

    assert rows[0] == {
        "night": "2026-03-07", "cloud": "frankfurt", "taken_at": "2026-03-07T06:00:00.000Z",
        "proven_ms": "7200000", "advertised_ms": "14400000", "sources_with_window": "1",
        "sources_with_lag": "1", "with_rpo_target": "1", "beyond_rpo_target": "1",
        "worst_source_id": "src-orders", "worst_lag_ms": "1200000",
        "worst_rpo_target_ms": "900000",
    }  # fmt: skip
    last = ("worst_source_id", "worst_lag_ms", "worst_rpo_target_ms")
    assert [[row[name] for name in last] for row in rows[1:]] == [["'=cmd", "", ""], ["", "", ""]]
    assert [row["night"] for row in rows[1:]] == ["2026-03-07", "2026-03-08"]


def test_a_redacted_report_does_not_say_whose_lag_was_the_worst():
    names = Pseudonyms(b"k" * 32)
    past = past_with([kept(back * DAY, lag=20) for back in range(5, 0, -1)])

    hidden = names.past(past)

    rows = rows_of(hidden)
    cloud, source_id = names.source(("frankfurt", "src-orders"))
    assert {(row["cloud"], row["worst_source_id"]) for row in rows} == {(cloud, source_id)}
    assert "orders" not in repr(hidden.nights)
    assert "frankfurt" not in repr(hidden.nights)
    assert lines_of(hidden)[0] == lines_of(past)[0]
    assert names.past(past_with(None)).nights is None


def test_the_page_draws_six_lines_and_says_of_how_much_they_are_made(tmp_path):
    records = [builders.drill(f"d{day}", slot=NOW - day * DAY) for day in range(1, 40, 2)]
    nights = [kept(back * DAY, back % 4, lag=back % 9) for back in range(60, 0, -1)]

    reports.write(tmp_path, records, nights=nights)

    section = read(tmp_path / "index.html").section("In numbers")
    assert len([one for one in section.all("svg") if one.has("spark")]) == 6
    assert section.text.count("61 of 90 days known; n = 1") == 2
    assert "no history" not in section.text
