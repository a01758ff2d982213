"""The window bar of a source: what is advertised, what of it is proven, where it was drilled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.engine.record import DrillRecord
from drill.recovery.backups import ended, restorable_backups
from drill.recovery.values import BackupPoint, Inventory
from drill.report.language import _
from drill.report.view.fleet import (
    FAILURES,
    PASSES,
    SourceKey,
    by_source,
    is_finished,
    page_name,
)
from drill.report.view.formats import (
    Moment,
    moment,
    percent,
    share_text,
    span_text,
)
from drill.report.view.proof import Proof, Stretch, Stretches, length_of, prove
from drill.report.view.signs import Sign, Tone, outcome_sign, sign

ROWS_AT_MOST = 20
"""Bars on one page; the full site will have a page for each source."""
POINTS_AT_MOST = 12

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

    number: int
    source: str
    cloud: str
    finding: tuple[str, ...]
    taken_at: Moment | None
    begin: Moment | None
    bands: tuple[Band, ...]
    bases: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[BarRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The bars of one page, worst first, and how many are not drawn."""

    shown: tuple[Bar, ...]
    left_out: int


def window_bars(records: Sequence[DrillRecord], names: dict[SourceKey, str]) -> Bars:
    """Return a bar for each real source: suspect ones first, then those with the least proof."""
    drafts = []
    for key, drills in by_source(records).items():
        real = tuple(drill for drill in drills if not drill.is_simulated)
        if real:
            drafts.append((_draft(real), names[key], key[0], real))
    drafts.sort(key=lambda draft: (_badness(draft[0]), draft[1], draft[2]))
    return Bars(
        shown=tuple(
            _bar(number, name, cloud, drills, found)
            for number, (found, name, cloud, drills) in enumerate(drafts[:ROWS_AT_MOST], start=1)
        ),
        left_out=max(0, len(drafts) - ROWS_AT_MOST),
    )


_Draft = tuple[Inventory, Stretch, Proof] | None


def _draft(drills: Sequence[DrillRecord]) -> _Draft:
    inventories = [drill.inventory for drill in drills if drill.inventory is not None]
    if not inventories:
        return None
    newest = max(inventories, key=lambda inventory: inventory.taken_at)
    domain = _domain(newest)
    return newest, domain, prove(drills, newest, domain)


def _domain(inventory: Inventory) -> Stretch:
    """Return the promised span (coverage C.0): the retention, or the time since creation."""
    end = inventory.taken_at
    source = inventory.source
    known = [window.starts_at for window in inventory.windows]
    known += [ended(backup) for backup in restorable_backups(inventory)]
    oldest = min(known, default=end - timedelta(days=1))
    if source.retention_days > 0:
        promised = end - timedelta(days=source.retention_days)
        created = source.created_at or promised
        begin = max(promised, min(created, oldest))
    else:
        begin = oldest
    return Stretch(min(begin, end - timedelta(seconds=10)), end)


def _badness(draft: _Draft) -> tuple[int, float]:
    if draft is None:
        return 0, 0.0
    _, _, proof = draft
    advertised = length_of(proof.advertised)
    if not advertised:
        return 0, 0.0
    return (1 if proof.suspect else 2), length_of(proof.proven) / advertised


def _bar(number: int, name: str, cloud: str, drills: Sequence[DrillRecord], draft: _Draft) -> Bar:
    if draft is None:
        nothing = _("{source}: no data, because no drill has read its restore windows yet.").format(
            source=name
        )
        return Bar(
            number=number, source=name, cloud=cloud, finding=(nothing,), taken_at=None, begin=None,
            bands=(), bases=(), marks=(), ticks=(), rows=(),
        )  # fmt: skip
    inventory, domain, proof = draft
    place = _Scale(domain)
    drilled = [drill for drill in drills if drill.choice is not None and is_finished(drill)]
    return Bar(
        number=number,
        source=name,
        cloud=cloud,
        finding=tuple(_findings(name, proof)),
        taken_at=moment(inventory.taken_at),
        begin=moment(domain.starts_at),
        bands=(
            *place.bands(proof.gaps, "gap"),
            *place.bands(proof.advertised, "advertised"),
            *place.bands(proof.proven, "proven"),
            *place.bands(proof.suspect, "suspect"),
        ),
        bases=tuple(
            place.x(ended(backup))
            for backup in restorable_backups(inventory)
            if domain.starts_at <= ended(backup) <= domain.ends_at
        ),
        marks=tuple(_marks(place, drilled)),
        ticks=tuple(_ticks(place)),
        rows=(*_stretch_rows(proof), *_point_rows(drilled)),
    )


