"""Sends through Apprise: some hundred and seventy services, from mail to DingTalk and Feishu.

The URL is a secret. Encrypted alone, without redirects, never to a metadata service (threat 15);
Apprise makes its own connections, so addresses are looked at right before, not while, it connects.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pydantic import SecretStr

from drill.errors import ConfigInvalid, ProviderUnavailable, SecretUnavailable
from drill.notify.channel import ChannelTrouble
from drill.notify.words import Message
from drill.plan.config import Config
from drill.plan.redacted import MASK, keep_out, redacted
from drill.plan.telling import Severity
from drill.plan.visible import shortened, visible
from drill.provider.rds.addresses import AddressPolicy, Resolver, resolve_host, vet_addresses

if TYPE_CHECKING:
    from apprise import NotifyBase

LONGEST_FAULT = 300


def ensure_apprise(config: Config) -> None:
    """Raise ConfigInvalid if channels are configured and Apprise is not installed."""
    if config.notify and importlib.util.find_spec("apprise") is None:
        raise ConfigInvalid(
            "channels of notices are configured, but apprise is not installed",
            hint='Install it: pip install "drill[notify]", or take [[notify]] out of config.toml.',
        )


class AppriseSender:
    """Sends messages to one Apprise URL."""

    def __init__(
        self, secret: Callable[[], SecretStr], *, policy: AddressPolicy, resolve: Resolver
    ) -> None:
        try:
            self._url = secret().get_secret_value()
        except SecretUnavailable as error:
            raise ChannelTrouble(error.message) from error
        self._policy = policy
        self._resolve = resolve
        self._host: str | None = None  # where it is one: vendors' URLs have a token in its place
        for part in _parts(self._url):
            if len(part) >= 10 and "." not in part and any(sign.isdigit() for sign in part):
                keep_out(part)  # of the log lines of HTTP libraries, which name paths

    def send(self, message: Message) -> None:
        """Send one message, or raise ChannelTrouble."""
        from apprise import LogCapture, NotifyType

        kind = {
            Severity.INFO: NotifyType.INFO,
            Severity.WARNING: NotifyType.WARNING,
            Severity.CRITICAL: NotifyType.FAILURE,
        }[message.severity]
        service = self._service()
        capture = LogCapture(level=logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]
        with capture as captured:
            try:
                is_sent = service.notify(
                    title=message.title, body=message.body, notify_type=kind, body_format="text"
                )
            except Exception as error:  # noqa: BLE001  a plugin may raise whatever it likes
                raise ChannelTrouble(self._plain(f"{type(error).__name__}: {error}")) from None
            said = captured.getvalue()
        if not is_sent:
            raise ChannelTrouble(self._plain(" ".join(said.split())) or "the service refused")

    def _service(self) -> NotifyBase:
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(app_id="drill", app_desc="drill", app_url="", http_redirects=False)
        service = Apprise.instantiate(self._url, asset=asset, suppress_exceptions=True)
        if service is None or isinstance(service, dict):
            raise ChannelTrouble("the URL is none that apprise knows")
        service.redirects = False  # whatever the URL says
        service.verify_certificate = True
        self._vet(service)
        return service

    def _vet(self, service: NotifyBase) -> None:
        """Look at the host of a service that may be anybody's; vendors' hosts are in Apprise."""
        named = getattr(service, "smtp_host", None) or service.host  # of mail it is the server
        if not service.protocol or not named:
            return
        scheme = self._url.partition(":")[0].lower()
        is_plain = scheme not in _words(service.secure_protocol)
        if is_plain and not self._policy.allow_loopback:
            raise ChannelTrouble(
                f"{scheme}:// is not encrypted; use"
                f" {' or '.join(f'{one}://' for one in _words(service.secure_protocol))}"
            )
        host = self._host = named.strip("[]")
        port = service.port or (80 if is_plain else 443)
        try:
            vet_addresses(host, self._resolve(host, port), self._policy, loopback_only=is_plain)
        except socket.gaierror:
            raise ChannelTrouble("the host of the service is not known") from None
        except ProviderUnavailable as error:
            raise ChannelTrouble(self._plain(error.message)) from error

    def _plain(self, text: str) -> str:
        """Return what may be shown: nothing of the URL but scheme and host is left in it."""
        for part in sorted(_parts(self._url) - {self._host}, key=len, reverse=True):
            text = text.replace(part, MASK)
        return shortened(visible(redacted(text)), LONGEST_FAULT)


def _parts(url: str) -> set[str]:
    rest = url.partition("://")[2]
    parts = {part for part in re.split(r"[/@:?&=,]", rest) if len(part) >= 4}
    return parts | {unquote(part) for part in parts}


def _words(protocol: object) -> tuple[str, ...]:
    if isinstance(protocol, str):
        return (protocol,)
    return tuple(protocol) if isinstance(protocol, (tuple, list, set, frozenset)) else ()


def sender_of(
    secret: Callable[[], SecretStr],
    *,
    allow_private_addresses: bool,
    allow_loopback: bool,
    resolve: Resolver = resolve_host,
) -> AppriseSender:
    """Return a sender to the URL behind a reference. Raise ChannelTrouble if it cannot be read."""
    policy = AddressPolicy(
        allow_private_addresses=allow_private_addresses, allow_loopback=allow_loopback
    )
    return AppriseSender(secret, policy=policy, resolve=resolve)
