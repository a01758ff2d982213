"""IAM tokens: fetched with user and password, kept, renewed before they expire (reference 8.1)."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from drill.clock import Clock
from drill.errors import AnswerUnreadable, ProviderUnavailable
from drill.provider.breaker import Breaker
from drill.provider.rds.addresses import Endpoint
from drill.provider.rds.faults import error_of, parse_http_date, request_id_of
from drill.provider.rds.guarded import send_through
from drill.provider.rds.transport import Answer, ExchangeFailed, Transport
from drill.provider.rds.wire import parse_instant

SHORTEST_LEFT = timedelta(minutes=30)
"""A token with less life left is renewed; a short-lived one when a tenth of its life is left."""

ASSUMED_LIFE = timedelta(hours=1)
"""Where the answer does not say when the token expires (the documented life is 24 hours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordUser:
    """An IAM user of an account (domain), for one project."""

    user: str
    domain: str
    password: SecretStr
    project_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: SecretStr = field(repr=False)
    renew_at: float
    """On the monotonic clock: a wall clock that is set back must not keep an old token alive."""


class TokenAuth(AuthBase):
    """Puts a token on a prepared request."""

    def __init__(self, token: SecretStr) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token."""
        request.headers["X-Auth-Token"] = self.token.get_secret_value()
        return request


class TokenIdentity:
    """Fetches a token when one is needed. Threads that need one at the same time share one."""

    def __init__(
        self,
        user: PasswordUser,
        *,
        endpoint: Endpoint,
        transport: Transport,
        clock: Clock,
        breaker: Breaker,
        user_agent: str,
    ) -> None:
        self._user = user
        self._url = f"{endpoint.base_url}/v3/auth/tokens?nocatalog=true"
        self._transport = transport
        self._clock = clock
        self._breaker = breaker
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def auth(self) -> AuthBase:
        """Return the token, fetched or renewed where needed.

        Raise ProviderUnavailable, CredentialsRejected, PermissionMissing or AnswerUnreadable.
        """
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._token.renew_at:
                self._token = self._fetch()
            return TokenAuth(self._token.text)

    def renew(self, used: AuthBase) -> bool:
        """Drop the token that was rejected, unless another thread has already replaced it."""
        if not isinstance(used, TokenAuth):
            return False
        with self._lock:
            if self._token is not None and self._token.text == used.token:
                self._token = None
        return True

    def secrets(self) -> Sequence[str]:
        """Return the password and the current token."""
        token = self._token
        shown = [self._user.password.get_secret_value()]
        return shown if token is None else [*shown, token.text.get_secret_value()]

    def _fetch(self) -> _Token:
        asked = "fetch a token"
        try:
            answer = send_through(
                self._breaker,
                lambda: self._transport.send(
                    "POST", self._url, headers=self._headers(), body=self._body()
                ),
                write=False,  # a token that is lost changes nothing
                asked=asked,
            )
        except ExchangeFailed as error:
            # A lost token changes nothing: "unavailable" even if the request was sent.
            raise ProviderUnavailable(f"{asked}: {error.message}", hint=error.hint) from error
        token = answer.headers.get("X-Subject-Token")
        if answer.status not in {200, 201}:
            skew = self._skew(answer)
            secrets = self.secrets()
            raise error_of(answer, asked=asked, write=False, clock_skew=skew, secrets=secrets)
        if not token or len(token) > 64 * 1024:
            raise AnswerUnreadable(
                f"{asked}: the answer has no token",
                hint="Check iam_endpoint in config.toml.",
                status=answer.status,
                request_id=request_id_of(answer),
            )
        life = self._life(answer)
        margin = min(SHORTEST_LEFT, life / 10)
        renew_at = self._clock.monotonic() + (life - margin).total_seconds()
        return _Token(text=SecretStr(token), renew_at=renew_at)

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": self._user_agent,
        }

    def _body(self) -> bytes:
        user = {
            "name": self._user.user,
            "password": self._user.password.get_secret_value(),
            "domain": {"name": self._user.domain},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"id": self._user.project_id}}
        return json.dumps({"auth": {"identity": identity, "scope": scope}}).encode()

    def _life(self, answer: Answer) -> timedelta:
        """Return how long the token lives by the cloud's own clock, so that ours may be wrong."""
        try:
            token = json.loads(answer.body)["token"]
            expires_at = parse_instant(token["expires_at"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return ASSUMED_LIFE
        issued_at = self._issued_at(token, answer)
        return max(timedelta(0), expires_at - issued_at)

    def _issued_at(self, token: dict[str, object], answer: Answer) -> datetime:
        try:
            return parse_instant(token.get("issued_at"))
        except ValueError:
            return parse_http_date(answer.headers.get("Date")) or self._clock.now()

    def _skew(self, answer: Answer) -> timedelta | None:
        server = parse_http_date(answer.headers.get("Date"))
        return None if server is None else self._clock.now() - server
