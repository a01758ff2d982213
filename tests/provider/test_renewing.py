"""A cloud whose address or keys change is spoken to with the new ones, and no order comes twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drill.errors import (
    AnswerLost,
    CredentialsRejected,
    ProviderUnavailable,
    SecretUnavailable,
)
from drill.provider.renewing import RenewingProvider


class Client:
    """Answers with the settings that it was made with, or raises."""

    cloud = "main"

    def __init__(self, made_with: str, raises: Exception | None) -> None:
        self.made_with = made_with
        self.raises = raises
        self.calls = 0
        self.is_closed = False

    def list_databases(self, instance_id: str) -> list[str]:
        self.calls += 1
        if self.raises is not None:
            raise self.raises
        return [self.made_with]

    def delete(self, admitted: object) -> None:
        self.list_databases("")

    def close(self) -> None:
        self.is_closed = True


class Site:
    """Settings that can change, and every client that was made of them."""

    def __init__(self) -> None:
        self.settings: str | None = "old"
        self.raises: Exception | None = None
        self.clients: list[Client] = []
        self.provider = RenewingProvider("main", mark=self.mark, make=self.make)

    def mark(self) -> str:
        if self.settings is None:
            raise SecretUnavailable("file:key cannot be read", hint="Create the file.")
        return self.settings

    def make(self) -> Any:
        client = Client(self.mark(), self.raises)
        self.clients.append(client)
        return client

    def ask(self) -> str:
        return self.provider.list_databases("i")[0]


@pytest.fixture
def site() -> Site:
    return Site()


def test_one_client_serves_as_long_as_nothing_is_wrong(site):
    assert [site.ask(), site.ask()] == ["old", "old"]
    site.settings = "new"

    assert site.ask() == "old"
    assert len(site.clients) == 1


@pytest.mark.parametrize("error", [ProviderUnavailable("gone"), AnswerLost("lost")])
def test_after_trouble_the_settings_are_read_again(site, error):
    site.ask()
    site.clients[0].raises = error
    site.settings = "new"
    with pytest.raises(type(error)):
        site.ask()

    assert site.ask() == "new"
    assert site.clients[0].is_closed


def test_trouble_without_new_settings_makes_no_new_client(site):
    site.ask()
    site.clients[0].raises = ProviderUnavailable("gone")
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            site.ask()
    site.clients[0].raises = None

    assert site.ask() == "old"
    assert len(site.clients) == 1


def test_settings_that_cannot_be_read_make_the_cloud_unavailable_until_they_can(site):
    site.settings = None
    with pytest.raises(ProviderUnavailable, match=r"main cannot be used now: file:key") as caught:
        site.ask()
    assert caught.value.hint == "Create the file."

    site.settings = "back"

    assert site.ask() == "back"


def test_settings_that_are_away_for_a_moment_leave_the_client_as_it_is(site):
    site.ask()
    site.clients[0].raises = ProviderUnavailable("gone")
    with pytest.raises(ProviderUnavailable):
        site.ask()
    site.clients[0].raises = None
    site.settings = None

    assert site.ask() == "old"


def test_keys_that_were_rotated_are_no_rejection(site):
    site.ask()
    site.clients[0].raises = CredentialsRejected("wrong key")
    site.settings = "rotated"

    with pytest.raises(ProviderUnavailable, match="have changed"):
        site.ask()

    assert site.ask() == "rotated"


def test_keys_that_are_wrong_and_stay_so_are_a_rejection(site):
    site.ask()
    site.clients[0].raises = CredentialsRejected("wrong key")

    with pytest.raises(CredentialsRejected):
        site.ask()


@pytest.mark.parametrize("error", [AnswerLost("lost"), CredentialsRejected("wrong key")])
def test_an_order_is_given_once_whatever_the_answer_was(site, error):
    site.ask()
    client, site.settings = site.clients[0], "new"
    client.raises = error
    order: Callable[[], object] = lambda: site.provider.delete(object())  # noqa: E731
    before = client.calls

    with pytest.raises((AnswerLost, ProviderUnavailable)):
        order()

    assert client.calls == before + 1
    assert sum(one.calls for one in site.clients) == client.calls
