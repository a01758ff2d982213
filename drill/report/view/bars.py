"""The window bar of a source: what is advertised, what of it is proven, where it was drilled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.clock import from_milliseconds, to_milliseconds
from drill.recovery.coverage.intervals import (
    Interval,
    Intervals,
    length,
    span_of,
)
from drill.recovery.facts import DrillFacts
from drill.report.language import _, ngettext
from drill.report.view.fleet import FAILURES, PASSES, is_finished
from drill.report.view.formats import Moment, minute, moment, percent, share_text, span_text
from drill.report.view.links import Links
from drill.report.view.signs import Sign, Tone, outcome_sign, sign
from drill.report.view.standing import Standing

ROWS_AT_MOST = 12
"""Stretches of one kind, and drilled points, in the data behind a bar."""

KINDS = ("advertised", "proven", "suspect", "gap", "passed", "failed", "backup")
"""What a bar may show, in the order of its legend."""

_DAY = 86_400_000

_TICK_STEPS = (
    *(timedelta(seconds=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=count) for count in (1, 2, 3, 6, 12)),
    *(timedelta(days=count) for count in (1, 2, 7, 30)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One stretch as a rectangle."""

    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One drilled instant: a dot if it passed, a cross if it failed."""

    x: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One label of the axis."""

    x: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One line of the data table behind a bar."""

    what: str
    begin: Moment
    end: Moment | None
    length: str
    sign: Sign | None
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One window bar with its caption and its data."""

    source: str
    finding: tuple[str, ...]
    taken_at: Moment | None
    begin: Moment | None
    bands: tuple[Band, ...]
    bases: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[BarRow, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what is drawn, in the order of the legend: only that is explained."""
        drawn = {band.kind for band in self.bands}
        drawn |= {"passed" if mark.passed else "failed" for mark in self.marks}
        drawn |= {"backup" for _base in self.bases[:1]}
        return tuple(kind for kind in KINDS if kind in drawn)


def window_bar(one: Standing, name: str, links: Links) -> Bar:
    """Return the bar of one source with everything that is known of its windows."""
    domain = one.domain
    if domain is None or one.window is None:
        nothing = _("{source}: no data, because its restore windows were never read.")
        return Bar(
            source=name, finding=(nothing.format(source=name),), taken_at=None, begin=None,
            bands=(), bases=(), marks=(), ticks=(), rows=(),
        )  # fmt: skip
    place = _Scale(domain)
    drilled = [drill for drill in one.past.drills if drill.point_at and is_finished(drill)]
    gaps = one.gaps.stretches if one.gaps else ()
    return Bar(
        source=name,
        finding=tuple(findings(one, name)),
        taken_at=minute(from_milliseconds(one.window.at)),
        begin=minute(from_milliseconds(domain[0])),
        bands=(
            *place.bands(gaps, "gap"),
            *place.bands(one.proof.advertised, "advertised"),
            *place.bands(one.proof.proven, "proven"),
            *place.bands(one.proof.suspect, "suspect"),
        ),
        bases=tuple(
            place.x(base.ended) for base in one.proof.bases if domain[0] <= base.ended <= domain[1]
        ),
        marks=tuple(_marks(place, drilled)),
        ticks=tuple(_ticks(place)),
        rows=(*_stretch_rows(one, gaps, domain), *_point_rows(drilled, links, domain)),
    )


class _Scale:
    """Turns instants of a domain into coordinates."""

    def __init__(self, domain: Interval) -> None:
        self.begin, self.end = domain
        self.width = max(self.end - self.begin, 1)

    def x(self, at: int) -> str:
        return percent((at - self.begin) / self.width)

    def bands(self, stretches: Intervals, kind: str) -> Iterator[Band]:
        """A stretch too short to see is drawn a thousandth wide: it is there."""
        for begin, end in stretches:
            share = (end - begin) / self.width
            yield Band(x=self.x(begin), width=percent(max(share, 0.001)), kind=kind)


def _marks(place: _Scale, drilled: Sequence[DrillFacts]) -> Iterator[Mark]:
    """Failed drills come last and so lie on top."""
    for passed, outcomes in ((True, PASSES), (False, FAILURES)):
        instants = {
            to_milliseconds(drill.point_at)
            for drill in drilled
            if drill.point_at is not None and drill.outcome in outcomes and not drill.is_simulated
        }
        for at in sorted(instants):
            if place.begin <= at <= place.end:
                yield Mark(x=place.x(at), passed=passed)


def _ticks(place: _Scale) -> Iterator[Tick]:
    """At most eight labels on round instants; none so near to an end that it would be cut."""
    span = span_of(place.width)
    step = next((step for step in _TICK_STEPS if span / step <= 8), _TICK_STEPS[-1])
    epoch, begin = datetime(1970, 1, 1, tzinfo=UTC), from_milliseconds(place.begin)
    at = epoch + step * -((epoch - begin) // step)
    shape = _shape_of(step, span)
    while at <= begin + span:
        if 0.04 <= (at - begin) / span <= 0.96:
            yield Tick(x=percent((at - begin) / span), label=at.strftime(shape))
        at += step


def _shape_of(step: timedelta, span: timedelta) -> str:
    if step >= timedelta(days=1):
        return "%m-%d"
    if span > timedelta(days=1):
        return "%m-%d %H:%M"
    return "%H:%M" if step >= timedelta(minutes=1) else "%H:%M:%S"


def findings(one: Standing, name: str) -> Iterator[str]:
    """Yield what a reader learns from the bar, the main thing first."""
    proof = one.proof
    advertised = length(proof.advertised)
    if not advertised:
        yield _("{source}: the provider advertises no restore window.").format(source=name)
        return
    proven = length(proof.proven)
    yield _("{source}: {share} of {advertised} advertised is proven ({proven}).").format(
        source=name,
        share=share_text(span_of(proven), span_of(advertised)),
        advertised=span_text(span_of(advertised)),
        proven=span_text(span_of(proven)),
    )
    if proof.bases:
        yield _("{drilled} of {count} backups are proven as images.").format(
            drilled=len(proof.images), count=len(proof.bases)
        )
    if proof.suspect:
        yield _("{length} is suspect after a drill that failed.").format(
            length=span_text(span_of(length(proof.suspect)))
        )
    if one.gaps is not None and one.gaps.stretches:
        yield ngettext(
            "{count} gap of {longest}.", "{count} gaps, the longest {longest}.",
            len(one.gaps.stretches),
        ).format(
            count=len(one.gaps.stretches), longest=span_text(span_of(one.gaps.longest))
        )  # fmt: skip
    if proof.contradictions:
        yield _(
            "A drill passed across an advertised gap: the two contradict each other, so only the "
            "drilled instant counts."
        )
    if proof.below_level:
        yield _("A drill that passed below L4 proves no stretch of time.")


def _stamp(at: datetime, domain: Interval) -> Moment:
    """Return an instant to the minute, or to the second where the whole bar is short."""
    return minute(at) if domain[1] - domain[0] > _DAY else moment(at)


def _stretch_rows(one: Standing, gaps: Intervals, domain: Interval) -> Iterator[BarRow]:
    proven, suspect = sign(Tone.PASS, _("proven")), sign(Tone.FAIL, _("suspect"))
    kinds = (
        (_("advertised window"), one.proof.advertised, None),
        (_("gap"), gaps, None),
        (_("proven chain"), one.proof.proven, proven),
        (_("suspect"), one.proof.suspect, suspect),
    )
    for what, stretches, word in kinds:
        for begin, end in stretches[-ROWS_AT_MOST:]:
            yield BarRow(
                what=what,
                begin=_stamp(from_milliseconds(begin), domain),
                end=_stamp(from_milliseconds(end), domain),
                length=span_text(span_of(end - begin)),
                sign=word,
                page=None,
            )


def _point_rows(drilled: Sequence[DrillFacts], links: Links, domain: Interval) -> Iterator[BarRow]:
    """Yield the newest drilled points that the bar shows."""
    inside = [
        drill
        for drill in drilled
        if drill.point_at and domain[0] <= to_milliseconds(drill.point_at) <= domain[1]
    ]
    for drill in inside[:ROWS_AT_MOST]:
        if drill.point_at is None:
            continue
        yield BarRow(
            what=_("drilled backup") if drill.mode == "backup" else _("drilled instant"),
            begin=_stamp(drill.point_at, domain),
            end=None,
            length="",
            sign=outcome_sign(drill),
            page=links.drill(drill),
        )
