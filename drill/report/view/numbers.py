"""The six numbers of the overview, each with its target and what it was counted over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from drill.recovery.coverage.fleet import control_of
from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.totals import excess_of, fleet_sums, rpo_target_of
from drill.recovery.facts import DrillFacts, FleetSums
from drill.recovery.measure import Attainment
from drill.report.language import _
from drill.report.view.fleet import CONCLUSIVE, MONTH, due_within, rto_attainment
from drill.report.view.fleet_page import page_name
from drill.report.view.formats import lag_text, percent, share_text, span_text
from drill.report.view.links import source_page
from drill.report.view.signs import Tone, sign
from drill.report.view.standing import Standing
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
    drills: Sequence[DrillFacts], standings: Sequence[Standing], sums: FleetSums, at: datetime
) -> tuple[Number, ...]:
    """Return the numbers in the order of the page. What cannot be counted is "no data".

    ``drills`` come newest slot first. ``standings`` are the real sources in scope: simulated and
    excluded ones are in no number. ``sums`` are theirs (``sums_of``).
    """
    drills = list(takewhile(lambda drill: drill.scheduled_for >= at - MONTH, drills))
    return (
        _covered(standings),
        _proven(sums),
        _worst_lag(sums),
        _rto_attainment(drills, at),
        _end_to_end(drills, at),
        _oldest_proof(standings, at),
    )


def sums_of(standings: Iterable[Standing]) -> FleetSums:
    """Return the sums of what depends on windows, as each observation keeps them for its night."""
    return fleet_sums((one.key, one.ground, rpo_target_of(one.past.drills)) for one in standings)


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


def _covered(standings: Sequence[Standing]) -> Number:
    """Failed and never drilled sources stay in the denominator (coverage C.8)."""
    valid = sum(1 for one in standings if one.is_in_time)
    return _number(
        "sources_proven",
        _("Sources with a valid proof"),
        _part_of(valid, len(standings)),
        _share_tone(valid, len(standings)),
        target=_("target: all"),
        basis=_("n = {count}: real sources, without approved exclusions").format(
            count=len(standings)
        ),
        share=(valid, len(standings)),
        count=len(standings),
        href=FLEET if standings else None,
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


def _rto_attainment(drills: Sequence[DrillFacts], at: datetime) -> Number:
    """Failed drills stay in the denominator and are never met (coverage C.11).

    A pass without a measured RTA is in neither part.
    """
    conclusive = [
        drill
        for drill in due_within(drills, now=at, span=MONTH)
        if drill.outcome in CONCLUSIVE and rto_attainment(drill) is not Attainment.NO_DATA
    ]
    met = [drill for drill in conclusive if rto_attainment(drill) is Attainment.MET]
    return _number(
        "rto_attainment",
        _("RTO attainment, 30 d"),
        _part_of(len(met), len(conclusive)),
        _share_tone(len(met), len(conclusive)),
        target=_("target: all within their RTO") if conclusive else _("no target"),
        basis=_("n = {count}: conclusive drills; a failed one counts as never recovered").format(
            count=len(conclusive)
        ),
        share=(len(met), len(conclusive)),
        count=len(conclusive),
        href="trends.html" if conclusive else None,
    )


def _end_to_end(drills: Sequence[DrillFacts], at: datetime) -> Number:
    """Of what was due, what was executed and passed (coverage C.8)."""
    next_instant = timedelta.resolution  # the slots of (at - 30 d, at], as everywhere on the page
    found = control_of(drills, begin=at - MONTH + next_instant, end=at + next_instant)
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


def _oldest_proof(standings: Sequence[Standing], at: datetime) -> Number:
    """A source that was never proven is older than every age (coverage C.8)."""
    title = _("Oldest proof")
    ages = [
        (at - one.newest_proof.finished_at, one)
        for one in standings
        if one.newest_proof is not None and one.newest_proof.finished_at is not None
    ]
    never = len(standings) - len(ages)
    basis = _("n = {count}: newest proof of each source").format(count=len(standings))
    if not standings:
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
                never=never, count=len(standings)
            ),
            count=len(standings),
            href=_first_of("never-proven", standings),
        )
    age, oldest = max(ages, key=lambda one: (one[0], one[1].key))
    expired = sum(1 for one in standings if one.expires_at is None or one.expires_at <= at)
    return _number(
        "oldest_proof",
        title,
        span_text(max(age, timedelta(0))),
        Tone.FAIL if expired else Tone.PASS,
        target=_("target: within its validity"),
        basis=basis,
        count=len(standings),
        href=f"i/{source_page(oldest.key)}",
    )


def _first_of(slug: str, standings: Sequence[Standing]) -> str:
    is_there = any(SLUGS[one.status] == slug for one in standings)
    return page_name(slug, 1) if is_there else FLEET
