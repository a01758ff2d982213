"""Texts that come from outside: made harmless before anybody sees them (threats 11 and 25)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST_TEXT = 512

_UNWANTED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Control and format characters (escape sequences, changes of direction), line separators."""


def clean_text(value: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return a text of one line without control characters, cut at ``longest`` characters.

    Anything but a text, a number or a boolean becomes the empty text.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    # Cut first: a text of megabytes is not looked at to its end.
    text = str(value)[: longest * 4] if isinstance(value, str) else str(value)
    kept = "".join(
        " " if char in "\t\r\n" else char
        for char in text
        if char in "\t\r\n" or unicodedata.category(char) not in _UNWANTED
    )
    return kept.strip()[:longest]


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret blotted out: a cloud may echo what it was sent."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]")
    return text
