"""Every kind of page, opened: silent, asking for nothing, and nothing serious for axe."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from drill.report.view import names_page
from tests.browser.conftest import Open
from tests.report import auditing, builders, reports, test_fleet_page
from tests.report.builders import VOWELS_OF_EVIL
from tests.report.test_hostile import poisoned

PAPER = 1032
"""Pixels of the width of A4 landscape within its margins of 12 mm."""
SIZES = {
    "narrow": {"width": 320},
    "wide": {"width": 1280},
    "dark": {"width": 1280, "dark": True},
    "printed": {"width": PAPER, "printed": True},
}
EVERY_KIND = {
    "index", "fleet-001", "trends", "exec", "compliance", "exceptions", "methodology", "verify",
    "d/", "i/",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a morning with all that can go wrong."""
    folder = tmp_path_factory.mktemp("site")
    auditing.write(folder)
    return folder


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same in Chinese."""
    folder = tmp_path_factory.mktemp("chinese")
    auditing.write(folder, language="zh")
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report in which every name and text from outside is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    both = [poisoned(evil, place) for place, evil in enumerate(VOWELS_OF_EVIL)]
    notes = [
        auditing.note(
            id=evil, source_id=f"src-{place}", reason=evil, owner=evil, approver=evil, ticket=evil,
            opened_by=evil, plan_name=evil if place % 2 else None, drill_id=f"evil-{place}",
        )
        for place, evil in enumerate(VOWELS_OF_EVIL)
    ]  # fmt: skip
    reviews = [
        auditing.review_of(
            [], id=evil, reviewer=evil, initiator=evil, comment=evil,
            facts={"drills": evil, "sha256": evil},
        )
        for evil in VOWELS_OF_EVIL
    ]  # fmt: skip
    reports.write(
        folder,
        [record for record, _ in both],
        {record.id: events for record, events in both},
        exceptions=notes,
        reviews=reviews,
        sample_seed=VOWELS_OF_EVIL[0],
        options=("--scope", VOWELS_OF_EVIL[1]),
        narrowed=tuple(VOWELS_OF_EVIL),
        clouds={"frankfurt": VOWELS_OF_EVIL[0]},
    )
    return folder


def kinds_of(site: Path) -> dict[str, Path]:
    """Return one page of each kind: each at the top but further views of the fleet, and the
    largest of each folder."""
    tops = (one for one in sorted(site.glob("*.html")) if not one.stem.startswith("fleet-"))
    found = {file.stem: file for file in (*tops, site / "fleet-001.html")}
    for folder in sorted(one for one in site.iterdir() if one.is_dir()):
        pages = sorted(folder.glob("*.html"), key=lambda file: (-file.stat().st_size, file.name))
        found |= {f"{folder.name}/": file for file in pages[:1]}
    return found


@pytest.mark.parametrize("size", SIZES)
def test_every_kind_of_page_is_quiet_and_can_be_read_by_everybody(
    site: Path, open_page: Open, size: str
):
    kinds = kinds_of(site)
    found = {
        kind: trouble
        for kind, file in kinds.items()
        if (trouble := open_page(file, root=site, **SIZES[size]).trouble())
    }

    assert set(kinds) == EVERY_KIND
    assert found == {}


@pytest.mark.parametrize("size", ["narrow", "printed"])
@pytest.mark.parametrize("kind", ["index", "i/", "compliance", "exec", "methodology"])
def test_chinese_pages_are_as_quiet(chinese: Path, open_page: Open, kind: str, size: str):
    watched = open_page(kinds_of(chinese)[kind], root=chinese, **SIZES[size])

    assert watched.page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert watched.trouble() == []


@pytest.mark.parametrize("size", SIZES)
def test_the_index_of_a_big_fleet_and_a_region_are_as_quiet(
    tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch, size: str
):
    monkeypatch.setattr(names_page, "ROWS_ON_A_PAGE", 4)
    names = {("frankfurt", f"s{place}"): evil for place, evil in enumerate(VOWELS_OF_EVIL)}
    names |= {("amsterdam", "a"): "orders", ("madrid", "b"): "billing"}
    test_fleet_page.write(tmp_path, names, regions=test_fleet_page.REGIONS)

    found = {
        name: trouble
        for name in ("names-001", "fleet-001", "fleet-region-eu-de-001", "fleet-no-region-001")
        if (trouble := open_page(tmp_path / f"{name}.html", root=tmp_path, **SIZES[size]).trouble())
    }

    assert found == {}


def test_axe_would_find_something_serious_on_a_page_that_has_it(tmp_path: Path, open_page: Open):
    """A check that cannot fail is none."""
    page = tmp_path / "bad.html"
    page.write_text('<html><body><a href="x"></a><img src="y"></body></html>')

    watched = open_page(page, root=tmp_path)

    assert {one.partition(":")[0] for one in watched.serious()} >= {"image-alt", "link-name"}


def test_a_page_that_asks_for_something_outside_is_noticed(tmp_path: Path, open_page: Open):
    page = tmp_path / "leaky.html"
    page.write_text('<html lang="en"><img alt="" src="http://127.0.0.1:9/pixel.png"></html>')

    watched = open_page(page, root=tmp_path)

    assert watched.asked == ["http://127.0.0.1:9/pixel.png"]


def test_a_page_that_is_too_wide_is_noticed(tmp_path: Path, open_page: Open):
    page = tmp_path / "wide.html"
    page.write_text('<html lang="en"><p style="width:2000px">x</p></html>')

    assert open_page(page, root=tmp_path).is_wider_than_its_window()


@pytest.mark.parametrize("size", ["narrow", "printed"])
def test_hostile_names_do_nothing_in_a_browser_and_cut_nothing(
    hostile: Path, open_page: Open, size: str
):
    found = {}
    for file in sorted(hostile.rglob("*.html")):
        watched = open_page(file, root=hostile, **SIZES[size])
        trouble = [*watched.said, *watched.asked]
        if watched.is_wider_than_its_window():
            trouble.append("is wider than its window")
        if watched.page.evaluate("document.querySelectorAll('script, img').length"):
            trouble.append("has an element that somebody put in")
        if trouble:
            found[file.relative_to(hostile).as_posix()] = trouble

    assert found == {}


@pytest.mark.parametrize("name", ["site", "chinese", "hostile"])
def test_the_management_summary_is_one_sheet_of_a4(
    request: pytest.FixtureRequest, browser: Browser, tmp_path: Path, name: str
):
    folder: Path = request.getfixturevalue(name)
    page = browser.new_page()
    page.goto((folder / "exec.html").as_uri())

    page.pdf(path=tmp_path / "exec.pdf", prefer_css_page_size=True, print_background=True)

    page.close()
    sheets = PdfReader(tmp_path / "exec.pdf").pages
    assert len(sheets) == 1
    assert [round(float(side)) for side in sheets[0].mediabox[2:]] == [595, 842]


def test_printed_pages_are_a4_landscape(site: Path, browser: Browser, tmp_path: Path):
    page = browser.new_page()
    page.goto((site / "compliance.html").as_uri())

    page.pdf(path=tmp_path / "pack.pdf", prefer_css_page_size=True)

    page.close()
    sheets = PdfReader(tmp_path / "pack.pdf").pages
    text = "".join(one.extract_text() for one in sheets)
    assert [round(float(side)) for side in sheets[0].mediabox[2:]] == [842, 595]
    assert "Where this information comes from" in text
    assert builders.NOW.strftime("%Y-%m-%d") in text
