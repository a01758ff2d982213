"""Choosing with everything that is remembered: the plan, its inventory, and the source's past."""

from __future__ import annotations

from drill.engine.ports import Parts
from drill.engine.record import DrillRecord
from drill.recovery.coverage.sampling import published_seed
from drill.recovery.past import Past
from drill.recovery.selection import choose_recovery_point
from drill.recovery.values import Choice, Inventory


def past_of(record: DrillRecord, parts: Parts) -> Past:
    """Return the earlier drills of the record's source, without the drill itself."""
    source = record.plan.source
    drills = parts.history((source.cloud, source.instance_id))
    return Past(
        drills=tuple(drill for drill in drills if drill.id != record.id),
        plan_name=record.plan_name,
        objectives=record.plan.objectives,
    )


def choose(record: DrillRecord, inventory: Inventory, past: Past) -> Choice:
    """Return the recovery point of a drill. Raise NoRecoveryPoint.

    What is drawn at random depends on the plan, on its night and on how earlier drills ended:
    on nothing that anybody could choose now (docs/measurement.md).
    """
    draw = published_seed(past.drills, plan_name=record.plan_name, slot=record.scheduled_for)
    return choose_recovery_point(
        record.plan.restore,
        inventory,
        draw=draw,
        history=past.drills,
        plan_name=past.plan_name,
        objectives=past.objectives,
    )
