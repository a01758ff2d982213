"""Who tries to make the audit pack look better is refused, or what they did is shown."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.engine.record import Outcome
from drill.engine.remembering import ensure_openable, ensure_signable
from drill.engine.reviewing import reviewed
from drill.engine.summary import facts_of
from drill.errors import StoreError
from drill.recovery.facts import ExceptionNote, Population, Review
from drill.report.past import past_of
from drill.report.pseudonyms import Pseudonyms
from drill.report.signatures import separation_of
from drill.report.site import plan_site
from drill.report.view.compliance import compliance_view
from tests.report import auditing, builders, reports
from tests.report.builders import DAY, NOW
from tests.report.pages import Page, read, rows_of

SPELLINGS = ("Ada", "a.da", "ada@example.com", "\u0430da")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    text = (folder / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def table(page: Page, section: str) -> dict[str, list[str]]:
    (found,) = [one for one in page.all("section") if one.attributes["aria-labelledby"] == section]
    return {row[0]: row[1:] for row in rows_of(found)}


def review(**changes: object) -> Review:
    """Return a review of yesterday's drill by somebody else."""
    facts = facts_of(builders.drill("d1", slot=NOW - DAY, initiated_by="ada"))
    values: dict[str, object] = {
        "id": "R-1", "reviewer": "grace", "initiator": "ada", "period_from": NOW - 2 * DAY,
        "period_to": NOW - timedelta(hours=1), "verdict": "accepted",
        "signed_at": NOW - timedelta(minutes=30), "facts": reviewed([facts]).facts,
    }  # fmt: skip
    return Review(**(values | changes))  # type: ignore[arg-type]


def accepted(*reviews: Review, drills: Any = None, **changes: Any) -> tuple[int, int]:
    """Return how many finished drills a report counts as accepted, of how many."""
    found = drills or [builders.drill("d1", slot=NOW - DAY, initiated_by="ada")]
    past = reports.past(found, reviews=list(reviews))
    audit = plan_site(past, reports.context(**changes)).audit
    return audit.accepted, audit.finished


# Reviews.


@pytest.mark.parametrize("name", SPELLINGS)
def test_nobody_signs_their_own_drills_by_another_spelling(name: str):
    own = review(reviewer=name)

    with pytest.raises(StoreError, match="cannot review"):
        ensure_signable(own, ())
    assert separation_of(own) is False
    assert accepted(own) == (0, 1)


def test_a_review_that_stands_is_counted():
    assert accepted(review()) == (1, 1)
    assert accepted() == (0, 1)


def test_a_review_of_a_drill_that_has_changed_since_is_not_counted():
    changed = builders.drill("d1", Outcome.FAILED_CHECK, slot=NOW - DAY, initiated_by="ada")

    assert accepted(review(), drills=[changed]) == (0, 1)


def test_a_drill_that_was_put_into_a_reviewed_period_afterwards_is_not_covered():
    drills = [builders.drill(one, slot=NOW - DAY, initiated_by="ada") for one in ("d1", "d2")]

    assert accepted(review(), drills=drills) == (0, 2)


def test_a_drill_that_ended_after_the_signature_is_not_covered_though_nothing_can_be_compared():
    late = builders.drill("d1", slot=NOW - DAY, finished_at=NOW - timedelta(minutes=1))
    narrowed: dict[str, Any] = {"since": NOW - 1.5 * DAY, "narrowed": ("--since x",)}

    assert accepted(review(), drills=[late], **narrowed) == (0, 1)
    assert accepted(review(), **narrowed) == (1, 1)


def test_reviewed_drills_that_are_gone_are_noticed(tmp_path):
    other = [builders.drill("other", slot=NOW - 20 * DAY)]

    reports.write(tmp_path, other, reviews=[review()])

    (line,) = rows(tmp_path, "reviews")
    assert line["drills_are_still_those"] == "false"


