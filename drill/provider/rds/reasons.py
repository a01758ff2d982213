"""What the free text says for which a job of the cloud failed (reference 6.1, 9.2).

Only what is said plainly counts: a text that is not understood has no cause, and the job then is
what it looks like, a restore that failed.
"""

from __future__ import annotations

import re

from drill.errors import (
    OrderCancelled,
    OutOfCapacity,
    PermissionMissing,
    ProviderError,
    QuotaExceeded,
)
from drill.provider.rds.codes import ERROR_BY_CODE

_CODE = re.compile(r"\b(?:DBS|RDS|APIGW|IAM|CBC)\.\d{4,9}\b")

_SPENT = r"(?:exceed\w*|insufficient|reached|used up|exhausted|full|not enough)"
_THINGS = (
    r"(?:resources?|capacity|stocks?|vcpus?|cpus?|memory|hosts?|flavors?|"
    r"(?:ip )?addresses|subnet ips?|instances?)"
)
_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (
        re.compile(rf"\bquotas?\b.{{0,40}}\b{_SPENT}\b|\b(?:{_SPENT}|no)\b.{{0,40}}\bquotas?\b"),
        QuotaExceeded,
    ),
    (
        re.compile(
            rf"\b(?:insufficient|not enough|no available|no more|out of)\b (?:\w+ )?{_THINGS}\b"
            rf"|\b{_THINGS}\b (?:is |are |was |were )?(?:insufficient|not enough|exhausted)\b"
            r"|\bsold out\b|\bno valid host\b|\bresource shortage\b"
        ),
        OutOfCapacity,
    ),
    (
        re.compile(r"\b(?:not authori[sz]ed|unauthori[sz]ed|no permission|policy denies)\b"),
        PermissionMissing,
    ),
    (re.compile(r"\bcancel+ed by\b"), OrderCancelled),
)
_BY_STATUS = {
    "unauthorized": PermissionMissing,
    "canceled": OrderCancelled,
    "cancelled": OrderCancelled,
}


def cause_of(fail_reason: str | None, *, status: str = "") -> type[ProviderError] | None:
    """Return the family of errors that a failed job belongs to, or None if nothing says so.

    A code of the cloud inside the text decides where it is known; then the status word; then the
    words of the text.
    """
    text = fail_reason or ""
    for code in _CODE.findall(text):
        if code in ERROR_BY_CODE:
            return ERROR_BY_CODE[code]
    if status.lower() in _BY_STATUS:
        return _BY_STATUS[status.lower()]
    lowered = text.lower()
    return next((error for pattern, error in _WORDS if pattern.search(lowered)), None)
