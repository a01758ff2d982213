"""AK/SK request signing of Huawei Cloud: ``SDK-HMAC-SHA256`` with ``Access=`` (reference 8.2).

The signature covers the very bytes and the very URL that are sent, so it is made last, by an
``AuthBase`` that sees the prepared request, and anew for every attempt.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from drill.clock import Clock

ALGORITHM = "SDK-HMAC-SHA256"
DATE_HEADER = "X-Sdk-Date"

SIGNED_HEADERS = (
    "content-type",
    "host",
    "x-client-token",
    "x-language",
    "x-project-id",
    "x-sdk-date",
    "x-security-token",
)
"""Headers that are signed when they are present. User-Agent is not: a proxy may rewrite it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """An access key and its secret key; a temporary pair comes with its security token."""

    access_key: str
    secret_key: SecretStr
    security_token: SecretStr | None = None


def encode(text: str) -> str:
    """Return the text with everything but RFC 3986 unreserved characters percent-encoded."""
    return quote(text, safe="~")


def canonical_path(path: str) -> str:
    """Return the path as it is signed: each segment encoded once, with a slash at the end."""
    encoded = "/".join(encode(unquote(segment)) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def canonical_query(query: str) -> str:
    """Return the query as it is signed: decoded, sorted by name and value, encoded once."""
    if not query:
        return ""
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        pairs.append((unquote(name), unquote(value)))
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(pairs))


def canonical_request(
    *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    """Return the canonical request over all these headers, and the list of their names."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(lowered)
    signed = ";".join(names)
    lines = [
        method.upper(),
        canonical_path(path),
        canonical_query(query),
        *(f"{name}:{lowered[name]}" for name in names),
        "",
        signed,
        hashlib.sha256(body).hexdigest(),
    ]
    return "\n".join(lines), signed


def authorization(
    keys: Keys, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    """Return the ``Authorization`` value. ``X-Sdk-Date`` must be among the headers to sign."""
    canonical, signed = canonical_request(
        method=method, path=path, query=query, headers=headers, body=body
    )
    date = next(value for name, value in headers.items() if name.lower() == DATE_HEADER.lower())
    to_sign = "\n".join([ALGORITHM, date, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = keys.secret_key.get_secret_value().encode()
    signature = hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Access={keys.access_key}, SignedHeaders={signed}, Signature={signature}"


class KeyAuth(AuthBase):
    """Signs a prepared request with a pair of keys, dated now."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add date, host, security token and signature to the request."""
        url = urlsplit(request.url or "")
        request.headers[DATE_HEADER] = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        request.headers["Host"] = url.netloc
        if self._keys.security_token is not None:
            request.headers["X-Security-Token"] = self._keys.security_token.get_secret_value()
        request.headers["Authorization"] = authorization(
            self._keys,
            method=request.method or "",
            path=url.path,
            query=url.query,
            headers=_headers_to_sign(request),
            body=_body_bytes(request),
        )
        return request


def _headers_to_sign(request: PreparedRequest) -> dict[str, str]:
    present: Sequence[tuple[str, str]] = [
        (name, value if isinstance(value, str) else value.decode("latin-1"))
        for name, value in request.headers.items()
    ]
    return {name: value for name, value in present if name.lower() in SIGNED_HEADERS}


def _body_bytes(request: PreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    raise TypeError("only a body of bytes can be signed")
