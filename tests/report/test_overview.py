"""The overview says in words what happened, what to do, and where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.recovery.facts import ExceptionNote
from tests.report import builders, fleet, reports
from tests.report.builders import DAY, NEW_TARGET, NOW
from tests.report.pages import Page, read, rows_of


def index_of(folder: Path, records: Sequence[DrillRecord]) -> Page:
    """Render and read the index."""
    report = reports.write(folder, records)
    return read(report.index)


def numbers_of(page: Page) -> dict[str, str]:
    """Return the text of each number by its title."""
    lists = [one for one in page.section("In numbers").all("ul") if one.has("numbers")]
    return {item.children[0].text: item.text for item in lists[0].all("li")}


def verdict_of(page: Page) -> str:
    """Return the verdict of the banner."""
    return next(one.text for one in page.all("p") if one.has("verdict"))


def test_no_drill_is_no_data_and_never_a_pass_or_a_zero(tmp_path):
    page = index_of(tmp_path, [])

    assert verdict_of(page) == "· No drill in the last 24 hours: no data"
    values = numbers_of(page)
    assert len(values) == 6
    for title, text in values.items():
        assert text.startswith(f"{title} no data·"), title
    assert "100 %" not in page.text
    assert "0 of 0" not in page.text


def test_the_verdict_counts_failures_among_due_drills_and_leftovers(tmp_path):
    page = index_of(tmp_path, fleet.morning())

    assert verdict_of(page) == "✕ 2 of 10 drills failed; 1 leftover instance"
    banner = page.all("section")[0].text
    for count in ("4 passed", "1 passed late", "1 failed restore", "1 failed check", "1 refused",
                  "1 inconclusive", "1 not finished", "1 simulated, in no total"):  # fmt: skip
        assert count in banner


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([Outcome.PASSED], "✓ The only drill passed"),
        ([Outcome.PASSED, Outcome.PASSED], "✓ All 2 drills passed"),
        ([Outcome.PASSED, Outcome.PASSED_LATE], "! All 2 drills passed"),
        ([Outcome.PASSED, Outcome.INCONCLUSIVE], "! 1 of 2 drills passed, none failed"),
        ([Outcome.PASSED, Outcome.MISSED], "! 1 of 2 drills passed, none failed"),
        ([Outcome.PASSED, Outcome.FAILED_CHECK], "✕ 1 of 2 drills failed"),
        ([None, None], "· 2 of 2 drills are not finished yet: no data"),
    ],
)
def test_the_verdict_has_words_for_every_kind_of_night(tmp_path, outcomes, verdict):
    records = [
        builders.drill(f"d{place}", outcome, of=builders.plan(f"p{place}"))
        for place, outcome in enumerate(outcomes)
    ]

    assert verdict_of(index_of(tmp_path, records)) == verdict


def test_a_drill_of_the_night_before_last_is_not_in_the_verdict(tmp_path):
    old = builders.drill("old", Outcome.FAILED_RESTORE, slot=NOW - timedelta(hours=24))
    new = builders.drill("new", Outcome.PASSED, slot=NOW - timedelta(hours=23))

    assert verdict_of(index_of(tmp_path, [old, new])) == "✓ The only drill passed"


def test_since_is_the_first_drill_of_the_present_streak_alone(tmp_path):
    outcomes = [
        Outcome.FAILED_CHECK, Outcome.INCONCLUSIVE, Outcome.FAILED_RESTORE, Outcome.PASSED,
        Outcome.FAILED_RESTORE,
    ]  # fmt: skip
    records = [
        builders.drill(f"d{night}", outcome, slot=builders.at("03-08 02:00") - DAY * night)
        for night, outcome in enumerate(outcomes)
    ]

    (row,) = rows_of(index_of(tmp_path, records).section("Needs action"))

    assert row[2] == "✕ failed check"
    assert row[3] == "2026-03-06 02:00 2 d 4 h, 3 in a row"
    assert row[4] == "row-count"
    assert row[5] == "failed: row_count"
    assert row[6].endswith("drill run orders-latest")


def test_needs_action_has_the_worst_first_and_nothing_that_passed(tmp_path):
    page = index_of(tmp_path, fleet.morning())

    rows = rows_of(page.section("Needs action"))

    assert [row[2] for row in rows] == [
        "✕ failed restore", "✕ failed check", "! refused", "! inconclusive", "! passed late",
    ]  # fmt: skip
    assert rows[-1][4] == "RTO target"
    assert rows[0][6].startswith("Try another recovery point of the same source")


def test_a_passed_drill_that_leaked_is_among_the_leftovers(tmp_path):
    leaked = builders.drill(
        "leaky", of=builders.plan(target=NEW_TARGET), teardown=Teardown.LEAKED,
        teardown_reason="the cloud did not delete it",
    )  # fmt: skip

    page = index_of(tmp_path, [leaked])

    (row,) = rows_of(page.section("Leftover instances"))
    assert row[2] == "drill-leaky new-leaky"
    assert row[5] == "the cloud did not delete it"
    assert verdict_of(page) == "✕ The only drill passed; 1 leftover instance"


def test_a_drill_without_verdict_says_what_it_waits_for(tmp_path):
    waiting = builders.drill("d1", None, reason="waits for 2 other drills of the source")

    page = index_of(tmp_path, [waiting])

    (row,) = rows_of(page.section("Not finished"))
    assert row[2] == "· restoring"
    assert row[4] == "waits for 2 other drills of the source"


def test_numbers_print_their_denominators(tmp_path):
    records = [
        builders.drill("d1", Outcome.PASSED, of=builders.plan("p1")),
        builders.drill("d2", Outcome.PASSED_LATE, of=builders.plan("p2")),
        builders.drill("d3", Outcome.FAILED_RESTORE, of=builders.plan("p3")),
        builders.drill("d4", Outcome.REFUSED, of=builders.plan("p4")),
        builders.drill("d5", Outcome.MISSED, of=builders.plan("p5")),
    ]

    values = numbers_of(index_of(tmp_path, records))

    due = values["Passed of due, 30 d"]
    assert "2 of 5✕" in due
    assert "3 of 5 executed, 2 of 3 passed" in due
    assert "1 of 3✕" in values["RTO attainment, 30 d"]
    assert "n = 3: conclusive drills" in values["RTO attainment, 30 d"]
    assert "5 min✓ RPO target 15 min" in values["Worst lag when last read"]
    assert "0 of 1 sources with an RPO target" in values["Worst lag when last read"]
    assert "1 of 1✓" in values["Sources with a valid proof"]


def test_a_source_that_was_never_proven_is_older_than_any_proof(tmp_path):
    proven = builders.drill("d1", of=builders.plan("p1"))
    source = {"cloud": "frankfurt", "instance_id": "x"}
    weak = builders.drill("d2", level=2, of=builders.plan("p2", source=source))

    both = numbers_of(index_of(tmp_path / "both", [proven, weak]))
    one = numbers_of(index_of(tmp_path / "one", [proven]))

    assert "no proof✕" in both["Oldest proof"]
    assert "1 of 2 sources never proven" in both["Oldest proof"]
    assert "1 of 2✕" in both["Sources with a valid proof"]
    assert "3 h 31 min✓" in one["Oldest proof"]
    assert "n = 1: newest proof" in one["Oldest proof"]


def test_a_proof_that_has_run_out_is_none(tmp_path):
    old = builders.drill("old", slot=NOW - timedelta(days=31))

    page = index_of(tmp_path, [old])

    values = numbers_of(page)
    assert "0 of 1✕" in values["Sources with a valid proof"]
    assert "30 d 23 h✕" in values["Oldest proof"]
    (row,) = rows_of(page.section("What is restorable, and what of it is proven"))
    assert row[3] == "✕ proof expired"
    assert row[6].endswith("expired")


def test_a_source_is_proven_as_long_as_its_proof_lasts_also_when_the_point_left_the_window(
    tmp_path,
):
    weeks_ago = builders.drill("old", slot=NOW - timedelta(days=20))
    nothing_found = builders.drill("new", Outcome.INCONCLUSIVE)

    page = index_of(tmp_path, [weeks_ago, nothing_found])

    assert "1 of 1✓" in numbers_of(page)["Sources with a valid proof"]
    (row,) = rows_of(page.section("What is restorable, and what of it is proven"))
    assert "expired" not in row[3]


def test_a_pass_without_a_measured_time_is_in_no_rto_attainment(tmp_path):
    measured = builders.drill("d1", of=builders.plan("p1"))
    unmeasured = builders.drill("d2", of=builders.plan("p2"), rta=None)

    values = numbers_of(index_of(tmp_path, [measured, unmeasured]))

    assert "1 of 1✓" in values["RTO attainment, 30 d"]
    assert "n = 1: conclusive drills" in values["RTO attainment, 30 d"]


def test_a_proof_that_ends_within_a_week_is_listed(tmp_path):
    soon = builders.drill("soon", slot=NOW - timedelta(days=25))
    later = builders.drill(
        "later", slot=NOW - timedelta(days=20),
        of=builders.plan("p2", source={"cloud": "frankfurt", "instance_id": "x"}),
    )  # fmt: skip

    (row,) = rows_of(index_of(tmp_path, [soon, later]).section("Proofs that end within 7 days"))

    assert row[0] == "orders-prod frankfurt"
    assert row[2].startswith("2026-03-13")


def test_slots_without_a_drill_are_listed_with_their_reason(tmp_path):
    (row,) = rows_of(
        index_of(tmp_path, [builders.drill(outcome=Outcome.MISSED)]).section("Missed and skipped")
    )

    assert row[3] == "! missed"
    assert row[4] == "the slot passed while no scheduler was running"


def test_a_source_with_an_approved_exclusion_is_in_no_number(tmp_path):
    weak = builders.drill(level=2)
    note = ExceptionNote(
        id="x1", kind="exclusion", cloud="frankfurt", source_id="src-orders", reason="retired",
        owner="ana", approver="bo", opened_at=NOW - DAY, opened_by="ana",
    )  # fmt: skip

    page = read(reports.write(tmp_path, [weak], exceptions=[note]).index)
    unapproved = read(
        reports.write(tmp_path / "b", [weak], exceptions=[replace(note, approver=None)]).index
    )

    assert "no data" in numbers_of(page)["Sources with a valid proof"]
    assert "0 of 1✕" in numbers_of(unapproved)["Sources with a valid proof"]


def test_simulated_drills_say_so_and_are_in_no_total(tmp_path):
    real = builders.drill("real", of=builders.plan("p-real"))
    fakes = [
        builders.drill(
            f"fake-{outcome}", outcome, is_simulated=True,
            of=builders.plan(f"p-{outcome.value.replace('_', '-')}"),
        )
        for outcome in (Outcome.PASSED, Outcome.FAILED_RESTORE, Outcome.INCONCLUSIVE)
    ]  # fmt: skip

    page = index_of(tmp_path / "with", [real, *fakes])
    alone = index_of(tmp_path / "alone", [real])

    assert verdict_of(page) == "✓ The only drill passed"
    for title, text in numbers_of(page).items():
        if title not in {"Worst lag when last read", "Proven of what is restorable"}:
            assert text == numbers_of(alone)[title]
    simulated = rows_of(page.section("Simulated"))
    assert [row[0] for row in simulated] == ["p-inconclusive simulated", "p-passed simulated"]
    assert [row[0] for row in rows_of(page.section("Passed"))] == ["p-real"]
    (need,) = rows_of(page.section("Needs action"))
    assert need[0] == "p-failed-restore simulated"


def test_the_strip_lists_every_night_and_every_drill(tmp_path):
    records = [
        builders.drill(f"d{night}", slot=builders.at("03-08 02:00") - DAY * night)
        for night in range(3)
    ]

    page = index_of(tmp_path, records)

    ninety, nights, listed = page.section("The last nights").all("table")
    assert [row[1] for row in rows_of(page.section("The last nights"))[:3]] == ["1", "1", "1"]
    assert len(ninety.all("tbody")[0].all("tr")) == 3
    assert nights.all("title")[0].text == (
        "orders-latest, from 2026-02-23 to 2026-03-08: 3 of 3 drills passed."
    )
    assert len(listed.all("tbody")[0].all("tr")) == 3


def test_the_index_is_the_same_for_records_in_any_order(tmp_path):
    records = fleet.morning()

    forwards = reports.write(tmp_path / "a", records).index.read_bytes()
    backwards = reports.write(tmp_path / "b", records[::-1]).index.read_bytes()

    assert forwards == backwards
