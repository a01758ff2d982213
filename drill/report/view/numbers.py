"""The six numbers of the index, each with its target and what it was counted over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment, assess
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.language import _
from drill.report.view.fleet import (
    CONCLUSIVE,
    DAY,
    MONTH,
    PASSES,
    PlanHistory,
    by_source,
    due_within,
    is_executed,
    is_leaked,
    is_proof,
    page_name,
    rto_attainment,
)
from drill.report.view.formats import percent, span_text
from drill.report.view.signs import Tone, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number that a reader judges in a second."""

    title: str
    value: str
    unit: str
    target: str
    basis: str
    tone: str
    glyph: str
    bar: str | None
    """Width of the filled part of the bar; None where there is no share."""
    page: str | None
    """Page of the drill that the number is about."""


def numbers(
    records: Sequence[DrillFacts], plans: Sequence[PlanHistory], now: datetime
) -> tuple[Number, ...]:
    """Return the numbers in the order of the page. What cannot be counted is "no data"."""
    return (
        _passed(records, now),
        _rto_attainment(records, now),
        _worst_rpa(records, now),
        _oldest_proof(records, now),
        _lowest_level(plans),
        _leftovers(records),
    )


def _number(
    title: str,
    value: str,
    tone: Tone,
    *,
    target: str,
    basis: str,
    share: tuple[int, int] | None = None,
    page: str | None = None,
    unit: str = "",
) -> Number:
    bar = percent(share[0] / share[1]) if share and share[1] else None
    glyph = sign(tone, "").glyph
    return Number(
        title=title, value=value, unit=unit, target=target, basis=basis, tone=tone.value,
        glyph=glyph, bar=bar, page=page,
    )  # fmt: skip


def _share_tone(part: int, whole: int) -> Tone:
    return Tone.NONE if whole == 0 else Tone.PASS if part == whole else Tone.FAIL


def _part_of(part: int, whole: int) -> str:
    return _("{part} of {whole}").format(part=part, whole=whole) if whole else _("no data")


def _passed(records: Sequence[DrillFacts], now: datetime) -> Number:
    """A drill counts as executed once the cloud accepted its restore (coverage C.8)."""
    due = due_within(records, now=now, span=DAY)
    executed = [record for record in due if is_executed(record)]
    passed = [record for record in executed if record.outcome in PASSES]
    late = sum(1 for record in passed if record.outcome is Outcome.PASSED_LATE)
    return _number(
        _("Passed of executed, 24 h"),
        _part_of(len(passed), len(executed)),
        _share_tone(len(passed), len(executed)),
        target=_("target: all"),
        basis=_("{due} due, {executed} executed, {late} of them late").format(
            due=len(due), executed=len(executed), late=late
        ),
        share=(len(passed), len(executed)),
    )


def _rto_attainment(records: Sequence[DrillFacts], now: datetime) -> Number:
    """Failed drills stay in the denominator and are never met (coverage C.11)."""
    conclusive = [
        record
        for record in due_within(records, now=now, span=MONTH)
        if record.outcome in CONCLUSIVE and record.rto_target is not None
    ]
    met = [record for record in conclusive if rto_attainment(record) is Attainment.MET]
    return _number(
        _("RTO attainment, 30 d"),
        _part_of(len(met), len(conclusive)),
        _share_tone(len(met), len(conclusive)),
        target=_("target: all within their RTO") if conclusive else _("no target"),
        basis=_("n = {count}: conclusive drills; a failed one counts as never recovered").format(
            count=len(conclusive)
        ),
        share=(len(met), len(conclusive)),
    )


def _worst_rpa(records: Sequence[DrillFacts], now: datetime) -> Number:
    """Worst against its own target first, so that a miss cannot hide behind a laxer promise."""
    measured = [
        (_excess(record), record.rpa, record)
        for record in due_within(records, now=now, span=DAY)
        if record.outcome in PASSES and record.rpa is not None
    ]
    basis = _("n = {count}: passed drills with a heartbeat").format(count=len(measured))
    if not measured:
        return _number(
            _("Worst proven RPA, 24 h"), _("no data"), Tone.NONE, target=_("no target"), basis=basis
        )
    _, rpa, worst = max(measured, key=lambda one: (one[0], one[1], one[2].id))
    target = worst.rpo_target
    tones = {
        Attainment.MET: Tone.PASS,
        Attainment.MISSED: Tone.FAIL,
        Attainment.NO_DATA: Tone.NONE,
    }
    return _number(
        _("Worst proven RPA, 24 h"),
        span_text(rpa),
        tones[assess(target, rpa).attainment],
        target=_("RPO target {target}").format(target=span_text(target))
        if target
        else _("no target"),
        basis=basis,
        page=page_name(worst.id),
    )


