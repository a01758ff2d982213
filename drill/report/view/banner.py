"""The verdict of the last 24 hours in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.recovery.tick import Ending, Tick, between, micro
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.language import _, ngettext
from drill.report.view.fleet import DAY, FAILURES, PASSES, due_within
from drill.report.view.formats import minute
from drill.report.view.signs import Sign, Tone, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One verdict, the period it is about, and every outcome counted."""

    sign: Sign
    period: str
    counts: tuple[str, ...]


def banner(ticks: Sequence[Tick], now: datetime, *, still_open: Iterable[Tick]) -> Banner:
    """Return the verdict over real drills whose slot lies in the last 24 hours.

    Leftover instances count whatever their age: ``still_open`` are the drills among which they are.
    """
    due = due_within(ticks, now=now, span=DAY)
    finished = [tick.ending for tick in due if tick.ending.is_finished]
    leftovers = sum(1 for tick in still_open if tick.ending.is_leaked)
    tone, verdict = _verdict(len(due), finished)
    if leftovers:
        tone = Tone.FAIL
    return Banner(
        sign=sign(tone, _with_leftovers(verdict, leftovers)),
        period=_("Slots from {begin} to {end} UTC").format(
            begin=minute(now - DAY).text, end=minute(now).text
        ),
        counts=tuple(_counts(ticks, len(due), finished, now)),
    )


def _verdict(due: int, finished: Sequence[Ending]) -> tuple[Tone, str]:
    failed = sum(1 for one in finished if one.outcome in FAILURES)
    passed = sum(1 for one in finished if one.outcome in PASSES)
    late = any(one.outcome is Outcome.PASSED_LATE for one in finished)
    if due == 0:
        return Tone.NONE, _("No drill in the last 24 hours: no data")
    if failed:
        return Tone.FAIL, _("{failed} of {due} drills failed").format(failed=failed, due=due)
    if not finished:
        return Tone.NONE, _("{count} of {count} drills are not finished yet: no data").format(
            count=due
        )
    if passed < due:
        return Tone.WARN, _("{passed} of {due} drills passed, none failed").format(
            passed=passed, due=due
        )
    all_passed = (
        _("The only drill passed") if due == 1 else _("All {due} drills passed").format(due=due)
    )
    return (Tone.WARN if late else Tone.PASS), all_passed


def _with_leftovers(verdict: str, leftovers: int) -> str:
    if leftovers == 0:
        return verdict
    return ngettext(
        "{verdict}; {count} leftover instance", "{verdict}; {count} leftover instances", leftovers
    ).format(verdict=verdict, count=leftovers)


def _counts(
    ticks: Sequence[Tick],
    due: int,
    finished: Sequence[Ending],
    now: datetime,
) -> list[str]:
    counts = [
        _("{count} {word}").format(
            count=sum(1 for one in finished if one.outcome is outcome),
            word=_(words.OUTCOMES[outcome]),
        )
        for outcome in words.OUTCOMES
        if any(one.outcome is outcome for one in finished)
    ]
    if due > len(finished):
        counts.append(_("{count} not finished").format(count=due - len(finished)))
    recent = between(ticks, micro(now - DAY), micro(now))
    simulated = sum(1 for tick in recent if tick.ending.is_simulated)
    if simulated:
        counts.append(_("{count} simulated, in no total").format(count=simulated))
    return counts
