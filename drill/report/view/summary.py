"""One page for those who decide: are we recoverable, what is at risk, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from drill.recovery.coverage.intervals import span_of
from drill.recovery.facts import ExceptionNote
from drill.recovery.tick import Ending, Tick, between, micro
from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.language import _, ngettext
from drill.report.view.attainment import Attained, quantile_text
from drill.report.view.card import Card
from drill.report.view.compliance import AuditData, period_text
from drill.report.view.confidence import sentence
from drill.report.view.formats import Moment, minute, moment, percent, share_text, span_text
from drill.report.view.recovery_counts import by_month, month_name, month_of
from drill.report.view.registers import EXPIRES_SOON, age_of, open_first
from drill.report.view.signs import Sign, Tone, sign
from drill.report.view.standing import Status
from drill.report.view.statuses import status_sign
from drill.report.view.text import shown

WORST = 5
RISKS = 5
DECISIONS = 5
MONTHS = 12
NAME_AT_MOST = 40
REASON_AT_MOST = 90
"""Characters: the page is one sheet of paper, whatever things are called."""

_BAD = (Status.FAILED, Status.UNPROVEN, Status.EXPIRED, Status.UNSURE, Status.LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with what it was counted over."""

    title: str
    value: str
    tone: str
    glyph: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstRow:
    """One source that is not proven as promised."""

    name: str
    page: str
    tier: str
    sign: Sign
    proof: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """An open exception."""

    name: str
    kind: str
    reason: str
    owner: str
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBar:
    """One month of the trend: passed of scheduled."""

    month: str
    x: int
    y: int
    height: int
    text: str
    label_y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """The management summary."""

    generated_at: Moment
    period: str
    answer: Sign
    why: str
    figures: tuple[Figure, ...]
    worst: tuple[WorstRow, ...]
    worst_left_out: int
    months: tuple[MonthBar, ...]
    trend: str
    confidence: str
    risks: tuple[RiskRow, ...]
    risks_left_out: int
    decisions: tuple[str, ...]


def summary_view(data: AuditData, context: Context) -> SummaryView:
    """Return everything that the one page prints."""
    audit = data.audit
    bad = [one for one in audit.scope if one.status in _BAD]
    holding = [one for one in open_first(audit.exceptions, context.at) if one.is_open(context.at)]
    answer, why = _answer(audit)
    months = _months(audit, context)
    return SummaryView(
        generated_at=moment(context.at),
        period=period_text(audit),
        answer=answer,
        why=why,
        figures=tuple(_figures(audit, context)),
        worst=tuple(_worst(one) for one in bad[:WORST]),
        worst_left_out=max(0, len(bad) - WORST),
        months=months,
        trend=_trend(audit, context),
        confidence=sentence(audit.ticks, _("All sources")),
        risks=tuple(_risk(one, data, context) for one in holding[:RISKS]),
        risks_left_out=max(0, len(holding) - RISKS),
        decisions=tuple(_decisions(audit, bad, holding, context))[:DECISIONS],
    )


def critical(scope: Sequence[Card]) -> tuple[int | None, list[Card]]:
    """Return the most critical tier that there is, and its sources; without tiers all of them."""
    tiers = [tier for one in scope if (tier := one.tier) is not None]
    first = min(tiers, default=None)
    return first, [one for one in scope if first is None or one.tier == first]


def recoverable(cards: Sequence[Card], at: datetime) -> int:
    """Return of how many sources a valid proof stands, and no later drill has failed."""
    return sum(1 for one in cards if one.is_in_time(at) and one.status is not Status.FAILED)


def _answer(audit: Audit) -> tuple[Sign, str]:
    tier, first = critical(audit.scope)
    if not first:
        return sign(Tone.NONE, _("Are we recoverable? No data: no source is in scope")), ""
    name = _("sources") if tier is None else _("tier {tier} sources").format(tier=tier)
    proven = recoverable(first, audit.end)
    failed = sum(1 for one in first if one.status is Status.FAILED)
    said = _("{proven} of {count} {name} are proven to be recoverable").format(
        proven=proven, count=len(first), name=name
    )
    why = _(
        "Proven: the newest conclusive restore drill did not fail, and a proof at level 3 or "
        "higher has not run out. Failed: {failed}. Never proven, or not any more: {others}."
    ).format(failed=failed, others=len(first) - proven - failed)
    return sign(Tone.PASS if proven == len(first) else Tone.FAIL, said), why


