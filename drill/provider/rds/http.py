"""Requests to one project of one cloud: reads are tried again, writes never are.

A read that fails in passing is repeated above the signing, so each attempt carries a fresh
signature. A write is sent once; what its failure means for the caller is said by the error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import stamina
from pydantic import SecretStr

from drill import __version__
from drill.clock import Clock
from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    CircuitOpen,
    ProviderError,
    ProviderUnavailable,
)
from drill.guard.admission import Admitted
from drill.guard.freshness import ensure_fresh
from drill.provider.breaker import Breaker
from drill.provider.rds.addresses import AddressRefused, Endpoint
from drill.provider.rds.admitted import ensure_admitted
from drill.provider.rds.codes import TOKEN_INVALID
from drill.provider.rds.faults import (
    error_of,
    has_fault,
    parse_http_date,
    read_fault,
    request_id_of,
    retry_after_of,
)
from drill.provider.rds.guarded import send_through
from drill.provider.rds.identity import Identity
from drill.provider.rds.signing import encode
from drill.provider.rds.transport import Answer, AnswerTooLarge, ExchangeFailed, Transport

USER_AGENT = f"drill/{__version__}"

_LOG = logging.getLogger(__name__)
_NOTABLE_SKEW = timedelta(seconds=2)
_MILLISECOND = timedelta(milliseconds=1)

Json = dict[str, Any]
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and for how long in all, a read is tried again."""

    attempts: int = 4
    total: timedelta = timedelta(seconds=45)
    first_wait: timedelta = timedelta(milliseconds=250)
    longest_wait: timedelta = timedelta(seconds=5)
    jitter: timedelta = timedelta(seconds=1)
    longest_retry_after: timedelta = timedelta(seconds=30)
    """A cloud that asks for more is not waited for here: the engine has better things to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The answer to a write that was accepted."""

    data: Json
    answered_at: datetime
    request_id: str | None


