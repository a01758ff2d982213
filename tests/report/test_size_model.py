"""Recovery time against size: a line where the rules allow one, and its limits in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from drill.engine.summary import facts_of
from drill.recovery.facts import DrillFacts
from drill.recovery.tick import tick_of
from drill.report.view.size_model import KINDS_AT_MOST, SizeFigure, SizeFigures, size_figures
from tests.report import builders, made_up
from tests.report.builders import DAY, NOW


def drills(*sizes: int, minutes_each: float = 0.1, **changes: object) -> list[DrillFacts]:
    """Return drills that passed, the newest first; the last size was drilled last."""
    made = []
    for place, size in enumerate(sizes):
        one = facts_of(builders.drill(f"d{place}", slot=NOW - (len(sizes) - place) * DAY))
        wobble = (-1) ** place * 0.5
        made.append(
            replace(
                one, volume_gb=size, volume_type="CLOUDSSD", flavor="large", mode="backup",
                rta=timedelta(minutes=10 + minutes_each * size + wobble),
                rto_target=timedelta(hours=2), **changes,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return made[::-1]


def figures(found: Iterable[DrillFacts], *, of_one_source: bool) -> SizeFigures:
    return size_figures(tuple(map(tick_of, found)), of_one_source=of_one_source)


def figure(found: list[DrillFacts]) -> SizeFigure:
    (one,) = figures(found, of_one_source=True).shown
    return one


GROWING = (100, 100, 200, 200, 300, 300, 400, 400)


def test_seven_drills_make_no_model():
    one = figure(drills(*GROWING[:7]))

    assert one.plot is None
    assert one.finding.startswith("No model: 7 drills that passed, of 4 sizes")


def test_a_time_that_nobody_looked_at_is_in_no_model():
    newest, *others = drills(*GROWING)

    one = figure([replace(newest, unattended=timedelta(minutes=1)), *others])

    assert one.finding.startswith("No model: 7 drills that passed, of 4 sizes")
    assert figure([newest, *others]).plot is not None


def test_two_sizes_make_no_model():
    one = figure(drills(*[100, 200] * 6))

    assert one.plot is None
    assert "of 2 sizes" in one.finding


def test_nothing_is_said_beyond_twice_the_largest_size():
    one = figure(drills(*GROWING))

    assert one.rows[-1].size == "800 GB"
    assert "not reached up to 800 GB, twice the largest size" in one.finding


def test_a_size_past_the_largest_one_is_called_extrapolated():
    one = figure(drills(*GROWING, minutes_each=0.2))

    assert {row.size: row.reach for row in one.rows} == {
        "100 GB": "observed", "200 GB": "observed", "300 GB": "observed", "400 GB": "observed",
        "600 GB": "extrapolated", "800 GB": "extrapolated",
    }  # fmt: skip
    assert "Extrapolated, the line reaches the RTO target of 2 h at 549 GB" in one.finding


def test_the_forecast_names_a_day_by_the_growth_of_the_source():
    one = figure(drills(*GROWING, minutes_each=0.2))

    assert "With the growth so far, 42.9 GB a day, that is on 2026-03-1" in one.finding


def test_a_fleet_has_no_growth_of_its_own():
    (one,) = figures(drills(*GROWING, minutes_each=0.2), of_one_source=False).shown

    assert "growth" not in one.finding


def test_times_of_one_flavor_are_not_carried_to_another():
    both = [
        replace(one, flavor="small" if place % 2 else "large")
        for place, one in enumerate(drills(*GROWING))
    ]

    found = figures(both, of_one_source=True)

    assert [one.plot for one in found.shown] == [None, None]


def test_simulated_and_failed_drills_are_in_no_model():
    one = [replace(drill, is_simulated=True) for drill in drills(*GROWING)]

    assert figures(one, of_one_source=True).shown == ()


def test_more_kinds_than_a_page_holds_are_counted():
    kinds = [
        replace(drills(100)[0], flavor=f"flavor-{number}") for number in range(KINDS_AT_MOST + 2)
    ]

    assert figures(kinds, of_one_source=False).left_out == 2


def test_the_band_of_a_made_up_fleet_holds_its_drills():
    known = [one for one in made_up.history(40, 400).drills if one.engine == "MySQL"]
    (one,) = figures(known[::-1], of_one_source=False).shown

    assert one.plot is not None
    assert one.plot.band.endswith("z")
    assert one.plot.beyond
