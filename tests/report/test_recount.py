"""Every figure that an auditor reads can be counted again out of the data files beside it."""

from __future__ import annotations

import json
import math
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.report import data
from drill.report.audit_data import audit_tables
from drill.report.context import Context
from drill.report.data import data_tables, first_tables
from drill.report.past import Past, Scope, read_past
from drill.report.pseudonyms import Pseudonyms
from drill.report.render import render_report
from drill.report.site import KINDS, plan_site
from drill.report.view.formats import span_text
from drill.report.view.standing import Promises
from tests.report import histories, reports
from tests.report.pages import Element, Page, read, rows_of
from tests.report.recount import PASSES, Recount, part_of

PAGES = ("index.html", "compliance.html", "exec.html", "exceptions.html", "trends.html")
SEEDS = range(40)


@pytest.fixture(scope="module", params=SEEDS)
def report(request, tmp_path_factory) -> tuple[Recount, dict[str, Page]]:
    folder: Path = tmp_path_factory.mktemp(f"recount-{request.param}")
    write(folder, request.param)
    return Recount(folder), {name: read(folder / name) for name in PAGES}


def write(folder: Path, seed: int) -> None:
    """Write the pages that print figures, and every data file, as a report has them.

    Four of five are narrowed to a period or a cloud, as of before, or redacted.
    """
    past, context, promises = made(seed)
    site = plan_site(past, context, promises=promises)
    (folder / "data").mkdir()
    for table in (*first_tables(site), *data_tables(site), *audit_tables(site)):
        for name, content in table.files():
            (folder / name).write_bytes(content)
    for page in site.pages:
        if page.name in PAGES:
            content = KINDS[page.kind].render(page.data, site.context)
            (folder / page.name).write_bytes(content)


def made(seed: int) -> tuple[Past, Context, Promises]:
    """Return what a report of a seed is made of."""
    known: Any = histories.confused(seed)
    at, kind = histories.NOW, seed % 5
    since = at - 25 * histories.DAY if kind == 1 else None
    narrowed: tuple[str, ...] = ("--since x",) if kind == 1 else ()
    scope = Scope(since=since)
    if kind == 2:
        scope, narrowed = Scope(clouds=frozenset({"madrid"})), ("--cloud madrid",)
    if kind == 3:
        at -= 20 * histories.DAY
    past, promises = read_past(known, at=at, scope=scope), known.promises
    if kind == 4:
        names = Pseudonyms(b"k" * 32)
        past, promises = names.past(past), {names.source(key): promises[key] for key in promises}
    context = reports.context(at, since=since, narrowed=narrowed, is_redacted=kind == 4)
    return past, context, promises


def lines(page: Page, section: str) -> dict[str, list[str]]:
    """Return the rows of a section by their first cell."""
    (found,) = [one for one in page.all("section") if one.attributes["aria-labelledby"] == section]
    return {row[0]: row[1:] for row in rows_of(found)}


def numbers(page: Page) -> dict[str, str]:
    """Return the big numbers of a page by their title, without their signs."""
    (listed,) = [one for one in page.all("ul") if one.has("numbers")]

    def text(item: Element, name: str) -> str:
        (found,) = [one for one in item.all("span") if one.has(name)]
        return found.text

    return {text(one, "t"): re.sub(r" ?[✓✕!·]$", "", text(one, "v")) for one in listed.all("li")}


def test_the_waterfall_is_what_the_data_say(report):
    counted, pages = report
    rows = lines(pages["compliance.html"], "reconciliation")
    inventory, operation = counted.inventory(), counted.operation()

    def less(name: str) -> int:
        return -int(rows[f"less: {name}"][0].replace("− ", "-"))

    assert rows["Inventory instances that are known of"][0] == str(inventory["inventory"])
    assert less("simulated") == inventory.get("simulated", 0)
    assert less("without a plan, and without an approved exclusion") == inventory.get(
        "without_plan", 0
    )
    assert less("excluded, approved and not expired") == inventory.get("excluded", 0)
    assert rows["In scope sources"][0] == str(len(counted.scope))
    assert rows["Scheduled slots of the period"][0] == str(operation["scheduled"])
    assert rows["Executed the cloud accepted a restore"][0] == str(operation["executed"])
    late = f"Passed of them {operation['late']} late"
    assert rows[late][0] == str(operation["passed"])
    counted.listed()


def test_every_line_of_the_reconciliation_is_what_the_drills_say(report):
    counted, _pages = report
    fleet, *sources = counted.rows("reconciliation")
    operation = counted.operation()

    for line, drills in (
        (fleet, counted.period),
        *(
            (one, [drill for drill in counted.period
                   if drill.key == (one["cloud"], one["source_id"])])
            for one in sources
        ),
    ):  # fmt: skip
        assert int(line["scheduled"]) == len(drills)
        assert int(line["executed"]) == sum(one.executed for one in drills)
        assert int(line["passed"]) == sum(one.passed for one in drills)
        for field, count in line.items():
            match = re.fullmatch(r"(not_)?executed_(.+)", field)
            if match is not None:
                ended = [one for one in drills if (one.outcome or "under_way") == match[2]]
                wanted = match[1] is None
                assert int(count) == sum(one.executed is wanted for one in ended), field
    assert int(fleet["scheduled"]) == operation["scheduled"]


