"""Quantiles by nearest rank: always a value that was measured, never one in between (C.11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def nearest_rank(values: Iterable[float], percent: int) -> float | None:
    """Return the value at rank ``ceil(percent / 100 * n)``, counted from 1; None of nothing.

    What never happened is ``math.inf`` and sorts last.
    """
    return value_at(sorted(values), percent)


def value_at(ranked: Sequence[float], percent: int) -> float | None:
    """Return the same of values that are in order: of many, several ranks may be asked for."""
    if not ranked:
        return None
    return ranked[max(1, -(-percent * len(ranked) // 100)) - 1]
