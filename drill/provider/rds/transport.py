"""One HTTP exchange: to a vetted address, inside a total deadline, with an answer of limited size.

What a ``requests`` or ``urllib3`` exception means is decided here and nowhere else: whether any
byte of the request may have left, and what a person should look at.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import NameResolutionError
from urllib3.util.retry import Retry

from drill.provider.rds.addresses import AddressPolicy, Resolver, resolve_host
from drill.provider.rds.connections import ConnectionRules, SentMarker, pool_classes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """How long one exchange may take, and how much it may answer."""

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=20)
    """Longest silence of the server."""
    total: timedelta = timedelta(seconds=60)
    """From the request being sent to the last byte of the answer."""
    body_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    headers: Mapping[str, str]
    """Names are found whatever their letter case."""
    body: bytes


class ExchangeFailed(Exception):
    """no usable answer came back

    ``sent`` is True if any byte of the request may have left this machine; ``passing`` is True if
    another attempt may help.
    """

    def __init__(self, message: str, *, hint: str, sent: bool, passing: bool) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.sent = sent
        self.passing = passing


class AnswerTooLarge(ExchangeFailed):
    """the answer is larger than any that the API gives"""


class Transport:
    """Connections to the endpoints of one cloud. Safe to share between threads."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        ca_file: str | None = None,
        limits: ExchangeLimits | None = None,
        resolve: Resolver = resolve_host,
        connections: int = 16,
    ) -> None:
        self._limits = limits or ExchangeLimits()
        self._verify: str | bool = ca_file or True
        self._marker = SentMarker()
        self._connections = connections
        self._rules = ConnectionRules(
            policy=policy, resolve=resolve, total=self._limits.total, marker=self._marker
        )
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        auth: AuthBase | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send one request and return the answer. Redirects are answers, never followed.

        ``fresh`` uses a connection of its own: an order is never lost on a kept connection that
        the server was just closing. Raise ExchangeFailed or AddressRefused.
        """
        if not fresh:
            return self._exchange(self._shared(), method, url, headers, body, auth)
        with self._new_session() as session:
            return self._exchange(session, method, url, headers, body, auth)

    def close(self) -> None:
        """Close all kept connections."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _exchange(
        self,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        auth: AuthBase | None,
    ) -> Answer:
        self._marker.sent = False
        cap = self._limits.body_bytes
        try:
            with session.request(
                method,
                url,
                headers=dict(headers),
                data=body,
                auth=auth,
                timeout=(
                    self._limits.connect.total_seconds(),
                    self._limits.read.total_seconds(),
                ),
                allow_redirects=False,
                stream=True,
                verify=self._verify,
            ) as response:
                content = response.raw.read(cap + 1, decode_content=True)
                if len(content) > cap:
                    raise AnswerTooLarge(
                        f"the answer is larger than {cap} bytes",
                        hint="Check the endpoint: the RDS API does not answer that much.",
                        sent=True,
                        passing=False,
                    )
                return Answer(status=response.status_code, headers=response.headers, body=content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _explain(error, sent=self._marker.sent) from error

    def _shared(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxy, no CA bundle and no netrc from the environment
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _VettingAdapter(self._rules, self._connections)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


class _VettingAdapter(HTTPAdapter):
    """Opens connections by the rules, and tries again only what never connected."""

    def __init__(self, rules: ConnectionRules, connections: int) -> None:
        self._rules = rules
        super().__init__(
            pool_connections=4,
            pool_maxsize=connections,
            pool_block=True,
            max_retries=Retry(
                total=None,
                connect=2,
                read=0,
                redirect=0,
                status=0,
                other=0,
                respect_retry_after_header=False,
            ),
        )

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        """Make the pool manager open our own kind of connections."""
        super().init_poolmanager(*args, **kwargs)  # type: ignore[arg-type]
        self.poolmanager.pool_classes_by_scheme = pool_classes(self._rules)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything inside it: urllib3 wraps its causes in several ways."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _explain(error: Exception, *, sent: bool) -> ExchangeFailed:
    inside = list(_chain(error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in inside):
        return ExchangeFailed(
            "the certificate of the endpoint cannot be verified",
            hint="Check the endpoint. If the cloud has an authority of its own, name its PEM file"
            " in ca_file.",
            sent=sent,
            passing=False,
        )
    if any(isinstance(one, (NameResolutionError, socket.gaierror)) for one in inside):
        return ExchangeFailed(
            "the host name of the endpoint is not known",
            hint="Check the spelling of the endpoint and the name service of this machine.",
            sent=sent,
            passing=True,
        )
    if any(isinstance(one, ConnectionRefusedError) for one in inside):
        return ExchangeFailed(
            "the endpoint refuses connections",
            hint="Check host and port of the endpoint, and whether the service is running.",
            sent=sent,
            passing=True,
        )
    if any(isinstance(one, (TimeoutError, requests.Timeout)) for one in inside):
        return ExchangeFailed(
            "the cloud did not answer in time"
            if sent
            else "the endpoint cannot be reached in time",
            hint="Check the network between this machine and the endpoint.",
            sent=sent,
            passing=True,
        )
    return ExchangeFailed(
        "the connection broke" if sent else "the endpoint cannot be reached",
        hint="Check the endpoint and the network between this machine and it.",
        sent=sent,
        passing=True,
    )
