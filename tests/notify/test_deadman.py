"""The dead-man ping: the protocol, and that its trouble is nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from structlog.testing import capture_logs

from drill.errors import SecretUnavailable
from drill.notify.deadman import DeadManSwitch
from tests.builders import NOW
from tests.notify.scene import SECRET


@pytest.fixture
def switch(httpserver: HTTPServer):
    url = httpserver.url_for(f"/{SECRET}")
    switch = DeadManSwitch(lambda: SecretStr(url), allow_loopback=True)
    yield switch
    switch.close()


def test_start_success_and_failure_are_three_addresses(switch, httpserver: HTTPServer):
    for path in (f"/{SECRET}/start", f"/{SECRET}", f"/{SECRET}/fail"):
        httpserver.expect_ordered_request(path, method="POST").respond_with_data("OK")

    assert [switch.start(), switch.succeed("3 drills"), switch.fail("exit code 1")] == [True] * 3
    assert [request.get_data() for request, _ in httpserver.log][1:] == [
        b"3 drills",
        b"exit code 1",
    ]


@pytest.mark.parametrize("status", [301, 404, 500])
def test_any_other_answer_is_logged_and_no_more_and_no_redirect_is_followed(
    switch, httpserver: HTTPServer, status
):
    httpserver.expect_request(f"/{SECRET}").respond_with_data(
        "", status=status, headers={"Location": httpserver.url_for("/elsewhere")}
    )

    with capture_logs() as logs:
        assert not switch.succeed("x")

    assert len(httpserver.log) == 1
    assert f"answered {status}" in logs[0]["fault"]
    assert SECRET not in repr(logs)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "ftp://hc-ping.com/x", "not a url", "https://"]
)
def test_an_address_that_is_not_allowed_is_never_asked(url):
    switch = DeadManSwitch(lambda: SecretStr(url))

    assert not switch.succeed("x")


def test_a_service_that_is_not_there_changes_nothing():
    switch = DeadManSwitch(lambda: SecretStr("http://127.0.0.1:1/x"), allow_loopback=True)

    assert not switch.start()


def test_a_reference_that_leads_nowhere_changes_nothing():
    def missing() -> SecretStr:
        raise SecretUnavailable("env:PING cannot be read: the variable is not set")

    assert not DeadManSwitch(missing).fail("x")


def test_a_daemon_pings_once_in_a_while_not_on_every_beat(switch, httpserver: HTTPServer):
    httpserver.expect_request(f"/{SECRET}").respond_with_data("OK")

    arrived = [switch.beat("x", now=NOW + timedelta(minutes=minute)) for minute in range(11)]

    assert [index for index, one in enumerate(arrived) if one] == [0, 5, 10]
    assert len(httpserver.log) == 3


def test_what_is_sent_holds_no_secret(switch, httpserver: HTTPServer):
    httpserver.expect_request(f"/{SECRET}/fail").respond_with_data("OK")

    switch.fail("login failed: password=hunter2hunter2\x1b")

    assert httpserver.log[0][0].get_data() == b"login failed: password=***"
