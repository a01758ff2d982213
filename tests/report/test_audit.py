"""The audit pack adds up, tells what it does not know, and leads to what an auditor looks at."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.engine.record import Outcome
from drill.engine.summary import facts_of
from drill.errors import DrillError
from drill.recovery.coverage.reconciliation import NumbersDisagree, inventory_of, operation_of
from drill.recovery.coverage.register import METRICS
from drill.recovery.facts import DrillFacts
from drill.recovery.ordering import newest_first
from drill.recovery.tick import tick_of
from drill.report.audit import sample_of
from drill.report.control_map import READ, RECORDS, frameworks
from drill.report.kept import write_kept
from drill.report.past import past_of
from drill.report.render import render_report
from drill.report.signatures import separation_of
from drill.report.single import page_alone
from drill.report.site import plan_site
from drill.report.view.confidence import finite_sentence, sentence
from drill.report.view.sheet import safe_link
from tests.report import auditing, builders, fleet, reports
from tests.report.builders import DAY, NOW
from tests.report.pages import Page, read, rows_of


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("audit")
    auditing.write(folder)
    return folder


@pytest.fixture(scope="module")
def pack(site) -> Page:
    return read(site / "compliance.html")


def table(page: Page, name: str) -> dict[str, list[str]]:
    """Return the rows of a section by their first cell."""
    (section,) = [one for one in page.all("section") if one.attributes["aria-labelledby"] == name]
    return {row[0]: row[1:] for row in rows_of(section)}


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def test_the_waterfall_goes_from_the_inventory_to_what_passed(pack):
    rows = table(pack, "reconciliation")
    counts = {re.sub(r" (instances|sources|slots|the cloud|of them).*", "", name): row[0]
              for name, row in rows.items()}  # fmt: skip

    assert counts["Inventory"] == "12"
    assert counts["less: without a plan, and without an approved exclusion"] == "− 2"
    assert counts["less: excluded, approved and not expired"] == "− 1"
    assert counts["less: simulated"] == "− 1"
    assert counts["In scope"] == "8"
    assert int(counts["Scheduled"]) > int(counts["Executed"]) > int(counts["Passed"]) > 100


def test_the_identities_of_a_report_are_printed_with_both_sides(pack):
    section = pack.section("Reconciliation")
    found = [row for row in rows_of(section) if "=" in row[0]]

    assert len(found) == 11
    assert all(left == right and holds == "✓ yes" for _name, left, right, holds in found)


def test_a_report_whose_numbers_do_not_add_up_is_not_written(tmp_path):
    records = [builders.drill("d1"), builders.drill("d2", slot=NOW - DAY)]
    past, context, kept = reports.past(records), reports.context(), tmp_path / "cards"
    past = replace(past, marks=dict.fromkeys(past.sources, "2 drills"))
    (one,) = plan_site(past, context).sources.to_keep.values()
    torn = one.card._replace(ticks=one.card.ticks[:1])
    write_kept(kept, [one._replace(card=torn)], context)
    folder = tmp_path / "reports"

    with pytest.raises(DrillError) as raised:
        render_report(past, reports.Book(records, {}), folder=folder, context=context, kept=kept)

    assert isinstance(raised.value, NumbersDisagree)
    assert "scheduled of the fleet = sum over its sources: 1 is not 2" in raised.value.message
    assert raised.value.hint
    assert not folder.exists()


def test_simulated_drills_and_sources_are_in_no_total():
    real, simulated = builders.drill("d1"), builders.drill("d2", is_simulated=True)

    operation = operation_of([tick_of(facts_of(real)), tick_of(facts_of(simulated))])

    assert (operation.scheduled, operation.executed, operation.passed) == (1, 1, 1)


def test_an_instance_without_a_plan_is_neither_in_scope_nor_excluded():
    listed, known = [("f", "a"), ("f", "b"), ("f", "c")], [("f", "a"), ("f", "z")]

    found = inventory_of(listed, known, excluded=[("f", "b")], simulated=[])

    assert (found.total, found.in_scope, found.excluded, found.without_plan) == (4, 2, 1, 1)


def test_a_report_without_drills_says_no_data_and_no_share(tmp_path):
    reports.write(tmp_path, [])

    for name in ("compliance", "exec", "exceptions", "methodology", "verify"):
        page = read(tmp_path / f"{name}.html")
        assert page.faults == []
        if name != "methodology":
            assert "100" not in page.text, name
    text = read(tmp_path / "compliance.html").text
    assert "No real drill was scheduled: no data" in text
    assert "no statistical statement" in text
    assert "No data: no source is in scope" in read(tmp_path / "exec.html").text


def test_failed_drills_are_never_recovered_in_every_quantile(tmp_path):
    failed = [
        builders.drill(f"f{night}", Outcome.FAILED_RESTORE, slot=NOW - DAY * night)
        for night in range(1, 4)
    ]
    reports.write(tmp_path, [*failed, builders.drill("ok", slot=NOW - DAY * 5)])

    rows = csv_rows(tmp_path / "data" / "attainment.csv")

    rto = next(one for one in rows if one["objective"] == "RTO" and one["group"] == "all drills")
    assert (rto["conclusive"], rto["met"]) == ("4", "1")
    assert (rto["p50_ms"], rto["longest_ms"], rto["p95_ms"]) == ("infinity", "infinity", "")
    assert "not reached" in table(read(tmp_path / "compliance.html"), "attainment")["all drills"]


def drawn(number: int, outcome: Outcome) -> DrillFacts:
    facts = facts_of(builders.drill(f"r{number}", outcome))
    return replace(
        facts, source_id=f"src-{number}", policy="random",
        seed=hashlib.sha256(str(number).encode()).hexdigest(),
    )  # fmt: skip


def test_confidence_counts_random_drills_alone_and_tells_inconclusive_ones_both_ways():
    drills = [drawn(number, Outcome.PASSED) for number in range(59)]
    targeted = facts_of(builders.drill("t", Outcome.FAILED_RESTORE))
    unclear = [drawn(number, Outcome.INCONCLUSIVE) for number in (90, 91)]

    said = sentence(map(tick_of, [*drills, targeted]), "All")
    both = sentence(map(tick_of, [*drills, *unclear]), "All")

    assert "59 recovery points were drawn at random" in said
    assert "at least 95.0 % of such points would restore" in said
    assert "at least 90.0 %" in both
    assert "no statistical statement" in sentence([tick_of(targeted)], "All")


def _pack(folder: Path, drills: Sequence[DrillFacts]) -> Page:
    """Write the audit pack of these drills and read it."""
    past = past_of(newest_first(drills), {})
    page = page_alone(past, reports.context(), "compliance")
    (folder / "pack.html").write_bytes(page)
    return read(folder / "pack.html")


def test_the_pack_bounds_by_tier_and_says_what_was_counted(tmp_path):
    tiers = {number: 1 + number % 2 for number in range(60)}
    drills = [replace(drawn(number, Outcome.PASSED), tier=tier) for number, tier in tiers.items()]
    again = replace(drawn(0, Outcome.PASSED), id="again", tier=1)

    page = _pack(tmp_path, [*drills, again])

    section = page.section("What may be said with confidence")
    rows = {row[0]: row[1:] for row in rows_of(section)}
    assert rows["all sources"] == ["60", "61", "60", "60", "0", "0", "95.1 %", "95.1 %"]
    assert rows["tier 1"] == ["30", "31", "30", "30", "0", "0", "90.4 %", "90.4 %"]
    # each tier at alpha / 2: 0.025 ** (1 / 30)
    assert rows["by tier, weighted"][-2:] == ["88.4 %", "88.4 %"]
    assert "at least 88.4 % of such points would restore, by tier and weighted" in section.text
    assert "bounded at 1 − 0.05 / 2 (Bonferroni)" in section.text
    assert "Random drills that finished: 61; counted: 60." in section.text


def test_the_pack_makes_no_statement_where_nothing_was_drawn_at_random(tmp_path):
    page = _pack(tmp_path, [facts_of(builders.drill("t"))])

    section = page.section("What may be said with confidence")
    assert "No statistical statement: no conclusive drill was drawn at random" in section.text
    assert {tuple(row[-2:]) for row in rows_of(section)} == {("no statistical statement",) * 2}
    assert "%" not in "".join(cell for row in rows_of(section) for cell in row)


def test_the_pack_names_the_tier_that_was_not_drawn_from(tmp_path):
    drills = [replace(drawn(0, Outcome.PASSED), tier=1)]
    other = replace(facts_of(builders.drill("t")), tier=2)

    text = _pack(tmp_path, [*drills, other]).section("What may be said with confidence").text

    assert "No statistical statement by tier: nothing conclusive was drawn in tier 2" in text


@pytest.mark.parametrize(
    ("population", "n", "said"),
    [
        (35, 20, "at least 91.4 % of the 35 drills of the list are; a claim of 95 % takes 27."),
        (7, 7, "at least 100.0 % of the 7 drills of the list are; a claim of 95 % takes 7."),
        (100_000, 25, "a claim of 95 % takes 59."),
    ],
)
def test_a_sample_without_putting_back_says_what_it_claims_of_its_list(population, n, said):
    assert said in finite_sentence(population, n)


def test_a_sample_of_nothing_claims_nothing():
    assert finite_sentence(0, 0) == ""


def test_the_bounds_are_data_too(tmp_path):
    auditing.write(tmp_path)

    rows = csv_rows(tmp_path / "data" / "confidence.csv")

    assert rows[0]["group"] == "all"
    assert rows[0]["bound_without_inconclusive"] == ""


def test_the_pack_says_what_was_left_behind_and_what_new_instances_cost(tmp_path):
    prices = {"frankfurt": {"rds.pg.n1.large.2": 0.21}}
    auditing.write(tmp_path, prices=prices)

    section = read(tmp_path / "compliance.html").section("What drills left behind")
    rows = {row[0]: row[1:] for row in rows_of(section)}
    assert rows["all clouds"][1] == "✕ 1"
    assert rows["all clouds"][3] == "left over"
    assert "outlived their drill and are left over" in section.text
    cost, counted = rows["frankfurt"][-1].split(" ", 1)
    assert float(cost) > 0
    assert counted.endswith(" with a price")
    lines = csv_rows(tmp_path / "data" / "hygiene.csv")
    assert (lines[0]["cloud"], lines[0]["left_over"]) == ("", "1")
    assert lines[0]["lifetime_max_ms"] == "infinity"
    assert lines[1]["cost"] == cost


def test_a_period_without_copies_left_nothing_behind_that_is_known(tmp_path):
    missed = facts_of(builders.drill("t", Outcome.MISSED))

    section = _pack(tmp_path, [missed]).section("What drills left behind")

    assert "No data: no drill of the period made a copy that is known of." in section.text


def test_the_sample_is_drawn_by_the_seed_and_the_id_alone():
    drills = [tick_of(facts_of(one)) for one in fleet.morning()]

    sample = sample_of(drills, seed="auditor 7", size=5)

    again = sample_of(list(reversed(drills)), seed="auditor 7", size=5)
    order = sorted(
        (hashlib.sha256(b"auditor 7\0" + one.id.encode()).digest(), one.id) for one in drills
    )
    assert [one.id for one in sample.drawn] == [name for _digest, name in order[:5]]
    assert again.drawn == sample.drawn
    assert sample_of(drills, seed="other", size=5).drawn != sample.drawn
    listed = "\n".join(sorted(one.id for one in drills)).encode()
    assert sample.eligible_digest == hashlib.sha256(listed).hexdigest()


def test_a_sampled_drill_always_has_a_page(tmp_path):
    old = builders.drill("old", slot=NOW - 300 * DAY)

    reports.write(tmp_path, [old], sample_size=1)

    row = table(read(tmp_path / "compliance.html"), "sample")["1"]
    assert row[0].startswith("old")
    assert (tmp_path / "d" / "old.html").is_file()


def test_a_sampled_drill_of_a_redacted_report_has_none(tmp_path):
    reports.write(tmp_path, [builders.drill("d1")], is_redacted=True)

    assert not (tmp_path / "d").exists()
    assert not any(
        link.attributes["href"].startswith("d/")
        for link in read(tmp_path / "compliance.html").all("a")
    )


def test_every_drill_that_did_not_pass_is_listed_with_what_came_after(pack):
    rows = table(pack, "not-passed")

    failed = next(row for name, row in rows.items() if "20260227-0209-identity" in name)
    assert failed[2] == "✕ failed restore"
    assert failed[-1].startswith("2026-02-28")
    lasting = next(row for name, row in rows.items() if "20260308-0203-billing" in name)
    assert lasting[-1] == "not yet"


def test_a_review_says_whether_the_reviewer_had_the_drills_run(pack):
    rows = table(pack, "reviews")

    kept, violated = rows["R-20260307-112233"], rows["R-20260306-445566"]
    assert kept[3].startswith("✓ kept")
    assert violated[3].startswith("✕ violated")
    assert kept[5].startswith("✓ yes")
    unknown = replace(auditing.review_of([]), initiator=None)
    assert separation_of(unknown) is None


def test_a_review_of_other_drills_than_these_is_noticed(tmp_path):
    records = fleet.morning()
    review = auditing.review_of(records)
    changed = replace(review, facts={**review.facts, "sha256": "0" * 64})

    reports.write(tmp_path / "a", records, reviews=[changed])
    reports.write(tmp_path / "b", records, reviews=[review], narrowed=("--scope x",))

    for folder, said in (("a", "✕ no"), ("b", "· no data")):
        rows = table(read(tmp_path / folder / "compliance.html"), "reviews")
        assert rows[review.id][5].startswith(said)


@pytest.mark.parametrize(
    "ticket",
    [
        "http://tickets.example/1", "javascript:alert(1)", "https://user@tickets.example/1",
        "https://tickets.example/\u202e1", "https://tickets.example/ 1", "CHG-1", "https://", None,
        "https://[", "HTTPS://x", "data:text/html,x",
    ],
)  # fmt: skip
def test_a_ticket_that_is_no_plain_https_url_is_text(ticket):
    assert safe_link(ticket) is None


def test_a_ticket_with_a_plain_https_url_is_a_link(site):
    page = read(site / "exceptions.html")

    links = [one.attributes for one in page.all("a") if "tickets" in one.attributes["href"]]
    assert links == [{"href": "https://tickets.example/4711", "rel": "noreferrer"}]


def test_exceptions_have_owner_state_age_and_retest(site):
    rows = table(read(site / "exceptions.html"), "register")

    assert rows["E-20260305-0a1b2c finding"][0] == "! open 3 d"
    assert rows["E-20260301-0d0e0f exclusion"][3] == "ada grace"
    assert rows["E-20260220-aaaaaa finding"][0] == "✓ closed 2 d"
    assert "findings closed without a retest: 1" in read(site / "exceptions.html").text


def test_what_was_closed_later_is_open_in_a_report_of_before(tmp_path):
    note = auditing.note(closed_at=NOW + DAY, closed_by="ada", closing_reason="secret of tomorrow")

    reports.write(tmp_path, [builders.drill("d1")], exceptions=[note])

    assert "secret of tomorrow" not in (tmp_path / "exceptions.html").read_text()
    assert "secret of tomorrow" not in (tmp_path / "data" / "exceptions.csv").read_text()
    assert table(read(tmp_path / "exceptions.html"), "register")


def test_every_metric_of_the_register_is_explained_and_nothing_else_is_named(site):
    ids = set(read(site / "methodology.html").ids)

    assert set(METRICS) <= ids
    used = {
        one
        for framework in frameworks()
        for clause in framework.clauses
        for one in clause.answers
        if one not in RECORDS
    }
    used |= {row["metric"] for row in csv_rows(site / "data" / "coverage.csv")}
    past = reports.past(fleet.morning())
    planned = plan_site(past, reports.context())
    used |= {name for one in planned.cards for name in planned.sources.standing(one.key).metrics}
    used |= {one.id for one in (planned.audit.coverage.passed, planned.audit.control.end_to_end)}
    assert used <= set(METRICS)


def test_the_methodology_knows_every_outcome(site):
    rows = table(read(site / "methodology.html"), "outcomes")

    assert len(rows) == len(Outcome)
    proofs = {name for name, row in rows.items() if row[2].startswith("yes")}
    assert proofs == {"✓ passed", "! passed late"}


def test_no_page_says_that_anything_complies(site):
    for name in ("compliance", "exec", "verify"):
        text = read(site / f"{name}.html").text.lower()
        assert not re.search(r"\bcompl(y|ies|iant)\b", text), name
    assert "support evidence for" in read(site / "compliance.html").text


def test_what_is_not_known_from_the_official_text_says_check(pack):
    rows = rows_of(pack.section("Controls that this supports evidence for"))

    assert len(rows) >= 13
    for row in rows:
        assert row[-1] in READ.values()
        assert row[-1] == READ["official"] or "check" in row[-1]
    assert any("CP-9(1)" in row[1] for row in rows)


def test_verify_says_unsigned_and_the_very_options(tmp_path):
    options = ("--at", "2026-03-08T06:00:00+00:00", "--scope", "a b*", "--lang", "zh")

    reports.write(tmp_path, [builders.drill("d1")], options=options)

    text = read(tmp_path / "verify.html").text
    assert "UNSIGNED" in text
    assert "drill report --at 2026-03-08T06:00:00+00:00 --scope 'a b*' --lang zh" in text


def test_the_digest_of_the_records_is_that_of_a_review_of_all_of_them(tmp_path):
    records = [builders.drill("d1"), builders.drill("d0", Outcome.FAILED_CHECK, slot=NOW - DAY)]

    reports.write(tmp_path, records)

    lines = "".join(f"{one.id} {one.outcome} {one.level}\n" for one in reversed(records))
    assert hashlib.sha256(lines.encode()).hexdigest() in read(tmp_path / "verify.html").text


def test_every_table_has_the_same_as_data(site):
    for name in ("reconciliation", "coverage", "attainment", "exceptions", "reviews", "sample",
                 "controls", "methodology"):  # fmt: skip
        rows = csv_rows(site / "data" / f"{name}.csv")
        whole = json.loads((site / "data" / f"{name}.json").read_text())[name]
        assert len(rows) == len(whole) > 0
        assert list(rows[0]) == list(whole[0])
    fleet_row, *sources = csv_rows(site / "data" / "reconciliation.csv")
    for field in ("scheduled", "executed", "passed"):
        assert int(fleet_row[field]) == sum(int(one[field]) for one in sources)


def test_the_summary_asks_for_decisions_and_names_the_worst(site):
    page = read(site / "exec.html")

    assert "5 of 8 sources are proven to be recoverable" in page.text
    decisions = [one.text for one in page.section("Decisions asked of you").all("li")]
    assert any("no plan names" in one for one in decisions)
    assert len(decisions) <= 5
    assert "identity-prod" in page.section("Systems at risk").text


def test_the_most_critical_tier_comes_first(tmp_path):
    first = builders.drill("d1", Outcome.FAILED_CHECK, of=builders.plan(tier=1))
    other = builders.drill(
        "d2",
        of=builders.plan("x", tier=2, source={"cloud": "frankfurt", "instance_id": "src-x"}),
        found=builders.inventory(NOW - timedelta(hours=3), source=builders.instance("src-x", "x")),
    )

    reports.write(tmp_path, [first, other])

    assert "0 of 1 tier 1 sources are proven" in read(tmp_path / "exec.html").text


def test_a_narrowed_list_of_a_cloud_says_nothing_about_completeness():
    from drill.report.past import Scope, read_past
    from tests.report import made_up

    known: Any = made_up.history(4, 20)
    listed = auditing.population(fleet.morning())
    known.populations = lambda **_: (listed,)

    assert read_past(known, at=NOW).populations
    assert read_past(known, at=NOW, scope=Scope(clouds=frozenset({"frankfurt"}))).populations
    assert not read_past(known, at=NOW, scope=Scope(groups=frozenset({"g"}))).populations
