"""Bases, and which of them are proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

HowProven = Literal["direct", "reported", "inferred"]
"""A backup drill of this very image, or a PITR drill whose base the provider named, or one whose
base is assumed; best first."""

BEST_FIRST: tuple[HowProven, ...] = ("direct", "reported", "inferred")


class Base(NamedTuple):
    """A usable base: a restorable backup that was there at T. Sorted by (end, id)."""

    ended: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProof:
    """A base that a drill began with and passed."""

    base: Base
    drill_id: str
    finished: int
    how: HowProven
