"""``drill report`` from a store: periods, languages, one file, and pseudonyms."""

from __future__ import annotations

import json
import shlex
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from drill.bootstrap import open_store
from drill.cli.context import read_config
from drill.cli.main import cli
from drill.engine.record import Outcome
from drill.engine.summary import observation_of
from drill.recovery.facts import FleetSums, NightlySums, WorstLag
from drill.report.pdf import NoPdfWriter, ensure_writer
from tests.report import builders, fleet
from tests.report.builders import NOW
from tests.report.pages import Page, read

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """Return a folder with a configuration and a store of a morning."""
    folder: Path = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "config.toml", folder)
    (folder / "plans").mkdir()
    config, _ = read_config(str(folder / "config.toml"))
    store = open_store(config, folder)
    store.enlist(fleet.morning())
    for night in range(1, 40):
        inventory = builders.inventory(NOW - timedelta(days=night))
        store.archive.observe(observation_of(inventory))
        worst = WorstLag(
            source=("frankfurt", inventory.source.id), milliseconds=300_000, target=None
        )
        sums = FleetSums(proven=night, advertised=99, with_window=1, measured=1, worst=worst)
        store.archive.keep_sums(
            NightlySums(cloud="frankfurt", taken_at=inventory.taken_at, sums=sums)
        )
    return folder


def run(house: Path, *arguments: str) -> dict[str, object]:
    """Call the command and return what it says."""
    config = str(house / "config.toml")
    result = CliRunner().invoke(
        cli, ["--config", config, "report", "--output", "json", *arguments],
        catch_exceptions=False, standalone_mode=False,
    )  # fmt: skip
    return dict(json.loads(result.stdout))


def refused(house: Path, *arguments: str) -> str:
    """Call the command and return why it does not run."""
    config = str(house / "config.toml")
    result = CliRunner().invoke(cli, ["--config", config, "report", *arguments])
    assert result.exit_code != 0
    return result.output


AT = NOW.isoformat()


def test_the_whole_report_is_written_and_then_skipped(house, tmp_path):
    first = run(house, "--folder", str(tmp_path), "--at", AT)
    second = run(house, "--folder", str(tmp_path), "--at", AT)

    assert first["index"] == str(tmp_path / "index.html")
    assert int(str(first["written"])) > 150
    assert second["written"] == 0
    assert int(str(second["skipped"])) > 150
    assert "2 of 10 drills failed" in read(tmp_path / "index.html").text


@pytest.fixture
def own_house(house, tmp_path) -> Path:
    """Return a copy of the house."""
    copy: Path = tmp_path / "house"
    shutil.copytree(house, copy)
    return copy


def files_of(folder: Path) -> dict[str, bytes]:
    names = json.loads((folder / "manifest.json").read_text())["files"]
    return {name: (folder / name).read_bytes() for name in names}


def test_cards_of_the_last_report_change_no_byte_of_the_next(own_house, tmp_path):
    later = (NOW + timedelta(hours=7)).isoformat()
    run(own_house, "--at", AT)
    cards = (own_house / ".drill-cards-en.json").read_text().splitlines()
    config, folder = read_config(str(own_house / "config.toml"))
    with open_store(config, folder) as store:
        news = builders.drill("news", Outcome.FAILED_CHECK, slot=NOW + timedelta(hours=1))
        store.enlist([news])

    run(own_house, "--at", later)
    run(own_house, "--at", later, "--folder", str(tmp_path / "anew"))

    assert len(cards) > 1
    assert files_of(own_house / "reports") == files_of(tmp_path / "anew")
    assert "news," in (own_house / "reports" / "data" / "drills.csv").read_text()


@pytest.mark.parametrize(
    "options", [("--folder", "elsewhere"), ("--cloud", "frankfurt"), ("--since", "2026-03-01")]
)
def test_only_the_usual_report_about_everything_has_cards(own_house, options, monkeypatch):
    monkeypatch.chdir(own_house)

    run(own_house, "--at", AT, *options)

    assert not list(own_house.glob(".drill-cards*"))


def test_cards_that_cannot_be_kept_are_told_and_the_report_is_there(own_house):
    (own_house / ".drill-cards-en.json").mkdir()
    config = str(own_house / "config.toml")

    said = CliRunner().invoke(cli, ["--config", config, "report", "--at", AT])

    assert said.exit_code == 0
    assert "the next report counts everything anew" in said.output
    assert (own_house / "reports" / "index.html").exists()


