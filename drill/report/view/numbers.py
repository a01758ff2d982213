"""The six numbers of the overview, each with its target and what it was counted over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from drill.recovery.coverage.fleet import control_of
from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.totals import added_up, excess_of
from drill.recovery.facts import FleetSums
from drill.recovery.tick import ANSWERED, MET, Tick, micro
from drill.report.language import _
from drill.report.view.card import Card
from drill.report.view.fleet import MONTH, due_within
from drill.report.view.fleet_page import page_name
from drill.report.view.formats import lag_text, percent, share_text, span_text
from drill.report.view.links import source_page
from drill.report.view.signs import Tone, sign
from drill.report.view.statuses import SLUGS

FLEET = page_name("", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number that a reader judges in a second."""

    id: str
    """What ``data/metrics.json`` calls it."""
    title: str
    value: str
    target: str
    basis: str
    tone: str
    glyph: str
    fill: str
    """Class of the filled part of the bar."""
    bar: str | None
    """Width of the filled part of the bar; None where there is no share."""
    href: str | None
    """Where the number comes from."""
    numerator: float | None = None
    denominator: float | None = None
    count: int = 0
    """n: how many things were looked at."""


def numbers(
    ticks: Sequence[Tick], cards: Sequence[Card], sums: FleetSums, at: datetime
) -> tuple[Number, ...]:
    """Return the numbers in the order of the page. What cannot be counted is "no data".

    ``ticks`` come newest slot first. ``cards`` are the real sources in scope: simulated and
    excluded ones are in no number. ``sums`` are theirs (``sums_of``).
    """
    begin = micro(at - MONTH)
    ticks = list(takewhile(lambda tick: tick.slot >= begin, ticks))
    return (
        _covered(cards, at),
        _proven(sums),
        _worst_lag(sums),
        _rto_attainment(ticks, at),
        _end_to_end(ticks, at),
        _oldest_proof(cards, at),
    )


def sums_of(cards: Iterable[Card]) -> FleetSums:
    """Return the sums of what depends on windows, as each observation keeps them for its night."""
    return added_up([one.sums for one in cards])


def _number(
    metric: str,
    title: str,
    value: str,
    tone: Tone,
    *,
    target: str,
    basis: str,
    share: tuple[float, float] | None = None,
    count: int = 0,
    href: str | None = None,
) -> Number:
    has_share = share is not None and share[1] > 0
    return Number(
        id=metric, title=title, value=value, target=target, basis=basis, tone=tone.value,
        glyph=sign(tone, "").glyph, href=href, count=count,
        fill="proven" if tone is Tone.NONE else f"p-{tone.value}",
        bar=percent(share[0] / share[1]) if share and has_share else None,
        numerator=share[0] if share and has_share else None,
        denominator=share[1] if share and has_share else None,
    )  # fmt: skip


def _share_tone(part: int, whole: int) -> Tone:
    return Tone.NONE if whole == 0 else Tone.PASS if part == whole else Tone.FAIL


def _part_of(part: int, whole: int) -> str:
    return _("{part} of {whole}").format(part=part, whole=whole) if whole else _("no data")


def _covered(cards: Sequence[Card], at: datetime) -> Number:
    """Failed and never drilled sources stay in the denominator (coverage C.8)."""
    valid = sum(1 for one in cards if one.is_in_time(at))
    return _number(
        "sources_proven",
        _("Sources with a valid proof"),
        _part_of(valid, len(cards)),
        _share_tone(valid, len(cards)),
        target=_("target: all"),
        basis=_("n = {count}: real sources, without approved exclusions").format(count=len(cards)),
        share=(valid, len(cards)),
        count=len(cards),
        href=FLEET if cards else None,
    )


def _proven(sums: FleetSums) -> Number:
    proven, advertised = span_of(sums.proven), span_of(sums.advertised)
    is_known = sums.with_window > 0
    return _number(
        "proven_coverage",
        _("Proven of what is restorable"),
        share_text(proven, advertised),
        Tone.NONE,
        target=_("no target"),
        basis=_("{proven} of {advertised}; n = {count}: sources with a restore window").format(
            proven=span_text(proven) if is_known else _("no data"),
            advertised=span_text(advertised) if is_known else _("no data"),
            count=sums.with_window,
        ),
        share=(sums.proven, sums.advertised),
        count=sums.with_window,
        href=FLEET if is_known else None,
    )


