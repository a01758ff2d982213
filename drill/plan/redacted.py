"""Take secrets out of texts that leave the program: log lines, notices, what a service answered.

Two nets: every secret that a reference was read from is known by its value (``keep_out``), and
what looks like a secret is taken out by its shape. What is left is what a person needs.
"""

from __future__ import annotations

import re
import threading

MASK = "***"
SHORTEST = 6
"""A shorter secret would be found everywhere, and its absence would tell what it is."""

_NAMES = (
    r"x-auth-token|x-subject-token|x-security-token|authorization|proxy-authorization|cookie|"
    r"set-cookie|passw(?:or)?d|passphrase|secret(?:[_-]?(?:access)?[_-]?key)?|"
    r"access[_-]?key(?:[_-]?id)?|security[_-]?token|api[_-]?key|token|ak|sk|pwd|signature"
)
_SECRET_NAME = re.compile(rf"(?:.*[_.-])?(?:{_NAMES})", re.IGNORECASE)
# every repetition is bounded: what is read here may have been written by an attacker
_PAIR = re.compile(
    r"""(?P<name>(?<![A-Za-z0-9])["']?(?:[A-Za-z0-9]{1,40}[_-]){0,6}"""
    rf"""(?:{_NAMES})["']?\s*[:=]\s*)"""
    r"""(?P<value>"(?:[^"\\]|\\.){0,4000}"?|'(?:[^'\\]|\\.){0,4000}'?|"""
    r"""(?:bearer|basic|digest|token|sdk-hmac-sha256)\s+[^\r\n]+|[^\s,;&'"}\])]+)""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_SIGNED = re.compile(r"SDK-HMAC-SHA256\s+[^\r\n]*", re.IGNORECASE)
_USER_INFO = re.compile(
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^/@\s\"'?#]{1,1000}@"
)

_known: set[str] = set()
_lock = threading.Lock()


def keep_out(secret: str) -> None:
    """Remember a secret by its value, for as long as the process lives."""
    if len(secret) >= SHORTEST:
        with _lock:
            _known.add(secret)


def redacted(text: str) -> str:
    """Return the text without secrets: known values, credentials in URLs, headers and pairs."""
    with _lock:
        known = sorted(_known, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, MASK)
    text = _USER_INFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _SIGNED.sub(MASK, text)
    text = _PAIR.sub(rf"\g<name>{MASK}", text)
    return _BEARER.sub(rf"\g<1> {MASK}", text)


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret, so that its value is never looked at."""
    return _SECRET_NAME.fullmatch(name) is not None
