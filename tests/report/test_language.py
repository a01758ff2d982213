"""Every sentence is in every catalog, whole, with the same gaps, and compiled."""

from __future__ import annotations

import re
import runpy
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from drill.report.language import LANGUAGES, _, ngettext, speaking
from tests.report import builders, fleet, reports
from tests.report.pages import read

ROOT = Path(__file__).parents[2]
SCRIPT: Any = runpy.run_path(str(ROOT / "scripts" / "translations"), run_name="read")
CATALOGS = SCRIPT["catalogs"]()
GAP = re.compile(r"%\(\w+\)s|\{\w*\}")


def strings(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_there_is_a_catalog_for_every_language_but_english():
    folders = {path.parts[-3] for path in CATALOGS}

    assert folders == set(LANGUAGES.values()) - {"en"}


@pytest.mark.parametrize("po", CATALOGS, ids=str)
def test_a_catalog_has_every_sentence_of_code_and_templates_translated(po):
    assert po.read_bytes() == SCRIPT["po_bytes"](SCRIPT["merged"](po)), "run scripts/translations"
    with po.open("rb") as file:
        catalog = read_po(file)

    untranslated = [one.id for one in catalog if one.id and not all(strings(one.string))]

    assert untranslated == []
    assert len(catalog) > 400


@pytest.mark.parametrize("po", CATALOGS, ids=str)
def test_a_translation_has_the_gaps_and_the_elements_of_its_sentence(po):
    with po.open("rb") as file:
        catalog = read_po(file)
    for one in catalog:
        if not one.id:
            continue
        wanted = strings(one.id)[-1]
        for said in strings(one.string):
            assert set(GAP.findall(said)) == set(GAP.findall(wanted)), wanted
            assert sorted(re.findall(r"<[^>]*>", said)) == sorted(re.findall(r"<[^>]*>", wanted))


@pytest.mark.parametrize("po", CATALOGS, ids=str)
def test_the_compiled_catalog_is_that_of_the_text(po):
    compiled = po.with_suffix(".mo")

    assert compiled.read_bytes() == SCRIPT["mo_bytes"](po), "run scripts/translations"
    with compiled.open("rb") as file:
        assert GNUTranslations(file).gettext("no data") != "no data"


def test_english_is_the_key_and_an_unknown_sentence_stays_english():
    assert _("no data") == "no data"
    with speaking("zh"):
        assert _("no data") == "无数据"
        assert _("never written down") == "never written down"
        assert _("") == ""
        assert ngettext("{count} gap of {longest}.", "{count} gaps, the longest {longest}.", 2)
    assert _("no data") == "no data"


def test_a_chinese_report_says_so_and_has_no_english_sentence_of_ours(tmp_path):
    records = fleet.morning()
    events = {record.id: builders.events_of(record) for record in records}

    reports.write(tmp_path, records, events, language="zh")

    for path in [tmp_path / "index.html", tmp_path / "trends.html",
                 tmp_path / "fleet-001.html", *(tmp_path / "i").iterdir()]:  # fmt: skip
        page = read(path)
        assert page.faults == []
        assert page.all("html")[0].attributes["lang"] == "zh-Hans"
        for tag in ("h2", "caption", "summary", "figcaption"):
            for one in page.all(tag):
                assert re.search(r"[\u4e00-\u9fff]", one.text), (path.name, one.text)


def test_two_languages_do_not_share_a_page_that_is_skipped(tmp_path):
    reports.write(tmp_path, [builders.drill("d1")])

    again = reports.write(tmp_path, [builders.drill("d1")], language="zh")

    assert again.skipped == 0
    assert read(tmp_path / "d" / "d1.html").all("html")[0].attributes["lang"] == "zh-Hans"
