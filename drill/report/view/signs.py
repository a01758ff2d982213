"""Every answer as a word with a glyph and a tone: the colour never says anything alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drill.check.port import CheckAnswer
from drill.engine.record import State, Teardown
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.language import N_, _


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
    CheckAnswer.PASSED.value: (Tone.PASS, N_("passed")),
    CheckAnswer.FAILED.value: (Tone.FAIL, N_("failed")),
    CheckAnswer.NO_DATA.value: (Tone.WARN, N_("no data")),
}
_ATTAINMENTS = {
    Attainment.MET: (Tone.PASS, N_("met")),
    Attainment.MISSED: (Tone.FAIL, N_("not met")),
    Attainment.NO_DATA: (Tone.NONE, N_("no data")),
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


def outcome_sign(record: DrillFacts) -> Sign:
    """Return the outcome, or the state of a drill that is not finished."""
    if record.outcome is None:
        return sign(Tone.NONE, _(words.STATES[State(record.state)]))
    return sign_of(record.outcome)


def sign_of(outcome: Outcome) -> Sign:
    """Return an outcome."""
    return sign(tone_of(outcome), _(words.OUTCOMES[outcome]))


def teardown_sign(teardown: str) -> Sign:
    """Return what became of the scratch instance."""
    known = Teardown(teardown)
    return sign(_TEARDOWN_TONES[known], _(words.TEARDOWNS[known]))


def answer_sign(answer: str) -> Sign:
    """Return the answer of a check."""
    tone, word = _ANSWERS[answer]
    return sign(tone, _(word))


def attainment_sign(attainment: Attainment) -> Sign:
    """Return whether an objective was met."""
    tone, word = _ATTAINMENTS[attainment]
    return sign(tone, _(word))


def mode_word(mode: str) -> str:
    """Return what is restored: an instant or a backup."""
    return _("backup") if mode == "backup" else _("pitr")


def target_word(kind: str) -> str:
    """Return which kind of scratch instance it is."""
    return _("new") if kind == "new" else _("existing")


def level_sign(level: int) -> Sign:
    """Return the assurance level with its meaning; below L3 nothing counts as verified."""
    tone = Tone.PASS if level >= 4 else Tone.WARN if level == 3 else Tone.NONE
    return sign(tone, f"L{level} {_(words.LEVELS[level])}")
