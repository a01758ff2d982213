"""The small lines of the overview end at their number, and say what they show in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.record import Outcome
from drill.report.past import read_past
from drill.report.site import plan_site
from drill.report.view.numbers import numbers
from drill.report.view.overview import in_scope
from drill.report.view.sparks import sparks
from tests.report import builders, made_up, reports
from tests.report.builders import DAY, NOW
from tests.report.pages import read


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_line_ends_at_the_number_that_it_stands_under(seed):
    known = made_up.history(12, 400, seed=seed)
    past = read_past(known, at=made_up.NOW)  # type: ignore[arg-type]
    site = plan_site(past, reports.context(made_up.NOW))
    scope = in_scope(past, site.standings, made_up.NOW)

    lines = sparks(past.drills, scope, made_up.NOW)

    said = {one.id: one for one in numbers(past.drills, scope, made_up.NOW)}
    for name in ("rto_attainment", "end_to_end"):
        part, whole = said[name].numerator, said[name].denominator
        assert part is not None
        assert whole
        permille = int(1000 * part / whole)
        assert f" to {permille // 10}.{permille % 10} %;" in lines[name].text
    assert f" to {said['oldest_proof'].value};" in lines["oldest_proof"].text
    assert set(lines) == set(said)


def test_a_number_whose_windows_of_old_are_not_known_has_no_line():
    past = reports.past([builders.drill("d1", slot=NOW - DAY)])
    site = plan_site(past, reports.context())

    lines = sparks(past.drills, site.standings, NOW)

    for name in ("sources_proven", "proven_coverage", "worst_lag"):
        assert lines[name].path == ""
        assert "no history" in lines[name].text


def test_a_day_without_a_proof_interrupts_the_line_of_the_oldest_proof():
    records = [builders.drill("d1", slot=NOW - 10 * DAY)]
    past = reports.past(records)
    site = plan_site(past, reports.context())

    (before, after) = (sparks(past.drills, site.standings, NOW - back) for back in (9 * DAY, DAY))

    assert before["oldest_proof"].text == "no data over 90 days"
    assert after["oldest_proof"].path.startswith("M8")
    assert after["oldest_proof"].path.count("M") == 1


def test_every_line_has_its_words_for_those_who_do_not_see_it(tmp_path):
    slots = [NOW - timedelta(days=day) for day in range(1, 60, 3)]
    reports.write(
        tmp_path,
        [
            builders.drill(f"d{place}", Outcome.FAILED_CHECK if place % 4 == 1 else Outcome.PASSED,
                           slot=slot)
            for place, slot in enumerate(slots)
        ],
    )  # fmt: skip

    section = read(tmp_path / "index.html").section("In numbers")

    lines = [one for one in section.all("svg") if one.has("spark")]
    assert len(lines) == 3
    for line in lines:
        (title,) = line.all("title")
        assert title.text.startswith("90 days: from ")
