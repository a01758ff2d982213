"""Selecting: read what the provider has, and choose the recovery point."""

from __future__ import annotations

from drill.engine.choosing import choose, past_of
from drill.engine.desk import Desk
from drill.engine.faults import conclude
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import EventKind, Outcome, State, StepName
from drill.engine.steps.reading import InstanceUnknown, read_inventory
from drill.errors import NoRecoveryPoint


def select(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Choose, and write down what was chosen out of what; end if there is nothing to choose."""
    record = desk.record
    inventory = read_inventory(record, cloud, desk.clock)
    if isinstance(inventory, InstanceUnknown):
        conclude(desk, Outcome.INCONCLUSIVE, inventory.message(), inventory.hint())
        return
    try:
        choice = choose(record, inventory, past_of(record, parts))
    except NoRecoveryPoint as answer:
        conclude(
            desk,
            Outcome.INCONCLUSIVE,
            answer.message,
            answer.hint,
            inventory=inventory,
            is_simulated=inventory.is_simulated,
        )
        return
    desk.note(
        EventKind.OBSERVATION,
        "choice",
        {
            "policy": choice.policy,
            "reason": choice.reason,
            "at": choice.point.at.isoformat(),
            "seed": choice.seed,
            "candidates": choice.candidates,
        },
    )
    desk.go(
        State.ADMITTING,
        inventory=inventory,
        choice=choice,
        target_name=inventory.target.name if inventory.target else None,
        is_simulated=inventory.is_simulated,
        steps=desk.steps_then(StepName.ADMIT),
    )
