"""Foreign text: whatever a provider, a database or a plan says, made safe to be read.

Everything is one line, its control and bidirectional characters can be seen, and its length has
a limit. What looks like a secret is withheld: the engine should never have written it, and a page
is copied to more places than a store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from drill.plan.visible import visible
from drill.report.language import _

LONGEST = 512
"""Characters of one foreign text on a page; the rest is counted."""

WITHHELD = "withheld"

_SECRET_KEY = re.compile(
    r"passw|passphrase|pwd|secret|token|authorization|signature|credential|access_?key|^[as]k$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(authorization\W{0,3}[=:]).+", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(
    r"((?:password|passwd|passphrase|pwd|secret|secret[_ -]?key|access[_ -]?key|token|signature)"
    r"[\"']?\s{0,3}[=:]\s{0,3})(?!env:|file:)(\"[^\"]*\"|'[^']*'|[^\s,;&]+)",
    re.IGNORECASE,
)
_USER_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_TELLTALE = (
    *("authorization", "passw", "passphrase", "pwd", "secret", "access", "token", "signature"),
    "://",
)
"""Without one of these in it no pattern above finds anything in a text in ASCII."""
_REFERENCE = re.compile(r"(env|file):\S+")


def without_secrets(text: str) -> str:
    """Return the text with the values of passwords, keys and tokens withheld."""
    if ":" not in text and "=" not in text:
        return text  # nothing is given a value: this is the common case, and it is asked often
    lower = text.lower()
    if text.isascii() and not any(word in lower for word in _TELLTALE):
        return text  # such as a digest, which has its algorithm before it
    text = _HEADER.sub(rf"\1 {WITHHELD}", text)
    text = _ASSIGNMENT.sub(rf"\1{WITHHELD}", text)
    return _USER_IN_URL.sub(f"://{WITHHELD}@", text)


def capped(text: str, at_most: int = LONGEST) -> str:
    """Return the text, or its beginning and how many characters are left out."""
    if len(text) <= at_most:
        return text
    return f"{text[:at_most]}…(+{len(text) - at_most})"


def shown(text: str | None, at_most: int = LONGEST) -> str:
    """Return foreign text as it may stand on a page; nothing becomes the empty text."""
    return capped(visible(without_secrets(text or "")), at_most)


def shown_lines(text: str, *, characters: int) -> tuple[str, ...]:
    """Return a text of several lines, each made safe, with at most so many characters in all."""
    lines: list[str] = []
    left = characters
    for line in text.split("\n"):
        if left <= 0:
            lines.append("…")
            break
        safe = capped(visible(line), min(left, characters))
        left -= len(safe)
        lines.append(safe)
    return tuple(lines)


def shown_fact(key: str, value: object) -> str:
    """Return one fact of the journal in one compact line."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        is_secret = _SECRET_KEY.search(key) and not _REFERENCE.fullmatch(value)
        return WITHHELD if is_secret else shown(value)
    if isinstance(value, Mapping | Sequence):
        plain = json.dumps(_redacted(key, value), ensure_ascii=False, default=str, sort_keys=True)
        return shown(plain)
    return WITHHELD if _SECRET_KEY.search(key) else shown(str(value))


def _redacted(key: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _redacted(str(name), inner) for name, inner in value.items()}
    if isinstance(value, str):
        return shown_fact(key, value)
    if isinstance(value, Sequence):
        return [_redacted(key, inner) for inner in value]
    return WITHHELD if _SECRET_KEY.search(key) and value is not None else value