def _figure(title: str, part: int, whole: int, basis: str) -> Figure:
    tone = Tone.NONE if not whole else Tone.PASS if part == whole else Tone.FAIL
    value = _("{part} of {whole}").format(part=part, whole=whole) if whole else _("no data")
    return Figure(
        title=title, value=value, tone=tone.value, glyph=sign(tone, "").glyph, basis=basis
    )


def _figures(audit: Audit, context: Context) -> Iterable[Figure]:
    tier, first = critical(audit.scope)
    rto, rpo = audit.attainment[:2]
    passed, scheduled = audit.operation.passed, audit.operation.scheduled
    if tier is not None:
        yield _figure(
            _("Tier {tier} proven").format(tier=tier), recoverable(first, context.at), len(first),
            _("of the most critical sources"),
        )  # fmt: skip
    yield _figure(
        _("All sources proven"), recoverable(audit.scope, context.at), len(audit.scope),
        _("and no later drill failed"),
    )  # fmt: skip
    yield _figure(
        _("Drills passed"), passed, scheduled,
        share_text(span_of(passed), span_of(scheduled)) if scheduled else _("of all scheduled"),
    )  # fmt: skip
    for title, one in ((_("RTO kept"), rto), (_("RPO kept"), rpo)):
        figure = _figure(title, one.met, one.with_target, _commitment(one))
        if one.unknown and figure.tone == Tone.PASS.value:
            mark = sign(Tone.WARN, "")
            figure = replace(figure, tone=mark.tone, glyph=mark.glyph)
        yield figure
    yield _oldest(audit, context)


def _commitment(one: Attained) -> str:
    said = _("p90 {p90}; failed ones never recovered").format(p90=quantile_text(one.p90))
    if not one.unknown:
        return said
    return _("{said}; {count} that passed were not measured").format(said=said, count=one.unknown)


def _oldest(audit: Audit, context: Context) -> Figure:
    ages = [context.at - one.proof_at for one in audit.scope if one.proof_at is not None]
    never = len(audit.scope) - len(ages)
    if not audit.scope:
        value, tone = _("no data"), Tone.NONE
    elif never:
        value, tone = _("no proof"), Tone.FAIL
    else:
        value, tone = span_text(max(ages)), Tone.PASS
        if any(one.expires_at is None or one.expires_at <= context.at for one in audit.scope):
            tone = Tone.FAIL
    return Figure(
        title=_("Oldest proof"),
        value=value,
        tone=tone.value,
        glyph=sign(tone, "").glyph,
        basis=ngettext(
            "{count} source was never proven", "{count} sources were never proven", never
        ).format(count=never),
    )


def _worst(one: Card) -> WorstRow:
    return WorstRow(
        name=shown(one.name, NAME_AT_MOST),
        page=f"i/{one.row.page}",
        tier=str(one.tier) if one.tier is not None else "–",
        sign=status_sign(one.status),
        proof=minute(one.proof_at).text if one.proof_at else _("never"),
        reason=shown(one.reason or "", REASON_AT_MOST),
    )


def _risk(note: ExceptionNote, data: AuditData, context: Context) -> RiskRow:
    key = (note.cloud, note.source_id or "")
    known = data.fleet.by_key.get(key)
    name = note.plan_name or (known.name if known else note.source_id) or note.cloud
    return RiskRow(
        name=shown(name, NAME_AT_MOST),
        kind=_("finding") if note.kind == "finding" else _("exclusion"),
        reason=shown(note.reason, REASON_AT_MOST),
        owner=shown(note.owner, NAME_AT_MOST),
        age=span_text(age_of(note, context.at)),
    )


WIDTH, HEIGHT, STEP, BAR, BASE = 560, 92, 46, 30, 74
"""Of the small figure, in pixels; ``BASE`` is where the bars stand."""


