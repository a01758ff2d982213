"""What every archive must hold to, whatever it keeps things in: pure rules on frozen values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from drill.errors import StoreError, UnknownName
from drill.recovery.facts import ExceptionNote, Review
from drill.recovery.persons import is_among, same_person


def ensure_openable(note: ExceptionNote, known: Sequence[ExceptionNote]) -> None:
    """Raise StoreError for an id that is taken, and for a decision that nobody could check."""
    if any(one.id == note.id for one in known):
        raise StoreError(f"there is an exception {note.id} already")
    if note.kind == "exclusion":
        _ensure_excluding(note)
    if note.expires_at is not None and note.expires_at <= note.opened_at:
        raise StoreError(f"exception {note.id} would end before it begins")
    if note.closed_at is not None:
        raise StoreError(f"exception {note.id} cannot be opened closed")


def _ensure_excluding(note: ExceptionNote) -> None:
    """Raise StoreError for an exclusion that nobody else agreed to, or that never ends."""
    if not note.approver or not note.approver.strip():
        raise StoreError(
            f"exclusion {note.id} has no approver",
            hint="A source leaves the scope only if somebody answers for it: name the approver.",
        )
    if same_person(note.approver, note.opened_by):
        raise StoreError(
            f"{note.opened_by} opens exclusion {note.id} and cannot approve it",
            hint="Let somebody else approve it.",
        )
    if note.expires_at is None:
        raise StoreError(
            f"exclusion {note.id} has no end",
            hint="Name the day until which the source is out of scope.",
        )


def ensure_closable(
    exception_id: str, known: Sequence[ExceptionNote], *, at: datetime
) -> ExceptionNote:
    """Return the exception that is to be closed.

    Raise UnknownName, or StoreError if it cannot be closed.
    """
    note = next((one for one in known if one.id == exception_id), None)
    if note is None:
        raise UnknownName(
            f"no such exception: {exception_id}", hint="List them: drill exception list --all."
        )
    if note.closed_at is not None:
        raise StoreError(f"exception {exception_id} was closed at {note.closed_at} already")
    if at < note.opened_at:
        raise StoreError(f"exception {exception_id} cannot be closed before it was opened")
    return note


def closed(
    note: ExceptionNote, *, at: datetime, by: str, reason: str, retest_drill_id: str | None
) -> ExceptionNote:
    """Return the exception as it is after its end."""
    return replace(
        note, closed_at=at, closed_by=by, closing_reason=reason, retest_drill_id=retest_drill_id
    )


def ensure_signable(review: Review, known_ids: Collection[str]) -> None:
    """Raise StoreError for an id that is taken, and for a review of one's own work (CP-4 b)."""
    if review.id in known_ids:
        raise StoreError(f"there is a review {review.id} already")
    if review.period_to is not None and review.period_to > review.signed_at:
        raise StoreError(f"the period of review {review.id} is not over")
    if not review.reviewer.strip() or is_among(review.reviewer, review.initiator):
        raise StoreError(
            f"{review.reviewer} had the drills run and cannot review them",
            hint="Let somebody else review them.",
        )


def mark_of(drills: int, looked_at: datetime | None) -> str:
    """Return the mark of a source (``Archive.marks``): how many drills there were, and when it was
    looked at last."""
    return f"{drills} {looked_at.astimezone(UTC).isoformat() if looked_at else '-'}"
