"""What the pages of the whole fleet know of one source, and all that they know of it.

A page of a source is made of its drills, windows and backups. Of a fleet of ten thousand nobody
holds all that at once: the other pages are made of cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple, Protocol

from drill.clock import to_milliseconds
from drill.recovery.coverage.fleet import Failure
from drill.recovery.coverage.reconciliation import Operation
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    FleetSums,
    NightlySums,
    Population,
    Review,
    SourceKey,
)
from drill.recovery.tick import Tick, newest_ticks_first
from drill.report.view.fleet_row import AgedRow, FleetRow, aged
from drill.report.view.standing import Status

Cells = tuple[str | int | None, ...]


class Printed(Protocol):
    """What is printed of a source as it is. Most pages count a source and print nothing of it: a
    card that is read from a file makes this when it is asked for."""

    @property
    def row(self) -> FleetRow:
        """Return its row in a table, without the ages."""
        ...

    @property
    def cells(self) -> Cells:
        """Return its line in ``data/sources``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNow:
    """The same of a card that is made anew."""

    row: FleetRow
    cells: Cells


class Card(NamedTuple):
    """One source at the instant of the report."""

    key: SourceKey
    name: str
    """What people call it."""
    status: Status
    tier: int | None
    is_simulated: bool
    volume_gb: int | None
    cadence: timedelta
    """How often it has to be drilled, as it is promised now."""
    validity: timedelta
    """How long its proofs are valid, as it is promised now."""
    proven: float | None
    """The share of what is restorable that is proven."""
    proof_at: datetime | None
    """When its newest proof ended."""
    expires_at: datetime | None
    """When that stops being one."""
    covered_at: datetime | None
    """When its newest proof ended, for the coverage of the fleet (C.8)."""
    attempted_at: datetime | None
    """When its newest real drill ended whose restore was accepted."""
    looked_at: datetime | None
    """When its provider was asked last."""
    known_since: datetime | None
    """Created at the provider, or else drilled or seen for the first time."""
    reason: str | None
    """Why the newest finished drill ended as it did."""
    sums: FleetSums
    """Its part of the sums of the fleet."""
    ticks: tuple[Tick, ...]
    """Its drills, newest slot first."""
    operation: Operation
    """How they went."""
    failures: tuple[Failure, ...]
    proof_ends: tuple[datetime, ...]
    """When its proofs were had, the newest first, back to the first one that no line shows."""
    printed: Printed
    page_digest: str
    """Of what its page is made of, but for links and exceptions."""

    @property
    def row(self) -> FleetRow:
        """Return its row in a table, without the ages."""
        return self.printed.row

    def row_at(self, at: datetime) -> AgedRow:
        """Return its row with the ages of an instant."""
        is_soon = self.status is Status.EXPIRING
        return aged(
            self.row, proof_at=self.proof_at, expires_at=self.expires_at, is_soon=is_soon, at=at
        )

    def is_in_time(self, at: datetime) -> bool:
        """Tell whether the newest proof is young enough, wherever its point is (coverage C.8)."""
        return self.expires_at is not None and to_milliseconds(self.expires_at) > to_milliseconds(
            at
        )


def worst_first(cards: Iterable[Card]) -> list[Card]:
    """Return sources by status, then by tier, then the least proven, then by id."""
    return sorted(
        cards,
        key=lambda one: (
            one.status,
            one.tier or 10,
            -1.0 if one.proven is None else one.proven,
            one.key,
        ),
    )


Reading = Callable[[SourceKey], Iterable[DrillFacts]]
"""Returns everything that is remembered of the drills of a source."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """All sources, and what is remembered beside them: what the pages of the fleet are made of."""

    cards: tuple[Card, ...]
    """Worst first."""
    read: Reading
    """For the few drills of which more is shown than is counted."""
    within: Callable[[datetime | None, datetime | None], Sequence[DrillFacts]]
    """Returns the same of all drills with a slot in a period, newest first."""
    populations: tuple[Population, ...] = ()
    exceptions: tuple[ExceptionNote, ...] = ()
    reviews: tuple[Review, ...] = ()
    nights: tuple[NightlySums, ...] | None = ()
    """None where the report is about less than they are (``drill.report.past``)."""
    _facts: dict[str, DrillFacts] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def by_key(self) -> Mapping[SourceKey, Card]:
        """Return the card of each source."""
        return {one.key: one for one in self.cards}

    @cached_property
    def ticks(self) -> tuple[Tick, ...]:
        """Return the drills of all sources, newest slot first."""
        return tuple(newest_ticks_first(tick for one in self.cards for tick in one.ticks))

    @cached_property
    def real(self) -> tuple[Tick, ...]:
        """Return those of them that had a database: others are in no total."""
        return tuple(tick for tick in self.ticks if not tick.ending.is_simulated)

    def tick(self, drill_id: str) -> Tick | None:
        """Return a drill by its id, or None."""
        return self._by_id.get(drill_id)

    def facts(self, tick: Tick) -> DrillFacts:
        """Return everything that is remembered of a drill."""
        if tick.id not in self._facts:
            self._facts.update({drill.id: drill for drill in self.read(tick.source)})
        return self._facts[tick.id]

    @cached_property
    def _by_id(self) -> Mapping[str, Tick]:
        return {tick.id: tick for tick in self.ticks}
