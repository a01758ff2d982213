"""The dry run: the very objects that a drill would use, and no order to the cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drill.engine.choosing import choose, past_of
from drill.engine.ports import Parts
from drill.engine.record import DrillRecord
from drill.engine.steps.ordering import admit_order, ensure_secrets
from drill.engine.steps.reading import InstanceUnknown, read_blank, read_inventory
from drill.errors import NoRecoveryPoint
from drill.guard.admission import AdmittedCreate, AdmittedRestore, Refusals
from drill.plan.model import ExistingTarget
from drill.recovery.gain import Gain, gain_of
from drill.recovery.values import Choice, Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a drill of this plan would do right now."""

    record: DrillRecord
    inventory: Inventory | InstanceUnknown
    choice: Choice | NoRecoveryPoint | None = None
    gain: Gain | None = None
    """What the drill would prove if it passed; None without a choice."""
    admission: AdmittedRestore | AdmittedCreate | Refusals | None = None

    @property
    def would_run(self) -> bool:
        """Tell whether the guard would let the restore run."""
        return isinstance(self.admission, AdmittedRestore | AdmittedCreate)


def preview(record: DrillRecord, parts: Parts) -> Preview:
    """Read, choose and ask the guard as a drill would; nothing is written, nothing is ordered.

    A target that is free counts as held by this drill, as it would be. Raise ProviderError and
    SecretUnavailable.
    """
    cloud = parts.clouds[record.plan.source.cloud]
    inventory = read_inventory(record, cloud, parts.clock)
    if isinstance(inventory, InstanceUnknown):
        return Preview(record=record, inventory=inventory)
    ensure_secrets(record, parts, cloud)
    past = past_of(record, parts)
    try:
        choice = choose(record, inventory, past)
    except NoRecoveryPoint as answer:
        return Preview(record=record, inventory=inventory, choice=answer)
    holder = record.id
    target = record.plan.target
    if isinstance(target, ExistingTarget):
        record = replace(record, target_id=target.instance_id)
        holder = parts.journal.holder_of(cloud.provider.cloud, target.instance_id) or record.id
    blank = read_blank(cloud, record.target_id or "")
    admission = admit_order(
        record,
        cloud,
        inventory,
        choice,
        now=parts.clock.now(),
        target_held_by=holder,
        blank=blank,
    )
    kinds = [check.kind for _, check in record.plan.named_checks()]
    return Preview(
        record=record,
        inventory=inventory,
        choice=choice,
        gain=gain_of(choice, inventory, past, kinds=kinds),
        admission=admission,
    )
