"""HTTP on real sockets: what is repeated, what is not, and what never holds the client."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from datetime import timedelta
from typing import Any

import pytest
from werkzeug import Response

from drill.cli.logs import configure_logs
from drill.clock import ManualClock
from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    CredentialsRejected,
    ProviderBusy,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    Refused,
    RequestRejected,
)
from drill.provider.rds.addresses import AddressRefused
from drill.provider.rds.transport import ExchangeLimits

EMPTY = {"instances": [], "total_count": 0}


def _requests(httpserver) -> Any:
    return [request for request, _ in httpserver.log]


def test_a_read_that_fails_in_passing_is_repeated_with_a_fresh_signature(
    make_provider, httpserver, samples
):
    clock = ManualClock(samples.now)
    provider = make_provider(httpserver.url_for("").rstrip("/"))
    for part in ("_http", "_in_place_http"):
        http = getattr(provider, part)
        http._identity._clock = clock

    def fail(request) -> Any:
        clock.move(timedelta(seconds=3))
        return Response("broken", status=503)

    for _ in range(2):
        httpserver.expect_ordered_request(samples.instances_path).respond_with_handler(fail)
    httpserver.expect_ordered_request(samples.instances_path).respond_with_json(EMPTY)

    assert provider.list_instances() == []

    dates = [request.headers["X-Sdk-Date"] for request in _requests(httpserver)]
    signatures = {request.headers["Authorization"] for request in _requests(httpserver)}
    assert dates == ["20260115T083000Z", "20260115T083003Z", "20260115T083006Z"]
    assert len(signatures) == 3


def test_a_read_gives_up_after_a_few_attempts_and_prints_nothing(
    provider, httpserver, samples, capsys
):
    configure_logs(log_format=None, level=logging.WARNING)  # as every command does
    httpserver.expect_request(samples.instances_path).respond_with_data("broken", status=500)

    with pytest.raises(ProviderUnavailable) as caught:
        provider.list_instances()

    assert len(httpserver.log) == 4
    assert caught.value.hint
    assert capsys.readouterr().out == ""


def test_throttling_is_waited_for_as_long_as_the_cloud_says(provider, httpserver, samples):
    httpserver.expect_ordered_request(samples.instances_path).respond_with_data(
        '{"error_code":"APIGW.0308","error_msg":"slow"}', status=429, headers={"Retry-After": "1"}
    )
    httpserver.expect_ordered_request(samples.instances_path).respond_with_json(EMPTY)

    began = time.monotonic()
    provider.list_instances()

    assert time.monotonic() - began > 0.9
    assert len(httpserver.log) == 2


def test_a_cloud_that_asks_for_too_long_a_pause_is_not_waited_for(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_data(
        '{"error_code":"APIGW.0308","error_msg":"slow"}', status=429, headers={"Retry-After": "99"}
    )

    with pytest.raises(ProviderThrottled):
        provider.list_instances()

    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_read_that_was_answered_with_no_is_not_repeated(provider, httpserver, samples, status):
    httpserver.expect_request(samples.instances_path).respond_with_json(
        {"error_code": "DBS.999999", "error_msg": "no"}, status=status
    )

    with pytest.raises(Exception, match="list instances"):
        provider.list_instances()

    assert len(httpserver.log) == 1


def test_a_redirect_is_not_followed(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_data(
        "", status=302, headers={"Location": httpserver.url_for("/elsewhere")}
    )
    httpserver.expect_request("/elsewhere").respond_with_json(EMPTY)

    with pytest.raises(AnswerUnreadable) as caught:
        provider.list_instances()

    assert [request.path for request in _requests(httpserver)] == [samples.instances_path]
    assert "endpoint" in str(caught.value.hint)


def test_a_page_instead_of_json_is_unreadable(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_data("<html>welcome</html>")

    with pytest.raises(AnswerUnreadable) as caught:
        provider.list_instances()

    assert "<html>" not in str(caught.value)


def test_an_answer_that_is_too_large_is_unreadable_and_asked_for_once(
    provider, httpserver, samples
):
    httpserver.expect_request(samples.instances_path).respond_with_data(b" " * 300_000)

    with pytest.raises(AnswerUnreadable, match="larger than"):
        provider.list_instances()

    assert len(httpserver.log) == 1


def _trickle_body(connection, request) -> Any:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    for _ in range(100):
        time.sleep(0.05)
        connection.sendall(b" ")


def _trickle_head(connection, request) -> Any:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        time.sleep(0.05)
        connection.sendall(b"x")


def _say_nothing(connection, request) -> Any:
    connection.settimeout(3)
    with contextlib.suppress(OSError):
        while connection.recv(4096):  # the rest of the request may still be on its way
            continue


def _hang_up(connection, request) -> Any:
    connection.shutdown(socket.SHUT_RDWR)


SHORT = ExchangeLimits(
    connect=timedelta(seconds=0.5),
    read=timedelta(seconds=0.4),
    total=timedelta(seconds=0.5),
    body_bytes=10_000,
)


@pytest.mark.parametrize("behave", [_trickle_body, _trickle_head, _say_nothing])
def test_a_slow_server_never_holds_an_order_beyond_the_deadline(
    make_provider, rude_server, samples, behave
):
    server = rude_server(behave)
    provider = make_provider(server.url, limits=SHORT)
    began = time.monotonic()

    with pytest.raises(AnswerLost, match="in time"):
        provider.restore(samples.restore())

    assert time.monotonic() - began < 3
    assert len(server.requests) == 1


@pytest.mark.parametrize("behave", [_trickle_body, _hang_up])
def test_a_read_from_a_slow_or_broken_server_is_unavailable(make_provider, rude_server, behave):
    server = rude_server(behave)
    provider = make_provider(server.url, limits=SHORT)

    with pytest.raises(ProviderUnavailable):
        provider.list_backups("i-1")

    assert len(server.requests) == 4


def _cut_short(connection, request) -> Any:
    connection.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{"job_id":')


@pytest.mark.parametrize("behave", [_hang_up, _cut_short])
@pytest.mark.parametrize("order", ["restore", "create", "reset", "deletion"])
def test_an_order_whose_answer_is_lost_is_never_repeated(
    make_provider, rude_server, samples, order, behave
):
    server = rude_server(behave)
    provider = make_provider(server.url)

    with pytest.raises(AnswerLost):
        _give(provider, samples, order)

    assert len(server.requests) == 1


def _give(provider, samples, order) -> Any:
    admitted = getattr(samples, order)()
    if order == "create":
        return provider.create(admitted, password=samples.password)
    return getattr(provider, {"deletion": "delete"}.get(order, order))(admitted)


def test_an_order_that_nobody_listens_to_was_not_given(make_provider, samples):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    provider = make_provider(f"http://127.0.0.1:{port}")

    with pytest.raises(ProviderUnavailable, match="refuses connections") as caught:
        provider.restore(samples.restore())

    assert "port" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, "<html>oops</html>", AnswerLost),
        (502, "", AnswerLost),
        (504, "", AnswerLost),
        (500, '{"error_code":"DBS.200005","error_msg":"failed"}', AnswerLost),
        (200, "<html>welcome</html>", AnswerLost),
        (202, "", AnswerLost),
        (200, '["job"]', AnswerLost),
        (303, "", AnswerLost),
        (429, '{"error_code":"APIGW.0308","error_msg":"slow"}', ProviderThrottled),
        (409, '{"error_code":"DBS.201202","error_msg":"busy"}', ProviderBusy),
        (413, '{"error_code":"DBS.200046","error_msg":"quota"}', QuotaExceeded),
        (400, '{"error_code":"DBS.200306","error_msg":"small"}', RequestRejected),
        (401, '{"error_code":"APIGW.0301","error_msg":"bad"}', CredentialsRejected),
        (200, '{"error_code":"DBS.200306","error_msg":"small"}', RequestRejected),
    ],
)
def test_every_answer_to_an_order_says_whether_it_was_accepted(
    provider, httpserver, samples, status, body, error
):
    httpserver.expect_request(samples.restore_path).respond_with_data(body, status=status)

    with pytest.raises(error) as caught:
        provider.restore(samples.restore())

    assert type(caught.value) is error
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_documented_success_is_taken(provider, httpserver, samples, status):
    httpserver.expect_request(samples.restore_path, method="POST").respond_with_data(
        '{"job_id":"j-1"}', status=status, headers={"X-Request-Id": "r-1"}
    )

    accepted = provider.restore(samples.restore())

    assert (accepted.job_id, accepted.request_id) == ("j-1", "r-1")
    assert accepted.accepted_at == samples.now


def test_a_write_that_was_not_admitted_reaches_nobody(provider, httpserver, samples):
    body = {
        "source": {"instance_id": samples.source, "type": "backup", "backup_id": "b"},
        "target": {"instance_id": "production"},
    }
    with pytest.raises(Refused):
        provider._http.write(
            "POST", "instances", "recovery", body=body, admitted=samples.restore(), asked="x"
        )
    assert httpserver.log == []


def test_the_headers_of_a_request_are_those_of_the_documentation(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)
    provider.list_instances()

    headers = _requests(httpserver)[0].headers

    assert headers["X-Project-Id"] == samples.project
    assert headers["X-Language"] == "en-us"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("drill/")
    assert "Cookie" not in headers


def test_cookies_of_the_cloud_are_not_sent_back(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(
        EMPTY, headers={"Set-Cookie": "session=hunter2"}
    )
    provider.list_instances()
    provider.list_instances()

    assert all("Cookie" not in request.headers for request in _requests(httpserver))


def test_no_proxy_and_no_netrc_of_the_environment_is_used(
    make_provider, httpserver, samples, monkeypatch
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)

    provider = make_provider(httpserver.url_for("").rstrip("/"))

    assert provider.list_instances() == []


def _twenty_minutes_behind(status, body) -> Any:
    def behave(connection, request) -> Any:
        connection.sendall(
            f"HTTP/1.1 {status} Whatever\r\nDate: Thu, 15 Jan 2026 08:10:00 GMT\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )

    return behave


def test_the_difference_of_the_clocks_is_known_after_the_first_answer(
    make_provider, rude_server, caplog
):
    server = rude_server(_twenty_minutes_behind(200, '{"instances":[],"total_count":0}'))
    provider = make_provider(server.url)
    assert provider.clock_skew_milliseconds is None

    with caplog.at_level(logging.WARNING):
        provider.list_instances()

    assert provider.clock_skew_milliseconds == (20 * 60 - 1) * 1000
    assert "differ by 1199000 ms" in caplog.text


def test_clocks_that_differ_by_less_than_the_header_can_tell_do_not_differ(
    make_provider, rude_server, caplog
):
    half_past = "Thu, 15 Jan 2026 08:30:00 GMT"
    server = rude_server(
        lambda connection, request: connection.sendall(
            f"HTTP/1.1 200 OK\r\nDate: {half_past}\r\nContent-Length: 33\r\n"
            'Connection: close\r\n\r\n{"instances":[],"total_count": 0}'.encode()
        )
    )
    provider = make_provider(server.url)

    provider.list_instances()

    assert provider.clock_skew_milliseconds == 0


def test_a_rejected_signature_with_a_clock_that_is_off_blames_the_clock(make_provider, rude_server):
    body = '{"error_code":"APIGW.0301","error_msg":"expired"}'
    provider = make_provider(rude_server(_twenty_minutes_behind(401, body)).url)

    with pytest.raises(CredentialsRejected) as caught:
        provider.list_instances()

    assert "20 minutes fast" in str(caught.value.hint)


def test_a_name_that_leads_to_a_forbidden_address_is_not_connected_to(make_provider, samples):
    looked_up = []

    def resolve(host, port) -> Any:
        looked_up.append(host)
        return ["169.254.169.254"]

    provider = make_provider(
        "https://rds.eu-de.otc.t-systems.com", kind="otc", resolve=resolve, allow_loopback=False
    )

    with pytest.raises(AddressRefused, match="link-local"):
        provider.list_instances()
    with pytest.raises(ProviderUnavailable):
        provider.delete(samples.deletion())

    assert looked_up == ["rds.eu-de.otc.t-systems.com"] * 2


def test_a_name_that_nobody_knows_says_so(make_provider):
    def resolve(host, port) -> Any:
        raise socket.gaierror("unknown")

    provider = make_provider("https://rds.eu-de.otc.t-systems.com", kind="otc", resolve=resolve)

    with pytest.raises(ProviderUnavailable, match="not known") as caught:
        provider.list_instances()

    assert "spelling" in str(caught.value.hint)
