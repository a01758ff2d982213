"""Drills sorted by plan and by source, and what several of them say together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.record import State, Teardown
from drill.recovery.coverage.evidence import CONCLUSIVE as CONCLUSIVE
from drill.recovery.coverage.evidence import FAILURES as FAILURES
from drill.recovery.coverage.evidence import PASSES as PASSES
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment, attainment_of
from drill.recovery.ordering import newest_first as newest_first
from drill.recovery.verdict import Outcome
from drill.report.language import _
from drill.report.view.text import shown

DAY = timedelta(days=1)
MONTH = timedelta(days=30)

_FINISHED, _LEAKED = State.FINISHED.value, Teardown.LEAKED.value
_PAGE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHistory:
    """The drills of one plan, newest slot first; never empty."""

    plan_name: str
    drills: tuple[DrillFacts, ...]

    @property
    def newest(self) -> DrillFacts:
        """Return the drill of the newest slot."""
        return self.drills[0]

    @property
    def newest_finished(self) -> DrillFacts | None:
        """Return the finished drill of the newest slot, or None."""
        return next((drill for drill in self.drills if is_finished(drill)), None)

    @property
    def finished(self) -> tuple[DrillFacts, ...]:
        """Return the finished drills, newest slot first."""
        return tuple(drill for drill in self.drills if is_finished(drill))


def page_name(drill_id: str) -> str:
    """Return the file name of a drill's page: its id if that is harmless, or a digest of it."""
    if _PAGE_NAME.fullmatch(drill_id) and not _DEVICE.fullmatch(drill_id):
        return f"{drill_id}.html"
    return f"sha256-{hashlib.sha256(drill_id.encode('utf-8', 'surrogatepass')).hexdigest()}.html"


def is_finished(record: DrillFacts) -> bool:
    """Tell whether the drill has its verdict."""
    return record.outcome is not None and record.state == _FINISHED


def rto_attainment(record: DrillFacts) -> Attainment:
    """Return whether RTO was met: a failed drill never did (coverage C.11), a simulated one proves
    nothing."""
    target = record.rto_target
    if target is None or record.is_simulated:
        return Attainment.NO_DATA
    if record.outcome in FAILURES:
        return Attainment.MISSED
    return attainment_of(target, record.rta, unattended=record.unattended)


def rpo_attainment(record: DrillFacts) -> Attainment:
    """Return whether RPO was met by proof; a simulated drill proves nothing."""
    if record.is_simulated:
        return Attainment.NO_DATA
    return attainment_of(record.rpo_target, record.rpa)


def is_leaked(record: DrillFacts) -> bool:
    """Tell whether the scratch instance outlived the drill."""
    return record.teardown == _LEAKED


def histories(records: Sequence[DrillFacts]) -> tuple[PlanHistory, ...]:
    """Return the drills of each plan, plans by name."""
    by_plan: dict[str, list[DrillFacts]] = {}
    for record in newest_first(records):
        by_plan.setdefault(record.plan_name, []).append(record)
    return tuple(
        PlanHistory(plan_name=name, drills=tuple(by_plan[name])) for name in sorted(by_plan)
    )


def streak_began(history: PlanHistory) -> DrillFacts | None:
    """Return the first drill of the unbroken run of not passed ones that lasts until now."""
    first = None
    for drill in history.drills:
        if not is_finished(drill):
            continue
        if drill.outcome is Outcome.PASSED:
            break
        first = drill
    return first


def due_within(
    records: Iterable[DrillFacts], *, now: datetime, span: timedelta
) -> tuple[DrillFacts, ...]:
    """Return the real drills whose slot lies in the span that ends now; simulated ones count
    nowhere."""
    return tuple(
        record
        for record in records
        if now - span < record.scheduled_for <= now and not record.is_simulated
    )


def failing_part(record: DrillFacts) -> tuple[str, ...]:
    """Return the checks that did not pass, or the missed objectives, or the step that failed."""
    if record.outcome is not Outcome.PASSED_LATE:
        return tuple(shown(name, 80) for name in record.failing)
    missed = (rto_attainment(record), rpo_attainment(record))
    names = (_("RTO target"), _("RPO target"))
    return tuple(name for name, one in zip(names, missed, strict=True) if one is Attainment.MISSED)
