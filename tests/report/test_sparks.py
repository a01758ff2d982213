"""The small lines of the overview end at their number, and say what they show in words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from drill.engine.record import Outcome
from drill.recovery.facts import ExceptionNote, Observation
from drill.report.past import Past, past_of, read_past
from drill.report.site import plan_site
from drill.report.view.numbers import numbers, sums_of
from drill.report.view.overview import in_scope
from drill.report.view.sparks import Spark, sparks
from tests.report import builders, made_up, reports
from tests.report.builders import DAY, NOW
from tests.report.pages import read


def lines_of(past: Past, at: datetime = NOW) -> dict[str, Spark]:
    """Return the lines of the overview by the id of their number."""
    site = plan_site(past, reports.context(at))
    scope = in_scope(site.fleet, at)
    return sparks(site.fleet, sums_of(scope), at)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_line_ends_at_the_number_that_it_stands_under(seed):
    known = made_up.history(12, 400, seed=seed)
    past = read_past(known, at=made_up.NOW)  # type: ignore[arg-type]
    site = plan_site(past, reports.context(made_up.NOW))
    scope = in_scope(site.fleet, made_up.NOW)

    lines = lines_of(past, made_up.NOW)

    said = {one.id: one for one in numbers(site.fleet.ticks, scope, sums_of(scope), made_up.NOW)}
    for name in ("sources_proven", "proven_coverage", "rto_attainment", "end_to_end"):
        part, whole = said[name].numerator, said[name].denominator
        assert part is not None
        assert whole
        permille = int(1000 * part / whole)
        assert f" to {permille // 10}.{permille % 10} %;" in lines[name].text
    for name in ("worst_lag", "oldest_proof"):
        assert f" to {said[name].value};" in lines[name].text
    assert set(lines) == set(said)


def test_the_line_of_valid_proofs_begins_with_what_the_report_of_that_day_said():
    known = made_up.history(40, 500)
    cloud, source_id = sorted(known.observations)[0]
    known.notes = [
        ExceptionNote(
            id="e1", kind="exclusion", cloud=cloud, source_id=source_id, reason="moved",
            owner="ann", approver="bob", opened_by="ann",
            opened_at=made_up.NOW - 200 * DAY, expires_at=made_up.NOW - 30 * DAY,
        )
    ]  # fmt: skip
    now, then = (_covered_text(known, made_up.NOW - back) for back in (0 * DAY, 89 * DAY))

    assert now.partition("from ")[2].partition(" to ")[0] == _values(known, 89)
    assert now.partition(" to ")[2].partition(";")[0] == _values(known, 0)
    assert then.partition(" to ")[2].partition(";")[0] == _values(known, 89)


def _covered_text(known: made_up.History, at: datetime) -> str:
    return lines_of(read_past(known, at=at), at)["sources_proven"].text  # type: ignore[arg-type]


def _values(known: made_up.History, back: int) -> str:
    """Return what a report of that day counted, source by source."""
    at = made_up.NOW - back * DAY
    seen = known.observations
    whole = [key for key in sorted(seen) if not any(
        (note.cloud, note.source_id) == key and note.is_open(at) for note in known.notes
    )]  # fmt: skip
    valid = {
        one.source
        for one in known.drills
        if one.outcome in {Outcome.PASSED, Outcome.PASSED_LATE}
        and one.finished_at is not None
        and one.finished_at <= at < one.finished_at + 30 * DAY
    } & set(whole)
    permille = 1000 * len(valid) // len(whole)
    return f"{permille // 10}.{permille % 10} %"


def test_a_source_that_came_later_is_not_missed_before():
    records = [builders.drill("d1", slot=NOW - 20 * DAY)]
    past = reports.past(records)
    late = Observation(
        cloud="frankfurt", source_id="src-late", taken_at=NOW, created_at=NOW - 5 * DAY
    )
    both = past_of(past.drills, {
        **{key: one.observation for key, one in past.sources.items() if one.observation},
        late.source: late,
    })  # fmt: skip
    line = lines_of(both)["sources_proven"]

    assert line.text == "90 days: from 0.0 % to 50.0 %; lowest 0.0 %, highest 100.0 %"
    assert line.path.startswith("M69 22L70 2L"), "a gap before the first drill"
    assert "L83 2L84 12L" in line.path, "the second source came on that day"


def test_a_day_without_a_proof_interrupts_the_line_of_the_oldest_proof():
    records = [builders.drill("d1", slot=NOW - 10 * DAY)]
    past = reports.past(records)

    (before, after) = (lines_of(past, NOW - back) for back in (9 * DAY, DAY))

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
    assert len(lines) == 4
    for line in lines:
        (title,) = line.all("title")
        assert title.text.startswith("90 days: from ")
