"""What one check found out, before it has a name and a duration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drill.check.port import CheckAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to one question and the few values that may leave the database with it."""

    answer: CheckAnswer
    reason: str
    expected: str | None = None
    observed: str | None = None
    row_count: int | None = None
    newest_at: datetime | None = None


def no_data(reason: str, *, expected: str | None = None) -> Finding:
    """Return the finding that nothing is known, and why."""
    return Finding(answer=CheckAnswer.NO_DATA, reason=reason, expected=expected)


def failed(reason: str, *, expected: str | None = None, observed: str | None = None) -> Finding:
    """Return the finding that the copy is not as it should be."""
    return Finding(answer=CheckAnswer.FAILED, reason=reason, expected=expected, observed=observed)


def passed(reason: str, *, expected: str | None = None, observed: str | None = None) -> Finding:
    """Return the finding that the copy is as it should be."""
    return Finding(answer=CheckAnswer.PASSED, reason=reason, expected=expected, observed=observed)
