"""The prober dispatches by engine, keeps the order, measures, and survives a fault of its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from drill.check import prober
from drill.check.finding import Finding, passed
from drill.check.port import CheckAnswer, CheckContext, Emptiness, Endpoint, Prober
from drill.check.prober import SqlProber
from drill.clock import ManualClock
from drill.plan.model import Check, ConnectsCheck, SqlCheck
from drill.recovery.values import Engine

START = datetime(2026, 3, 1, tzinfo=UTC)
ENDPOINT = Endpoint(
    engine=Engine.MYSQL,
    host="127.0.0.1",
    port=3306,
    user="reader",
    password=SecretStr("a-word"),
    database="shop",
)
CONTEXT = CheckContext(point_at=START, point_resolution=timedelta(0), recorded_counts={})


class FakeChecker:
    """Answers with the database it was sent to, takes a second, and breaks on any sql check."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        raise OSError("a-word")

    def answer(self, name: str, check: Check, endpoint: Endpoint, context: CheckContext) -> Finding:
        self._clock.sleep(timedelta(seconds=1))
        if isinstance(check, SqlCheck):
            raise ValueError("a value of a row")
        return passed(f"asked {endpoint.database}")

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        raise KeyError("a-word")


@pytest.fixture
def with_a_fake(monkeypatch: pytest.MonkeyPatch) -> Prober:
    clock = ManualClock(START)
    makers = {Engine.MYSQL: lambda _clock, _limits: FakeChecker(clock)}
    monkeypatch.setattr(prober, "CHECKERS", makers)
    return SqlProber(clock)


def test_a_fault_of_ours_costs_one_answer_and_tells_nothing_of_the_data(with_a_fake):
    checks: list[tuple[str, Check]] = [
        ("first", ConnectsCheck(kind="connects")),
        ("broken", SqlCheck(kind="sql", query="SELECT 1", expected=1)),
        ("last", ConnectsCheck(kind="connects", database="ledger")),
    ]

    results = with_a_fake.run(checks, ENDPOINT, CONTEXT)

    assert [result.name for result in results] == ["first", "broken", "last"]
    assert [result.answer for result in results] == [
        CheckAnswer.PASSED,
        CheckAnswer.NO_DATA,
        CheckAnswer.PASSED,
    ]
    assert results[1].reason == "drill itself failed to ask (ValueError)"
    assert [result.reason for result in results[::2]] == ["asked shop", "asked ledger"]
    assert [result.began_at for result in results] == [
        START + timedelta(seconds=second) for second in range(3)
    ]
    assert {result.duration for result in results} == {timedelta(seconds=1)}


def test_a_fault_of_ours_never_calls_an_instance_empty_or_reachable(with_a_fake):
    assert with_a_fake.see_emptiness(ENDPOINT).is_empty is None
    assert with_a_fake.why_unreachable(ENDPOINT) == "drill itself failed to ask (OSError)"


def test_the_driver_is_imported_when_the_first_question_is_asked_and_not_before():
    script = "import sys, drill.check.prober; print('psycopg' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )

    assert done.stdout.strip() == "False"
