"""What a drill would prove if it passed: the window and the backups before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.recovery.coverage.evidence import CHAIN_LEVEL
from drill.recovery.coverage.intervals import length, span_of
from drill.recovery.coverage.proof import Proof, proof_metrics
from drill.recovery.facts import DrillFacts
from drill.recovery.past import Past
from drill.recovery.values import BackupPoint, Choice, Inventory
from drill.recovery.verdict import Answer, AssuranceLevel, Outcome, assurance_level


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The difference that one pass would make."""

    level: AssuranceLevel
    """The level that the checks of the plan can reach; below L4 no stretch of time is proven."""
    added: timedelta
    """How much of the window would be proven and is not."""
    share_before: float | None
    """Proven share of the window; None if no window is advertised."""
    share_after: float | None
    images_before: int
    images_after: int
    bases: int

    @property
    def can_prove_time(self) -> bool:
        """Tell whether the checks reach the level from which a stretch of time is proven."""
        return self.level >= CHAIN_LEVEL


def gain_of(choice: Choice, inventory: Inventory, past: Past, *, kinds: Sequence[str]) -> Gain:
    """Return what would change if every check (of these kinds) passed at this instant."""
    simulated = inventory.is_simulated
    answers = [(kind, Answer.PASSED.value) for kind in kinds]
    level = assurance_level(answers, instance_up=True, simulated=simulated)
    before = past.proof(inventory)
    after = past.proof(inventory, _as_if_passed(choice, inventory, level))
    return Gain(
        level=level,
        added=span_of(length(after.proven) - length(before.proven)),
        share_before=_share(before),
        share_after=_share(after),
        images_before=len(before.images),
        images_after=len(after.images),
        bases=len(before.bases),
    )


def _share(proof: Proof) -> float | None:
    return proof_metrics(proof)["proven"].value


def _as_if_passed(choice: Choice, inventory: Inventory, level: AssuranceLevel) -> DrillFacts:
    """Return a drill of this choice that passed just now."""
    now = inventory.taken_at
    point = choice.point
    is_backup = isinstance(point, BackupPoint)
    return DrillFacts(
        id="~",  # sorts after every drill that finished in the same instant
        plan_name="",
        plan_digest="",
        cloud=inventory.source.cloud,
        source_id=inventory.source.id,
        mode="backup" if is_backup else "pitr",
        target_kind="new",
        trigger="",
        scheduled_for=now,
        enlisted_at=now,
        finished_at=now,
        outcome=Outcome.PASSED,
        state="finished",
        teardown="clean",
        level=level,
        is_simulated=inventory.is_simulated,
        point_at=point.at,
        base_id=point.backup.id if isinstance(point, BackupPoint) else None,
    )
