"""Files are whole, private, stable and inside of their folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drill.engine.record import DrillRecord, Outcome
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.making import render_page
from drill.report.render import RenderedReport
from drill.report.site import plan_site
from tests.report import builders, fleet, reports
from tests.report.builders import DAY, NOW


def write(folder: Path, records: list[DrillRecord], now: datetime = NOW) -> RenderedReport:
    """Render these drills with their journals."""
    events = {record.id: builders.events_of(record) for record in records}
    return reports.write(folder, records, events, at=now)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_drills_give_the_same_bytes(tmp_path):
    write(tmp_path / "a", fleet.morning())
    write(tmp_path / "b", list(reversed(fleet.morning())))

    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert len(digests(tmp_path / "a")) > 100


def test_the_layout_is_an_index_pages_and_data(tmp_path):
    report = write(tmp_path, [builders.drill("d1")])

    both = {
        "attainment", "clouds", "confidence", "controls", "coverage", "drills", "exceptions",
        "history", "hygiene", "inventory", "methodology", "reconciliation", "reviews", "sample",
        "sources",
    }  # fmt: skip
    assert set(digests(tmp_path)) == {
        "d/d1.html", "data/metrics.json", "fleet-001.html", "fleet-proven-001.html",
        "i/src-orders-3f5cb9d28e.html", "index.html", "manifest.json", "trends.html",
        "compliance.html", "exceptions.html", "exec.html", "methodology.html", "verify.html",
        *(f"data/{name}.{kind}" for name in both for kind in ("csv", "json")),
    }  # fmt: skip
    assert report.index == tmp_path / "index.html"
    assert report.written[-2:] == (report.index, tmp_path / "manifest.json")


def test_pages_that_did_not_change_are_not_touched(tmp_path):
    old, new = builders.drill("old", slot=NOW - DAY), builders.drill("new")
    write(tmp_path, [old])
    before = (tmp_path / "d" / "old.html").stat()

    report = write(tmp_path, [old, new], now=NOW + timedelta(hours=1))

    after = (tmp_path / "d" / "old.html").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert report.skipped == 1
    assert tmp_path / "d" / "old.html" not in report.written
    assert tmp_path / "d" / "new.html" in report.written


def test_a_page_that_somebody_changed_is_written_again(tmp_path):
    page = tmp_path / "d" / "d1.html"
    write(tmp_path, [builders.drill("d1")])
    size = page.stat().st_size
    page.write_bytes(b"x" * size)

    report = write(tmp_path, [builders.drill("d1")])

    assert page in report.written
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_files_are_readable_for_the_group_and_for_nobody_else(tmp_path):
    write(tmp_path, [builders.drill("d1")])

    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o640}


def test_nothing_half_written_stays_behind(tmp_path, monkeypatch):
    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ReportFolderUnusable, match="No space left on device") as raised:
        write(tmp_path, [builders.drill("d1")])

    assert digests(tmp_path) == {}
    assert raised.value.hint


@pytest.mark.parametrize("part", [".", "d", "data"])
def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path, part):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "reports"
    if part == ".":
        folder.symlink_to(elsewhere)
    else:
        folder.mkdir()
        (folder / part).symlink_to(elsewhere)

    with pytest.raises(ReportFolderUnusable, match="is a symbolic link"):
        write(folder, [builders.drill("d1")])

    assert list(elsewhere.iterdir()) == []


def test_a_file_that_is_a_symbolic_link_is_replaced_and_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "index.html").symlink_to(victim)

    write(folder, [builders.drill("d1")])

    assert victim.read_text() == "precious"
    assert not (folder / "index.html").is_symlink()


@pytest.mark.parametrize(
    "name", ["../x.html", "d/../x.html", "/etc/x.html", "D/x.html", "x.php", "", ".html", "a\\b"]
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ReportFolderUnusable, match="no name for a file"):
        ReportFolder(tmp_path).put(name, b"")


def test_two_drills_never_share_a_page(tmp_path):
    with pytest.raises(ReportFolderUnusable, match=r"would have the page d/d1\.html"):
        write(tmp_path, [builders.drill("d1"), builders.drill("d1")])


def test_a_naive_now_is_refused(tmp_path):
    with pytest.raises(ValueError, match="naive"):
        write(tmp_path, [], now=NOW.replace(tzinfo=None))


def _many(plans: int, nights: int) -> list[DrillRecord]:
    """Return plans times nights drills, every seventh of them failed, of so many sources."""
    return [
        builders.drill(
            f"d{night}-{number}",
            Outcome.FAILED_RESTORE if (number + night) % 7 == 0 else Outcome.PASSED,
            slot=builders.at("03-08 02:00") - DAY * night,
            of=builders.plan(
                f"a-plan-with-a-longer-name-{number}",
                source={"cloud": "frankfurt", "instance_id": f"src-{number}"},
            ),
            found=builders.inventory(
                builders.at("03-08 02:06") - DAY * night,
                source=builders.instance(f"src-{number}", f"source-number-{number}"),
            ),
        )
        for number in range(plans)
        for night in range(nights)
    ]


@pytest.mark.parametrize(("plans", "nights"), [(20, 25), (500, 1), (1, 500)])
def test_the_overview_of_500_drills_stays_small(plans, nights):
    records = _many(plans, nights)
    site = plan_site(reports.past(records), reports.context())

    page = render_page(site.pages[-1], site.context)

    assert len(records) == 500
    assert len(page) < 300_000
    assert page.count(b"<") < 2 * 15_000


def test_a_table_that_is_cut_says_so():
    site = plan_site(reports.past(_many(130, 1)), reports.context())

    text = render_page(site.pages[-1], site.context).decode()

    assert "The worst 12 of 130 sources" in text
    assert "70 more are not shown here" in text


def test_the_page_of_a_drill_stays_small(tmp_path):
    record = builders.drill("big")
    checks = tuple(
        replace(record.checks[0], name=f"check-{number}", reason="x" * 5000)
        for number in range(300)
    )
    big = replace(record, checks=checks)
    events = [
        replace(event, facts={f"key-{number}": "y" * 5000 for number in range(3)})
        for event in builders.events_of(big) * 100
    ]

    reports.write(tmp_path, [big], {"big": events})

    assert (tmp_path / "d" / "big.html").stat().st_size < 1_000_000
