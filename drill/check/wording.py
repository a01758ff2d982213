"""Numbers and names as a reader sees them in an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 table`` or ``2 indexes``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def readable(name: str) -> str:
    """Return a name of the database as a reader may safely see it."""
    plain = re.sub(r"[^ -~]", "?", name)
    return plain if len(plain) <= 130 else f"{plain[:127]}..."


def listing(names: Sequence[str], most: int) -> str:
    """Return the first names and the number of those left out."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
