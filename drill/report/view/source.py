"""The page of one source. It prints instants and no ages: without news it stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drill.plan.model import Objectives
from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.reading import validity_of
from drill.recovery.coverage.source import source_coverage
from drill.recovery.facts import DrillFacts, ExceptionNote
from drill.recovery.tick import tick_of
from drill.report.context import Context
from drill.report.language import _
from drill.report.looks import SourceData
from drill.report.view.bars import Bar, window_bar
from drill.report.view.calendar import Calendar, calendar
from drill.report.view.fleet import failing_part, is_finished, is_leaked
from drill.report.view.formats import (
    Moment,
    gigabytes_text,
    minute,
    perhaps,
    rta_text,
    span_text,
)
from drill.report.view.links import Links
from drill.report.view.matrix import Matrix, matrix_of
from drill.report.view.points import Points, points
from drill.report.view.proofs import ProofRow, caveat_of, no_proof_text, proof_rows
from drill.report.view.recovery_times import RecoveryTimes, recovery_times
from drill.report.view.sheet import safe_link
from drill.report.view.signs import (
    Sign,
    mode_word,
    outcome_sign,
    target_word,
)
from drill.report.view.size_model import SizeFigures, size_figures
from drill.report.view.small_bar import share_of
from drill.report.view.standing import Standing, name_of
from drill.report.view.statuses import status_sentence, status_sign
from drill.report.view.target import Fact
from drill.report.view.text import shown

DRILLS_AT_MOST = 40
PROOFS_AT_MOST = 12
CELL_AT_MOST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """One decision about this source."""

    kind: str
    reason: str
    owner: str
    ticket: str
    ticket_href: str | None
    """None unless a reader may follow it."""
    opened_at: Moment
    ends_at: Moment | None
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillLine:
    """One recent drill."""

    slot: Moment
    plan: str
    page: str | None
    mode: str
    point_at: Moment | None
    sign: Sign
    part: str
    rta: str
    rpa: str
    level: str
    leaked: bool
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """The page of one source, section by section."""

    name: str
    id: str
    cloud: str
    status: Sign
    verdict: str
    caveat: str
    """Why nothing that is restorable now is proven, where the verdict could be read so."""
    simulated: bool
    facts: tuple[Fact, ...]
    promises: tuple[Fact, ...]
    bar: Bar
    calendar: Calendar | None
    times: RecoveryTimes | None
    models: SizeFigures
    proofs: tuple[ProofRow, ...]
    proofs_left_out: int
    no_proof: str
    points: Points | None
    matrix: Matrix | None
    notes: tuple[NoteRow, ...]
    drills: tuple[DrillLine, ...]
    drills_left_out: int
    command: str


def source_view(data: SourceData, context: Context) -> SourceView:
    """Return everything that the page of a source prints."""
    one, links = data.standing, context.links
    past = one.past
    found = source_coverage(one.ground, past.drills, _objectives(one), looks=data.looks)
    name = shown(name_of(past), 80)
    proving = tuple(proof_rows(one, links))
    matrix = matrix_of(past.drills, found.checks, links)
    plans = sorted({drill.plan_name for drill in past.drills})
    return SourceView(
        name=name,
        id=shown(past.key[1], 80),
        cloud=context.cloud(past.key[0]),
        status=status_sign(one.status),
        verdict=status_sentence(one),
        caveat=caveat_of(one),
        simulated=one.is_simulated,
        facts=tuple(_facts(one, context)),
        promises=tuple(_promises(one)),
        bar=window_bar(one, name, links),
        calendar=calendar(past.drills),
        times=recovery_times(past.drills),
        models=size_figures(tuple(map(tick_of, past.drills)), of_one_source=True),
        proofs=proving[:PROOFS_AT_MOST],
        proofs_left_out=max(0, len(proving) - PROOFS_AT_MOST),
        no_proof=no_proof_text(one),
        points=points(found, data.looks),
        matrix=matrix,
        notes=tuple(_note(note, context) for note in past.exceptions),
        drills=tuple(_line(drill, links) for drill in past.drills[:DRILLS_AT_MOST]),
        drills_left_out=max(0, len(past.drills) - DRILLS_AT_MOST),
        command=f"drill run {shown(plans[0], 80)}" if plans else "",
    )


def _facts(one: Standing, context: Context) -> Iterable[Fact]:
    seen = one.past.observation
    newest = one.past.drills[0] if one.past.drills else None
    engine = seen.engine if seen else newest.engine if newest else None
    version = (seen.version or "") if seen else ""
    plans = sorted({drill.plan_name for drill in one.past.drills})
    groups = sorted({drill.group for drill in one.past.drills if drill.group})
    tier = one.tier
    region = context.region(one.key[0])
    yield Fact(name=_("region"), value=shown(region, 80) if region else _("region not known"))
    yield Fact(name=_("engine"), value=shown(f"{engine} {version}".strip()) if engine else _no())
    yield Fact(name=_("volume"), value=_volume(one))
    yield Fact(name=_("status"), value=shown(seen.status) if seen and seen.status else _no())
    yield Fact(name=_("created"), value=_no(), at=perhaps(seen.created_at if seen else None))
    yield Fact(name=_("windows read"), value=_no(), at=perhaps(seen.taken_at if seen else None))
    yield Fact(name=_("tier"), value=_no() if tier is None else str(tier))
    yield Fact(name=_("group"), value=shown(", ".join(groups), CELL_AT_MOST) or _no())
    yield Fact(name=_("plans"), value=shown(", ".join(plans), CELL_AT_MOST) or _no())


def _volume(one: Standing) -> str:
    seen = one.past.observation
    if seen is None or seen.volume_gb is None:
        return _no()
    return shown(f"{gigabytes_text(seen.volume_gb)} {seen.volume_type or ''}".strip())


def _promises(one: Standing) -> Iterable[Fact]:
    newest = one.past.drills[0] if one.past.drills else None
    rto = newest.rto_target if newest else None
    rpo = newest.rpo_target if newest else None
    none = _("no target")
    seen = one.past.observation
    kept = seen.retention_days if seen else None
    yield Fact(name=_("RTO target"), value=span_text(rto) if rto else none)
    yield Fact(name=_("RPO target"), value=span_text(rpo) if rpo else none)
    yield Fact(
        name=_("retention promised"),
        value=span_text(one.promise.retention) if one.promise.retention else none,
    )
    yield Fact(name=_("retention kept"), value=f"{kept} d" if kept else _no())
    yield Fact(name=_("a proof is valid for"), value=span_text(validity_of(one.promise)))
    yield Fact(name=_("proof ends"), value=_("no proof"), at=perhaps(one.expires_at))
    lag = one.lag
    known = lag is not None and lag.kind != "none"
    yield Fact(
        name=_("lag when last read"),
        value=span_text(span_of(int(lag.milliseconds))) if lag and known else _no(),
    )
    yield Fact(name=_("restorable of what is promised"), value=share_of(one, "window_coverage"))
    yield Fact(name=_("proven of what is restorable"), value=share_of(one, "proven"))
    yield Fact(name=_("proven of what is promised"), value=share_of(one, "proven_of_promised"))


def _no() -> str:
    return _("no data")


def _objectives(one: Standing) -> Objectives:
    """Return the promise of the plans with the targets of the newest drill, as the page has it."""
    newest = one.past.drills[0] if one.past.drills else None
    if newest is None:
        return one.promise
    targets = {"rpo": newest.rpo_target, "rto": newest.rto_target}
    return one.promise.model_copy(update=targets)


def _note(note: ExceptionNote, context: Context) -> NoteRow:
    is_open = note.is_open(context.at)
    return NoteRow(
        kind=_("finding") if note.kind == "finding" else _("exclusion"),
        reason=shown(note.reason),
        owner=shown(note.owner, CELL_AT_MOST),
        ticket=shown(note.ticket, CELL_AT_MOST) or _no(),
        ticket_href=safe_link(note.ticket),
        opened_at=minute(note.opened_at),
        ends_at=perhaps(note.closed_at or note.expires_at),
        is_open=is_open,
    )


def _line(drill: DrillFacts, links: Links) -> DrillLine:
    return DrillLine(
        slot=minute(drill.scheduled_for),
        plan=shown(drill.plan_name, 80),
        page=links.drill(drill),
        mode=f"{mode_word(drill.mode)}, {target_word(drill.target_kind)}",
        point_at=minute(drill.point_at) if drill.point_at else None,
        sign=outcome_sign(drill),
        part=", ".join(failing_part(drill))[:CELL_AT_MOST],
        rta=rta_text(drill) if is_finished(drill) else _no(),
        rpa=span_text(drill.rpa) if is_finished(drill) else _no(),
        level=f"L{drill.level}",
        leaked=is_leaked(drill),
        simulated=drill.is_simulated,
    )
