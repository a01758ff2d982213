"""Quantiles by nearest rank: always a value that was measured, never one in between (C.11)."""

from __future__ import annotations

from collections.abc import Iterable


def nearest_rank(values: Iterable[float], percent: int) -> float | None:
    """Return the value at rank ``ceil(percent / 100 * n)``, counted from 1; None of nothing.

    What never happened is ``math.inf`` and sorts last.
    """
    ranked = sorted(values)
    if not ranked:
        return None
    return ranked[max(1, -(-percent * len(ranked) // 100)) - 1]
