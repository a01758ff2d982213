"""The page of one drill as values. It holds no clock: an old drill's page never changes again."""

from __future__ import annotations

import json
from dataclasses import dataclass

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, Event
from drill.engine.summary import facts_of
from drill.plan.model import NewTarget
from drill.recovery.values import BackupPoint
from drill.report import words
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.formats import Moment, moment, perhaps, span_text
from drill.report.view.journal import JournalLine, journal_lines
from drill.report.view.objectives import ObjectiveRow, objective_rows
from drill.report.view.recovery_point import PointView, point_view
from drill.report.view.signs import Sign, answer_sign, level_sign, outcome_sign
from drill.report.view.target import Fact, TargetView, fact_at, target_view
from drill.report.view.text import shown, shown_lines
from drill.report.view.waterfall import Waterfall, waterfall

PLAN_CHARACTERS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One answered check."""

    name: str
    kind: str
    sign: Sign
    expected: str
    observed: str
    duration: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """One refusal of the guard."""

    rule: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillView:
    """The page of one drill, section by section."""

    id: str
    plan: str
    description: str
    source: str
    cloud: str
    sign: Sign
    level: Sign | None
    simulated: bool
    narrative: str
    reason: str
    hint: str
    command: str
    scheduled_for: Moment
    trigger: str
    finished_at: Moment | None
    point: PointView
    objectives: tuple[ObjectiveRow, ...]
    waterfall: Waterfall
    checks: tuple[CheckRow, ...]
    refusals: tuple[RefusalRow, ...]
    target: TargetView
    ids: tuple[Fact, ...]
    request_ids: tuple[str, ...]
    journal: tuple[JournalLine, ...]
    environment: tuple[Fact, ...]
    plan_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillData:
    """What the page of a drill is made of."""

    record: DrillRecord
    events: tuple[Event, ...] = ()


def drill_view(data: DrillData, context: Context) -> DrillView:
    """Return everything that the page of a drill prints."""
    record, events = data.record, data.events
    cloud = record.plan.source.cloud
    outcome = record.outcome
    facts = facts_of(record)
    hint = record.hint or (_(words.NEXT_STEPS[outcome]) if outcome is not None else "")
    source = record.inventory.source.name if record.inventory else record.plan.source.instance_id
    return DrillView(
        id=shown(record.id, 80),
        plan=shown(record.plan_name, 80),
        description=shown(record.plan.description),
        source=shown(source),
        cloud=context.cloud(cloud),
        sign=outcome_sign(facts),
        level=level_sign(record.level) if record.restore_accepted_at is not None else None,
        simulated=record.is_simulated,
        narrative=_narrative(record, shown(source)),
        reason=shown(record.reason),
        hint=shown(hint),
        command=f"drill run {shown(record.plan_name, 80)}",
        scheduled_for=moment(record.scheduled_for),
        trigger=_(words.TRIGGERS[record.trigger]),
        finished_at=perhaps(record.finished_at),
        point=point_view(record),
        objectives=objective_rows(record),
        waterfall=waterfall(record),
        checks=tuple(_checks(record)),
        refusals=tuple(
            RefusalRow(
                rule=shown(one.get("rule"), 80),
                message=shown(one.get("message")),
                hint=shown(one.get("hint")),
            )
            for one in record.refusals
        ),
        target=target_view(record),
        ids=(
            Fact(name=_("restore job"), value=shown(record.restore_job_id) or _("no data")),
            Fact(name=_("teardown job"), value=shown(record.teardown_job_id) or _("no data")),
            fact_at(_("restore intent written"), record.restore_intent_at),
            fact_at(_("restore accepted by the cloud"), record.restore_accepted_at),
            fact_at(_("copy ready"), record.ready_at),
            fact_at(_("first login"), record.reachable_at),
            fact_at(_("checks done"), record.checked_at),
        ),
        request_ids=tuple(shown(one, 120) for one in record.request_ids),
        journal=journal_lines(events),
        environment=(
            Fact(name=_("drill version"), value=shown(record.tool_version, 80)),
            Fact(name=_("plan digest"), value=shown(record.plan_digest, 140)),
            fact_at(_("enlisted"), record.enlisted_at),
            fact_at(_("started"), record.started_at),
            fact_at(_("gives up at"), record.deadline_at),
            Fact(name=_("epoch"), value=str(record.epoch)),
        ),
        plan_lines=_plan_lines(record),
    )


def _narrative(record: DrillRecord, source: str) -> str:
    if record.outcome is None:
        return _("The drill is not finished yet: there is no verdict.")
    point = record.choice.point if record.choice else None
    if point is None:
        point_text = _("a recovery point of {source}").format(source=source)
    elif isinstance(point, BackupPoint):
        point_text = _("Backup {name} of {source}").format(
            name=shown(point.backup.name, 120), source=source
        )
    else:
        at = moment(point.at, milliseconds=True).text
        point_text = _("{source} at {at} UTC").format(source=source, at=at)
    is_new = isinstance(record.plan.target, NewTarget)
    return _(words.NARRATIVES[record.outcome]).format(
        point=point_text,
        target=_("a new scratch instance") if is_new else _("an existing scratch instance"),
        checks=sum(1 for one in record.checks if one.answer is CheckAnswer.PASSED),
        all_checks=len(record.checks),
    )


def _checks(record: DrillRecord) -> list[CheckRow]:
    return [
        CheckRow(
            name=shown(one.name, 120),
            kind=shown(one.kind, 40),
            sign=answer_sign(one.answer),
            expected=shown(one.expected),
            observed=shown(one.observed)
            or (_("no data") if one.answer is CheckAnswer.NO_DATA else ""),
            duration=span_text(one.duration),
            reason=shown(one.reason),
        )
        for one in record.checks
    ]


def _plan_lines(record: DrillRecord) -> tuple[str, ...]:
    plan = record.plan.model_dump(mode="json", exclude_none=True)
    text = json.dumps(plan, ensure_ascii=False, indent=2)
    return shown_lines(text, characters=PLAN_CHARACTERS)