def test_coverage_goes_by_the_cadence_of_each_source(report):
    counted, pages = report
    rows = lines(pages["compliance.html"], "coverage")
    covered, scope = counted.covered(counted.scope)
    inventory = counted.inventory()

    assert rows["sources in scope"][0] == part_of(covered, scope)
    assert rows["with instances that no plan drills"][0] == part_of(
        covered, scope + inventory.get("without_plan", 0)
    )
    everything = [key for key, one in counted.sources.items() if one["is_simulated"] == "false"]
    assert rows["with the excluded ones"][0] == part_of(*counted.covered(everything))
    assert rows["attempted, whatever came of it"][0] == part_of(*counted.attempted())
    groups = {
        one["group"]: (int(one["numerator"]), int(one["denominator"]))
        for one in counted.rows("coverage")
        if not one["group"].startswith("in_scope")
    }
    assert groups == counted.grouped()


def test_control_operation_is_executed_and_passed_of_scheduled(report):
    counted, pages = report
    rows = lines(pages["compliance.html"], "control")
    operation = counted.operation()
    scheduled, executed, passed = (operation[one] for one in ("scheduled", "executed", "passed"))

    assert rows["Execution executed of scheduled"][0] == part_of(executed, scheduled)
    assert rows["Passed of executed passed of executed"][0] == part_of(passed, executed)
    assert rows["End-to-end, the headline passed of scheduled"][0] == part_of(passed, scheduled)


def test_attainment_counts_failures_as_never_recovered_in_every_group(report):
    counted, _pages = report

    for line in counted.rows("attainment"):
        name = "rta" if line["objective"] == "RTO" else "rpa"
        group = line["group"]
        drills = [
            one
            for one in counted.period
            if group in ("all drills", f"tier {one.tier}", one.row["engine"])
        ]
        for field, value in counted.attained(name, drills).items():
            known = "" if value is None else "infinity" if math.isinf(value) else str(int(value))
            assert line[field] == known, (group, field)


def test_the_numbers_of_the_overview_are_what_the_data_say(report):
    counted, pages = report
    shown = numbers(pages["index.html"])
    due = counted.due(30)
    rto = counted.attained("rta", due)
    proven, advertised = counted.proven()

    in_time = sum(map(counted.in_time, counted.scope))
    assert shown["Sources with a valid proof"] == part_of(in_time, len(counted.scope))
    assert shown["RTO attainment, 30 d"] == part_of(rto["met"], rto["with_target"])
    assert shown["Passed of due, 30 d"] == part_of(sum(one.passed for one in due), len(due))
    metrics = json.loads((counted.folder / "data" / "metrics.json").read_text())["metrics"]
    (coverage,) = [one for one in metrics if one["id"] == "proven_coverage"]
    assert (coverage["numerator"] or 0, coverage["denominator"] or 0) == (proven, advertised)
    oldest = counted.oldest_proof()
    if counted.scope:
        said = "no proof" if oldest is None else span_text(oldest)
        assert shown["Oldest proof"] == said
    late, promised, read_ones = counted.beyond_rpo()
    if promised:
        text = pages["index.html"].text
        assert f"{late} of {promised} sources with an RPO target were beyond it" in text
        assert f"when last read; n = {read_ones}" in text


def test_the_lines_of_what_depends_on_windows_are_what_the_nights_say(report):
    counted, pages = report
    index = pages["index.html"]
    lines = {
        one.attributes["id"].removeprefix("spark-"): one.text
        for one in index.all("title")
        if "id" in one.attributes
    }
    shares = [one for one in counted.shares() if one is not None]
    lags = [one for one in counted.lags() if one is not None]

    if not counted.rows("history"):
        assert not {"proven_coverage", "worst_lag"} & set(lines)
        return
    if len(shares) > 1:
        said = [f"{math.floor(one * 1000 + 1e-9) / 10:.1f} %"
                for one in (shares[0], shares[-1], min(shares), max(shares))]  # fmt: skip
        assert lines["proven_coverage"] == (
            "90 days: from {} to {}; lowest {}, highest {}".format(*said)
        )
        assert f"{len(shares)} of 90 days known; n = " in index.text
    last = numbers(index)["Worst lag when last read"]
    if lags and last != "no data":
        words = "no recovery point" if math.isinf(lags[0]) else lag_text(lags[0])
        assert lines["worst_lag"].startswith(f"90 days: from {words} to {last}; ")
        assert f"{len(lags) + 1} of 90 days known; n = " in index.text


def lag_text(milliseconds: float) -> str:
    return span_text(timedelta(milliseconds=milliseconds))


