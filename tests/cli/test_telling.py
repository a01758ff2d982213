"""What a run tells around its drills, and that no trouble of telling touches the drills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_httpserver import HTTPServer
from structlog.testing import capture_logs

from drill.bootstrap import House
from drill.cli.main import cli
from drill.cli.telling import Telling
from drill.clock import ManualClock
from drill.engine.control import PlanSeen
from drill.engine.record import DrillRecord, Outcome, State, Teardown
from drill.errors import ExitCode, StoreError
from drill.plan.config import Config
from drill.store import SqlJournal, open_journal
from tests.builders import NOW, a_plan, a_record
from tests.notify.conftest import CLOUD

SECRET = "pZ7-hook-s3cr3t-Path"

TOML = """
[clouds.sandbox]
kind = "sandbox"
region = "sandbox-1"
endpoint = "http://127.0.0.1:1"
iam_endpoint = "http://127.0.0.1:1"
project_id = "p"
allow_loopback = true
[clouds.sandbox.credentials]
kind = "keys"
access_key = "env:AK"
secret_key = "env:SK"
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        yield journal


@pytest.fixture
def house(tmp_path: Path, journal: SqlJournal, httpserver: HTTPServer, monkeypatch) -> House:
    monkeypatch.setenv("TEST_HOOK", f"json://localhost:{httpserver.port}/{SECRET}")
    monkeypatch.setenv("TEST_PING", httpserver.url_for("/ping"))
    config = Config.model_validate(
        {
            "clouds": {"sandbox": CLOUD},
            "notify": [{"name": "on-call", "url": "env:TEST_HOOK", "allow_loopback": True}],
            "deadman": {"url": "env:TEST_PING", "allow_loopback": True},
            "metrics": {"textfile": "metrics/drill.prom"},
        }
    )
    parts: Any = SimpleNamespace(clock=ManualClock(NOW))
    return House(
        folder=tmp_path,
        config=config,
        plans=(a_plan(),),
        journal=journal,
        archive=journal.archive,
        parts=parts,
    )


def a_failed_drill(journal: SqlJournal) -> DrillRecord:
    (record,) = journal.enlist([a_record()])
    claimed = journal.claim(record.id, worker="w/1/1", now=NOW, lease=NOW - NOW)
    assert claimed is not None
    return journal.save(
        replace(
            claimed,
            state=State.FINISHED,
            outcome=Outcome.REFUSED,
            finding=Outcome.REFUSED,
            reason="the guard refused",
            teardown=Teardown.NOT_NEEDED,
            finished_at=NOW,
        )
    )


def paths(httpserver: HTTPServer) -> list[str]:
    return [request.path for request, _ in httpserver.log]


def answer_everything(httpserver: HTTPServer, status: int = 200) -> None:
    for path in ("/ping", "/ping/start", "/ping/fail", f"/{SECRET}"):
        httpserver.expect_request(path).respond_with_data("ok", status=status)


def test_a_run_that_passed_pings_start_and_success_and_writes_its_metrics(house, httpserver):
    answer_everything(httpserver)

    with Telling(house) as telling:
        telling.ended([], ExitCode.PASSED)

    assert paths(httpserver) == ["/ping/start", "/ping"]
    text = (house.folder / "metrics" / "drill.prom").read_text(encoding="utf-8")
    assert 'drill_drills_total{outcome="passed",plan="orders-nightly"' in text


def test_a_run_with_nothing_to_run_is_a_sign_of_life_too(house, httpserver):
    answer_everything(httpserver)

    with Telling(house):
        pass

    assert paths(httpserver) == ["/ping/start", "/ping"]


def test_a_run_that_did_not_pass_pings_failure_with_what_was_wrong(house, httpserver, journal):
    answer_everything(httpserver)
    record = a_failed_drill(journal)

    with Telling(house) as telling:
        telling.ended([record], ExitCode.REFUSED)

    assert paths(httpserver) == ["/ping/start", "/ping/fail"]
    assert httpserver.log[-1][0].get_data() == b"exit code 6; orders-nightly refused"


def test_a_run_that_breaks_off_pings_failure_and_breaks_off(house, httpserver):
    answer_everything(httpserver)

    with pytest.raises(StoreError), Telling(house):
        raise StoreError("the store drill.db is damaged")

    assert paths(httpserver) == ["/ping/start", "/ping/fail"]
    assert b"damaged" in httpserver.log[-1][0].get_data()


