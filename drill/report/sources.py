"""Where every source stands: counted anew, or on the card of an earlier report that still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import NamedTuple

from drill.plan.model import Objectives
from drill.recovery.coverage.evidence import is_proof
from drill.recovery.coverage.promises import Promises
from drill.recovery.coverage.reading import validity_of
from drill.recovery.facts import SourceKey
from drill.recovery.tick import tick_of
from drill.report.cards import card_of
from drill.report.context import Context
from drill.report.digests import SCHEMA, digest, state_of
from drill.report.past import Past
from drill.report.view.card import Card, Fleet, worst_first
from drill.report.view.standing import SOON, Standing, standing_of

_NEVER = datetime.max.replace(tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class KeptCard(NamedTuple):
    """A card, what it was made of, and until when it says the same."""

    mark: str
    until: datetime
    card: Card
    line: bytes = b""
    """How a file has it; empty for one that was made anew."""


@dataclass(kw_only=True)
class Sources:
    """The sources of one report."""

    past: Past
    context: Context
    promises: Promises = field(default_factory=dict)
    kept: Mapping[SourceKey, KeptCard] = field(default_factory=dict)
    """Cards of an earlier report: of an instant that is not later, and of an equal context."""
    _standings: dict[SourceKey, Standing] = field(default_factory=dict)

    @cached_property
    def to_keep(self) -> Mapping[SourceKey, KeptCard]:
        """Return the card of every source, and what may be kept of it."""
        still = {key: self._still_holding(key) for key in self.past.sources}
        self.past.read_ahead([key for key, kept in still.items() if kept is None])
        return {key: kept or self._made_anew(key) for key, kept in still.items()}

    @property
    def are_mostly_known(self) -> bool:
        """Tell whether the cards of most sources still held."""
        known = sum(1 for one in self.to_keep.values() if one.line)
        return 2 * known > len(self.to_keep)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """Return the cards, worst first."""
        return tuple(worst_first(one.card for one in self.to_keep.values()))

    @cached_property
    def fleet(self) -> Fleet:
        """Return everything that the pages of the fleet are made of."""
        return Fleet(
            cards=self.cards,
            read=self.past.drills_of,
            within=self.past.within,
            populations=self.past.populations,
            exceptions=self.past.exceptions,
            reviews=self.past.reviews,
            nights=self.past.nights,
        )

    def standing(self, key: SourceKey) -> Standing:
        """Return where one source stands, with everything that its page is made of."""
        known = self._standings.get(key)
        if known is None:
            past, promise = self.past.sources[key], self._promise(key)
            known = self._standings[key] = standing_of(past, promise, at=self.context.at)
        return known

    def taken(self, key: SourceKey) -> Standing:
        """Return the same for the page of the source, and forget it: it is much for a fleet."""
        standing = self.standing(key)
        del self._standings[key]
        return standing

    def _promise(self, key: SourceKey) -> Objectives:
        return self.promises.get(key, _PROMISES_NOTHING)

    def _mark(self, key: SourceKey) -> str | None:
        """Return a text that tells all that may change what a card says before it ends."""
        known = self.past.marks.get(key)
        return None if known is None else f"{known} {_digest_of(self._promise(key))}"

    def _still_holding(self, key: SourceKey) -> KeptCard | None:
        kept = self.kept.get(key)
        if kept is None or kept.mark != self._mark(key) or self.context.at >= kept.until:
            return None
        return kept

    def _made_anew(self, key: SourceKey) -> KeptCard:
        past, standing, at = self.past.sources[key], self.standing(key), self.context.at
        ticks = tuple(tick_of(drill, state=state_of(drill), source=key) for drill in past.drills)
        seen, proof, mark = past.observation, standing.proof, self._mark(key)
        made_of = (
            key, [tick.state for tick in ticks],
            (seen.taken_at, seen.source_name, seen.fault) if seen else None,
            standing.status, standing.expires_at, standing.promise.retention,
            standing.promise.proof_validity,
            proof.coats, proof.suspect, proof.direct, len(proof.images),
        )  # fmt: skip
        page_digest = digest(SCHEMA, repr(made_of))
        card = card_of(standing, ticks, self.context, page_digest=page_digest)
        is_settled = past.is_settled and mark is not None
        until = holds_until(standing, at) if is_settled else at
        return KeptCard(mark=mark or "", until=until, card=card)


_PROMISES_NOTHING = Objectives()


@cache
def _digest_of(promise: Objectives) -> str:
    return digest(SCHEMA, repr(promise))


def holds_until(one: Standing, at: datetime) -> datetime:
    """Return until when a card says the same as long as nothing happens.

    That is the next instant at which a proof runs out, or begins to be called expiring, or a slot
    comes. A source without a restore window holds for no time at all: what is proven of it is told
    up to the instant of the report.
    """
    if one.window is None or not one.window.advertised:
        return at
    validity = validity_of(one.promise)
    turns = [drill.scheduled_for for drill in one.past.drills if drill.scheduled_for > at]
    for drill in one.past.drills:
        if drill.finished_at is not None and is_proof(drill):
            ends = drill.finished_at + validity
            turns += [ends, ends - SOON]
    # Instants are compared in milliseconds: a proof may end within the one before.
    later = [turn - _MILLISECOND for turn in turns]
    return min((turn for turn in later if turn > at), default=_NEVER)