def test_a_period_is_the_report_as_of_its_end(house, tmp_path):
    run(house, "--folder", str(tmp_path), "--since", "2026-03-01", "--until", "2026-03-06T12:00")

    page = read(tmp_path / "index.html")
    assert "as of 2026-03-06 12:00:00 UTC" in page.text
    assert "--since 2026-03-01T00:00Z" in page.text
    rows = (tmp_path / "data" / "drills.csv").read_text().splitlines()[1:]
    assert rows
    assert all("2026-03-0" in row for row in rows)


@pytest.mark.parametrize("redacted", [(), ("--redact",)])
def test_the_nights_that_were_kept_are_drawn_of_the_whole_report_alone(house, tmp_path, redacted):
    run(house, "--folder", str(tmp_path / "all"), "--at", AT, *redacted)
    run(house, "--folder", str(tmp_path / "some"), "--at", AT, "--cloud", "frankfurt", *redacted)

    whole, part = (read(tmp_path / name / "index.html").text for name in ("all", "some"))
    nights = [(tmp_path / name / "data/history.csv").read_text() for name in ("all", "some")]
    assert whole.count("40 of 90 days known") == 2
    assert part.count("no history: what is kept of each night is about all sources") == 2
    assert [len(one.splitlines()) for one in nights] == [40, 1]


def test_a_narrowed_report_says_how(house, tmp_path):
    run(house, "--folder", str(tmp_path), "--at", AT, "--scope", "orders-*", "--cloud", "frankfurt")

    page = read(tmp_path / "index.html")
    assert "--scope orders-*" in page.text
    assert "--cloud frankfurt" in page.text
    assert [path.name for path in (tmp_path / "i").iterdir()] == ["src-orders-3f5cb9d28e.html"]


def test_one_file_has_no_link_that_leads_out_of_it(house, tmp_path):
    overview, source = tmp_path / "o.html", tmp_path / "s.html"
    run(house, "--at", AT, "--single-file", str(overview), "--lang", "zh")
    run(house, "--at", AT, "--single-file", str(source), "--source", "orders-prod")

    for path in (overview, source):
        page = read(path)
        assert page.faults == []
        assert all(link.attributes["href"].startswith("#") for link in page.all("a"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.html", "s.html"]
    assert "orders-prod in frankfurt" in read(source).text


def test_any_page_of_the_top_can_be_one_file(house, tmp_path):
    run(house, "--at", AT, "--single-file", str(tmp_path / "p.html"), "--page", "compliance")

    page = read(tmp_path / "p.html")
    assert "Sampled drills" in page.text
    assert all(link.attributes["href"].startswith("#") for link in page.all("a"))


def test_the_command_of_the_page_of_verification_gives_the_same_bytes(house, tmp_path):
    options = ("--at", "2026-03-08T05:00:00.123456Z", "--since", "2026-02-20", "--lang", "zh")
    sample = ("--sample-seed", "what the auditor's said", "--sample-size", "3")
    run(house, *options, *sample, "--scope", "o*", "--folder", str(tmp_path / "a"))

    printed = read(tmp_path / "a" / "verify.html").all("code")[0:]
    command = next(one.text for one in printed if one.text.startswith("drill report"))
    arguments = shlex.split(command.removeprefix("drill report").removesuffix("--folder again"))
    run(house, *arguments, "--folder", str(tmp_path / "b"))

    files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")}
    assert len(files) > 30
    for file in files:
        assert (tmp_path / "b" / file).read_bytes() == (tmp_path / "a" / file).read_bytes(), file


def test_pdf_is_written_beside_the_pages(house, tmp_path):
    try:
        ensure_writer()
    except NoPdfWriter as missing:
        pytest.skip(missing.message)
    from pypdf import PdfReader

    run(house, "--at", AT, "--folder", str(tmp_path), "--pdf")

    summary, pack = (PdfReader(tmp_path / f"{name}.pdf") for name in ("exec", "compliance"))
    assert len(summary.pages) == 1
    assert "recoverable" in summary.pages[0].extract_text()
    assert len(pack.pages) > 3


def test_pdf_without_the_extra_says_what_to_do(house, tmp_path, monkeypatch):
    monkeypatch.setattr("drill.report.pdf.find_spec", lambda _name: None)

    with pytest.raises(NoPdfWriter, match="WeasyPrint, which is not installed") as raised:
        run(house, "--at", AT, "--folder", str(tmp_path), "--pdf")

    assert "pip install" in str(raised.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_a_redacted_report_names_nothing_and_stays_comparable(house, tmp_path):
    for name in ("a", "b"):
        run(house, "--folder", str(tmp_path / name), "--at", AT, "--redact")

    secrets = {"frankfurt", "madrid", "scratch", "wal segment", "job", "bk-", "hint"}
    secrets |= {one.plan_name for one in fleet.morning()} | {one.id for one in fleet.morning()}
    secrets |= {one.plan.source.instance_id for one in fleet.morning()}
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) > 15
    for path in files:
        text = _foreign_text(path)
        for secret in secrets - {"scratch", "job", "hint"}:
            assert secret.lower() not in text, (path, secret)
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert other.read_bytes() == path.read_bytes()
    assert not (tmp_path / "a" / "d").exists()
    assert (house / ".drill-pseudonyms.key").stat().st_mode & 0o777 == 0o600


def _foreign_text(path: Path) -> str:
    text = path.read_text()
    return Page(text).text.lower() if path.suffix == ".html" else text.lower()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--at", "yesterday"), "is no instant such as"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "the period is empty"),
        (("--at", "2026-03-02", "--until", "2026-03-01"), "name two ends"),
        (("--source", "x"), "needs --single-file"),
        (("--redact",), "needs --folder or --single-file"),
        (("--page", "exec"), "needs --single-file"),
        (("--sample-size", "0"), "is not in the range"),
        (("--lang", "tlh"), "is not one of"),
    ],
)
def test_what_does_not_fit_together_is_refused(house, arguments, why):
    assert why in refused(house, *arguments)


