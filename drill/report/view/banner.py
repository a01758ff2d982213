"""The verdict of the last 24 hours in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.engine.record import DrillRecord, Outcome
from drill.report import words
from drill.report.view.fleet import DAY, FAILURES, PASSES, due_within, is_finished, is_leaked
from drill.report.view.formats import minute
from drill.report.view.signs import Sign, Tone, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One verdict, the period it is about, and every outcome counted."""

    sign: Sign
    period: str
    counts: tuple[str, ...]


def banner(records: Sequence[DrillRecord], now: datetime) -> Banner:
    """Return the verdict over real drills whose slot lies in the last 24 hours.

    Leftover instances count whatever their age.
    """
    due = due_within(records, now=now, span=DAY)
    finished = [record for record in due if is_finished(record)]
    leftovers = sum(1 for record in records if is_leaked(record))
    tone, verdict = _verdict(len(due), finished)
    if leftovers:
        tone = Tone.FAIL
    return Banner(
        sign=sign(tone, words.with_leftovers(verdict, leftovers)),
        period=words.BANNER_PERIOD.format(begin=minute(now - DAY).text, end=minute(now).text),
        counts=tuple(_counts(records, due, finished, now)),
    )


def _verdict(due: int, finished: Sequence[DrillRecord]) -> tuple[Tone, str]:
    failed = sum(1 for record in finished if record.outcome in FAILURES)
    passed = sum(1 for record in finished if record.outcome in PASSES)
    late = any(record.outcome is Outcome.PASSED_LATE for record in finished)
    if due == 0:
        return Tone.NONE, words.BANNER_NOTHING
    if failed:
        return Tone.FAIL, words.BANNER_FAILED.format(failed=failed, due=due)
    if not finished:
        return Tone.NONE, words.BANNER_UNDER_WAY.format(count=due)
    if passed < due:
        return Tone.WARN, words.BANNER_NOT_PASSED.format(passed=passed, due=due)
    all_passed = words.BANNER_ONE_PASSED if due == 1 else words.BANNER_PASSED.format(due=due)
    return (Tone.WARN if late else Tone.PASS), all_passed


def _counts(
    records: Sequence[DrillRecord],
    due: Sequence[DrillRecord],
    finished: Sequence[DrillRecord],
    now: datetime,
) -> list[str]:
    counts = [
        words.BANNER_COUNT.format(
            count=sum(1 for record in finished if record.outcome is outcome), word=word
        )
        for outcome, word in words.OUTCOMES.items()
        if any(record.outcome is outcome for record in finished)
    ]
    if len(due) > len(finished):
        counts.append(words.BANNER_UNFINISHED.format(count=len(due) - len(finished)))
    simulated = sum(
        1 for record in records if record.is_simulated and now - DAY < record.scheduled_for <= now
    )
    if simulated:
        counts.append(words.BANNER_SIMULATED.format(count=simulated))
    return counts
