"""What did not change is not rendered again, and the manifest says what every page was made of."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest

from drill.engine.record import Outcome, Teardown
from drill.report.context import Context
from drill.report.manifest import NAME, Entry, Manifest, is_current, read_manifest
from drill.report.past import Scope, past_of, read_past
from drill.report.render import render_report
from drill.report.site import KINDS, plan_site
from tests.report import builders, made_up, reports
from tests.report.builders import DAY, NOW

SOURCE = "i/src-orders-3f5cb9d28e.html"


def test_a_report_without_news_reads_no_drill_and_renders_no_page_of_one(tmp_path):
    records = [builders.drill("d1"), builders.drill("d2", Outcome.FAILED_CHECK, slot=NOW - DAY)]
    first, second = reports.Book(records, {}), reports.Book(records, {})
    reports.write(tmp_path, records, book=first)

    report = reports.write(tmp_path, records, book=second, at=NOW + timedelta(minutes=5))

    assert sorted(first.asked) == ["d1", "d2"]
    assert second.asked == []
    assert report.skipped == 3
    assert {path.name for path in report.written} >= {"index.html", "manifest.json"}


def test_a_page_of_a_source_is_rendered_again_when_its_proof_runs_out(tmp_path):
    records = [builders.drill("d1", slot=NOW - 29 * DAY)]
    reports.write(tmp_path, records)
    before = (tmp_path / SOURCE).read_text()

    reports.write(tmp_path, records, at=NOW + 2 * DAY)

    assert "proof expires soon" in before
    assert "proof expired" in (tmp_path / SOURCE).read_text()


def test_a_drill_whose_teardown_was_mended_is_rendered_again(tmp_path):
    leaked = builders.drill("d1", teardown=Teardown.LEAKED)
    reports.write(tmp_path, [leaked])

    report = reports.write(tmp_path, [builders.drill("d1")])

    assert tmp_path / "d" / "d1.html" in report.written
    assert tmp_path / SOURCE in report.written


def test_another_version_renders_everything_again(tmp_path):
    reports.write(tmp_path, [builders.drill("d1")])

    report = reports.write(tmp_path, [builders.drill("d1")], tool_version="0.2.0")

    assert report.skipped == 0


def test_pages_of_what_is_gone_stay_and_are_named(tmp_path):
    reports.write(tmp_path, [builders.drill("d1"), builders.drill("d2", slot=NOW - DAY)])

    reports.write(tmp_path, [builders.drill("d1")])
    manifest = json.loads((tmp_path / NAME).read_text())

    assert (tmp_path / "d" / "d2.html").is_file()
    assert list(manifest["gone"]) == ["d/d2.html"]
    assert "d/d2.html" not in manifest["files"]


def test_what_comes_back_is_no_longer_gone(tmp_path):
    both = [builders.drill("d1"), builders.drill("d2", slot=NOW - DAY)]
    for records in (both, both[:1], both):
        reports.write(tmp_path, records)

    assert json.loads((tmp_path / NAME).read_text())["gone"] == {}


def test_two_folders_of_the_same_drills_have_the_same_manifest(tmp_path):
    for name in ("a", "b"):
        reports.write(tmp_path / name, [builders.drill("d1")])

    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "files": {"a": [1]}, "gone": {}}',
                '{"schema": 99, "files": {}, "gone": {}}', "\x00", '{"schema": 1, "files": 3}']
)  # fmt: skip
def test_a_manifest_that_is_not_understood_is_an_empty_one(tmp_path, content):
    (tmp_path / NAME).write_text(content)

    assert read_manifest(tmp_path) == Manifest()


def test_a_file_that_is_newer_than_the_manifest_is_not_trusted(tmp_path):
    path = tmp_path / "x.html"
    path.write_bytes(b"abc")
    path.chmod(0o640)
    entry = Entry(input="d", size=3, digest="e")
    written = path.stat().st_mtime_ns

    assert is_current(tmp_path, "x.html", entry, Manifest(written_ns=written))
    assert not is_current(tmp_path, "x.html", entry, Manifest(written_ns=written - 1))
    assert not is_current(tmp_path, "y.html", entry, Manifest(written_ns=written))
    path.chmod(0o644)
    assert not is_current(tmp_path, "x.html", entry, Manifest(written_ns=written))


def test_a_made_up_fleet_renders_the_same_in_one_process_and_in_two(tmp_path, monkeypatch):
    known = made_up.history(30, 120)
    past = read_past(known, at=made_up.NOW)  # type: ignore[arg-type]
    context = Context(at=made_up.NOW, tool_version="0.1.0")
    monkeypatch.setattr("drill.report.render.MANY", 10)
    seen: list[tuple[int, int]] = []

    one = render_report(past, known, folder=tmp_path / "one", context=context)
    two = render_report(
        past, known, folder=tmp_path / "two", context=context, workers=2,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip

    assert len(one.written) == len(two.written)
    for path in one.written:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert other.read_bytes() == path.read_bytes(), path
    assert seen[-1][0] == seen[-1][1]


def test_no_worker_is_sent_more_than_its_pages_need():
    past = read_past(made_up.history(600, 3000), at=made_up.NOW)  # type: ignore[arg-type]
    site = plan_site(past, Context(at=made_up.NOW, tool_version="0.1.0"))

    sent = [page for page in site.pages if not KINDS[page.kind].needs_everything]

    assert {page.kind for page in site.pages} - {page.kind for page in sent} == {
        "overview", "trends", "compliance", "exceptions", "exec", "verify",
    }  # fmt: skip
    assert max(len(pickle.dumps(page)) for page in sent) < 500_000


def test_the_next_night_of_a_made_up_fleet_renders_what_changed_alone(tmp_path):
    known = made_up.history(100, 300)
    for history, at in (
        (known, made_up.NOW),
        (made_up.one_percent_more(known, now=made_up.NOW + DAY), made_up.NOW + DAY),
    ):
        past = read_past(history, at=at)  # type: ignore[arg-type]
        context = Context(at=at, tool_version="0.1.0")
        report = render_report(past, history, folder=tmp_path, context=context)

    written = [path for path in report.written if path.parent.name == "i"]
    assert 1 <= len(written) < 15
    assert report.skipped > 85


def test_the_generator_makes_the_same_history_every_time():
    assert made_up.history(5, 20).drills == made_up.history(5, 20).drills
    assert all(made_up.MARK in one.plan_name for one in made_up.history(5, 20).drills)


def test_a_report_as_of_an_earlier_instant_does_not_know_what_came_later():
    known = made_up.history(3, 12)
    newest = known.drills[-1]
    assert newest.finished_at is not None
    during = newest.finished_at - timedelta(minutes=1)

    before = read_past(known, at=newest.scheduled_for - timedelta(minutes=1))  # type: ignore[arg-type]
    then = read_past(known, at=during)  # type: ignore[arg-type]

    assert len(before.drills) == 11
    assert then.drills[0].outcome is None
    assert then.drills[0].finished_at is None
    assert then.drills[0].checks == ()


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        (Scope(), 12),
        (Scope(clouds=frozenset({"amsterdam"})), 4),
        (Scope(groups=frozenset({"group-0"})), 4),
        (Scope(patterns=("*-00002", "nothing")), 4),
        (Scope(patterns=("made-up-0000000[01]",)), 8),
        (Scope(since=made_up.NOW), 0),
    ],
)
def test_a_scope_leaves_out_what_it_does_not_name(scope, count):
    past = read_past(made_up.history(3, 12), at=made_up.NOW, scope=scope)  # type: ignore[arg-type]

    assert len(past.drills) == count
    assert set(past.sources) >= {drill.source for drill in past.drills}


def test_a_past_without_drills_still_knows_its_sources():
    known = made_up.history(2, 2)

    past = past_of([], known.observations)

    assert len(past.sources) == 2
