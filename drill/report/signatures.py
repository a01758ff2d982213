"""What a signature under drills is worth in this report: by whom, and about which drills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from drill.engine.reviewing import NO_INITIATOR, drills_digest
from drill.recovery.facts import Review
from drill.recovery.persons import is_among
from drill.recovery.tick import Tick, micro
from drill.report.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One review, and what the report can tell of it. None is no data."""

    review: Review
    is_separate: bool | None
    """Whether the reviewer had none of the drills run."""
    is_same: bool | None
    """Whether the drills of the report are those that were reviewed."""

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing that is known speaks against the signature."""
        return self.is_separate is not False and self.is_same is not False

    def covers(self, tick: Tick) -> bool:
        """Tell whether the drill was there to be read when this was signed, and was meant."""
        review = self.review
        if tick.finished is None or tick.finished > micro(review.signed_at):
            return False
        if review.drill_id is not None:
            return review.drill_id == tick.id
        return is_within(tick, review)


def is_within(tick: Tick, review: Review) -> bool:
    """Tell whether the slot of a drill lies in the period of a review."""
    begin, end = review.period_from, review.period_to
    return begin is not None and end is not None and micro(begin) <= tick.slot < micro(end)


def signature_of(review: Review, ordered: Sequence[Tick], context: Context) -> Signature:
    """Return what a review is worth; ``ordered`` are all drills, as ``in_order`` returns them."""
    return Signature(
        review=review,
        is_separate=separation_of(review),
        is_same=same_drills(review, ordered, context),
    )


def accepted(ticks: Iterable[Tick], signatures: Iterable[Signature]) -> int:
    """Return of how many drills the newest sound review says that they were accepted."""
    newest = sorted(
        (one for one in signatures if one.is_sound),
        key=lambda one: (one.review.signed_at, one.review.id),
        reverse=True,
    )
    if not newest:
        return 0
    last = (next((one for one in newest if one.covers(tick)), None) for tick in ticks)
    return sum(1 for one in last if one is not None and one.review.verdict == "accepted")


def in_order(ticks: Iterable[Tick]) -> list[Tick]:
    """Return drills by slot and id, as a review counts them."""
    return sorted(ticks, key=attrgetter("slot", "id"))


def digest_of(ordered: Iterable[Tick]) -> str:
    """Return the digest that a review of these drills has."""
    return drills_digest((one.id, one.ending.outcome, one.level) for one in ordered)


def separation_of(review: Review) -> bool | None:
    """Tell whether the reviewer had none of the drills run; None if not every drill knows who did.

    Names are compared as they read, so that another spelling is the same person.
    """
    if is_among(review.reviewer, review.initiator):
        return False
    if review.initiator is None or review.facts.get(NO_INITIATOR, "0") != "0":
        return None
    return True


def same_drills(review: Review, ordered: Sequence[Tick], context: Context) -> bool | None:
    """Tell whether the drills of the report are those that were reviewed, by their digest.

    None without a digest, or if the report leaves out drills that the review may have had.
    """
    signed = review.facts.get("sha256")
    if signed is None or any(not one.startswith("--since ") for one in context.narrowed):
        return None
    if review.drill_id is not None:
        about = [one for one in ordered if one.id == review.drill_id]
        if not about and context.since is not None:
            return None
    elif (
        review.period_from is None
        or review.period_to is None
        or (context.since is not None and context.since > review.period_from)
    ):
        return None
    else:
        about = [one for one in ordered if is_within(one, review)]
    return digest_of(about) == signed
