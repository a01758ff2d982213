"""Every figure has a definition, and every definition says where its figures are."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drill.recovery.coverage.register import METRICS
from drill.recovery.ordering import newest_first
from drill.recovery.values import Window
from drill.recovery.verdict import Outcome
from drill.report.control_map import RECORDS, frameworks
from drill.report.environment import render
from drill.report.past import past_of
from drill.report.printed import PAGES, PRINTED
from drill.report.single import page_alone
from drill.report.view.methodology import SECTIONS
from tests.recovery.coverage.histories import a_drill, an_observation, at
from tests.report import auditing, reports
from tests.report.pages import read
from tests.report.test_audit import drawn
from tests.report.test_points import DAILY, page_of

COUNT = r"\d+ of \d+"
SPAN = r"(?:\d+ min \d\d s|not reached)"
TIMES = rf"all drills RTO \d+ {COUNT} \d+ {SPAN} {SPAN} {SPAN} {SPAN}"
POINTS = rf"all drills RPO \d+ {COUNT} \d+ {SPAN} {SPAN} {SPAN} {SPAN}"

WORDS = {
    ("window_coverage", "source"): r"restorable of what is promised [\d.]+ %",
    ("retention_shortfall", "source"): r"retention shortfall \d",
    ("rpo_lag", "fleet"): r"not reached 45 min 5 min",
    ("rpo_lag", "source"): r"lag when last read \d",
    ("worst_lag", "index"): r"Worst lag when last read",
    ("longest_exposure", "source"): r"longest exposure \d+ d \(n = \d+\)",
    ("mean_exposure", "source"): r"mean exposure \d+ h",
    ("time_over_rpo", "source"): r"time over RPO [\d.]+ %",
    ("observed_lag", "source"): r"longest lag seen \d+ min \(n = \d+\)",
    ("worst_case_lag", "source"): r"worst case between two looks no data",
    ("points_per_day", "source"): r"backups a day [\d.]+ \(n = \d+\)",
    ("median_interval", "source"): r"median between two \d+ d \(n = \d+\)",
    ("longest_interval", "source"): r"longest between two \d+ d \(n = \d+\)",
    ("newest_backup_age", "source"): r"newest, when last read \d+ h",
    ("backups_in_retention", "source"): rf"within the retention {COUNT}",
    ("backup_kind", "source"): r"by type auto [\d.]+ %",
    ("proven", "fleet"): r"✕ failed [\d.]+ %",
    ("proven", "source"): r"proven of what is restorable [\d.]+ %",
    ("proven_of_promised", "source"): r"proven of what is promised [\d.]+ %",
    ("proven_coverage", "index"): r"Proven of what is restorable [\d.]+ %",
    ("suspect", "source"): r"suspect",
    ("image_coverage", "source"): r"\d+ of \d+ backups are proven as images",
    ("since_last_proof", "fleet"): r"\d+ d left",
    ("rpa", "drill"): r"RPO and RPA, proven",
    ("rpa", "index"): r"RPA proven \(of RPO\)",
    ("fleet_coverage", "compliance"): rf"sources in scope {COUNT}",
    ("fleet_attempted", "compliance"): rf"attempted, whatever came of it {COUNT}",
    ("sources_proven", "index"): rf"Sources with a valid proof {COUNT}",
    ("sources_recoverable", "exec"): rf"All sources proven ?{COUNT}",
    ("execution", "compliance"): rf"Execution executed of scheduled {COUNT}",
    ("pass_of_executed", "compliance"): rf"Passed of executed passed of executed {COUNT}",
    ("end_to_end", "compliance"): rf"End-to-end, the headline passed of scheduled {COUNT}",
    ("end_to_end", "exec"): rf"Drills passed ?{COUNT}",
    ("end_to_end", "index"): rf"Passed of due, 30 d {COUNT}",
    ("end_to_end", "trends"): r"Passed by month",
    ("failure_mttr", "trends"): r"mean time to repair is \d",
    ("accepted", "compliance"): rf"{COUNT} finished drills are covered by an accepted review",
    ("oldest_proof", "exec"): r"Oldest proof",
    ("oldest_proof", "index"): r"Oldest proof",
    ("lower_bound", "compliance"): r"no statistical statement|With 95 % confidence",
    ("lower_bound", "exec"): r"no statistical statement|With 95 % confidence",
    ("stratified_bound", "compliance"): r"by tier, weighted \d+ – – 100.0 % – – [\d.]+ % [\d.]+ %",
    ("finite_bound", "compliance"): r"If all \d+ are found in order, then with 95 % confidence at",
    ("rta_p50", "compliance"): TIMES,
    ("rta_p50", "trends"): r"median recovery time \d",
    ("rta_p90", "compliance"): TIMES,
    ("rta_p90", "exec"): r"p90 \d",
    ("rta_p90", "trends"): r"nine in ten \d",
    ("rta_p95", "compliance"): TIMES,
    ("rta_max", "compliance"): TIMES,
    ("rta_max", "trends"): rf"{SPAN} {SPAN} {SPAN} {COUNT}",
    ("rto_attainment", "compliance"): TIMES,
    ("rto_attainment", "exec"): rf"RTO kept ?{COUNT}",
    ("rto_attainment", "index"): rf"RTO attainment, 30 d {COUNT}",
    ("rto_attainment", "trends"): rf"{SPAN} {SPAN} {SPAN} {COUNT}",
    ("rpa_p50", "compliance"): POINTS,
    ("rpa_p90", "compliance"): POINTS,
    ("rpa_p90", "exec"): r"p90 \d",
    ("rpa_p95", "compliance"): POINTS,
    ("rpa_max", "compliance"): POINTS,
    ("rpo_attainment", "compliance"): POINTS,
    ("rpo_attainment", "exec"): rf"RPO kept ?{COUNT}",
    ("size_model", "source"): r"[Mm]odel",
    ("size_model", "trends"): r"[Mm]odel",
    ("check_pass_rate", "source"): rf"{COUNT} \([\d.]+–[\d.]+ %\)",
    ("leftovers", "compliance"): r"all clouds \d+ ✕ \d",
    ("copy_lifetime_p95", "compliance"): rf"all clouds \d+ ✕ \d+ {SPAN} left over",
    ("copy_lifetime_max", "compliance"): rf"all clouds \d+ ✕ \d+ {SPAN} left over",
    ("drill_cost", "compliance"): rf"{COUNT} with a price",
}
"""What the page says where the figure stands."""

COLUMNS = {
    "gap_count": ("sources", "gaps"),
    "longest_gap": ("sources", "longest_gap_ms"),
    "fleet_coverage_bytes": ("coverage", "metric"),
}
"""Where a figure stands that only the data files have."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("printed")
    auditing.write(folder)
    write_more(folder)
    return folder


