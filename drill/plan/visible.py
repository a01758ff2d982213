"""Make hostile characters visible, before a text reaches a terminal, a log or a page."""

from __future__ import annotations

import unicodedata

_HOSTILE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, invisible formatting (with the bidirectional overrides), lone surrogates, separators."""


def visible(text: str) -> str:
    """Return the text with every character that is no sign of its own written as an escape.

    ESC becomes ``\\x1b``, a line break ``\\x0a``, a right-to-left override ``\\u202e``. The answer
    is always one line, and can be written in any encoding that knows its letters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(sign) if unicodedata.category(sign) in _HOSTILE else sign for sign in text
    )


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shortened(text: str, at_most: int = 64) -> str:
    """Return the text, cut with an ellipsis where it is longer than a reader wants."""
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"