def test_the_figures_of_the_summary_are_what_the_data_say(report):
    counted, pages = report
    shown = numbers(pages["exec.html"])
    operation = counted.operation()
    everything = counted.attained("rta", counted.period), counted.attained("rpa", counted.period)

    assert shown["All sources proven"] == part_of(*counted.recoverable(counted.scope))
    tiers = [one for one in map(counted.tier, counted.scope) if one is not None]
    if tiers:
        first = [key for key in counted.scope if counted.tier(key) == min(tiers)]
        assert shown[f"Tier {min(tiers)} proven"] == part_of(*counted.recoverable(first))
    assert shown["Drills passed"] == part_of(operation["passed"], operation["scheduled"])
    for title, one in zip(("RTO kept", "RPO kept"), everything, strict=True):
        assert shown[title] == part_of(one["met"], one["with_target"])
    now, before = counted.due(30), [one for one in counted.due(60) if one not in counted.due(30)]
    passed = [part_of(sum(one.passed for one in some), len(some)) for some in (now, before)]
    assert (
        f"{passed[0]} in the last 30 days, {passed[1]} in the 30 days before"
        in pages["exec.html"].text
    )


def test_repairs_are_counted_from_the_first_failure_to_the_next_pass(report):
    counted, pages = report
    spans, lasting = counted.failures()

    mean = None if not spans else sum(spans, spans[0] * 0) / len(spans)
    said = f"mean time to repair is {span_text(mean)}; {lasting} failures last."
    assert said in pages["trends.html"].text
    rows = lines(pages["trends.html"], "months")
    for month, row in rows.items():
        due = [one for one in counted.drills if one.is_real and f"{one.slot:%Y-%m}" == month]
        passed = sum(one.outcome in PASSES for one in due)
        counts = (len(due), sum(one.executed for one in due), passed,
                  sum(one.failed for one in due))  # fmt: skip
        assert tuple(map(int, row[:4])) == counts, month


def test_exceptions_are_counted_by_their_own_instants(report):
    counted, pages = report
    found, text = counted.exceptions(), pages["exceptions.html"].text

    for word in ("closed", "expired"):
        assert f"{word}: {found[word]}" in text
    assert f"expiring within 30 days: {found.get('soon', 0)}" in text
    assert f"findings closed without a retest: {found.get('untested', 0)}" in text
    holding = found["open"]
    words = {0: "No exception holds now", 1: "1 exception holds now"}
    assert words.get(holding, f"{holding} exceptions hold now") in text


def test_accepted_drills_are_those_of_reviews_that_still_stand(report):
    counted, pages = report
    done, whole = counted.accepted()

    if whole:
        said = f"{done} of {whole} finished drills are covered by an accepted review"
        assert said in pages["compliance.html"].text


def test_the_statement_with_confidence_follows_from_the_drawn_drills(report):
    counted, pages = report
    drawn, passed, bound = counted.statement()
    text = pages["compliance.html"].text.partition("What may be said with confidence")[2]

    if bound is None:
        assert "All sources: no statistical statement" in text
    else:
        assert f"{drawn} recovery points were drawn at random, the first of each source" in text
        assert f"(method and seed are published); {passed} restored and passed" in text
        said = math.floor(bound * 1000 + 1e-9) / 10
        assert f"With 95 % confidence at least {said:.1f} % of such points" in text


def test_every_open_exception_is_an_open_risk(report):
    counted, pages = report
    section = pages["exec.html"].section("Open risks")
    more = re.search(r"(\d+) more are not shown here", section.text)

    shown = len(rows_of(section)) + (int(more[1]) if more else 0)
    assert shown == counted.exceptions()["open"]


def test_the_histories_hold_what_they_are_meant_to_hold():
    known = [histories.confused(seed) for seed in SEEDS]

    drills = [one for each in known for one in each.drills]
    assert {one.outcome for one in drills} >= {None, "passed", "skipped", "aborted"}
    assert any(one.scheduled_for > histories.NOW for one in drills)
    assert any(one.scheduled_for == histories.NOW - 30 * histories.DAY for one in drills)
    assert any(note.approver == "Ada" for each in known for note in each.notes)
    sums = [one.sums for each in known for one in each.sums]
    assert any(one.worst and math.isinf(one.worst.milliseconds) for one in sums)
    assert any(not one.advertised for one in sums)
    assert any(review.verdict == "rejected" for each in known for review in each.signed)


def test_a_big_report_is_recounted_from_its_months_too(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "DRILLS_AT_MOST", 5)

    write(tmp_path, 3)

    counted = Recount(tmp_path)
    assert list((tmp_path / "data").glob("drills-*.csv.gz"))
    fleet = counted.rows("reconciliation")[0]
    assert int(fleet["scheduled"]) == counted.operation()["scheduled"]


def test_the_pages_of_a_whole_report_are_those_that_were_recounted(tmp_path):
    known: Any = histories.confused(5)
    past, context, promises = made(5)
    (tmp_path / "some").mkdir()
    write(tmp_path / "some", 5)

    render_report(past, known, folder=tmp_path / "all", context=context, promises=promises)

    for file in (tmp_path / "some").rglob("*"):
        if file.is_file():
            name = file.relative_to(tmp_path / "some")
            assert (tmp_path / "all" / name).read_bytes() == file.read_bytes(), name