def _months(audit: Audit, context: Context) -> tuple[MonthBar, ...]:
    first = month_of(context.at.astimezone(UTC)) - MONTHS + 1
    due = [0] * MONTHS
    passed = [0] * MONTHS
    for month, ticks in by_month(audit.ticks):
        if month < first:
            break
        due[month - first] = len(ticks)
        passed[month - first] = sum(tick.ending.has_passed for tick in ticks)
    return tuple(
        _bar(place, month_name(first + place), passed[place], due[place]) for place in range(MONTHS)
    )


def _bar(place: int, month: str, passed: int, due: int) -> MonthBar:
    height = round((BASE - 16) * passed / due) if due else 0
    return MonthBar(
        month=month,
        x=8 + STEP * place,
        y=BASE - height,
        height=height,
        text=percent(passed / due).partition(".")[0].rstrip("%") + " %" if due else "–",
        label_y=BASE - height - 4,
    )


def _trend(audit: Audit, context: Context) -> str:
    """Return how the last 30 days compare with the 30 before."""
    month = timedelta(days=30)
    now = _between(audit.ticks, context.at - month, context.at)
    before = _between(audit.ticks, context.at - 2 * month, context.at - month)
    return _(
        "Passed of scheduled: {now} in the last 30 days, {before} in the 30 days before."
    ).format(now=_passed_of(now), before=_passed_of(before))


def _between(ticks: Sequence[Tick], begin: datetime, end: datetime) -> list[Ending]:
    return [one.ending for one in between(ticks, micro(begin), micro(end))]


def _passed_of(drills: Sequence[Ending]) -> str:
    passed = sum(1 for one in drills if one.has_passed)
    return _("{part} of {whole}").format(part=passed, whole=len(drills)) if drills else _("no data")


def _decisions(
    audit: Audit, bad: Sequence[Card], holding: Sequence[ExceptionNote], context: Context
) -> Iterable[str]:
    """Yield what somebody has to decide, the most pressing first."""
    cared = {(one.cloud, one.source_id) for one in holding if one.kind == "finding"}
    orphans = [one for one in bad if one.status is Status.FAILED and one.key not in cared]
    if orphans:
        yield ngettext(
            "Name an owner for a failed source without an open finding: {names}",
            "Name owners for {count} failed sources without an open finding: {names}",
            len(orphans),
        ).format(count=len(orphans), names=_names(orphans))
    lonely = audit.inventory.without_plan
    if lonely:
        yield ngettext(
            "Drill the instance that no plan names, or approve leaving it out",
            "Drill the {count} instances that no plan names, or approve leaving them out",
            lonely,
        ).format(count=lonely)
    never = [one for one in bad if one.status is Status.UNPROVEN]
    if never:
        yield ngettext(
            "Have a source drilled that was never proven: {names}",
            "Have {count} sources drilled that were never proven: {names}",
            len(never),
        ).format(count=len(never), names=_names(never))
    ending = [
        one
        for one in holding
        if one.kind == "exclusion"
        and one.expires_at is not None
        and one.expires_at <= context.at + EXPIRES_SOON
    ]
    if ending:
        yield ngettext(
            "Renew or end the exclusion that expires within 30 days",
            "Renew or end {count} exclusions that expire within 30 days",
            len(ending),
        ).format(count=len(ending))
    slow = [one for one in bad if one.status is Status.LATE]
    if slow:
        yield ngettext(
            "Agree on other objectives or on faster recovery for a source: {names}",
            "Agree on other objectives or on faster recovery for {count} sources: {names}",
            len(slow),
        ).format(count=len(slow), names=_names(slow))
    done, whole = audit.accepted, audit.finished
    if whole and done < whole:
        yield _("Have {count} finished drills reviewed: nobody has accepted their results").format(
            count=whole - done
        )


def _names(cards: Sequence[Card]) -> str:
    names = [shown(one.name, 24) for one in cards[:3]]
    more = len(cards) - len(names)
    text = ", ".join(names)
    return _("{names} and {more} more").format(names=text, more=more) if more else text
