"""Every kind of page, opened: silent, asking for nothing, and nothing serious for axe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.report import fleet, reports

SIZES = {
    "narrow": {"width": 320},
    "wide": {"width": 1280},
    "dark": {"width": 1280, "dark": True},
    "printed": {"width": 1100, "printed": True},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a morning with all that can go wrong."""
    folder = tmp_path_factory.mktemp("site")
    reports.write(folder, fleet.morning())
    return folder


def kinds_of(site: Path) -> dict[str, Path]:
    """Return one page of each kind: every page of the top, and one of each folder."""
    found = {file.stem: file for file in sorted(site.glob("*.html"))}
    for folder in sorted(one for one in site.iterdir() if one.is_dir()):
        pages = sorted(folder.glob("*.html"), key=lambda file: (-file.stat().st_size, file.name))
        found |= {f"{folder.name}/": file for file in pages[:1]}
    return found


@pytest.mark.parametrize("size", SIZES)
def test_every_kind_of_page_is_quiet_and_can_be_read_by_everybody(
    site: Path, open_page: Open, size: str
):
    kinds = kinds_of(site)
    assert {"index", "d/", "i/"} <= set(kinds)
    trouble = []
    for kind, file in kinds.items():
        watched = open_page(file, root=site, **SIZES[size])
        trouble += [f"{kind} said: {text}" for text in watched.said]
        trouble += [f"{kind} asked for {url}" for url in watched.asked]
        trouble += [f"{kind}: {found}" for found in watched.serious()]
        if watched.is_wider_than_its_window():
            trouble.append(f"{kind} is wider than its window")
        watched.page.context.close()

    assert trouble == []


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


def test_hostile_names_do_nothing_in_a_browser(tmp_path: Path, open_page: Open):
    from tests.report.test_hostile import VOWELS_OF_EVIL, poisoned

    both = [poisoned(evil, place) for place, evil in enumerate(VOWELS_OF_EVIL)]
    reports.write(
        tmp_path,
        [record for record, _ in both],
        {record.id: events for record, events in both},
    )
    for file in sorted(tmp_path.rglob("*.html")):
        watched = open_page(file, root=tmp_path)

        assert watched.said == [], file
        assert watched.asked == [], file
        assert "alert" not in watched.page.title()
        watched.page.context.close()
