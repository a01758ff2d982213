"""What a selection knows of the drills of its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from drill.clock import to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.evidence import finished_by, is_conclusive
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.proof import Proof, prove
from drill.recovery.coverage.reading import (
    raw_intervals,
    retention_of,
    usable_bases,
    validity_of,
)
from drill.recovery.coverage.window import window_state
from drill.recovery.facts import DrillFacts
from drill.recovery.values import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Earlier drills of one source, and what is promised for it."""

    drills: Sequence[DrillFacts] = ()
    """Of every plan of the source."""
    plan_name: str | None = None
    """Whose turns are counted; None counts those of every plan."""
    objectives: Objectives = field(default_factory=Objectives)

    def conclusive(self, inventory: Inventory) -> list[DrillFacts]:
        """Return the conclusive drills that had finished, in the order of their end."""
        known = finished_by(self.drills, to_milliseconds(inventory.taken_at))
        return [drill for _, drill in known if is_conclusive(drill)]

    def turn(self, inventory: Inventory, *, policy: str | None = None) -> int:
        """Return how many conclusive drills the plan has had, of one policy or of all."""
        return sum(
            1
            for drill in self.conclusive(inventory)
            if self.plan_name in (None, drill.plan_name) and policy in (None, drill.policy)
        )

    def proof(self, inventory: Inventory, *more: DrillFacts) -> Proof:
        """Return what is proven at the instant of the inventory, with more drills if given."""
        at = to_milliseconds(inventory.taken_at)
        source = inventory.source
        created = source.created_at
        state = window_state(
            raw_intervals(inventory.windows),
            at=at,
            retention=retention_of(self.objectives, source.retention_days),
            protected_since=None if created is None else to_milliseconds(created),
        )
        return prove(
            [*self.drills, *more],
            at=at,
            validity=milliseconds_of(validity_of(self.objectives)),
            advertised=state.advertised,
            promised=state.promised,
            bases=usable_bases(inventory.backups, source_id=source.id),
        )
