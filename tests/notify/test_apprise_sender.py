"""Messages go out through Apprise: to a real service on the loopback interface."""

from __future__ import annotations

import importlib.util
import json

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from drill.errors import ConfigInvalid, SecretUnavailable
from drill.notify.apprise_sender import AppriseSender, ensure_apprise, sender_of
from drill.notify.channel import ChannelTrouble
from drill.notify.words import Message
from drill.plan.config import Config
from drill.plan.telling import Severity
from tests.notify.scene import SECRET

MESSAGE = Message(title="[drill] FAILED: orders", body="Why: because", severity=Severity.CRITICAL)


def sender(url: str, **policy: bool) -> AppriseSender:
    rules = {"allow_private_addresses": False, "allow_loopback": True} | policy
    return sender_of(lambda: SecretStr(url), resolve=lambda host, port: [addresses[host]], **rules)


addresses = {
    "localhost": "127.0.0.1",
    "hook.example.org": "127.0.0.1",
    "metadata.example.org": "169.254.169.254",
    "inside.example.org": "10.0.0.7",
}


def test_a_message_arrives(httpserver: HTTPServer):
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")

    sender(f"json://localhost:{httpserver.port}/hook").send(MESSAGE)

    (request, _), *rest = httpserver.log
    assert not rest
    posted = json.loads(request.get_data())
    assert (posted["title"], posted["message"]) == (MESSAGE.title, MESSAGE.body)
    assert posted["type"] == "failure"


def test_a_service_that_refuses_is_trouble_without_the_secret(httpserver: HTTPServer):
    httpserver.expect_request(f"/{SECRET}").respond_with_data("no", status=500)

    with pytest.raises(ChannelTrouble) as caught:
        sender(f"json://user:{SECRET}@localhost:{httpserver.port}/{SECRET}").send(MESSAGE)

    assert str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_redirect_is_not_followed_even_if_the_url_asks_for_it(httpserver: HTTPServer):
    elsewhere = httpserver.url_for("/elsewhere")
    httpserver.expect_request("/hook").respond_with_data(
        "", status=307, headers={"Location": elsewhere}
    )
    httpserver.expect_request("/elsewhere").respond_with_data("ok")

    with pytest.raises(ChannelTrouble):
        sender(f"json://localhost:{httpserver.port}/hook?redirect=yes").send(MESSAGE)

    assert [request.path for request, _ in httpserver.log] == ["/hook"]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("json://hook.example.org/x", "not encrypted"),
        ("jsons://hook.example.org/x", "loopback"),
        ("jsons://metadata.example.org/latest", "link-local"),
        ("jsons://inside.example.org/x", "private"),
        ("mailtos://u:p@no-host.example.org?smtp=metadata.example.org", "link-local"),
        ("nonsense://x/y", "none that apprise knows"),
        ("", "none that apprise knows"),
    ],
)
def test_an_address_that_is_not_allowed_is_never_asked(url, word, httpserver: HTTPServer):
    with pytest.raises(ChannelTrouble, match=word):
        sender(url, allow_loopback=False).send(MESSAGE)

    assert httpserver.log == []


def test_plain_http_is_for_the_loopback_interface_alone():
    with pytest.raises(ChannelTrouble, match="not the loopback interface"):
        sender("json://inside.example.org/x", allow_private_addresses=True).send(MESSAGE)


def test_a_service_of_ones_own_may_have_a_private_address_where_that_is_said():
    with pytest.raises(ChannelTrouble) as caught:  # vetted, and then nothing listens there
        sender(
            "jsons://inside.example.org:1/x?cto=0.1&rto=0.1",
            allow_private_addresses=True,
            allow_loopback=False,
        ).send(MESSAGE)

    assert "private" not in str(caught.value)


def test_a_reference_that_leads_nowhere_is_trouble_of_the_channel():
    def missing() -> SecretStr:
        raise SecretUnavailable("env:HOOK cannot be read: the variable is not set")

    with pytest.raises(ChannelTrouble, match="env:HOOK"):
        sender_of(missing, allow_private_addresses=False, allow_loopback=False)


def test_without_apprise_the_configuration_is_refused_with_a_hint(monkeypatch, config):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ConfigInvalid, match="apprise is not installed") as caught:
        ensure_apprise(config)
    assert 'pip install "drill[notify]"' in (caught.value.hint or "")


def test_without_channels_apprise_is_not_needed(monkeypatch, config: Config):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    ensure_apprise(config.model_copy(update={"notify": ()}))
