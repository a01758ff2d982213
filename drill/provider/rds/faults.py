"""From an answer of the cloud that is no success to the error that says what it means.

The error bodies come in many shapes (reference 9.1); all of them are read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    CredentialsRejected,
    NotFound,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
)
from drill.provider.rds.codes import ENDPOINT_UNKNOWN, ERROR_BY_CODE, HINT_BY_CODE, HINT_BY_ERROR
from drill.provider.rds.text import clean_text, without_secrets
from drill.provider.rds.transport import Answer

SIGNATURE_TOLERANCE = timedelta(minutes=15)
"""The cloud refuses a signature whose date is further away (reference 8.2)."""

CLOCK_IS_OFF = timedelta(minutes=10)
"""From here on a rejected signature is most likely the fault of the clock."""

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: CredentialsRejected,
    403: PermissionMissing,
    404: NotFound,
    408: ProviderUnavailable,
    409: ProviderBusy,
    413: QuotaExceeded,
    429: ProviderThrottled,
}

_PAIRS = (
    ("error_code", "error_msg"),
    ("errCode", "externalMessage"),
    ("errorCode", "errorMsg"),
    ("code", "message"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFault:
    """What the body of an error says, without control characters."""

    code: str
    text: str
    request_id: str


def read_fault(body: bytes) -> CloudFault | None:
    """Return the code and the text of an error body, or None if it has none of the known shapes."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    found = _pair(data)
    if found is None:
        # {"error": {...}} of IAM, {"itemNotFound": {...}} and its kin of the old API.
        nested = (_pair(inner) for inner in data.values() if isinstance(inner, dict))
        found = next((one for one in nested if one is not None), None)
    if found is None:
        return None
    return CloudFault(
        code=clean_text(found[0], longest=64),
        text=clean_text(found[1]),
        request_id=clean_text(data.get("request_id"), longest=128),
    )


def has_fault(data: Mapping[str, object]) -> bool:
    """Tell whether a body that came with a success status speaks of an error all the same."""
    return any(
        isinstance(data.get(name), str) and data[name] not in {"", "0"}
        for name in ("error_code", "errCode", "errorCode")
    )


def error_of(
    answer: Answer,
    *,
    asked: str,
    write: bool,
    clock_skew: timedelta | None = None,
    secrets: Iterable[str] = (),
) -> ProviderError:
    """Return the error for an answer that is no success.

    ``asked`` names the request for a reader, such as "list backups". For a write, whatever does
    not clearly say "not accepted" is AnswerLost: a redirect, or a failure of the server, even one
    with a code, for the order may have gone through before it.
    """
    fault = read_fault(answer.body)
    kind = _kind(answer, fault)
    if write and kind in {ProviderUnavailable, AnswerUnreadable}:
        kind = AnswerLost
    code = fault.code if fault is not None and fault.code else None
    said = _said(answer, fault, code)
    message = f"{asked}: {(kind.__doc__ or '').splitlines()[0]} ({said})"
    request_id = request_id_of(answer) or (fault.request_id if fault else "")
    known = tuple(secrets)
    return kind(
        without_secrets(message, known),
        hint=_hint(kind, answer, fault, clock_skew),
        code=None if code is None else without_secrets(code, known),
        status=answer.status,
        request_id=without_secrets(request_id, known) or None,
    )


def request_id_of(answer: Answer) -> str | None:
    """Return the cloud's own id of the request, for a conversation with its support."""
    for name in ("X-Request-Id", "X-IAM-Trace-Id"):
        value = clean_text(answer.headers.get(name), longest=128)
        if value:
            return value
    return None


def retry_after_of(answer: Answer, *, now: datetime) -> timedelta | None:
    """Return how long the cloud asks to wait, given in seconds or as a date."""
    text = (answer.headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return timedelta(seconds=int(text))
    instant = parse_http_date(text)
    return None if instant is None else max(timedelta(0), instant - now)


def parse_http_date(text: str | None) -> datetime | None:
    """Return the instant of a ``Date`` header, or None if there is none."""
    if not text or len(text) > 64:
        return None
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def kind_of(answer: Answer) -> type[ProviderError]:
    """Return the family of errors that an answer without success belongs to."""
    return _kind(answer, read_fault(answer.body))


def _pair(data: Mapping[str, object]) -> tuple[object, object] | None:
    for code, text in _PAIRS:
        if data.get(code) not in (None, "") or (code == "error_code" and text in data):
            return data.get(code), data.get(text)
    return None


def _kind(answer: Answer, fault: CloudFault | None) -> type[ProviderError]:
    status = answer.status
    if fault is not None and fault.code in ERROR_BY_CODE:
        return ERROR_BY_CODE[fault.code]
    if status == 413 and answer.headers.get("Retry-After"):
        return ProviderThrottled
    if status == 404 and fault is None:
        return RequestRejected  # not the API speaking: nobody says that the resource is unknown
    if status >= 500:
        return ProviderUnavailable
    by_class = RequestRejected if 400 <= status < 500 else AnswerUnreadable
    return _BY_STATUS.get(status, by_class)


def _said(answer: Answer, fault: CloudFault | None, code: str | None) -> str:
    status = f"HTTP {answer.status}"
    if fault is None:
        return f"{status} without an error of the API"
    return ", ".join(part for part in (status, code, fault.text) if part)


def _hint(
    kind: type[ProviderError],
    answer: Answer,
    fault: CloudFault | None,
    clock_skew: timedelta | None,
) -> str | None:
    if kind is CredentialsRejected and clock_skew is not None and abs(clock_skew) > CLOCK_IS_OFF:
        minutes = round(abs(clock_skew).total_seconds() / 60)
        way = "fast" if clock_skew > timedelta(0) else "slow"
        return (
            f"The clock of this machine is {minutes} minutes {way}, and the cloud refuses"
            f" signatures that are more than {SIGNATURE_TOLERANCE // timedelta(minutes=1)} minutes"
            " off: set the clock."
        )
    if fault is not None and fault.code in HINT_BY_CODE:
        return HINT_BY_CODE[fault.code]
    if 300 <= answer.status < 400 or (answer.status == 404 and fault is None):
        return HINT_BY_CODE[ENDPOINT_UNKNOWN]
    if kind is AnswerLost:
        return "Look at the instance before anything is tried again: the order may be running."
    return HINT_BY_ERROR.get(kind)