def _excess(record: DrillFacts) -> int:
    """Return 2 for a missed RPO target, 1 for a met one, 0 without a target."""
    answer = assess(record.rpo_target, record.rpa).attainment
    return {Attainment.MISSED: 2, Attainment.MET: 1, Attainment.NO_DATA: 0}[answer]


def _oldest_proof(records: Sequence[DrillFacts], now: datetime) -> Number:
    """A source that was never proven is older than every age (coverage C.8)."""
    newest = list(_newest_proofs(records))
    never = sum(1 for record in newest if record is None)
    ages = [
        (now - record.finished_at, record)
        for record in newest
        if record is not None and record.finished_at is not None
    ]
    if not newest:
        return _number(
            _("Oldest proof"),
            _("no data"),
            Tone.NONE,
            target=_("no target"),
            basis=_("n = {count}: newest proof of each source").format(count=0),
        )
    if never:
        basis = _("{never} of {count} sources never proven").format(never=never, count=len(newest))
        return _number(
            _("Oldest proof"),
            _("no proof"),
            Tone.FAIL,
            target=_("no target"),
            basis=basis,
        )
    age, oldest = max(ages, key=lambda one: (one[0], one[1].id))
    return _number(
        _("Oldest proof"),
        span_text(max(age, timedelta(0))),
        Tone.NONE,
        target=_("no target"),
        basis=_("n = {count}: newest proof of each source").format(count=len(newest)),
        page=page_name(oldest.id),
    )


def _newest_proofs(records: Sequence[DrillFacts]) -> Iterator[DrillFacts | None]:
    """Yield the proof that finished last for each real source, or None."""
    for drills in by_source(records).values():
        if all(drill.is_simulated for drill in drills):
            continue
        proofs = [drill for drill in drills if is_proof(drill) and drill.finished_at is not None]
        yield max(
            proofs,
            key=lambda drill: (drill.finished_at or drill.enlisted_at, drill.id),
            default=None,
        )


def _lowest_level(plans: Sequence[PlanHistory]) -> Number:
    """Return the lowest level among the newest drills of the plans that were conclusive."""
    newest = [plan.finished[0] for plan in plans if plan.finished]
    counted = [
        record for record in newest if record.outcome in CONCLUSIVE and not record.is_simulated
    ]
    if not counted:
        return _number(
            _("Lowest level"),
            _("no data"),
            Tone.NONE,
            target=_("target: L4"),
            basis=_("n = 0: plans with a conclusive drill"),
        )
    reached = sum(1 for record in counted if record.level >= 4)
    lowest = min(counted, key=lambda record: (record.level, record.plan_name))
    return _number(
        _("Lowest level"),
        f"L{lowest.level}",
        _share_tone(reached, len(counted)),
        unit=_(words.LEVELS[lowest.level]),
        target=_("target: L4"),
        basis=_("{reached} of {count} plans at L4 or higher, newest drill of each").format(
            reached=reached, count=len(counted)
        ),
        share=(reached, len(counted)),
        page=page_name(lowest.id),
    )


def _leftovers(records: Sequence[DrillFacts]) -> Number:
    with_target = [record for record in records if record.restore_intent_at or record.target_id]
    leaked = sum(1 for record in records if is_leaked(record))
    has_data = bool(with_target) or leaked > 0
    return _number(
        _("Leftover instances"),
        str(leaked) if has_data else _("no data"),
        Tone.FAIL if leaked else Tone.PASS if has_data else Tone.NONE,
        target=_("target: 0"),
        basis=_("n = {count}: drills that had a scratch instance").format(count=len(with_target)),
    )
