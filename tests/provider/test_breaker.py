"""A dead endpoint is asked seldom, by one caller; a living one is never kept from anybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Response

from drill.clock import ManualClock
from drill.errors import AnswerLost, CircuitOpen, ProviderUnavailable
from drill.provider.breaker import (
    Breaker,
    BreakerRules,
    Breakers,
    Circuit,
    Leave,
    after_answer,
    after_failure,
    leave_for,
)
from drill.provider.rds.build import rds_provider
from tests.provider.conftest import QUICK, SECRETS, cloud_settings

RULES = BreakerRules(opens_after=4)
EMPTY = {"instances": [], "total_count": 0}
SECOND = timedelta(seconds=1)

steps = st.lists(
    st.tuples(
        st.integers(0, 200),  # seconds that pass first
        st.booleans(),  # a write
        st.booleans(),  # the endpoint lives
    ),
    max_size=60,
)


def walk(journey: list[tuple[int, bool, bool]]) -> Iterator[Any]:
    """Yield (now, what was known, leave, what is known then) of every call of a journey."""
    circuit, now = Circuit(), timedelta(0)
    for seconds, write, lives in journey:
        now += seconds * SECOND
        leave, entered = leave_for(circuit, RULES, now=now, write=write)
        then = entered
        if leave is not Leave.STOP:
            then = (
                after_answer(entered)
                if lives
                else after_failure(entered, RULES, now=now, why="dead", probe=leave is Leave.PROBE)
            )
        yield now, circuit, leave, then, write
        circuit = then


@given(steps)
def test_fewer_failures_in_a_row_than_the_limit_never_stop_a_call(journey):
    in_a_row = 0
    for _, before, leave, then, _ in walk(journey):
        if in_a_row < RULES.opens_after and before.open_since is None:
            assert leave is Leave.GO
        in_a_row = then.failures


@given(steps)
def test_no_write_is_ever_a_probe(journey):
    for _, before, leave, _, write in walk(journey):
        if write:
            assert leave is (Leave.GO if before.open_since is None else Leave.STOP)


@given(steps)
def test_between_two_probes_at_least_the_pause_passes_and_never_more_than_the_longest(journey):
    last = None
    for now, before, leave, then, _ in walk(journey):
        assert then.pause <= RULES.longest_pause
        if before.open_since is None:
            last = None
        if leave is Leave.PROBE:
            assert now - before.open_since >= RULES.pause
            if last is not None:
                assert now - last >= RULES.pause
            last = now


@given(steps)
def test_any_answer_closes_the_circuit_at_once(journey):
    for *_, leave, then, _ in walk(journey):
        if leave is not Leave.STOP and then.failures == 0:
            assert then == Circuit()


@given(steps, st.integers(0, 10_000))
def test_a_dead_endpoint_is_asked_again_after_the_longest_pause_at_the_latest(journey, later):
    circuit, now = Circuit(), timedelta(0)
    for at, _, _, then, _ in walk(journey):
        circuit, now = then, at

    wait = max(RULES.longest_pause, RULES.probe_lasts) + later * SECOND
    leave, _ = leave_for(circuit, RULES, now=now + wait, write=False)

    assert leave in {Leave.GO, Leave.PROBE}


def test_a_probe_that_never_ends_does_not_keep_the_circuit_open_for_good():
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    breaker = Breaker("rds", clock, BreakerRules(opens_after=1))
    breaker.enter(write=False, asked="list").failed("dead")
    clock.move(timedelta(seconds=21))
    breaker.enter(write=False, asked="list")  # the thread of this one dies

    clock.move(timedelta(seconds=60))
    with pytest.raises(CircuitOpen):
        breaker.enter(write=False, asked="list")
    clock.move(timedelta(seconds=31))
    breaker.enter(write=False, asked="list").answered()

    breaker.enter(write=True, asked="create")


def test_an_open_circuit_says_since_when_and_why():
    clock = ManualClock(datetime(2026, 1, 1, 2, 3, 4, tzinfo=UTC))
    breaker = Breaker("rds at https://rds.example", clock, BreakerRules(opens_after=2))
    for _ in range(2):
        breaker.enter(write=False, asked="list instances").failed("HTTP 503")

    with pytest.raises(CircuitOpen) as caught:
        breaker.enter(write=False, asked="list instances")

    assert isinstance(caught.value, ProviderUnavailable)
    assert "since 2026-01-01 02:03:04Z" in caught.value.message
    assert "HTTP 503" in caught.value.message
    assert "20 seconds" in str(caught.value.hint)


def test_only_one_of_many_threads_is_the_probe():
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    breaker = Breaker("rds", clock, BreakerRules(opens_after=1))
    breaker.enter(write=False, asked="list").failed("dead")
    clock.move(timedelta(seconds=30))
    together = threading.Barrier(8)

    def knock(number: int) -> bool:
        together.wait(10)
        try:
            breaker.enter(write=False, asked=f"list {number}")
        except CircuitOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(knock, range(8))) == 1


@pytest.fixture
def make_shared(httpserver, clock) -> Iterator[Any]:
    """Return a function that makes accounts of one cloud that share their breakers."""
    breakers = Breakers(clock, BreakerRules(opens_after=6))
    made = []

    def make(**changes) -> Any:
        provider = rds_provider(
            "here",
            cloud_settings(httpserver.url_for("").rstrip("/"), **changes),
            resolve=lambda reference: SECRETS.get(reference, reference),
            clock=clock,
            patience=QUICK,
            breakers=breakers,
        )
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.close()


def ask_often(provider: Any, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ProviderUnavailable):
            provider.list_instances()


def test_a_dead_cloud_gets_no_request_while_the_circuit_is_open(
    make_shared, httpserver, samples, clock
):
    httpserver.expect_request(samples.instances_path).respond_with_data("broken", status=503)
    first, second = make_shared(), make_shared()

    ask_often(first, 500)
    ask_often(second, 500)
    assert len(httpserver.log) == 6

    clock.move(timedelta(seconds=21))
    ask_often(second, 100)
    assert len(httpserver.log) == 7

    clock.move(timedelta(seconds=21))  # the pause has doubled
    ask_often(first, 100)
    assert len(httpserver.log) == 7


def test_one_probe_that_is_answered_lets_everybody_through(make_shared, httpserver, samples, clock):
    httpserver.expect_request(samples.instances_path).respond_with_data("broken", status=503)
    provider = make_shared()
    ask_often(provider, 3)
    httpserver.clear()
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)

    clock.move(timedelta(seconds=21))

    assert provider.list_instances() == []
    assert make_shared().list_instances() == []


def test_an_order_is_not_sent_into_an_open_circuit_and_is_not_lost(
    make_shared, httpserver, samples, clock
):
    httpserver.expect_request(samples.instances_path, method="GET").respond_with_data(
        "broken", status=500
    )
    provider = make_shared()
    ask_often(provider, 3)
    clock.move(timedelta(seconds=21))
    sent = len(httpserver.log)

    with pytest.raises(CircuitOpen):
        provider.restore(samples.restore(admitted_at=clock.now()))

    assert len(httpserver.log) == sent


def test_orders_whose_answers_are_lost_open_the_circuit_too(make_shared, httpserver, samples):
    httpserver.expect_request(samples.restore_path).respond_with_data("broken", status=502)
    provider = make_shared()

    for _ in range(6):
        with pytest.raises(AnswerLost):
            provider.restore(samples.restore())
    with pytest.raises(CircuitOpen):
        provider.restore(samples.restore())

    assert len(httpserver.log) == 6


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, '{"error_code":"APIGW.0308","error_msg":"slow down"}'),
        (403, '{"error_code":"DBS.280015","error_msg":"no"}'),
        (500, '{"error_code":"DBS.280036","error_msg":"the instance is not ready"}'),
    ],
)
def test_answers_of_a_living_cloud_never_open_the_circuit(
    make_shared, httpserver, samples, status, body
):
    httpserver.expect_request(samples.instances_path).respond_with_handler(
        partial(_answer, status, body)
    )
    provider = make_shared()

    for _ in range(20):
        with pytest.raises(Exception, match="list instances") as caught:
            provider.list_instances()
        assert not isinstance(caught.value, CircuitOpen)


def _answer(status: int, body: str, request: object) -> Response:
    return Response(body, status=status)


def test_iam_and_rds_have_circuits_of_their_own(make_shared, httpserver, samples):
    httpserver.expect_request("/v3/auth/tokens").respond_with_data("broken", status=500)
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)
    by_password = {"kind": "password", "user": "u", "domain": "d", "password": "env:PASSWORD"}
    with_token, with_keys = make_shared(credentials=by_password), make_shared()

    ask_often(with_token, 10)

    assert sum(one.path == "/v3/auth/tokens" for one, _ in httpserver.log) == 6
    assert with_keys.list_instances() == []
