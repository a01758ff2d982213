"""Ordinary least squares with an interval for the next observation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[float]
Matrix = list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The best line (or plane) through observations."""

    coefficients: tuple[float, ...]
    inverse: tuple[tuple[float, ...], ...]
    """Of X'X, for the error of a prediction."""
    error: float
    """Standard error of an observation, s_e."""
    r_squared: float | None
    """None if every observation is the same."""
    freedom: int

    def value(self, row: Row) -> float:
        """Return what the line says for one row."""
        return math.fsum(one * other for one, other in zip(self.coefficients, row, strict=True))

    def prediction_error(self, row: Row) -> float:
        """Return the standard error of the next observation at one row."""
        quadratic = math.fsum(
            left * cell * right
            for left, cells in zip(row, self.inverse, strict=True)
            for cell, right in zip(cells, row, strict=True)
        )
        return self.error * math.sqrt(max(0.0, 1 + quadratic))


def fit_line(rows: Sequence[Row], values: Sequence[float]) -> Fit | None:
    """Return the least squares fit; None if the rows do not tell their columns apart."""
    width = len(rows[0])
    freedom = len(rows) - width
    products = [
        [math.fsum(row[i] * row[j] for row in rows) for j in range(width)] for i in range(width)
    ]
    inverse = _inverse(products)
    if freedom < 1 or inverse is None:
        return None
    moments = [
        math.fsum(row[i] * value for row, value in zip(rows, values, strict=True))
        for i in range(width)
    ]
    coefficients = tuple(
        math.fsum(cell * moment for cell, moment in zip(cells, moments, strict=True))
        for cells in inverse
    )
    fitted = [
        math.fsum(one * other for one, other in zip(coefficients, row, strict=True)) for row in rows
    ]
    mean = math.fsum(values) / len(values)
    left_over = math.fsum((y - f) ** 2 for y, f in zip(values, fitted, strict=True))
    total = math.fsum((value - mean) ** 2 for value in values)
    return Fit(
        coefficients=coefficients,
        inverse=tuple(tuple(cells) for cells in inverse),
        error=math.sqrt(left_over / freedom),
        r_squared=1 - left_over / total if total > 0 else None,
        freedom=freedom,
    )


def _inverse(matrix: Matrix) -> Matrix | None:
    """Return the inverse by elimination with the largest pivot; None if there is none."""
    width = len(matrix)
    work = [[*cells, *(float(i == j) for j in range(width))] for i, cells in enumerate(matrix)]
    scales = [max(abs(cell) for cell in cells) or 1.0 for cells in matrix]
    for column in range(width):
        pivot = max(range(column, width), key=lambda place: abs(work[place][column]))
        if abs(work[pivot][column]) <= 1e-12 * scales[column]:
            return None
        work[column], work[pivot] = work[pivot], work[column]
        head = work[column][column]
        work[column] = [cell / head for cell in work[column]]
        for place in range(width):
            if place != column:
                factor = work[place][column]
                work[place] = [
                    cell - factor * other
                    for cell, other in zip(work[place], work[column], strict=True)
                ]
    return [cells[width:] for cells in work]