@pytest.mark.parametrize("redacted", [(), ("--redact",)])
def test_the_looks_of_a_month_are_on_the_page_of_a_source_whatever_it_is_called(
    house, tmp_path, redacted
):
    run(house, "--folder", str(tmp_path), "--at", AT, *redacted)

    texts = [read(file).section("Backups and exposure").text for file in tmp_path.glob("i/*.html")]

    told = [one for one in texts if "worst case between two looks1 d (n = 30)" in one]
    assert len(told) == 1
    assert "longest lag seen5 min (n = 31)" in told[0]
    assert sum("Of one look," in one for one in texts) > 3


def test_a_source_in_one_file_has_its_looks(house, tmp_path):
    file = tmp_path / "one.html"
    run(house, "--single-file", str(file), "--source", "src-orders", "--at", AT)

    assert "longest lag seen5 min (n = 31)" in read(file).text


def test_a_source_that_nobody_knows_is_said_to_be_unknown(house, tmp_path):
    from drill.report.single import NoSuchSource

    with pytest.raises(NoSuchSource, match="no source with the id or name 'nobody'"):
        run(house, "--single-file", str(tmp_path / "x.html"), "--source", "nobody")

    assert list(tmp_path.iterdir()) == []


def test_a_report_of_a_day_without_drills_is_no_data(house, tmp_path):
    run(house, "--folder", str(tmp_path), "--at", (NOW - timedelta(days=60)).isoformat())

    assert "No drill in the last 24 hours: no data" in read(tmp_path / "index.html").text


def test_the_same_name_has_the_same_pseudonym_under_one_key_alone():
    from drill.report.pseudonyms import Pseudonyms

    one, same, other = (Pseudonyms(bytes([number]) * 32) for number in (1, 1, 2))

    assert one.of("plan", "orders") == same.of("plan", "orders")
    assert one.of("plan", "orders") != other.of("plan", "orders")
    assert one.of("plan", "orders").removeprefix("plan-") not in one.of("group", "orders")
    assert builders.plan().name not in one.of("plan", builders.plan().name)
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Pseudonyms(b"short")


@pytest.mark.parametrize(("name", "is_empty"), [("nobody-*", True), ("*", False)])
def test_a_scope_that_nothing_matches_is_said(house, tmp_path, name, is_empty):
    words = ("--config", str(house / "config.toml"), "report", "--at", AT)
    result = CliRunner().invoke(cli, [*words, "--folder", str(tmp_path), "--scope", name])

    assert (f"no drill matches --scope {name}: the report is empty" in result.stderr) is is_empty
