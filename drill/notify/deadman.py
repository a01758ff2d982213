"""The dead-man ping: a service outside raises the alarm when drill falls silent.

The protocol is that of Healthchecks: ``URL/start``, ``URL`` for success, ``URL/fail``, each with a
short text. What goes wrong here is logged and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import structlog
from pydantic import SecretStr

from drill.errors import ProviderError, SecretUnavailable
from drill.plan.redacted import keep_out, redacted
from drill.plan.visible import shortened, visible
from drill.provider.rds.addresses import AddressPolicy
from drill.provider.rds.transport import ExchangeFailed, ExchangeLimits, Transport

LIMITS = ExchangeLimits(
    connect=timedelta(seconds=3),
    read=timedelta(seconds=10),
    total=timedelta(seconds=10),
    body_bytes=64 * 1024,
)
LONGEST_BODY = 2000


class DeadManTrouble(Exception):
    """a ping did not arrive"""


class DeadManSwitch:
    """Pings one URL; says True where the ping arrived, and never raises."""

    def __init__(
        self,
        url: Callable[[], SecretStr],
        *,
        allow_private_addresses: bool = False,
        allow_loopback: bool = False,
        every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._url = url
        self._every = every
        self._last_at: datetime | None = None
        policy = AddressPolicy(
            allow_private_addresses=allow_private_addresses, allow_loopback=allow_loopback
        )
        self._transport = Transport(policy=policy, limits=LIMITS, connections=1)

    def start(self) -> bool:
        """Say that work has begun: if nothing follows, the alarm is raised."""
        return self._ping("/start", "drill has begun")

    def succeed(self, text: str) -> bool:
        """Say that all went well."""
        return self._ping("", text)

    def fail(self, text: str) -> bool:
        """Say that something went wrong."""
        return self._ping("/fail", text)

    def beat(self, text: str, *, now: datetime) -> bool | None:
        """Say that all is well, but not more often than configured; None if it was too early."""
        if self._last_at is not None and now - self._last_at < self._every:
            return None
        self._last_at = now
        return self.succeed(text)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _ping(self, suffix: str, text: str) -> bool:
        try:
            self._send(suffix, shortened(visible(redacted(text)), LONGEST_BODY))
        except DeadManTrouble as trouble:
            structlog.get_logger("drill.notify").error(
                "the dead-man ping did not arrive", fault=str(trouble)
            )
            return False
        return True

    def _send(self, suffix: str, text: str) -> None:
        try:
            url = _with_suffix(self._url().get_secret_value(), suffix)
            answer = self._transport.send(
                "POST",
                url,
                headers={"Content-Type": "text/plain; charset=utf-8", "User-Agent": "drill"},
                body=text.encode("utf-8", "replace"),
                fresh=True,
            )
        except SecretUnavailable as error:
            raise DeadManTrouble(error.message) from error
        except (ExchangeFailed, ProviderError) as error:
            raise DeadManTrouble(redacted(error.message)) from None
        if not 200 <= answer.status < 300:
            raise DeadManTrouble(f"the service answered {answer.status}")


def _with_suffix(url: str, suffix: str) -> str:
    """Return the URL with a suffix to its path. Raise DeadManTrouble without showing the URL."""
    try:
        parts = urlsplit(url.strip())
        is_url = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise DeadManTrouble("the reference of deadman.url does not lead to a URL")
    path = parts.path.rstrip("/")
    keep_out(path.strip("/"))
    return urlunsplit(parts._replace(path=path + suffix, fragment=""))
