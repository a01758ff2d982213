"""Digests of what pages and cards are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from drill.recovery.facts import DrillFacts
from drill.recovery.tick import Tick

SCHEMA = "3"
"""Rises when a digest is made of something else."""


def fingerprint_of(drill: DrillFacts) -> tuple[object, ...]:
    """Return what tells a drill from every other state of it.

    A finished drill never changes again but for its teardown (``drill.engine.ports``); of one that
    is under way everything counts.
    """
    if drill.finished_at is None or drill.outcome is None:
        return (drill,)
    return (
        drill.id, str(drill.outcome), drill.finished_at.timestamp(),
        drill.teardown, drill.teardown_reason, drill.level,
    )  # fmt: skip


def state_of(drill: DrillFacts) -> str:
    """Return a digest that tells a drill from every other state of it."""
    return digest(SCHEMA, repr(fingerprint_of(drill)))[:12]


def fingerprint(ticks: Iterable[Tick]) -> str:
    """Return a digest of drills."""
    return digest(SCHEMA, " ".join(tick.state for tick in ticks))


@cache
def code_digest() -> str:
    """Return a digest of the code that counts: what other code has counted may not be what this one
    would."""
    folder = Path(__file__).parents[1]
    files = sorted(
        file for name in ("recovery", "report") for file in (folder / name).rglob("*.py")
    )
    return digest(SCHEMA, "\0".join(file.read_text(encoding="utf-8") for file in files))


def digest(seed: str, text: str) -> str:
    """Return a digest of a text; another seed has other digests."""
    whole = f"{seed}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()