def _worst_lag(sums: FleetSums) -> Number:
    """Worst against its own target first, so that a miss cannot hide behind a laxer promise."""
    basis = _(
        "{late} of {promised} sources with an RPO target were beyond it when last read; n = {count}"
    ).format(late=sums.late, promised=sums.promised, count=sums.measured)
    if not sums.promised:
        basis = _("n = {count}: sources whose windows were read").format(count=sums.measured)
    title = _("Worst lag when last read")
    worst = sums.worst
    if worst is None:
        return _number(
            "worst_lag", title, _("no data"), Tone.NONE, target=_("no target"), basis=basis
        )
    without_target = Tone.FAIL if math.isinf(worst.milliseconds) else Tone.NONE
    tones = {2: Tone.FAIL, 1: Tone.PASS, 0: without_target}
    return _number(
        "worst_lag",
        title,
        lag_text(worst.milliseconds),
        tones[excess_of(worst.milliseconds, worst.target)],
        target=_("RPO target {target}").format(target=span_text(worst.target))
        if worst.target
        else _("no target"),
        basis=basis,
        count=sums.measured,
        href=f"i/{source_page(worst.source)}",
    )


def _rto_attainment(ticks: Sequence[Tick], at: datetime) -> Number:
    """Failed drills stay in the denominator and are never met (coverage C.11).

    A pass without a measured RTA is in neither part.
    """
    answers = [
        tick.rto
        for tick in due_within(ticks, now=at, span=MONTH)
        if tick.ending.is_conclusive and tick.rto in ANSWERED
    ]
    met, count = answers.count(MET), len(answers)
    return _number(
        "rto_attainment",
        _("RTO attainment, 30 d"),
        _part_of(met, count),
        _share_tone(met, count),
        target=_("target: all within their RTO") if count else _("no target"),
        basis=_("n = {count}: conclusive drills; a failed one counts as never recovered").format(
            count=count
        ),
        share=(met, count),
        count=count,
        href="trends.html" if count else None,
    )


def _end_to_end(ticks: Sequence[Tick], at: datetime) -> Number:
    """Of what was due, what was executed and passed (coverage C.8)."""
    next_instant = timedelta.resolution  # the slots of (at - 30 d, at], as everywhere on the page
    found = control_of(ticks, begin=at - MONTH + next_instant, end=at + next_instant)
    due = int(found.execution.denominator or 0)
    executed = int(found.execution.numerator or 0)
    passed = int(found.end_to_end.numerator or 0)
    return _number(
        "end_to_end",
        _("Passed of due, 30 d"),
        _part_of(passed, due),
        _share_tone(passed, due),
        target=_("target: all"),
        basis=_("{executed} of {due} executed, {passed} of {executed} passed").format(
            executed=executed, due=due, passed=passed
        )
        if due
        else _("n = 0: real drills that were due"),
        share=(passed, due),
        count=due,
        href="trends.html" if due else None,
    )


def _oldest_proof(cards: Sequence[Card], at: datetime) -> Number:
    """A source that was never proven is older than every age (coverage C.8)."""
    title = _("Oldest proof")
    ages = [(at - one.proof_at, one) for one in cards if one.proof_at is not None]
    never = len(cards) - len(ages)
    basis = _("n = {count}: newest proof of each source").format(count=len(cards))
    if not cards:
        return _number(
            "oldest_proof", title, _("no data"), Tone.NONE, target=_("no target"), basis=basis
        )
    if never:
        return _number(
            "oldest_proof",
            title,
            _("no proof"),
            Tone.FAIL,
            target=_("target: within its validity"),
            basis=_("{never} of {count} sources never proven").format(
                never=never, count=len(cards)
            ),
            count=len(cards),
            href=_first_of("never-proven", cards),
        )
    age, oldest = max(ages, key=lambda one: (one[0], one[1].key))
    expired = sum(1 for one in cards if one.expires_at is None or one.expires_at <= at)
    return _number(
        "oldest_proof",
        title,
        span_text(max(age, timedelta(0))),
        Tone.FAIL if expired else Tone.PASS,
        target=_("target: within its validity"),
        basis=basis,
        count=len(cards),
        href=f"i/{source_page(oldest.key)}",
    )


def _first_of(slug: str, cards: Sequence[Card]) -> str:
    is_there = any(SLUGS[one.status] == slug for one in cards)
    return page_name(slug, 1) if is_there else FLEET
