"""How a drill ended, and how much it proves.

Answers of checks come as pairs (kind, answer), both as text: this room stands below the one
that asks. Left out are only answers that could not exist yet, such as a row count that is to be
compared with the last passed drill when there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from drill.recovery.measure import Assessment, Attainment


class Answer(StrEnum):
    """The answer of one check, spelled as the checks spell it."""

    PASSED = "passed"
    FAILED = "failed"
    NO_DATA = "no_data"


class Outcome(StrEnum):
    """How a drill ended, of all the ways there are (glossary)."""

    PASSED = "passed"
    PASSED_LATE = "passed_late"
    FAILED_RESTORE = "failed_restore"
    FAILED_CHECK = "failed_check"
    INCONCLUSIVE = "inconclusive"
    REFUSED = "refused"
    MISSED = "missed"
    SKIPPED = "skipped"
    ABORTED = "aborted"


class RestoreResult(StrEnum):
    """What became of the restore."""

    COMPLETED = "completed"
    FAILED = "failed"
    """The cloud accepted it, tried, and says that it failed."""
    UNKNOWN = "unknown"
    """It was never accepted, or its end was not seen: quota, network, time, our own fault."""


class AssuranceLevel(IntEnum):
    """How much a drill proves. Each level holds all below it; L1 and L2 are never "verified"."""

    L0 = 0
    """Nothing."""
    L1 = 1
    """The instance came up."""
    L2 = 2
    """A login works."""
    L3 = 3
    """The objects are complete."""
    L4 = 4
    """Data and time are right: heartbeat, and a row count or a newest row."""
    L5 = 5
    """Physically verified."""
    L6 = 6
    """An application check passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome and one sentence why."""

    outcome: Outcome
    reason: str


Answers = Sequence[tuple[str, str]]
"""(kind of the check, its answer); an answer that is none of ``Answer`` raises ValueError."""


def assurance_level(
    answers: Answers, *, instance_up: bool, simulated: bool = False
) -> AssuranceLevel:
    """Return the level that the answers prove (the ladder is in docs/measurement.md).

    A simulated instance never reaches more than L1: no database stands behind it.
    """
    if not instance_up:
        return AssuranceLevel.L0
    data = ("row_count", "newest_row")
    ladder = (
        _all_passed(answers, "connects"),
        _all_passed(answers, "objects"),
        _all_passed(answers, "heartbeat") and _all_passed(answers, *data),
        _all_passed(answers, "physical"),
        _all_passed(answers, "sql"),
    )
    level = AssuranceLevel.L1
    for step in ladder:
        if simulated or not step:
            break
        level = AssuranceLevel(level + 1)
    return level


def outcome_of(
    restore: RestoreResult,
    answers: Answers,
    *,
    rto: Assessment,
    rpo: Assessment,
    simulated: bool = False,
) -> Verdict:
    """Return the outcome of a drill that reached *restoring*; the first row that fits decides.

    The rows are the table in docs/measurement.md. An objective without data does not change the
    outcome: the assessment itself says so.
    """
    if simulated:
        return _verdict(Outcome.INCONCLUSIVE, "simulated: no database stands behind the instance")
    if restore is RestoreResult.FAILED:
        return _verdict(Outcome.FAILED_RESTORE, "the cloud could not restore the recovery point")
    if restore is RestoreResult.UNKNOWN:
        return _verdict(Outcome.INCONCLUSIVE, "the restore was not seen to end")
    return _outcome_of_answers(answers, rto, rpo)


def _outcome_of_answers(answers: Answers, rto: Assessment, rpo: Assessment) -> Verdict:
    failed = _kinds_that(Answer.FAILED, answers)
    if failed:
        return _verdict(Outcome.FAILED_CHECK, f"failed: {failed}")
    without_data = _kinds_that(Answer.NO_DATA, answers)
    if without_data:
        return _verdict(Outcome.INCONCLUSIVE, f"no data: {without_data}")
    if not answers:
        return _verdict(Outcome.INCONCLUSIVE, "no check was answered")
    late = [
        name
        for name, assessment in (("RTO", rto), ("RPO", rpo))
        if assessment.attainment is Attainment.MISSED
    ]
    if late:
        return _verdict(
            Outcome.PASSED_LATE, f"every check passed, but missed: {', '.join(late)} target"
        )
    return _verdict(Outcome.PASSED, "every check passed")


def _all_passed(answers: Answers, *kinds: str) -> bool:
    """Tell whether there is an answer of these kinds and every one is a pass."""
    found = [Answer(answer) for kind, answer in answers if kind in kinds]
    return bool(found) and all(answer is Answer.PASSED for answer in found)


def _kinds_that(wanted: Answer, answers: Answers) -> str:
    """Return the kinds with this answer, once each, in the order they were asked."""
    return ", ".join(dict.fromkeys(kind for kind, answer in answers if Answer(answer) is wanted))


def _verdict(outcome: Outcome, reason: str) -> Verdict:
    return Verdict(outcome=outcome, reason=reason)