def test_the_newest_review_decides():
    later = review(id="R-2", verdict="rejected", signed_at=NOW - timedelta(minutes=5))

    assert accepted(review(), later) == (0, 1)
    assert accepted(later, review(id="R-3", signed_at=NOW)) == (1, 1)


def test_a_review_of_drills_of_which_some_know_no_initiator_is_no_data():
    facts = [
        facts_of(builders.drill(name, slot=NOW - DAY, initiated_by=who))
        for name, who in (("d1", "ada"), ("d2", None))
    ]
    summed = reviewed(facts)

    assert separation_of(review(initiator=summed.initiator, facts=summed.facts)) is None
    assert separation_of(review(reviewer="ADA", facts=summed.facts)) is False


@pytest.mark.parametrize("name", SPELLINGS)
def test_pseudonyms_do_not_hide_who_signed_their_own_drills(name: str):
    names = Pseudonyms(b"k" * 32)

    hidden = names.review(review(reviewer=name, initiator="grace, ada, schedule"))

    assert name not in str(hidden)
    assert separation_of(hidden) is False
    assert separation_of(names.review(review(initiator="ada, schedule"))) is True


def test_a_period_that_is_not_over_cannot_be_signed():
    early = review(signed_at=NOW - timedelta(hours=2))

    with pytest.raises(StoreError, match="not over"):
        ensure_signable(early, ())


# Back-dated drills.


@pytest.mark.parametrize(("late", "is_said"), [(timedelta(hours=23), False), (2 * DAY, True)])
def test_a_drill_that_was_written_down_long_after_its_slot_is_shown(tmp_path, late, is_said):
    slot = NOW - 10 * DAY
    missed = builders.drill("missed", Outcome.MISSED, slot=slot - DAY, enlisted_at=slot + 5 * DAY)

    reports.write(tmp_path, [builders.drill("d1", slot=slot, enlisted_at=slot + late), missed])

    text = read(tmp_path / "compliance.html").text
    said = "1 executed drill was written down more than a day after its slot"
    assert (said in text) is is_said
    assert {one["enlisted_at"] for one in rows(tmp_path, "drills")} >= {
        f"{slot + late:%Y-%m-%dT%H:%M:%S}.000Z"
    }


# Exclusions.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"approver": None}, "has no approver"),
        ({"approver": "  "}, "has no approver"),
        ({"expires_at": None}, "has no end"),
        ({"expires_at": NOW - 8 * DAY}, "end before it begins"),
        *(({"approver": name}, "cannot approve it") for name in SPELLINGS),
    ],
)
def test_an_exclusion_that_nobody_else_agreed_to_is_refused(changes, message: str):
    ensure_openable(auditing.exclusion(), ())

    with pytest.raises(StoreError, match=message):
        ensure_openable(auditing.exclusion(**changes), ())


def excluding(folder: Path, note: ExceptionNote | None) -> Page:
    """Write the report of a source that passed and one that failed, and return the audit pack."""
    good = builders.drill("good", slot=NOW - DAY)
    bad = builders.drill(
        "bad", Outcome.FAILED_RESTORE, slot=NOW - DAY,
        of=builders.plan("stock", source={"cloud": "frankfurt", "instance_id": "src-stock"}),
    )  # fmt: skip
    reports.write(folder, [good, bad], exceptions=[note] if note else [])
    return read(folder / "compliance.html")


def test_an_exclusion_does_not_hide_what_coverage_is_without_it(tmp_path):
    page = excluding(tmp_path, auditing.exclusion(opened_at=NOW - timedelta(hours=1)))

    coverage = table(page, "coverage")
    assert coverage["sources in scope"][0] == "1 of 1"
    assert coverage["with the excluded ones"][0] == "1 of 2"
    assert "The newest conclusive drill of 1 excluded source failed" in page.text
    assert table(page, "control")["End-to-end, the headline passed of scheduled"][0] == "1 of 2"


