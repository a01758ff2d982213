"""What the journal remembers of drills, as one line each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from drill.check.port import CheckAnswer
from drill.engine.ports import Journal
from drill.engine.record import DrillRecord
from drill.notify.herald import RecentDrills
from drill.recovery.facts import DrillFacts

READ_AT_MOST = 100_000


def drills_of(journal: Journal) -> RecentDrills:
    """Return a reader of the drills of a journal."""

    def recent(since: datetime) -> Iterator[DrillFacts]:
        for record in journal.history(at_most=READ_AT_MOST):
            if record.scheduled_for >= since:
                yield facts_of(record)

    return recent


def facts_of(record: DrillRecord) -> DrillFacts:
    """Return a drill in one line, as far as notices and metrics need it."""
    plan, inventory = record.plan, record.inventory
    checks = tuple(one.name for one in record.checks if one.answer is not CheckAnswer.PASSED)
    steps = tuple(step.name.value for step in record.steps if step.result == "failed")
    return DrillFacts(
        id=record.id,
        plan_name=record.plan_name,
        plan_digest=record.plan_digest,
        group=plan.group,
        tier=plan.tier,
        cloud=plan.source.cloud,
        source_id=plan.source.instance_id,
        source_name=inventory.source.name if inventory else None,
        mode=plan.restore.mode,
        target_kind=plan.target.kind,
        target_id=record.target_id,
        target_name=record.target_name,
        trigger=record.trigger.value,
        scheduled_for=record.scheduled_for,
        enlisted_at=record.enlisted_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        outcome=record.outcome,
        state=record.state.value,
        reason=record.reason,
        hint=record.hint,
        failing=checks or steps,
        teardown=record.teardown.value,
        teardown_reason=record.teardown_reason,
        level=record.level,
        is_simulated=record.is_simulated,
        rta=record.rta,
        rto_target=plan.objectives.rto,
        rpa=record.rpa,
        rpo_target=plan.objectives.rpo,
        tool_version=record.tool_version,
    )
