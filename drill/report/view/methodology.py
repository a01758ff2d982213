"""What every figure and every outcome means, from the registers that the code itself uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from drill.recovery.coverage.evidence import CONCLUSIVE, IMAGE_LEVEL, PASSES
from drill.recovery.coverage.metric import MetricDefinition
from drill.recovery.coverage.register import METRICS
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.context import Context
from drill.report.language import N_, _
from drill.report.methodology import METHODOLOGY_DIGEST, METHODOLOGY_VERSION
from drill.report.printed import PAGES, PRINTED
from drill.report.view.formats import Moment, moment
from drill.report.view.sheet import Cell, Column, Sheet, plain, sheet
from drill.report.view.signs import sign, tone_of

SECTIONS = {
    "C.1": N_("Window coverage"),
    "C.2": N_("Gaps"),
    "C.3": N_("Lag"),
    "C.4": N_("Exposure over a period"),
    "C.5": N_("Density of backups"),
    "C.6": N_("Proven coverage"),
    "C.7": N_("Recovery point actual"),
    "C.8": N_("Fleet and control"),
    "C.9": N_("Confidence"),
    "C.11": N_("Recovery times"),
    "C.12": N_("Checks"),
    "C.13": N_("What drills leave behind"),
}

UNITS = {
    "share": N_("share"),
    "seconds": N_("seconds"),
    "count": N_("count"),
    "per day": N_("per day"),
    "gigabytes": N_("gigabytes"),
    "days": N_("days"),
    "bytes": N_("bytes"),
    "money": N_("money of the price list"),
}

_MEANINGS = {
    Outcome.PASSED: N_("restored, every check passed, every objective was met"),
    Outcome.PASSED_LATE: N_("restored and every check passed, but an objective was missed"),
    Outcome.FAILED_RESTORE: N_("the cloud took the order and could not restore the point"),
    Outcome.FAILED_CHECK: N_("restored, but a check found the copy wrong"),
    Outcome.INCONCLUSIVE: N_(
        "nothing was found out: quota, capacity, network, rights, time, or no data for a check"
    ),
    Outcome.REFUSED: N_("the guard did not allow the restore; nothing was ordered"),
    Outcome.MISSED: N_("the slot passed without a drill"),
    Outcome.SKIPPED: N_("the slot was left out on purpose, with a reason"),
    Outcome.ABORTED: N_("somebody stopped the drill, or it could not go on"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric of the register."""

    id: str
    title: str
    unit: str
    version: int
    formula: str
    caveats: tuple[str, ...]
    pages: tuple[str, ...]
    """What the pages that print it are called; empty if none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSection:
    """The metrics of one section of the definitions."""

    id: str
    title: str
    rows: tuple[MetricRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodologyView:
    """The page of the methodology."""

    generated_at: Moment
    version: int
    digest: str
    outcomes: Sheet
    levels: Sheet
    sections: tuple[MetricSection, ...]


def methodology_view(_data: object, context: Context) -> MethodologyView:
    """Return everything that the page prints: it depends on the version of drill alone."""
    return MethodologyView(
        generated_at=moment(context.at),
        version=METHODOLOGY_VERSION,
        digest=METHODOLOGY_DIGEST,
        outcomes=_outcomes(),
        levels=_levels(),
        sections=tuple(_sections()),
    )


def _outcomes() -> Sheet:
    return sheet(
        "outcomes-table",
        _("How a drill can end; teardown is told apart, and never hidden behind a pass"),
        (
            Column(head=_("Outcome")),
            Column(head=_("Means"), kind="w"),
            Column(head=_("Conclusive")),
            Column(head=_("Can be a proof")),
        ),
        (
            (
                Cell(sign=sign(tone_of(one), _(words.OUTCOMES[one]))),
                plain(_(_MEANINGS[one])),
                plain(_("yes") if one in CONCLUSIVE else _("no")),
                plain(
                    _("yes, from L{level}").format(level=IMAGE_LEVEL) if one in PASSES else _("no")
                ),
            )
            for one in Outcome
        ),
        fits=True,
    )


def _levels() -> Sheet:
    return sheet(
        "levels-table",
        _("How much a drill that passed proves; each level holds all below it"),
        (Column(head=_("Level")), Column(head=_("Means"), kind="w")),
        (
            (plain(f"L{level}"), plain(_(meaning)))
            for level, meaning in enumerate(words.LEVELS)
        ),
        fits=True,
    )  # fmt: skip


def _sections() -> Iterable[MetricSection]:
    for section, inside in groupby(METRICS.values(), key=lambda one: one.section):
        yield MetricSection(
            id=section.lower().replace(".", "-"),
            title=_(SECTIONS[section]),
            rows=tuple(_row(one) for one in inside),
        )


def _row(one: MetricDefinition) -> MetricRow:
    return MetricRow(
        id=one.id,
        title=_(one.title),
        unit=_(UNITS[one.unit]),
        version=one.version,
        formula=_(one.formula),
        caveats=tuple(_(caveat) for caveat in one.caveats),
        pages=tuple(_(PAGES[page]) for page in PRINTED.get(one.id, ())),
    )