def test_an_exclusion_that_was_opened_after_the_failure_says_so(tmp_path):
    after = auditing.exclusion(opened_at=NOW - timedelta(hours=1))
    before = auditing.exclusion(opened_at=NOW - 7 * DAY)

    late = excluding(tmp_path / "late", after)
    early = excluding(tmp_path / "early", before)

    said = "the newest drill had failed when it was opened"
    assert said in late.text
    assert said not in early.text
    (line,) = rows(tmp_path / "late", "exceptions")
    assert line["opened_after_failure"] == "true"
    (line,) = rows(tmp_path / "early", "exceptions")
    assert line["opened_after_failure"] == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"closed_at": NOW, "closed_by": "ada", "closing_reason": "over"},
        {"opened_at": NOW + timedelta(seconds=1)},
        {"approver": "ADA"},
        {"kind": "finding"},
    ],
)
def test_an_exclusion_that_does_not_hold_excludes_nothing(tmp_path, changes):
    page = excluding(tmp_path, auditing.exclusion(**changes))

    assert table(page, "coverage")["sources in scope"][0] == "1 of 2"


@pytest.mark.parametrize(
    ("outcome", "level", "said"),
    [(Outcome.PASSED, 4, "passed, L4"), (Outcome.PASSED, 1, "passed, L1"),
     (Outcome.FAILED_CHECK, 2, "failed check, L2")],
)  # fmt: skip
def test_what_a_finding_was_closed_with_is_said(tmp_path, outcome, level: int, said: str):
    retest = builders.drill("again", outcome, slot=NOW - DAY, level=level)
    note = auditing.note(
        source_id="src-orders", closed_at=NOW, closed_by="ada", closing_reason="repaired",
        retest_drill_id="again",
    )  # fmt: skip

    reports.write(tmp_path, [retest], exceptions=[note])

    (row,) = table(read(tmp_path / "exceptions.html"), "register").values()
    assert row[-1] == f"again {said}"


# The scope.


def test_a_source_that_a_plan_names_and_nobody_has_seen_is_in_scope_and_not_covered(tmp_path):
    known = builders.drill("d1", slot=NOW - DAY)
    listed = Population(
        cloud="frankfurt", taken_at=NOW - timedelta(hours=1),
        instances=(("src-orders", "orders"), ("src-unseen", "unseen"), ("src-free", "free")),
        in_scope=("src-gone", "src-orders", "src-unseen"),
    )  # fmt: skip

    reports.write(tmp_path, [known], populations=[listed])

    page = read(tmp_path / "compliance.html")
    assert table(page, "coverage")["sources in scope"][0] == "1 of 3"
    parts = {one["source_id"]: one["part"] for one in rows(tmp_path, "inventory")}
    assert parts == {
        "src-free": "without_plan", "src-gone": "in_scope", "src-orders": "in_scope",
        "src-unseen": "in_scope",
    }  # fmt: skip
    assert "1 instance of the inventory is drilled by no plan" in page.text
    for file in tmp_path.rglob("*.html"):
        assert read(file).faults == [], file


def test_a_pass_that_is_no_proof_covers_nothing():
    shallow = builders.drill("d1", slot=NOW - DAY, level=2)

    audit = plan_site(reports.past([shallow]), reports.context()).audit

    assert (audit.coverage.passed.numerator, audit.operation.passed) == (0, 1)


def test_numbers_of_a_drill_without_a_measure_are_in_no_attainment_and_shown():
    one = facts_of(builders.drill("d1", slot=NOW - DAY))
    unmeasured = replace(one, id="d2", rta=None, rpa=None)
    past = past_of([one, unmeasured], {})
    site = plan_site(past, reports.context())

    (rto, rpo, *_rest) = site.audit.attainment

    assert (rto.met, rto.with_target, rto.unknown) == (1, 1, 1)
    assert (rpo.met, rpo.with_target, rpo.unknown) == (1, 1, 1)
    page = next(one for one in site.pages if one.name == "compliance.html")
    assert compliance_view(page.data, site.context).attainment.rows
