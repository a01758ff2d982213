"""Drills sorted by plan and by source, and what several of them say together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, takewhile

from drill.engine.record import State, Teardown
from drill.recovery.coverage.evidence import CONCLUSIVE as CONCLUSIVE
from drill.recovery.coverage.evidence import FAILURES as FAILURES
from drill.recovery.coverage.evidence import PASSES as PASSES
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment, attainment_of
from drill.recovery.tick import Tick, between, micro, newest_ticks_first
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
    ticks: tuple[Tick, ...]

    @property
    def newest(self) -> Tick:
        """Return the drill of the newest slot."""
        return self.ticks[0]

    @property
    def newest_finished(self) -> Tick | None:
        """Return the finished drill of the newest slot, or None."""
        return next((tick for tick in self.ticks if tick.ending.is_finished), None)

    @property
    def streak(self) -> tuple[Tick, ...]:
        """Return the unbroken run of finished drills that did not pass and that lasts until now,
        newest slot first."""
        finished = (tick for tick in self.ticks if tick.ending.is_finished)
        return tuple(takewhile(lambda tick: tick.ending.outcome is not Outcome.PASSED, finished))


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


def histories(sources: Iterable[Sequence[Tick]]) -> tuple[PlanHistory, ...]:
    """Return the drills of each plan, plans by name. Those of each source come newest slot first.

    Nearly every plan has always been about one source, which has no other.
    """
    by_plan: dict[str, list[Sequence[Tick]]] = {}
    for ticks in sources:
        names = {tick.plan for tick in ticks}
        for name in names:
            own = ticks if len(names) == 1 else [tick for tick in ticks if tick.plan == name]
            by_plan.setdefault(name, []).append(own)
    return tuple(
        PlanHistory(plan_name=name, ticks=tuple(_together(by_plan[name])))
        for name in sorted(by_plan)
    )


def _together(parts: Sequence[Sequence[Tick]]) -> Iterable[Tick]:
    return parts[0] if len(parts) == 1 else newest_ticks_first(chain.from_iterable(parts))


def due_within(ticks: Sequence[Tick], *, now: datetime, span: timedelta) -> tuple[Tick, ...]:
    """Return the real drills whose slot lies in the span that ends now; simulated ones count
    nowhere. ``ticks`` come newest slot first."""
    recent = between(ticks, micro(now - span), micro(now))
    return tuple(tick for tick in recent if not tick.ending.is_simulated)


def failing_part(record: DrillFacts) -> tuple[str, ...]:
    """Return the checks that did not pass, or the missed objectives, or the step that failed."""
    if record.outcome is not Outcome.PASSED_LATE:
        return tuple(shown(name, 80) for name in record.failing)
    missed = (rto_attainment(record), rpo_attainment(record))
    names = (_("RTO target"), _("RPO target"))
    return tuple(name for name, one in zip(names, missed, strict=True) if one is Attainment.MISSED)
