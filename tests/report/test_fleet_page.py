"""The fleet is parted by standing, tier and region, and a big one has an index by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from drill.recovery.facts import Observation, SourceKey
from drill.report.past import past_of
from drill.report.render import render_report
from drill.report.view import fleet_page, names_page
from drill.report.view.fleet_page import harmless
from tests.recovery.coverage.histories import T, an_observation
from tests.report import reports
from tests.report.builders import VOWELS_OF_EVIL
from tests.report.pages import Page, read, rows_of

REGIONS = {"frankfurt": "eu-de", "amsterdam": "eu-nl"}


def fleet_of(names: Mapping[SourceKey, str]) -> dict[SourceKey, Observation]:
    """Return a look at each source."""
    return {
        key: an_observation(cloud=key[0], source_id=key[1], source_name=name)
        for key, name in names.items()
    }


def write(folder: Path, names: Mapping[SourceKey, str], **changes: object) -> Path:
    """Write the report of sources that nobody drilled."""
    render_report(
        past_of((), fleet_of(names)),
        reports.Book([], {}),
        folder=folder,
        context=reports.context(T, **changes),
    )
    return folder


THREE = {
    ("frankfurt", "a"): "orders",
    ("amsterdam", "b"): "billing",
    ("gone", "c"): "archive",
}


def names_on(page: Page) -> set[str]:
    """Return the sources of a page of the fleet, each with its cloud."""
    return {row[0] for row in rows_of(page.all("main")[0])}


def views_of(page: Page) -> dict[str, str]:
    """Return where each view of the fleet is, by its words."""
    (nav,) = [
        one for one in page.all("nav") if one.attributes.get("aria-label") == "Views of the fleet"
    ]
    return {link.text: link.attributes["href"] for link in nav.all("a")}


def test_each_region_has_its_sources_and_those_of_a_cloud_that_is_gone_are_not_known(tmp_path):
    write(tmp_path, THREE, regions=REGIONS)

    views = views_of(read(tmp_path / "fleet-001.html"))
    assert views["eu-de 1"] == "fleet-region-eu-de-001.html"
    assert names_on(read(tmp_path / views["eu-de 1"])) == {"orders frankfurt, eu-de"}
    assert names_on(read(tmp_path / views["eu-nl 1"])) == {"billing amsterdam, eu-nl"}
    assert names_on(read(tmp_path / views["Region not known 1"])) == {"archive gone"}


def test_two_clouds_of_one_region_stand_on_its_page_together(tmp_path):
    write(tmp_path, THREE, regions={"frankfurt": "eu-de", "amsterdam": "eu-de"})

    assert names_on(read(tmp_path / "fleet-region-eu-de-001.html")) == {
        "orders frankfurt, eu-de", "billing amsterdam, eu-de",
    }  # fmt: skip


@pytest.mark.parametrize(
    "regions", [{}, dict.fromkeys(("frankfurt", "amsterdam", "gone"), "eu-de")]
)
def test_a_fleet_of_one_region_has_no_page_that_would_be_that_of_everything(tmp_path, regions):
    write(tmp_path, THREE, regions=regions)

    assert not list(tmp_path.glob("fleet-*region*"))


def test_the_region_is_on_the_page_of_the_source_and_in_the_data(tmp_path):
    write(tmp_path, THREE, regions=REGIONS)

    texts = sorted(
        read(file).section("Identity and objectives").text for file in tmp_path.glob("i/*")
    )
    assert ["region not known" in one for one in texts] == [False, False, True]
    lines = csv.DictReader(io.StringIO((tmp_path / "data" / "sources.csv").read_text()))
    assert {one["source_id"]: one["region"] for one in lines} == {
        "a": "eu-de", "b": "eu-nl", "c": "",
    }  # fmt: skip


@pytest.mark.parametrize("evil", [*VOWELS_OF_EVIL, "../../etc", "EU-DE", ""])
def test_a_region_with_a_hostile_name_has_a_harmless_page(tmp_path, evil):
    write(tmp_path, THREE, regions={"frankfurt": evil or " ", "amsterdam": "eu-nl"})

    page = read(tmp_path / "fleet-001.html")
    assert page.faults == []
    assert (tmp_path / f"fleet-region-{harmless(evil or ' ')}-001.html").is_file()


def test_a_small_fleet_has_no_index_by_name(tmp_path):
    write(tmp_path, THREE)

    assert not (tmp_path / "names-001.html").exists()
    assert "by name" not in read(tmp_path / "fleet-001.html").text


@pytest.fixture
def many(tmp_path, monkeypatch) -> Path:
    """Return the report of a fleet that is big for once, with pages of three names."""
    monkeypatch.setattr(names_page, "ROWS_ON_A_PAGE", 4)
    monkeypatch.setattr(names_page, "NAMES_ON_A_PAGE", 3)
    monkeypatch.setattr(fleet_page, "ROWS_ON_A_PAGE", 4)
    names = ("orders", "Billing", "archive", "订单", "9-lives", "beta", "orders")
    return write(tmp_path, {(f"cloud-{n // 6}", f"s{n}"): name for n, name in enumerate(names)})


def test_the_index_has_every_source_by_letter_and_what_is_not_latin_last(many):
    found = [
        (section.all("h2")[0].text, link.text)
        for number in (1, 2, 3)
        for section in read(many / f"names-{number:03d}.html").all("section")
        for link in section.all("a")
    ]

    assert found == [
        ("A", "archive"), ("B", "beta"), ("B", "Billing"), ("O", "orders"), ("O", "orders"),
        ("Others", "9-lives"), ("Others", "订单"),
    ]  # fmt: skip


def test_the_index_leads_to_letters_to_pages_and_to_the_sources(many):
    page = read(many / "names-001.html")

    letters, pages = [one for one in page.all("nav") if one.has("views")]
    assert [(one.text, one.attributes["href"]) for one in letters.all("a")] == [
        ("A 1", "names-001.html#letter-A"), ("B 2", "names-001.html#letter-B"),
        ("O 2", "names-002.html#letter-O"), ("Others 2", "names-002.html#letter-other"),
    ]  # fmt: skip
    assert [one.text for one in pages.all("a")] == ["1", "2", "3"]
    for letter in letters.all("a"):
        file, _hash, anchor = letter.attributes["href"].partition("#")
        assert anchor in read(many / file).ids
    hrefs = [one.attributes["href"].partition("#")[0] for one in page.all("main")[0].all("a")]
    assert all((many / one).is_file() for one in hrefs)
    assert "All sources by name" in read(many / "fleet-001.html").text


def test_sources_of_one_name_are_told_apart_by_their_cloud(many):
    entries = [item.text for item in read(many / "names-002.html").all("li")]

    assert entries[:2] == ["orders cloud-0 ✕ never proven", "orders cloud-1 ✕ never proven"]