class _TryAgain(Exception):
    """A fault that may pass; carries the error for when it does not."""

    def __init__(self, error: ProviderError, retry_after: timedelta | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after


class RdsHttp:
    """One identity in one project of one cloud. Safe to share between threads."""

    def __init__(
        self,
        *,
        cloud: str,
        endpoint: Endpoint,
        project_id: str,
        identity: Identity,
        transport: Transport,
        clock: Clock,
        breaker: Breaker,
        patience: Patience | None = None,
    ) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._project_id = project_id
        self._identity = identity
        self._transport = transport
        self._clock = clock
        self._breaker = breaker
        self._patience = patience or Patience()
        self._clock_skew: timedelta | None = None

    @property
    def clock_skew_milliseconds(self) -> int | None:
        """Return how far our clock is ahead of the cloud's, by its last answer; None before one.

        The ``Date`` header counts whole seconds, so this is known to one second.
        """
        return None if self._clock_skew is None else self._clock_skew // _MILLISECOND

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def read(self, *path: str, query: Query = (), asked: str) -> Json:
        """Return the answer to ``GET /v3/{project}/path``.

        Raise ProviderUnavailable or ProviderThrottled after the last attempt, and at once
        CredentialsRejected, PermissionMissing, NotFound, RequestRejected or AnswerUnreadable.
        """
        url = self._url("v3", path, query)
        patience = self._patience
        caller = stamina.RetryingCaller(
            attempts=patience.attempts,
            timeout=patience.total,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        )

        def attempt() -> Json:
            return self._read_once(url, asked)

        try:
            return caller(self._wait_before_next, attempt)
        except _TryAgain as again:
            raise again.error from again.__cause__

    def write(
        self,
        method: str,
        *path: str,
        body: Mapping[str, object] | None = None,
        admitted: Admitted,
        asked: str,
        version: str = "v3",
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        may_be_empty: bool = False,
    ) -> Written:
        """Send one order, once, and return its answer.

        Raise Refused if this is not what was admitted, AnswerLost if nobody knows whether it was
        accepted, and any other ProviderError if it was not.
        """
        ensure_admitted(method, path, body, admitted, cloud=self._cloud)
        ensure_fresh(admitted, now=self._clock.now())
        payload = None if body is None else _write_json(body)
        url = self._url(version, path, ())
        try:
            answer = self._exchange(method, url, payload, headers or {}, asked, write=True)
        except ExchangeFailed as error:
            lost = AnswerLost if error.sent else ProviderUnavailable
            raise lost(f"{asked}: {error.message}", hint=error.hint) from error
        answered_at = self._clock.now()
        data = _json_object(answer.body)
        if not 200 <= answer.status < 300 or (data is not None and has_fault(data)):
            raise self._error(answer, asked=asked, write=True, secrets=secrets)
        if data is None and (answer.body.strip() or not may_be_empty):
            raise AnswerLost(
                f"{asked}: the cloud accepted something, but its answer cannot be read",
                hint="Look at the instance before anything is tried again: the order may be"
                " running.",
                status=answer.status,
                request_id=request_id_of(answer),
            )
        return Written(data=data or {}, answered_at=answered_at, request_id=request_id_of(answer))

    def _read_once(self, url: str, asked: str) -> Json:
        try:
            answer = self._exchange("GET", url, None, {}, asked, write=False)
        except AnswerTooLarge as error:
            raise AnswerUnreadable(f"{asked}: {error.message}", hint=error.hint) from error
        except ExchangeFailed as error:
            unavailable = ProviderUnavailable(f"{asked}: {error.message}", hint=error.hint)
            if not error.passing:
                raise unavailable from error
            raise _TryAgain(unavailable, None) from error
        except (AddressRefused, CircuitOpen):
            raise
        except ProviderUnavailable as error:  # no token to be had
            raise _TryAgain(error, None) from error
        data = _json_object(answer.body)
        success = 200 <= answer.status < 300
        if success and data is not None and not has_fault(data):
            return data
        if success and data is None:
            raise AnswerUnreadable(
                f"{asked}: the answer is no JSON object (HTTP {answer.status})",
                hint="Check the endpoint: a portal or a proxy may have answered instead of the"
                " API.",
                status=answer.status,
                request_id=request_id_of(answer),
            )
        fault = self._error(answer, asked=asked, write=False)
        if isinstance(fault, ProviderUnavailable):
            raise _TryAgain(fault, retry_after_of(answer, now=self._clock.now()))
        raise fault

    def _wait_before_next(self, error: Exception) -> bool | timedelta:
        if not isinstance(error, _TryAgain):
            return False
        if error.retry_after is None:
            return True
        if error.retry_after > self._patience.longest_retry_after:
            return False
        return error.retry_after

    def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        asked: str,
        *,
        write: bool,
    ) -> Answer:
        """Send, and once more with new credentials if the first were rejected.

        A request that was turned away at the door was not accepted, so this is no repetition of
        a write.
        """
        for renewed in (False, True):
            auth = self._identity.auth()
            sent_at = self._clock.now()
            answer = send_through(
                self._breaker,
                partial(
                    self._transport.send,
                    method,
                    url,
                    headers={**self._headers(), **headers},
                    body=body,
                    auth=auth,
                    fresh=write,
                ),
                write=write,
                asked=asked,
            )
            self._note_skew(answer, sent_at)
            if renewed or not _is_turned_away(answer) or not self._identity.renew(auth):
                break
        return answer

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-Language": "en-us",
            "X-Project-Id": self._project_id,
        }

    def _url(self, version: str, path: Sequence[str], query: Query) -> str:
        """Return the URL as it is signed and sent, encoded once (RFC 3986)."""
        segments = (version, self._project_id, *path)
        if any(segment in {"", ".", ".."} for segment in segments):
            raise ValueError("a path segment is empty or leads elsewhere")
        text = self._endpoint.base_url + "".join(f"/{encode(segment)}" for segment in segments)
        pairs = "&".join(f"{encode(name)}={encode(value)}" for name, value in query)
        return f"{text}?{pairs}" if pairs else text

    def _error(
        self, answer: Answer, *, asked: str, write: bool, secrets: Sequence[str] = ()
    ) -> ProviderError:
        return error_of(
            answer,
            asked=asked,
            write=write,
            clock_skew=self._clock_skew,
            secrets=(*self._identity.secrets(), *secrets),
        )

    def _note_skew(self, answer: Answer, sent_at: datetime) -> None:
        """Note by how much the clocks differ for certain.

        The cloud read its clock at some moment between sending and receiving, and gives it in
        whole seconds: only what lies outside of that is a difference.
        """
        server = parse_http_date(answer.headers.get("Date"))
        if server is None:
            return
        at_least = sent_at - server - timedelta(seconds=1)
        at_most = self._clock.now() - server
        skew = max(at_least, min(at_most, timedelta(0)))
        was_notable = self._clock_skew is not None and abs(self._clock_skew) > _NOTABLE_SKEW
        self._clock_skew = skew
        if abs(skew) > _NOTABLE_SKEW and not was_notable:
            _LOG.warning(
                "clock of this machine and of cloud %s differ by %d ms",
                self._cloud,
                skew // _MILLISECOND,
            )


def _is_turned_away(answer: Answer) -> bool:
    if answer.status == 401:
        return True
    if answer.status != 403:
        return False
    fault = read_fault(answer.body)
    return fault is not None and fault.code == TOKEN_INVALID


def _write_json(body: Mapping[str, object]) -> bytes:
    """Return the one text that is signed and sent; secrets are unwrapped only here."""

    def unwrap(value: object) -> str:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        raise TypeError(f"{type(value).__name__} is no JSON")

    return json.dumps(body, separators=(",", ":"), default=unwrap).encode()


def _json_object(body: bytes) -> Json | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
