"""A draw that anybody can repeat: SHA-256 of a published seed instead of a random generator.

With a seed text, what is drawn for (``t`` for an instant, ``b`` for a backup) and the id of the
source, the draw is::

    key     = SHA256("drill-draw/v1" 0x00 text)
    digest  = SHA256(key 0x00 purpose 0x00 source 0x00 counter)      counter = "0", "1", ...
    value   = first 8 bytes of digest, big-endian

Values from the largest multiple of the population upwards are rejected and the counter moves on,
so that every candidate is equally likely. The message has the form of coverage C.10.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Purpose = Literal["t", "b"]

_VALUES = 2**64


def key_of(seed: str) -> bytes:
    """Return the 32 bytes that a seed text stands for."""
    return hashlib.sha256(b"drill-draw/v1\0" + seed.encode()).digest()


def draw_index(key: bytes, purpose: Purpose, source_id: str, population: int) -> int:
    """Return an index below the population, the same for the same arguments on every machine.

    Raise ValueError if there is nothing to draw from, or more than 2**64 candidates.
    """
    if not 0 < population <= _VALUES:
        raise ValueError(f"cannot draw one of {population} candidates")
    fair_below = _VALUES - _VALUES % population
    attempt = 0
    while (value := _value(key, purpose, source_id, attempt)) >= fair_below:
        attempt += 1  # each value is rejected with a chance below one half
    return value % population


def _value(key: bytes, purpose: Purpose, source_id: str, attempt: int) -> int:
    message = b"\0".join((key, purpose.encode(), source_id.encode(), str(attempt).encode()))
    return int.from_bytes(hashlib.sha256(message).digest()[:8], "big")
