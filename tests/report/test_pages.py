"""Every page is well-formed, reachable, silent to scripts, and readable without colour."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from tests.report import auditing
from tests.report.pages import Page, read

CLOUDS = {"frankfurt": "frankfurt (eu-de)"}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("site")
    auditing.write(folder, clouds=CLOUDS)
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: read(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_well_formed_and_has_nothing_that_runs(pages):
    faults = {str(path): page.faults for path, page in pages.items() if page.faults}

    assert faults == {}
    assert len(pages) > 100


def test_every_page_has_one_h1_one_main_and_a_skip_link(pages):
    for page in pages.values():
        assert len(page.all("h1")) == 1
        assert len(page.all("main")) == 1
        assert page.all("a")[0].attributes["href"] == "#main"
        assert page.all("html")[0].attributes["lang"] == "en"


def test_no_id_is_on_a_page_twice(pages):
    for path, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), path


def test_every_link_leads_to_a_written_file_or_to_an_id_of_the_page(pages):
    for path, page in pages.items():
        for link in page.all("a"):
            file, _hash, place = link.attributes["href"].partition("#")
            if file.startswith("https://tickets.example/"):
                continue
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), (path, file)
            assert not place or place in pages[target].ids, (path, file, place)


def test_every_reference_of_aria_names_an_id_of_the_page(pages):
    for path, page in pages.items():
        for tag in ("div", "section", "figure", "svg"):
            for element in page.all(tag):
                for name in element.attributes.get("aria-labelledby", "").split():
                    assert name in page.ids, (path, name)


def test_every_table_has_a_caption_and_lies_in_a_region_that_the_keyboard_can_scroll(pages):
    for page in pages.values():
        for table in page.all("table"):
            assert len(table.all("caption")) == 1
            region = table.parent
            assert region is not None
            assert region.attributes["role"] == "region"
            assert region.attributes["tabindex"] == "0"


def test_every_meaningful_svg_has_a_title(pages):
    for page in pages.values():
        for svg in page.all("svg"):
            if svg.attributes.get("role") == "img":
                assert svg.all("title")
            else:
                assert svg.parent is not None
                is_inside = svg.parent.tag == "svg"
                assert is_inside or svg.attributes.get("aria-hidden") == "true"


def test_every_figure_is_followed_by_its_data(pages):
    for page in pages.values():
        for figure in page.all("figure"):
            if figure.all("svg"):
                assert figure.all("details")


def test_the_policy_lets_exactly_the_one_style_through(site):
    for path in sorted(site.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        styles = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()

        assert len(styles) == 1
        assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in source


def test_nothing_is_fetched_from_anywhere(site):
    for path in sorted(site.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        without_tickets = re.sub(r'<a href="https://tickets[^>]*><bdi>[^<]*', "", source)
        assert not re.search(r"https?://", without_tickets), path
        assert "@import" not in source
        assert set(re.findall(r"url\(([^)]*)\)", source)) <= {"#hatch", "#lines"}


def test_every_sign_has_a_glyph_and_a_word(pages):
    glyphs = {"pass": "✓", "warn": "!", "fail": "✕", "none": "·"}
    for path, page in pages.items():
        signs = [one for one in page.all("span") if one.has("s")]
        assert signs or path.name in {"trends.html", "verify.html"}
        for one in signs:
            tone = next(tone for tone in glyphs if one.has(tone))
            assert one.text.startswith(f"{glyphs[tone]} ")
            assert len(one.text) > 2


def test_every_time_is_machine_readable_and_in_utc(pages):
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
    for page in pages.values():
        times = page.all("time")
        assert times
        assert all(shape.fullmatch(one.attributes["datetime"]) for one in times)


def test_templates_print_the_style_unescaped_and_nothing_else():
    folder = Path(__file__).parents[2] / "drill" / "report"
    templates = "".join(path.read_text() for path in folder.glob("templates/*.j2"))
    code = {path.name: path.read_text().count("Markup(") for path in folder.rglob("*.py")}

    assert re.findall(r"[^{]*\|\s*safe", templates) == [" style|safe"]
    # Sentences of the catalog, and what macros have printed, as Jinja's own extension has it.
    assert {name: count for name, count in code.items() if count} == {"environment.py": 1}
    assert "autoescape false" not in templates
    assert not re.search(r"=\s*\{\{", templates), "an attribute without quotes"


def test_templates_do_no_arithmetic():
    folder = Path(__file__).parents[2] / "drill" / "report" / "templates"
    for path in folder.glob("*.j2"):
        for expression in re.findall(r"\{\{(.*?)\}\}", path.read_text()):
            bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
            assert not re.search(r"[-+*/%]", bare), (path.name, expression)
