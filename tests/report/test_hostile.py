"""Names and messages from outside can be anything; a page, a cell and a terminal stay safe."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.engine.record import DrillRecord, Event, EventKind, Outcome
from drill.recovery.facts import ExceptionNote
from drill.report.data import DRILL_FIELDS, data_tables, first_tables
from drill.report.looks import no_looks, source_data
from drill.report.site import DRILL, KINDS, SOURCE, plan_site
from drill.report.view.drill import DrillData
from drill.report.view.fleet import page_name
from drill.report.view.text import LONGEST, shown, shown_fact
from tests.report import builders, reports
from tests.report.builders import NOW, VOWELS_OF_EVIL
from tests.report.pages import Page, read

POISON = "hunter2"


def drills_csv(*records: DrillRecord) -> bytes:
    """Return the data of drills as CSV."""
    return _data(records)["data/drills.csv"]


def drills_json(*records: DrillRecord) -> Any:
    """Return the data of drills as JSON says it."""
    return json.loads(_data(records)["data/drills.json"])


def _data(records: Sequence[DrillRecord]) -> dict[str, bytes]:
    site = plan_site(reports.past(records), reports.context())
    return {
        name: content
        for tables in (first_tables(site), data_tables(site))
        for table in tables
        for name, content in table.files()
    }


def poisoned(evil: str, place: int) -> tuple[DrillRecord, list[Event]]:
    """Return a drill into which a hostile text was put wherever one can come from outside."""
    source = builders.instance(f"src-{place}", evil, version=evil, tags={evil: evil})
    found = builders.inventory(NOW - timedelta(hours=3), source=source)
    found = replace(
        found, backups=tuple(replace(one, name=evil, status="COMPLETED") for one in found.backups)
    )
    of = builders.plan(
        f"evil-{place}",
        source={"cloud": "frankfurt", "instance_id": f"src-{place}"},
        description=evil[:500],
        restore={"mode": "backup", "selection": {"policy": "newest"}},
    )
    outcome = (Outcome.FAILED_CHECK, Outcome.PASSED, Outcome.REFUSED)[place % 3]
    record = builders.drill(
        f"evil-{place}", outcome, of=of, found=found, reason=evil, hint=evil, teardown_reason=evil,
        target_name=evil, target_id=evil, restore_job_id=evil, request_ids=(evil,), copy=source,
    )  # fmt: skip
    record = replace(
        record,
        checks=tuple(
            replace(one, name=evil, reason=evil, expected=evil, observed=evil)
            for one in record.checks
        ),
        refusals=({"rule": evil, "message": evil, "hint": evil},),
    )
    facts = {evil: evil, "list": [evil, {evil: evil}], "text": evil}
    return record, [Event(at=NOW, kind=EventKind.FAULT, act=evil, facts=facts)]


def hostile_note(evil: str, place: int) -> ExceptionNote:
    """Return an exception with a hostile text wherever people write one."""
    return ExceptionNote(
        id=f"x{place}", kind="finding", cloud="frankfurt", source_id=f"src-{place}", reason=evil,
        owner=evil, approver=evil, ticket=evil, opened_at=NOW, opened_by=evil,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hostile")
    both = [poisoned(evil, place) for place, evil in enumerate(VOWELS_OF_EVIL)]
    reports.write(
        folder,
        [record for record, _ in both],
        {record.id: events for record, events in both},
        clouds={"frankfurt": "<b>frankfurt\u202e</b>"},
        narrowed=VOWELS_OF_EVIL,
        exceptions=[hostile_note(evil, place) for place, evil in enumerate(VOWELS_OF_EVIL)],
    )
    return folder


def test_no_hostile_text_becomes_an_element_or_breaks_a_page(site):
    for path in sorted(site.rglob("*.html")):
        page = read(path)
        assert page.faults == []
        assert page.all("img") == []
        assert all(one.parent and one.parent.tag == "figcaption" for one in page.all("b"))
        assert (
            len([one for one in page.all("title") if one.parent and one.parent.tag == "head"]) == 1
        )


def test_no_control_or_bidirectional_character_reaches_a_page(site):
    bad = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))} - {"\n"}
    bad |= {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068"}
    bad |= {"\u2069", "\u200e", "\u200f", "\u061c", "\ufeff"}
    for path in sorted(site.rglob("*.html")):
        assert bad.isdisjoint(path.read_text(encoding="utf-8")), path


def test_a_hostile_text_can_still_be_read(site):
    page = read(site / "d" / "evil-3.html")

    assert "\\x1b[31mred\\x1b[0m\\x00\\x07" in page.text


def test_templates_inside_of_texts_are_not_rendered(site):
    assert "{{ 7*7 }}" in read(site / "d" / "evil-6.html").text


def test_foreign_text_is_isolated_from_the_direction_of_the_page(site):
    page = read(site / "d" / "evil-0.html")

    assert all("dir" not in one.attributes for one in page.all("bdi")), "auto by the standard"
    for section in page.all("td"):
        if "<script>" in section.text:
            assert section.all("bdi")


@given(st.text(max_size=700))
def test_any_text_is_one_visible_line_of_limited_length(text):
    safe = shown(text)

    assert "\n" not in safe
    assert safe.encode("utf-8").decode("utf-8") == safe
    assert len(safe) <= LONGEST + len("…(+99999)")


@given(st.text(max_size=60))
def test_any_plan_description_leaves_a_well_formed_page(text):
    data = DrillData(record=builders.drill(reason=text, hint=text))

    assert Page(DRILL.render(data, reports.context()).decode()).faults == []


@given(st.text(max_size=60))
def test_any_name_of_a_source_leaves_well_formed_pages(text):
    source = builders.instance("src-1", text, version=text)
    found = builders.inventory(NOW - timedelta(hours=3), source=source)
    record = builders.drill(found=found, reason=text)
    site = plan_site(reports.past([record]), reports.context())

    for page in site.pages:
        if page.kind != DRILL.name:
            data = page.data
            if page.kind == SOURCE.name:
                data = source_data(site.sources.standing(data), no_looks)
            assert Page(KINDS[page.kind].render(data, site.context).decode()).faults == []


def test_a_long_text_says_how_much_is_left_out():
    assert shown("x" * 600) == "x" * 512 + "…(+88)"


@pytest.mark.parametrize(
    "text",
    [
        f"login with password={POISON} failed",
        f"connect postgresql://admin:{POISON}@db/orders",
        f'{{"password": "{POISON}"}}',
        f"X-Auth-Token: {POISON}",
        f"Authorization: SDK-HMAC-SHA256 Access=AK, Signature={POISON}",
        f"db_password = '{POISON}'",
        f"secret_key={POISON};",
    ],
)
def test_what_looks_like_a_secret_is_withheld_everywhere(tmp_path, text):
    record = builders.drill(reason=text, hint=text, teardown_reason=text)
    record = replace(
        record, checks=tuple(replace(one, reason=text, observed=text) for one in record.checks)
    )
    facts = {"password": POISON, "nested": {"token": [POISON]}, "message": text, "sk": POISON}
    events = [Event(at=NOW, kind=EventKind.FAULT, act="restore", facts=facts)]

    report = reports.write(tmp_path, [record], {record.id: events})

    assert len(report.written) > 8
    for path in report.written:
        assert POISON not in path.read_text(encoding="utf-8"), path


def test_a_reference_to_a_secret_is_no_secret():
    assert shown_fact("password", "env:ORDERS_PASSWORD") == "env:ORDERS_PASSWORD"
    assert shown_fact("password", "file:/run/p; hunter2") == "withheld"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "  ="])
def test_no_cell_of_the_csv_is_a_formula(start):
    evil = f"{start}cmd|' /C calc'!A0"
    record = builders.drill(outcome=Outcome.FAILED_CHECK, reason=evil, target_id=evil)

    (row,) = csv.DictReader(io.StringIO(drills_csv(record).decode(), newline=""))

    assert row["reason"].startswith("'")
    assert row["target_id"].startswith("'")


def test_the_csv_is_rfc_4180_with_a_line_for_each_drill():
    records = [poisoned(evil, place)[0] for place, evil in enumerate(VOWELS_OF_EVIL)]

    content = drills_csv(*records).decode()

    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert tuple(rows[0]) == DRILL_FIELDS
    assert len(rows) == 1 + len(records)
    assert {len(row) for row in rows} == {len(DRILL_FIELDS)}
    assert content.count("\r\n") == len(rows)
    assert "\n" not in content.replace("\r\n", "")
    assert "\x1b" not in content


def test_a_failed_or_simulated_drill_never_met_its_rto_in_the_data():
    failed = builders.drill("d1", Outcome.FAILED_CHECK)
    simulated = builders.drill("d2", Outcome.INCONCLUSIVE, is_simulated=True)

    whole = drills_json(failed, simulated)

    assert [one["rto"] for one in whole["drills"]] == ["missed", "no_data"]


def test_a_negative_number_stays_a_number():
    record = builders.drill(rpa=timedelta(seconds=-5))

    (row,) = csv.DictReader(io.StringIO(drills_csv(record).decode(), newline=""))

    assert row["rpa_ms"] == "-5000"
    assert row["rpo"] == "no_data"


def test_the_json_has_the_same_fields_and_null_for_what_is_not_known():
    whole = drills_json(builders.drill(outcome=Outcome.MISSED))

    (drill,) = whole["drills"]
    assert tuple(drill) == DRILL_FIELDS
    assert drill["rta_ms"] is None
    assert drill["recovery_point_at"] is None
    assert drill["rto"] == "no_data"
    assert whole["generated_at"] == "2026-03-08T06:00:00Z"


@pytest.mark.parametrize(
    "drill_id", ["../../etc/passwd", "CON", "con", "a/b", "", "é", "x" * 300, "a.b", "-x", "\udc80"]
)
def test_a_hostile_drill_id_becomes_a_digest(drill_id):
    name = page_name(drill_id)

    assert name.startswith("sha256-")
    assert len(name) == len("sha256-") + 64 + len(".html")


def test_an_ordinary_drill_id_is_its_own_page():
    assert page_name("20260308-020000-orders-1f3a") == "20260308-020000-orders-1f3a.html"
