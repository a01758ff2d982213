"""The words of where a source stands."""

from __future__ import annotations

from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.language import N_, _
from drill.report.view.formats import minute
from drill.report.view.signs import Sign, Tone, sign
from drill.report.view.standing import Standing, Status

WORDS = {
    Status.FAILED: (Tone.FAIL, N_("failed")),
    Status.UNPROVEN: (Tone.FAIL, N_("never proven")),
    Status.EXPIRED: (Tone.FAIL, N_("proof expired")),
    Status.UNSURE: (Tone.WARN, N_("unsure")),
    Status.LATE: (Tone.WARN, N_("late")),
    Status.EXPIRING: (Tone.WARN, N_("proof expires soon")),
    Status.PROVEN: (Tone.PASS, N_("proven")),
    Status.SIMULATED: (Tone.NONE, N_("simulated")),
}

SLUGS = {
    Status.FAILED: "failed",
    Status.UNPROVEN: "never-proven",
    Status.EXPIRED: "expired",
    Status.UNSURE: "unsure",
    Status.LATE: "late",
    Status.EXPIRING: "expiring",
    Status.PROVEN: "proven",
    Status.SIMULATED: "simulated",
}
"""What the file names of the fleet pages call each status."""


def status_sign(status: Status) -> Sign:
    """Return the status as a sign."""
    tone, word = WORDS[status]
    return sign(tone, _(word))


def status_sentence(one: Standing) -> str:
    """Return where the source stands, in one sentence with its instants."""
    newest = one.newest
    proven_at = one.newest_proof.finished_at if one.newest_proof else None
    proof_at = minute(proven_at).text if proven_at else ""
    ends_at = minute(one.expires_at).text if one.expires_at else ""
    outcome = ""
    slot = ""
    if newest is not None:
        outcome = _(words.OUTCOMES[newest.outcome or Outcome.SKIPPED])
        slot = minute(newest.scheduled_for).text
    return _(_SENTENCES[one.status]).format(
        proof_at=proof_at, ends_at=ends_at, outcome=outcome, slot=slot
    )


_SENTENCES = {
    Status.FAILED: N_(
        "The newest drill that found anything out failed: recovery of this source is in doubt."
    ),
    Status.UNPROVEN: N_("No drill has ever proven that this source can be recovered."),
    Status.EXPIRED: N_("The last proof is of {proof_at} UTC and ran out at {ends_at} UTC."),
    Status.UNSURE: N_(
        "Proven at {proof_at} UTC until {ends_at} UTC, but the newest drill ({slot} UTC) ended "
        "{outcome}."
    ),
    Status.LATE: N_(
        "Proven at {proof_at} UTC until {ends_at} UTC, but the newest drill missed an objective."
    ),
    Status.EXPIRING: N_("Proven at {proof_at} UTC; the proof ends at {ends_at} UTC."),
    Status.PROVEN: N_("Proven at {proof_at} UTC until {ends_at} UTC."),
    Status.SIMULATED: N_("No database stands behind this source: it can never be proven."),
}
