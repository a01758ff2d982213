"""Every answer as a word with a glyph and a tone: the colour never says anything alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.recovery.measure import Attainment
from drill.report import words


class Tone(StrEnum):
    """The four families of colour, glyph and pattern (design/report D.4)."""

    PASS = "pass"  # noqa: S105 - a tone, no secret
    WARN = "warn"
    FAIL = "fail"
    NONE = "none"


_GLYPHS = {Tone.PASS: "✓", Tone.WARN: "!", Tone.FAIL: "✕", Tone.NONE: "·"}

_OUTCOME_TONES = {
    Outcome.PASSED: Tone.PASS,
    Outcome.PASSED_LATE: Tone.WARN,
    Outcome.FAILED_RESTORE: Tone.FAIL,
    Outcome.FAILED_CHECK: Tone.FAIL,
    Outcome.INCONCLUSIVE: Tone.WARN,
    Outcome.REFUSED: Tone.WARN,
    Outcome.MISSED: Tone.WARN,
    Outcome.SKIPPED: Tone.NONE,
    Outcome.ABORTED: Tone.WARN,
}
_TEARDOWN_TONES = {
    Teardown.CLEAN: Tone.PASS,
    Teardown.LEAKED: Tone.FAIL,
    Teardown.PENDING: Tone.NONE,
    Teardown.NOT_NEEDED: Tone.NONE,
}
_ANSWERS = {
    CheckAnswer.PASSED: (Tone.PASS, "passed"),
    CheckAnswer.FAILED: (Tone.FAIL, "failed"),
    CheckAnswer.NO_DATA: (Tone.WARN, words.NO_DATA),
}
_ATTAINMENTS = {
    Attainment.MET: (Tone.PASS, "met"),
    Attainment.MISSED: (Tone.FAIL, "missed"),
    Attainment.NO_DATA: (Tone.NONE, words.NO_DATA),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One word, its glyph and its tone."""

    tone: Tone
    glyph: str
    word: str


def sign(tone: Tone, word: str) -> Sign:
    """Return a word in a tone, with the glyph of that tone."""
    return Sign(tone=tone, glyph=_GLYPHS[tone], word=word)


def tone_of(outcome: Outcome) -> Tone:
    """Return the tone of an outcome."""
    return _OUTCOME_TONES[outcome]


def outcome_sign(record: DrillRecord) -> Sign:
    """Return the outcome, or the state of a drill that is not finished."""
    if record.outcome is None:
        return sign(Tone.NONE, words.STATES[record.state])
    return sign(tone_of(record.outcome), words.OUTCOMES[record.outcome])


def teardown_sign(teardown: Teardown) -> Sign:
    """Return what became of the scratch instance."""
    return sign(_TEARDOWN_TONES[teardown], words.TEARDOWNS[teardown])


def answer_sign(answer: CheckAnswer) -> Sign:
    """Return the answer of a check."""
    return sign(*_ANSWERS[answer])


def attainment_sign(attainment: Attainment) -> Sign:
    """Return whether an objective was met."""
    return sign(*_ATTAINMENTS[attainment])


def level_sign(level: int) -> Sign:
    """Return the assurance level with its meaning; below L3 nothing counts as verified."""
    tone = Tone.PASS if level >= 4 else Tone.WARN if level == 3 else Tone.NONE
    return sign(tone, f"L{level} {words.LEVELS[level]}")
