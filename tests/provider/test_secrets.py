"""No secret shows up in a repr, a log line or an exception, whatever goes wrong (threat 9)."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest
from werkzeug import Response

from drill.errors import DrillError
from tests.provider.conftest import PASSWORD, SECRETS

SECRET_TEXTS = [text for text in SECRETS.values() if text.startswith("hunter2")]
WORD = "hunter2"


def everything_shown(error: BaseException) -> str:
    """Return what any reader could see of an error and of all its causes."""
    shown = "".join(traceback.format_exception(error))
    shown += f"{error!r} {error}"
    if isinstance(error, DrillError):
        shown += f"{error.message} {error.hint} {vars(error)}"
    return shown


def ask(provider, samples, order) -> Any:
    """Give one order, or read."""
    if order == "create":
        return provider.create(samples.create(), password=samples.password)
    if order == "restore":
        return provider.restore(samples.restore())
    return provider.list_instances()


def echo(request) -> Any:
    """Answer with everything that was sent, as a careless server would."""
    seen = f"{request.headers} {request.data.decode()}".replace('"', "'").replace("\n", " ")
    body = '{"error_code":"DBS.200052","error_msg":"' + seen.replace("\r", " ") + '"}'
    token = request.headers.get("X-Security-Token") or request.headers["X-Auth-Token"]
    return Response(body, status=400, headers={"X-Request-Id": token})


KEYS_WITH_TOKEN = {
    "kind": "keys",
    "access_key": "env:AK",
    "secret_key": "env:SK",
    "security_token": "env:TOKEN",
}


@pytest.mark.parametrize("credentials", [KEYS_WITH_TOKEN, PASSWORD])
@pytest.mark.parametrize("order", ["create", "restore", "read"])
def test_a_server_that_echoes_secrets_makes_none_of_them_visible(
    make_provider, httpserver, samples, caplog, credentials, order
):
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/v3/auth/tokens").respond_with_data(
        "{}", status=201, headers={"X-Subject-Token": "hunter2-Token"}
    )
    for path in (samples.restore_path, samples.instances_path):
        httpserver.expect_request(path).respond_with_handler(echo)
    provider = make_provider(httpserver.url_for("").rstrip("/"), credentials=credentials)

    with pytest.raises(DrillError) as caught:
        ask(provider, samples, order)

    assert "[secret]" in everything_shown(caught.value)
    assert WORD not in everything_shown(caught.value)
    assert WORD not in caplog.text


@pytest.mark.parametrize("order", ["create", "read"])
def test_a_broken_connection_shows_no_secret(make_provider, rude_server, samples, caplog, order):
    caplog.set_level(logging.DEBUG)
    server = rude_server(lambda connection, request: connection.close())
    provider = make_provider(server.url, credentials=KEYS_WITH_TOKEN)

    with pytest.raises(DrillError) as caught:
        ask(provider, samples, order)

    assert WORD not in everything_shown(caught.value)
    assert WORD not in caplog.text


def _objects_within(root, depth=6) -> Any:
    """Yield every object that hangs on this one by its attributes."""
    seen = set()
    waiting = [(root, 0)]
    while waiting:
        one, level = waiting.pop()
        if id(one) in seen or level > depth:
            continue
        seen.add(id(one))
        yield one
        slots = getattr(type(one), "__slots__", ())
        names = [slots] if isinstance(slots, str) else list(slots)
        values = [*getattr(one, "__dict__", {}).values()]
        values += [getattr(one, name, None) for name in names if not name.startswith("__")]
        waiting += [
            (value, level + 1) for value in values if type(value).__module__.startswith("drill.")
        ]


@pytest.mark.parametrize("credentials", [KEYS_WITH_TOKEN, PASSWORD])
def test_no_object_of_the_client_shows_a_secret_in_its_repr(
    make_provider, httpserver, samples, credentials
):
    httpserver.expect_request("/v3/auth/tokens").respond_with_data(
        "{}", status=201, headers={"X-Subject-Token": "hunter2-Token"}
    )
    httpserver.expect_request(samples.instances_path).respond_with_json(
        {"instances": [], "total_count": 0}
    )
    provider = make_provider(httpserver.url_for("").rstrip("/"), credentials=credentials)
    provider.list_instances()

    objects = list(_objects_within(provider))

    assert len(objects) > 5
    assert all(WORD not in repr(one) for one in objects)


def test_the_secrets_of_these_tests_are_really_used(make_provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(
        {"instances": [], "total_count": 0}
    )
    provider = make_provider(httpserver.url_for("").rstrip("/"), credentials=KEYS_WITH_TOKEN)
    provider.list_instances()

    assert httpserver.log[0][0].headers["X-Security-Token"] in SECRET_TEXTS