class _Scale:
    """Turns instants of a domain into coordinates."""

    def __init__(self, domain: Stretch) -> None:
        self.domain = domain

    def x(self, at: datetime) -> str:
        return percent((at - self.domain.starts_at) / self.domain.length)

    def bands(self, stretches: Stretches, kind: str) -> Iterator[Band]:
        """A stretch too short to see is drawn a thousandth wide: it is there."""
        for stretch in stretches:
            share = stretch.length / self.domain.length
            yield Band(x=self.x(stretch.starts_at), width=percent(max(share, 0.001)), kind=kind)


def _marks(place: _Scale, drilled: Sequence[DrillRecord]) -> Iterator[Mark]:
    """Failed drills come last and so lie on top."""
    for passed, outcomes in ((True, PASSES), (False, FAILURES)):
        instants = {
            drill.choice.point.at
            for drill in drilled
            if drill.choice is not None and drill.outcome in outcomes
        }
        for at in sorted(instants):
            if place.domain.starts_at <= at <= place.domain.ends_at:
                yield Mark(x=place.x(at), passed=passed)


def _ticks(place: _Scale) -> Iterator[Tick]:
    """At most eight labels on round instants; none so near to an end that it would be cut."""
    length = place.domain.length
    step = next((step for step in _TICK_STEPS if length / step <= 8), _TICK_STEPS[-1])
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    at = epoch + step * -((epoch - place.domain.starts_at) // step)
    shape = _shape_of(step, length)
    while at <= place.domain.ends_at:
        if 0.04 <= (at - place.domain.starts_at) / length <= 0.96:
            yield Tick(x=place.x(at), label=at.strftime(shape))
        at += step


def _shape_of(step: timedelta, length: timedelta) -> str:
    if step >= timedelta(days=1):
        return "%m-%d"
    if length > timedelta(days=1):
        return "%m-%d %H:%M"
    return "%H:%M" if step >= timedelta(minutes=1) else "%H:%M:%S"


def _findings(name: str, proof: Proof) -> Iterator[str]:
    advertised = length_of(proof.advertised)
    if not advertised:
        yield _("{source}: the provider advertises no restore window.").format(source=name)
        return
    proven = length_of(proof.proven)
    yield _("{source}: {share} of {advertised} advertised is proven ({proven}).").format(
        source=name,
        share=share_text(proven, advertised),
        advertised=span_text(advertised),
        proven=span_text(proven),
    )
    if proof.bases:
        yield _("{drilled} of {count} backups are proven as images.").format(
            drilled=proof.images, count=proof.bases
        )
    if proof.suspect:
        yield _("{length} is suspect after a drill that failed.").format(
            length=span_text(length_of(proof.suspect))
        )
    if len(proof.gaps) == 1:
        yield _("1 gap of {length}.").format(length=span_text(proof.gaps[0].length))
    elif proof.gaps:
        longest = max(gap.length for gap in proof.gaps)
        yield _("{count} gaps, the longest {longest}.").format(
            count=len(proof.gaps), longest=span_text(longest)
        )
    if proof.contradiction:
        yield _(
            "A drill passed across an advertised gap: the two contradict each other, so only the drilled instant counts."
        )
    if proof.low_level:
        yield _("A drill that passed below L4 proves no stretch of time.")


def _stretch_rows(proof: Proof) -> Iterator[BarRow]:
    kinds = (
        (_("advertised window"), proof.advertised, None),
        (_("gap"), proof.gaps, None),
        (_("proven chain"), proof.proven, sign(Tone.PASS, "proven")),
        (_("suspect"), proof.suspect, sign(Tone.FAIL, "suspect")),
    )
    for what, stretches, word in kinds:
        for stretch in stretches[:POINTS_AT_MOST]:
            yield BarRow(
                what=what,
                begin=moment(stretch.starts_at),
                end=moment(stretch.ends_at),
                length=span_text(stretch.length),
                sign=word,
                page=None,
            )


def _point_rows(drilled: Sequence[DrillRecord]) -> Iterator[BarRow]:
    for drill in drilled[:POINTS_AT_MOST]:
        if drill.choice is None:
            continue
        is_backup = isinstance(drill.choice.point, BackupPoint)
        yield BarRow(
            what=_("drilled backup") if is_backup else _("drilled instant"),
            begin=moment(drill.choice.point.at),
            end=None,
            length="",
            sign=outcome_sign(drill),
            page=page_name(drill.id),
        )
