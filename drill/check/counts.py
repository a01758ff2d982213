"""Judge a number of rows by the bounds of a check."""

from __future__ import annotations

from drill.check.finding import Finding
from drill.check.port import CheckAnswer
from drill.plan.model import RowCountCheck


def judge_row_count(check: RowCountCheck, count: int, last: int | None) -> Finding:
    """Compare a row count with its bounds, and with that of the last passed drill.

    A broken bound fails, also where the comparison with the last drill has nothing to compare with.
    """
    expected = _expectation(check, last)
    observed = _rows(count)
    missed = _missed(check, count, last)
    if missed:
        answer, reason = CheckAnswer.FAILED, f"{check.table} holds {observed}: {missed}"
    elif check.within_percent_of_last is not None and last is None:
        answer = CheckAnswer.NO_DATA
        reason = f"{check.table} holds {observed}, and no earlier drill counted its rows"
    else:
        answer, reason = CheckAnswer.PASSED, f"{check.table} holds {observed}"
    return Finding(
        answer=answer, reason=reason, expected=expected, observed=observed, row_count=count
    )


def _missed(check: RowCountCheck, count: int, last: int | None) -> str | None:
    if check.at_least is not None and count < check.at_least:
        return f"fewer than {check.at_least}"
    if check.at_most is not None and count > check.at_most:
        return f"more than {check.at_most}"
    percent = check.within_percent_of_last
    if percent is not None and last is not None and abs(count - last) * 100 > percent * last:
        return f"not within {percent:g} % of the {last} of the last passed drill"
    return None


def _expectation(check: RowCountCheck, last: int | None) -> str:
    parts = []
    if check.at_least is not None:
        parts.append(f"at least {check.at_least}")
    if check.at_most is not None:
        parts.append(f"at most {check.at_most}")
    if check.within_percent_of_last is not None:
        of_what = "the last passed drill" if last is None else str(last)
        parts.append(f"within {check.within_percent_of_last:g} % of {of_what}")
    return ", ".join(parts)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