def write_more(folder: Path) -> None:
    """Write pages of what the fleet of the auditor has not: backups alone, a window that is too
    short, and random drills in two tiers."""
    late = Window(at("03-03 00:00"), at("03-07 17:55"))
    alone = page_of(
        an_observation(windows=(), backups=DAILY),
        [a_drill("03-06 01:00", backup=True, rpo_target=timedelta(hours=12))],
    )
    (folder / "i" / "alone.html").write_bytes(render("source.html.j2", alone))
    short = page_of(an_observation(windows=(late,)))
    (folder / "i" / "short.html").write_bytes(render("source.html.j2", short))
    drills = [replace(drawn(number, Outcome.PASSED), tier=1 + number % 2) for number in range(60)]
    pack = page_alone(past_of(newest_first(drills), {}), reports.context(), "compliance")
    (folder / "compliance-tiers.html").write_bytes(pack)


def text_of(site: Path, page: str) -> str:
    """Return the text of a page, or of all pages of its kind."""
    files = {
        "fleet": sorted(site.glob("fleet-*.html")),
        "source": sorted(site.glob("i/*.html")),
        "drill": sorted(site.glob("d/*.html")),
        "compliance": sorted(site.glob("compliance*.html")),
    }.get(page, [site / f"{page}.html"])
    return " ".join(map(plain_of, files))


def plain_of(file: Path) -> str:
    """Return the text of a file with a space where a tag is."""
    whole = re.sub(r"<style>.*?</style>", " ", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", whole)).split())


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def test_the_pages_that_are_named_do_print_the_metric(site):
    texts = {page: text_of(site, page) for page in PAGES if page != "data"}

    named = {(one, page) for one, pages in PRINTED.items() for page in pages if page != "data"}
    assert named == set(WORDS)
    lacking = [
        key for key, words in WORDS.items() if re.search(words, texts[key[1]]) is None
    ]  # fmt: skip
    assert lacking == []


def test_what_only_the_data_files_have_is_there(site):
    named = {one for one, pages in PRINTED.items() if "data" in pages}

    assert named == set(COLUMNS)
    for metric, (name, column) in COLUMNS.items():
        rows = csv_rows(site / "data" / f"{name}.csv")
        assert any(row[column] not in ("", "0") for row in rows), metric
    assert any(row["metric"] == "fleet_coverage_bytes"
               for row in csv_rows(site / "data" / "coverage.csv"))  # fmt: skip


def test_every_figure_that_is_named_has_a_definition(site):
    numbers = json.loads((site / "data" / "metrics.json").read_text())["metrics"]
    ids = {one["id"] for one in numbers}
    ids |= {row["metric"] for row in csv_rows(site / "data" / "coverage.csv")}

    assert ids | set(PRINTED) <= set(METRICS)
    assert ids <= set(PRINTED)


def test_every_definition_has_a_formula_a_section_and_something_to_keep_in_mind():
    for one in METRICS.values():
        assert one.formula, one.id
        assert one.section in SECTIONS, one.id
    for name in PRINTED:
        assert METRICS[name].caveats, name


def test_no_clause_is_supported_by_a_metric_that_no_page_prints():
    answers = {
        one
        for framework in frameworks()
        for clause in framework.clauses
        for one in clause.answers
        if one not in RECORDS
    }

    assert answers <= {one for one, pages in PRINTED.items() if pages != ("data",)}


def test_the_methodology_says_where_a_metric_is_printed_and_where_none_is(site):
    rows = {one["metric"]: one["printed_on"] for one in csv_rows(site / "data/methodology.csv")}
    text = read(site / "methodology.html").text

    assert rows == {one: " ".join(PRINTED.get(one, ())) for one in METRICS}
    assert len(re.findall(r"\bno page\b", text)) == len(METRICS) - len(PRINTED)