def test_a_run_tells_of_a_plan_that_the_store_saw_with_a_schedule_and_that_never_ran(
    house, httpserver, journal
):
    answer_everything(httpserver)
    nightly = a_plan(name="invoices", schedule={"cron": "0 2 * * *"})
    at = NOW - timedelta(days=9)
    seen = PlanSeen(plan_name="invoices", digest="d", first_seen_at=at, settled_until=at)
    journal.control.remember_plans([(seen, nightly)])
    house = replace(house, plans=(nightly,))

    with Telling(house) as telling:
        telling.ended([], ExitCode.PASSED)

    (told,) = [request for request, _ in httpserver.log if request.path == f"/{SECRET}"]
    assert b"OVERDUE: invoices" in told.get_data()
    text = (house.folder / "metrics" / "drill.prom").read_text(encoding="utf-8")
    assert 'drill_overdue{plan="invoices"' in text


def test_people_are_told_at_the_end_of_a_run(house, httpserver, journal):
    answer_everything(httpserver)
    config = house.config.model_copy(
        update={"notices": house.config.notices.model_copy(update={"not_operated_after": 1})}
    )
    house = replace(house, config=config)
    record = a_failed_drill(journal)

    for _ in range(2):
        with Telling(house) as telling:
            telling.ended([record], ExitCode.REFUSED)

    assert paths(httpserver).count(f"/{SECRET}") == 1
    told = {(one.channel, one.kind, one.state) for one in journal.notices().told()}
    assert told == {("log", "not_operated", "sent"), ("on-call", "not_operated", "sent")}
    text = (house.folder / "metrics" / "drill.prom").read_text(encoding="utf-8")
    assert 'drill_notices_sent_total{channel="on-call",kind="not_operated"} 1.0' in text


def test_when_nothing_outside_works_the_run_ends_all_the_same(house, httpserver, journal, capsys):
    answer_everything(httpserver, status=500)
    a_failed_drill(journal)
    record = a_failed_drill(journal)
    (house.folder / "metrics").write_text("in the way")

    with capture_logs() as logs, Telling(house) as telling:
        telling.ended([record], ExitCode.REFUSED)

    said = "".join(capsys.readouterr()) + repr(logs)
    assert "the dead-man ping did not arrive" in said
    assert "a channel has trouble" in said
    assert "metrics.textfile cannot be written" in said
    assert SECRET not in said


@pytest.fixture
def config_file(tmp_path: Path, httpserver: HTTPServer, monkeypatch) -> str:
    monkeypatch.setenv("TEST_HOOK", f"json://localhost:{httpserver.port}/{SECRET}")
    monkeypatch.setenv("TEST_NOWHERE", f"json://localhost:1/{SECRET}")
    file = tmp_path / "config.toml"
    file.write_text(
        TOML
        + '[[notify]]\nname = "on-call"\nurl = "env:TEST_HOOK"\nallow_loopback = true\n'
        + '[[notify]]\nname = "broken"\nurl = "env:TEST_NOWHERE"\nallow_loopback = true\n'
    )
    return str(file)


def run(config_file: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", config_file, *words], standalone_mode=False)


def test_a_test_message_is_sent_and_said_how_it_went(config_file, httpserver):
    answer_everything(httpserver)

    result = run(config_file, "notify", "test", "on-call")

    assert result.return_value == 0
    assert "on-call: sent" in result.stderr
    assert b"[drill] test: on-call" in httpserver.log[0][0].get_data()


def test_a_channel_that_does_not_work_says_why_and_not_its_url(config_file, httpserver):
    answer_everything(httpserver)

    result = run(config_file, "notify", "test", "--output", "json")

    assert result.return_value == 1
    assert '"channel": "on-call",\n      "sent": true' in result.stdout
    assert '"channel": "broken",\n      "sent": false' in result.stdout
    assert SECRET not in result.output


def test_a_channel_that_is_not_there_is_a_mistake(config_file):
    result = run(config_file, "notify", "test", "of-call")

    assert result.exception is not None
    assert "no such channel: of-call" in str(result.exception)


def test_what_was_told_is_listed(config_file, tmp_path, journal, house, httpserver):
    assert "nothing was told yet" in run(config_file, "notify", "list").stderr
    answer_everything(httpserver)
    with Telling(house) as telling:
        telling.ended([], ExitCode.PASSED)
    for _ in range(2):
        a_failed_drill(journal)
    with Telling(house) as telling:
        telling.ended([], ExitCode.PASSED)

    text = run(config_file, "notify", "list")
    document = run(config_file, "notify", "list", "--output", "json")

    assert "NO ANSWER: orders-nightly" in text.stdout
    assert '"kind": "not_operated"' in document.stdout
    assert SECRET not in text.output + document.output
