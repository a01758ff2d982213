"""What one source is said to be is the same wherever it is said."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drill.plan.model import Objectives
from drill.recovery.facts import DrillFacts, Observation
from drill.recovery.ordering import newest_first
from drill.recovery.tick import tick_of
from drill.recovery.values import Window
from drill.recovery.verdict import Outcome
from drill.report.cards import card_of
from drill.report.data_table import DataTable
from drill.report.looks import no_looks, source_data
from drill.report.past import past_of
from drill.report.source_data import SOURCE_FIELDS, source_cells
from drill.report.view.formats import machine_text, minute, perhaps
from drill.report.view.source import SourceView, source_view
from drill.report.view.standing import Standing, Status, standing_of
from drill.report.view.statuses import SLUGS
from tests.recovery.coverage.histories import T, a_drill, an_observation, at
from tests.report import reports

PROVEN = {Status.UNSURE, Status.LATE, Status.EXPIRING, Status.PROVEN}
"""A source of these is said to be proven until an instant."""

KEY = ("frankfurt", "source-in03")
BASE_HOURS = ("02-28 01:00", "03-01 01:00", "03-03 01:00", "03-04 12:00", "03-06 01:00")


@st.composite
def drills(draw: st.DrawFn) -> DrillFacts:
    """Return a drill of some point before T, in or out of the window, with any end."""
    is_backup = draw(st.booleans())
    hours = draw(st.integers(1, 24 * 60))
    point = at(draw(st.sampled_from(BASE_HOURS))) if is_backup else T - timedelta(hours=hours)
    ended = point + timedelta(minutes=draw(st.integers(30, 60 * 24 * 3)))
    ended = min(ended, T) - timedelta(microseconds=draw(st.integers(0, 1999)))
    slot = ended - timedelta(minutes=draw(st.integers(1, 60 * 24)))
    return a_drill(
        point,
        draw(st.sampled_from((*Outcome, Outcome.PASSED, Outcome.PASSED, Outcome.FAILED_CHECK))),
        backup=is_backup,
        ended=ended,
        scheduled_for=slot,
        enlisted_at=slot,
        level=draw(st.integers(0, 5)),
        base_at=draw(st.sampled_from((None, point, point - timedelta(hours=20)))),
        is_simulated=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def observations(draw: st.DrawFn) -> Observation | None:
    """Return what the provider said: much, little or nothing."""
    kind = draw(st.sampled_from(("example", "no window", "short", "nothing", "never")))
    if kind == "never":
        return None
    seen = an_observation(taken_at=T)
    if kind == "no window":
        return replace(seen, windows=())
    if kind == "short":
        return replace(seen, windows=(Window(at("03-07 12:00"), at("03-07 23:00")),))
    if kind == "nothing":
        return replace(seen, windows=(), backups=())
    return seen


def standing(
    seen: Observation | None, known: Sequence[DrillFacts], validity: timedelta, when: datetime = T
) -> Standing:
    """Return where the one source stands."""
    past = past_of(newest_first(known), {KEY: seen} if seen else {})
    return standing_of(past.sources[KEY], Objectives(proof_validity=validity), at=when)


def page_of(one: Standing, when: datetime = T) -> SourceView:
    """Return the page of the source."""
    return source_view(source_data(one, no_looks), reports.context(at=when))


def csv_row(one: Standing) -> dict[str, str]:
    """Return the line of the source in data/sources.csv."""
    table = DataTable(
        name="sources",
        fields=SOURCE_FIELDS,
        rows=lambda: [source_cells(one, reports.context())],
        forms=("csv",),
    )
    ((_name, content),) = table.files()
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    return row


@given(
    observations(),
    st.lists(drills(), min_size=1, max_size=7),
    st.sampled_from((timedelta(hours=12), timedelta(days=3), timedelta(days=30))),
)
def test_sentence_standing_proofs_row_and_data_say_the_same(seen, known, validity):
    one = standing(seen, known, validity)
    page = page_of(one)
    card = card_of(one, tuple(map(tick_of, one.past.drills)), reports.context(at=T), page_digest="")
    row = card.row_at(T)
    data = csv_row(one)

    is_proven = one.status in PROVEN
    if one.status is not Status.FAILED:
        assert is_proven == one.is_in_time == card.is_in_time(T) == row.left.endswith(" d left")
    assert page.status == row.row.sign
    assert data["standing"] == SLUGS[one.status]
    proof_ends = [fact.at for fact in page.promises if fact.name == "proof ends"]
    assert [(one.expires_at and machine_text(one.expires_at)) or ""] == [data["proof_ends_at"]]
    assert proof_ends == [perhaps(one.expires_at)]
    rows = len(page.proofs) + page.proofs_left_out
    assert rows == int(data["proofs_of_restorable"])
    if is_proven:
        assert one.newest_proof is not None
        assert one.newest_proof.finished_at is not None
        assert f"Proven at {minute(one.newest_proof.finished_at).text} UTC" in page.verdict
        assert bool(page.caveat) == (rows == 0)
    else:
        assert page.caveat == ""
        assert rows == 0 or one.status is Status.FAILED
    if not rows:
        assert "proven" not in {band.kind for band in page.bar.bands}
        assert row.row.proven in {"0.0 %", "no data"}
        assert data["proven_ms"] in {"0", ""}


def test_a_proof_whose_point_has_left_the_windows_is_no_proof_of_what_is_restorable():
    drill = a_drill("02-20 13:00")
    one = standing(an_observation(), [drill], timedelta(days=30))

    page = page_of(one)

    assert one.status is Status.PROVEN
    assert page.verdict == "Proven at 2026-02-20 15:00 UTC until 2026-03-22 15:00 UTC."
    assert page.caveat == (
        "Nothing that is restorable now is proven: the drilled instant, 2026-02-20 13:00 UTC, has "
        "left the restore windows."
    )
    assert page.no_proof == "No proof of anything that is restorable now."


def test_a_proof_of_a_backup_that_is_gone_says_so():
    one = standing(an_observation(), [a_drill("02-20 01:00", backup=True)], timedelta(days=30))

    assert (
        "the drilled backup, of 2026-02-20 01:00 UTC, is no longer listed." in page_of(one).caveat
    )


def test_of_two_drills_that_overlap_the_one_that_ended_last_is_believed():
    """Its slot may be the older one: the account of proofs goes by the end, and so the standing."""
    passed = a_drill("03-06 09:00", ended="03-06 12:00", scheduled_for=at("03-06 10:00"))
    failed = a_drill(
        "03-06 10:00", Outcome.FAILED_CHECK, ended="03-06 15:00", scheduled_for=at("03-06 09:00")
    )

    assert standing(an_observation(), [passed, failed], timedelta(days=30)).status is Status.FAILED


def test_a_pass_that_is_no_proof_leaves_what_a_failure_took_away_taken_away():
    passed = a_drill("03-06 09:00", ended="03-06 12:00")
    failed = a_drill("03-06 08:00", Outcome.FAILED_CHECK, ended="03-06 15:00")
    shallow = a_drill("03-06 09:00", ended="03-06 18:00", level=2)

    one = standing(
        replace(an_observation(), backups=()), [passed, failed, shallow], timedelta(days=30)
    )

    assert one.status is Status.PROVEN
    assert "a drill failed later where the newest proof was." in page_of(one).caveat
