"""Whether two names are one person: who wants to pass for two writes the name differently.

Names are attribution, not authentication (docs/exceptions.md). What is compared here is how a name
reads; names that only look alike count as one, because refusing once too often costs a signature,
and refusing once too seldom costs the separation of duties.
"""

from __future__ import annotations

import unicodedata

_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u043a"  # Cyrillic
    "\u03bd\u03bf\u03b1\u03c1\u03c4\u03c5\u03c7\u03b9\u03ba\u03b5",  # Greek
    "aeopcyxisjkvoaptuxike",
)
"""Small letters of other alphabets that read as Latin ones."""


def same_person(one: str, other: str) -> bool:
    """Tell whether two names read as one: whatever the case, accents, signs, domain or alphabet."""
    return reading_of(one) == reading_of(other)


def is_among(name: str, names: str | None) -> bool:
    """Tell whether a name reads as one of several that are listed with commas."""
    return any(same_person(name, one) for one in (names or "").split(",") if one.strip())


def reading_of(name: str) -> str:
    """Return how a name reads: ``Ada``, ``a.da`` and ``ada@example.com`` are ``ada``.

    What stands before a backslash is a domain. A name without a letter or digit stays as it is.
    """
    local = name.rpartition("\\")[2].partition("@")[0]
    small = unicodedata.normalize("NFKD", local or name).casefold()
    plain = unicodedata.normalize("NFKD", small).translate(_LOOK_ALIKES)
    return "".join(one for one in plain if one.isalnum()) or name.strip().casefold()
