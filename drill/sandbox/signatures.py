"""Verification of AK/SK signatures, scheme A (reference, section 8.2): ``SDK-HMAC-SHA256``.

Everything is rebuilt from the bytes that arrived, never from values that were parsed for the
handlers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "SDK-HMAC-SHA256"
TOLERANCE = timedelta(minutes=15)
_HEADER = re.compile(
    rf"{ALGORITHM} Access=([^\s,]+), ?SignedHeaders=([^\s,]+), ?Signature=([0-9a-f]{{64}})"
)
_UNSIGNED = b"UNSIGNED-PAYLOAD"
_CONTENT_HASH = "x-sdk-content-sha256"
_DATE = "x-sdk-date"


class SignatureRefused(Exception):
    """The signature is not accepted; the text says why and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What arrived: the bytes that a signature is about."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    """Names in lower case, as an ASGI server gives them."""
    body: bytes = field(repr=False)

    def values(self, name: str) -> list[bytes]:
        """Return the values of all headers with this name (lower case)."""
        wanted = name.encode("ascii", "replace")
        return [value.strip() for key, value in self.headers if key == wanted]


def access_key_of(request: SignedRequest) -> str | None:
    """Return the access key that the Authorization header names, or None if there is none."""
    found = _parse(request)
    return found[0] if found else None


def verify(request: SignedRequest, *, secret_of: Callable[[str], str | None], now: datetime) -> str:
    """Return the access key that signed the request. Raise SignatureRefused."""
    found = _parse(request)
    if found is None:
        raise SignatureRefused("the Authorization header cannot be read")
    access_key, signed_names, signature = found
    names = signed_names.split(";")
    if names != sorted({name.lower() for name in names}):
        raise SignatureRefused("SignedHeaders must be lower case, sorted and unique")
    if _DATE not in names:
        raise SignatureRefused("X-Sdk-Date must be signed")
    sent = {name: _single(request, name) for name in names}
    _check_date(sent[_DATE], now)
    secret = secret_of(access_key)
    canonical = _canonical_request(request, names, sent)
    expected = _signature(secret or "", sent[_DATE], canonical)
    if not hmac.compare_digest(expected, signature) or secret is None:
        raise SignatureRefused("verify aksk signature fail")
    return access_key


def _parse(request: SignedRequest) -> tuple[str, str, str] | None:
    values = request.values("authorization")
    if len(values) != 1:
        return None
    found = _HEADER.fullmatch(values[0].decode("latin-1"))
    return (found[1], found[2], found[3]) if found else None


def _single(request: SignedRequest, name: str) -> bytes:
    values = request.values(name)
    if len(values) != 1:
        raise SignatureRefused("a signed header is missing or was sent more than once")
    return values[0]


def _check_date(value: bytes, now: datetime) -> None:
    text = value.decode("latin-1")
    if re.fullmatch(r"\d{8}T\d{6}Z", text, re.ASCII) is None:
        raise SignatureRefused("X-Sdk-Date must look like 20260115T083000Z")
    try:
        signed_at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise SignatureRefused("X-Sdk-Date is not a date") from error
    if abs(now - signed_at) > TOLERANCE:
        raise SignatureRefused("X-Sdk-Date is more than 15 minutes away from the time of the cloud")


def _canonical_request(request: SignedRequest, names: list[str], sent: dict[str, bytes]) -> bytes:
    headers = b"".join(name.encode("latin-1") + b":" + sent[name] + b"\n" for name in names)
    return b"\n".join(
        (
            request.method.upper().encode("ascii", "replace"),
            _canonical_path(request.raw_path),
            _canonical_query(request.raw_query),
            headers,
            ";".join(names).encode("latin-1"),
            _body_hash(request, names),
        )
    )


def _encode(raw: bytes) -> str:
    return quote(unquote_to_bytes(raw), safe="~")


def _canonical_path(raw_path: bytes) -> bytes:
    path = "/".join(_encode(segment) for segment in raw_path.split(b"/"))
    return (path if path.endswith("/") else f"{path}/").encode("ascii")


def _canonical_query(raw_query: bytes) -> bytes:
    pairs = []
    for part in raw_query.split(b"&") if raw_query else []:
        key, _, value = part.partition(b"=")
        pairs.append((_encode(key), _encode(value)))
    return "&".join(f"{key}={value}" for key, value in sorted(pairs)).encode("ascii")


def _body_hash(request: SignedRequest, names: list[str]) -> bytes:
    real = hashlib.sha256(request.body).hexdigest().encode("ascii")
    stated = request.values(_CONTENT_HASH)
    if not stated or not request.body:
        return real
    if _CONTENT_HASH not in names or len(stated) != 1:
        raise SignatureRefused("X-Sdk-Content-Sha256 must be signed and sent once")
    media_type = b"".join(request.values("content-type"))
    if stated[0] == _UNSIGNED and not media_type.startswith(b"application/json"):
        return _UNSIGNED
    if not hmac.compare_digest(stated[0], real):
        raise SignatureRefused("X-Sdk-Content-Sha256 is not the hash of the body")
    return real


def _signature(secret: str, date: bytes, canonical: bytes) -> str:
    digest = hashlib.sha256(canonical).hexdigest().encode("ascii")
    text = b"\n".join((ALGORITHM.encode("ascii"), date, digest))
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
