"""The page of a drill says what was chosen, what was found, what it is worth, and what is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, Event, EventKind, Outcome, StepName, Teardown
from drill.report.view.journal import LINES_AT_MOST
from tests.report import builders, reports
from tests.report.builders import NEW_TARGET, NOW
from tests.report.pages import Element, Page, read, rows_of


def page_of(folder: Path, record: DrillRecord, events: list[Event] | None = None) -> Page:
    """Render one drill and read its page."""
    reports.write(folder, [record], {record.id: events or []})
    return read(folder / "d" / f"{record.id}.html")


def facts_of(section: Element) -> dict[str, str]:
    """Return the values of all definition lists of a section."""
    found: dict[str, str] = {}
    for one in section.all("dl"):
        terms = [child.text for child in one.children if child.tag == "dt"]
        values = [child.text for child in one.children if child.tag == "dd"]
        found.update(zip(terms, values, strict=True))
    return found


def test_a_passed_drill_tells_its_story_in_one_sentence(tmp_path):
    page = page_of(tmp_path, builders.drill())

    banner = page.all("section")[0].text
    assert "✓ passed" in banner
    assert (
        "orders-prod at 2026-03-08 02:00:00.000 UTC was restored into an existing scratch "
        "instance, and 4 of 4 checks passed." in banner
    )
    assert "Level ✓ L4 data and time right" in banner
    assert "Teardown ✓ clean" in banner
    assert "drill run orders-latest" in banner


def test_the_recovery_point_says_why_and_out_of_what(tmp_path):
    section = page_of(tmp_path, builders.drill()).section("Recovery point")

    facts = facts_of(section)
    assert facts["chosen"] == "2026-03-08 02:00:00.000 UTC, continuous, known to 1 ms"
    assert facts["why"] == "1m before the newest instant of the newest of 1 windows"
    assert facts["mode, selection"] == "pitr, latest, margin 1m"
    assert facts["seed"] == "2026-03-08/orders"
    assert facts["reference instant"] == "2026-03-08 02:01:00.000"
    rows = rows_of(section)
    assert rows[0][0] == "window"
    assert rows[0][4] == "the instant lies here"
    assert len(rows) == 1 + 8


def test_objectives_are_held_against_actuals(tmp_path):
    rows = rows_of(page_of(tmp_path, builders.drill()).section("Objectives and actuals"))

    assert rows[0][:6] == [
        "RTO and RTA", "45 min", "17 min 58 s", "1 078 791", "−27 min 01 s", "✓ met",
    ]  # fmt: skip
    assert rows[1][5] == "✓ met"
    assert rows[2][5] == "· met, by claim only"


def test_a_missed_objective_is_missed_by_exactly_the_gap(tmp_path):
    of = builders.plan(objectives={"rto": "17m58s", "rpo": "15m"})

    rows = rows_of(page_of(tmp_path, builders.drill(of=of)).section("Objectives and actuals"))

    assert rows[0][4:6] == ["+791 ms", "✕ not met"]


def test_an_rta_that_nobody_looked_at_is_an_upper_bound_and_decides_nothing(tmp_path):
    of = builders.plan(objectives={"rto": "15m", "rpo": "15m"})
    record = replace(builders.drill(of=of), unattended=timedelta(minutes=10))

    rows = rows_of(page_of(tmp_path, record).section("Objectives and actuals"))

    assert rows[0][2] == "≤ 17 min 58 s"
    assert rows[0][4:6] == ["no data", "· no data"]
    assert "nobody looked for 10 min of it" in rows[0][6]
    assert "between 7 min 58 s and 17 min 58 s" in rows[0][6]


def test_an_objective_that_nobody_promised_is_not_met(tmp_path):
    record = builders.drill(of=builders.plan(objectives={}))

    rows = rows_of(page_of(tmp_path, record).section("Objectives and actuals"))

    assert [row[1] for row in rows] == ["no target"] * 3
    assert [row[5] for row in rows] == ["· no data"] * 3


def test_a_failed_drill_never_met_its_rto_whatever_was_measured(tmp_path):
    record = builders.drill(outcome=Outcome.FAILED_CHECK)

    rows = rows_of(page_of(tmp_path, record).section("Objectives and actuals"))

    assert rows[0][2] == "not reached"
    assert rows[0][5] == "✕ not met"


def test_a_simulated_drill_has_no_actuals(tmp_path):
    page = page_of(tmp_path, builders.drill(outcome=Outcome.INCONCLUSIVE, is_simulated=True))

    rows = rows_of(page.section("Objectives and actuals"))
    assert [row[2] for row in rows] == ["no data"] * 3
    assert [row[5] for row in rows] == ["· no data"] * 3
    assert any(one.has("sim") and one.text == "simulated" for one in page.all("span"))


def test_the_steps_are_told_in_milliseconds_and_waiting_is_no_work(tmp_path):
    section = page_of(tmp_path, builders.drill()).section("Steps")

    rows = rows_of(section)
    assert [row[1] for row in rows] == ["waiting", *["work"] * 6]
    assert rows[0][3:5] == ["", "360 000"]
    assert rows[1][3:5] == ["0", "2 340"]
    assert rows[3][3:5] == ["5 451", "1 024 821"]
    assert "Restore took longest: 17 min 04 s of 22 min 36 s at work." in section.text


def test_a_failed_step_is_marked_and_an_open_one_has_no_length(tmp_path):
    failed = page_of(tmp_path / "failed", builders.drill(outcome=Outcome.FAILED_RESTORE))
    opened = page_of(tmp_path / "open", builders.drill(outcome=None))

    assert any("✕" in one.text for one in failed.section("Steps").all("text"))
    rows = rows_of(opened.section("Steps"))
    assert rows[-1][4:6] == ["no data", "not over"]
    assert "there is no verdict" in opened.text


def test_checks_print_expected_and_observed(tmp_path):
    page = page_of(tmp_path, builders.drill(outcome=Outcome.FAILED_CHECK))

    row = rows_of(page.section("Checks"))[2]
    assert row == [
        "row-count", "row_count", "✕ failed", "at least 90 000", "41 207", "137 ms",
        "41 207 rows are fewer than 90 000",
    ]  # fmt: skip


def test_a_check_without_data_says_no_data(tmp_path):
    record = builders.drill(outcome=Outcome.INCONCLUSIVE)
    checks = tuple(
        replace(one, observed=None) if one.answer is CheckAnswer.NO_DATA else one
        for one in record.checks
    )

    row = rows_of(page_of(tmp_path, replace(record, checks=checks)).section("Checks"))[2]

    assert row[2] == "! no data"
    assert row[4] == "no data"


def test_every_refusal_stands_with_its_hint(tmp_path):
    page = page_of(tmp_path, builders.drill(outcome=Outcome.REFUSED))

    rows = rows_of(page.section("Refusals of the guard"))
    assert [row[0] for row in rows] == ["target-is-tagged", "target-volume"]
    assert rows[1][2] == "Enlarge the volume of the target."
    assert "Nothing was ordered" in page.section("Target: existing scratch instance").text


def test_an_existing_target_says_why_it_counts_as_scratch(tmp_path):
    section = page_of(tmp_path, builders.drill()).section("Target: existing scratch instance")

    assert "It carried the tag drill-scratch=yes when it was read" in section.text
    assert "The guard admitted the restore at 2026-03-08 02:06:05 UTC" in section.text
    assert "✓ clean" in section.text
    assert "seen to be empty" in section.text


def test_a_tag_that_was_not_seen_is_not_claimed(tmp_path):
    record = builders.drill(of=builders.plan(target=NEW_TARGET))
    assert record.copy is not None
    untagged = replace(record, copy=replace(record.copy, tags={}))

    section = page_of(tmp_path, untagged).section("Target: new scratch instance")

    assert f"The tag drill-id={record.id} was not seen on it." in section.text


def test_a_leak_says_what_to_do(tmp_path):
    page = page_of(tmp_path, builders.drill(teardown=Teardown.LEAKED))

    assert "Teardown ✕ leaked" in page.all("section")[0].text
    assert "drill sweep" in page.all("section")[0].text


def test_provider_ids_and_the_plan_are_on_the_page(tmp_path):
    page = page_of(tmp_path, builders.drill())

    assert facts_of(page.section("Ids at the provider"))["restore job"] == "7f6d0c4e-restore"
    assert "req-99b1c7d0" in page.section("Ids at the provider").text
    environment = page.section("Environment")
    assert facts_of(environment)["plan digest"].startswith("sha256:ab12")
    plan = environment.all("pre")[0].text
    assert '"instance_id": "src-orders"' in plan
    assert '"password": "env:ORDERS_PASSWORD"' in plan


def test_the_journal_is_in_order_with_compact_facts(tmp_path):
    record = builders.drill()

    rows = rows_of(page_of(tmp_path, record, builders.events_of(record)).section("Journal"))

    assert [row[0] for row in rows] == [str(number) for number in range(1, 9)]
    assert rows[5][2:4] == ["result", "restore"]
    assert rows[5][4] == "answer acceptedjob_id 7f6d0c4e-restorerequest_id req-3f0e6a52"
    assert "seed" not in rows[2][4]


def test_a_very_long_journal_says_how_much_is_left_out(tmp_path):
    events = [
        Event(at=NOW, kind=EventKind.FAULT, act="restoring", facts={"n": n}) for n in range(5000)
    ]

    page = page_of(tmp_path, builders.drill(), events)

    rows = rows_of(page.section("Journal"))
    assert len(rows) == LINES_AT_MOST + 1
    assert f"{5000 - LINES_AT_MOST} lines are left out here" in page.text
    assert rows[-1][0] == "5000"


def test_a_slot_that_nobody_drilled_has_a_page_of_no_data(tmp_path):
    page = page_of(tmp_path, builders.drill(outcome=Outcome.MISSED))

    assert "The slot passed without a drill." in page.text
    assert "No step was recorded: no data." in page.text
    assert "No data: no check was asked." in page.text
    assert facts_of(page.section("Recovery point"))["chosen"] == "no data"


def test_a_step_that_ends_before_it_began_has_no_data(tmp_path):
    record = builders.drill()
    steps = tuple(
        replace(step, ended_at=step.began_at - timedelta(seconds=1))
        if step.name is StepName.CHECK
        else step
        for step in record.steps
    )

    rows = rows_of(page_of(tmp_path, replace(record, steps=steps)).section("Steps"))

    assert rows[5][4] == "no data"


def test_a_copy_in_the_subnet_of_its_source_is_told_apart_from_one_that_is_not(tmp_path):
    apart = builders.drill("apart")
    assert apart.copy is not None
    source = builders.instance()
    close = builders.drill("close", copy=replace(apart.copy, subnet_id=source.subnet_id))
    unknown = builders.drill("unknown", copy=replace(apart.copy, subnet_id=None))

    answers = [
        facts_of(page_of(tmp_path / one.id, one).section("Target: existing scratch instance"))
        for one in (apart, close, unknown)
    ]

    assert [one["subnet"] for one in answers] == [
        "another than that of the source", "the same as that of the source", "no data",
    ]  # fmt: skip
