"""Judge the one value of an sql check, and decide what of it may leave the database.

Numbers, booleans and instants leave as they are. A text never does: it may be somebody's name. Of
a long text its length and digest are kept; a short one would be guessed from its digest.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from drill.check.finding import Finding, failed, no_data, passed
from drill.check.instants import Instant, format_instant
from drill.plan.model import SqlCheck

LONGEST_TEXT = 64
"""Characters: longer values are digested."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = ("=", "!=")


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that is no scalar of ours (an array, JSON, bytes ...), as the server spells it."""

    spelling: bytes

    def __repr__(self) -> str:
        return f"Opaque({digest(self.spelling)})"


Scalar = bool | Decimal | Instant | str | Opaque


def digest(value: bytes) -> str:
    """Return the SHA-256 of a value with the name of the algorithm in front."""
    return f"sha256:{hashlib.sha256(value).hexdigest()}"


def judge_scalar(check: SqlCheck, value: Scalar | None) -> Finding:
    """Compare the value of a query with the expected one; types are never mixed.

    A type that cannot be compared is a mistake of the plan: no data. Null is a failure.
    """
    expected = f"{check.operator} {_show_expected(check.expected)}"
    if value is None:
        return failed("the query returned null", expected=expected, observed="null")
    observed = show(value)
    pair = _comparable(check, value)
    if isinstance(pair, str):
        return no_data(pair, expected=expected)
    left, right = pair
    if isinstance(left, Decimal) and (left.is_nan() or right.is_nan()):
        holds = check.operator == "!="
    else:
        holds = _OPERATORS[check.operator](left, right)
    if holds:
        return passed(f"the query returned {observed}", expected=expected, observed=observed)
    return failed(
        f"the query returned {observed}, which is not {expected}",
        expected=expected,
        observed=observed,
    )


def show(value: Scalar) -> str:
    """Return what may be kept of a value."""
    match value:
        case bool():
            return "true" if value else "false"
        case Instant():
            return format_instant(value.at)
        case Decimal():
            return _show_number(value)
        case Opaque():
            return f"a value that is no scalar, {digest(value.spelling)}"
        case _:
            return _show_text(value)


def _show_number(value: Decimal) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"a number, {digest(text.encode())}"


def _show_text(value: str) -> str:
    length = f"a text of {len(value)} character{'' if len(value) == 1 else 's'}"
    return length if len(value) <= LONGEST_TEXT else f"{length}, {digest(_encoded(value))}"


def _show_expected(expected: float | bool | str) -> str:
    if isinstance(expected, bool):
        return "true" if expected else "false"
    if isinstance(expected, str):
        short = len(expected) <= LONGEST_TEXT
        return f'"{expected}"' if short else f"a text, {digest(_encoded(expected))}"
    return _show_number(Decimal(str(expected)))


def _comparable(check: SqlCheck, value: Scalar) -> tuple[Any, Any] | str:
    """Return both sides in one type, or the reason why that cannot be."""
    expected = check.expected
    if isinstance(value, bool) or isinstance(expected, bool):
        if not (isinstance(value, bool) and isinstance(expected, bool)):
            return _mismatch(value, expected)
        if check.operator not in _EQUALITY:
            return f"a boolean cannot be compared with {check.operator}"
        return value, expected
    if isinstance(value, Decimal) and not isinstance(expected, str):
        return value, Decimal(str(expected))
    if isinstance(expected, str) and not isinstance(value, Decimal):
        return _comparable_text(check, value, expected)
    return _mismatch(value, expected)


def _comparable_text(
    check: SqlCheck, value: Instant | str | Opaque, expected: str
) -> tuple[Any, Any] | str:
    if isinstance(value, Instant):
        return _instants(value, expected)
    if isinstance(value, Opaque):
        if check.operator not in _EQUALITY:
            return f"a value that is no scalar cannot be compared with {check.operator}"
        return digest(value.spelling), expected
    if expected.startswith("sha256:") and check.operator in _EQUALITY:
        return digest(_encoded(value)), expected
    return value, expected


def _instants(value: Instant, expected: str) -> tuple[datetime, datetime] | str:
    try:
        wanted = datetime.fromisoformat(expected)
    except ValueError:
        return "the query returned an instant, and the plan expects a text that is none"
    if wanted.tzinfo is None:
        wanted = wanted.replace(tzinfo=UTC)
    return value.at, wanted


def _mismatch(value: Scalar, expected: object) -> str:
    return f"the query returned {_type_of(value)}, and the plan expects {_type_of(expected)}"


def _type_of(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case Instant() | date():
            return "an instant"
        case str():
            return "a text"
        case _:
            return "a value that is no scalar"


def _encoded(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")
