"""The steps of a drill on one axis: waiting apart from work, and what RTA is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.record import DrillRecord, Step, StepName
from drill.report import words
from drill.report.language import _
from drill.report.view.formats import (
    Moment,
    milliseconds_text,
    percent,
    perhaps,
    rta_text,
    span_text,
)

LABELS, PLOT = 0.12, 0.74
"""Shares of the width: step names, then the axis; the rest is for durations."""
ROW_HEIGHT = 28
TOP = 8

_TICKS = (
    *(timedelta(milliseconds=count) for count in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(timedelta(seconds=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=count) for count in (1, 2, 6, 12, 24, 48, 168)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step as a bar and as a line of the table."""

    name: str
    meaning: str
    kind: str
    is_waiting: bool
    is_open: bool
    has_failed: bool
    result: str
    began_at: Moment | None
    offset_ms: str
    duration: str
    duration_ms: str
    x: str
    width: str
    y: int
    text_y: int
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The span that RTA measures, and the RTO target if it lies on the axis."""

    x: str
    width: str
    y: int
    text_y: int
    text: str
    target_x: str | None
    target_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickMark:
    """One label of the axis."""

    x: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The whole figure."""

    finding: str
    height: int
    axis_y: int
    label_y: int
    rows: tuple[StepRow, ...]
    ticks: tuple[TickMark, ...]
    bracket: Bracket | None


def waterfall(record: DrillRecord) -> Waterfall:
    """Return the steps; the axis begins where the waiting ends, and waiting has no scale."""
    steps = record.steps
    work = [step for step in steps if step.name is not StepName.QUEUE]
    begin = min((step.began_at for step in work), default=None)
    end = max((step.ended_at or step.began_at for step in work), default=None)
    if begin is None or end is None:
        begin = end = record.enlisted_at
    scale = _Scale(begin, max(end, begin + timedelta(milliseconds=1)))
    rows = tuple(_row(step, index, scale) for index, step in enumerate(steps))
    bottom = TOP + len(rows) * ROW_HEIGHT
    bracket = _bracket(record, scale, bottom)
    axis_y = bottom + (ROW_HEIGHT if bracket else 0)
    return Waterfall(
        finding=_finding(steps, work),
        height=axis_y + 26,
        axis_y=axis_y,
        label_y=axis_y + 18,
        rows=rows,
        ticks=tuple(scale.ticks()) if work else (),
        bracket=bracket,
    )


class _Scale:
    """Turns instants of the drill into coordinates."""

    def __init__(self, begin: datetime, end: datetime) -> None:
        self.begin = begin
        self.length = end - begin

    def at(self, instant: datetime) -> float:
        share = (instant - self.begin) / self.length
        return LABELS + PLOT * min(max(share, 0.0), 1.0)

    def ticks(self) -> Iterator[TickMark]:
        """At most seven labels on round spans."""
        step = next((step for step in _TICKS if self.length / step <= 7), _TICKS[-1])
        count = self.length // step
        for index in range(count + 1):
            if step * index / self.length <= 0.97:
                x = percent(self.at(self.begin + step * index))
                yield TickMark(x=x, label=span_text(step * index))


def _row(step: Step, index: int, scale: _Scale) -> StepRow:
    is_waiting = step.name is StepName.QUEUE
    duration = step.ended_at - step.began_at if step.ended_at is not None else None
    if duration is not None and duration < timedelta(0):
        duration = None
    has_failed = step.result == "failed"
    is_open = step.ended_at is None
    left = LABELS if is_waiting else scale.at(step.began_at)
    right = left + 0.03 if is_waiting or is_open else scale.at(step.ended_at or step.began_at)
    style = (
        "wait" if is_waiting or is_open
        else "fail" if has_failed
        else "after" if step.name is StepName.TEARDOWN
        else "work"
    )  # fmt: skip
    return StepRow(
        name=_(words.STEPS[step.name]),
        meaning=_(words.STEP_MEANINGS[step.name]),
        kind=_("waiting") if is_waiting else _("work"),
        is_waiting=is_waiting,
        is_open=is_open,
        has_failed=has_failed,
        result=_("not over") if is_open else step.result or _("no data"),
        began_at=perhaps(step.began_at, milliseconds=True),
        offset_ms="" if is_waiting else milliseconds_text(step.began_at - scale.begin),
        duration=span_text(duration),
        duration_ms=milliseconds_text(duration),
        x=percent(left),
        width=percent(max(right - left, 0.002)),
        y=TOP + index * ROW_HEIGHT + 3,
        text_y=TOP + index * ROW_HEIGHT + 17,
        style=style,
    )


def _bracket(record: DrillRecord, scale: _Scale, bottom: int) -> Bracket | None:
    begin, end = record.restore_accepted_at, record.checked_at
    if begin is None or end is None or record.rta is None:
        return None
    left, right = scale.at(begin), scale.at(end)
    target = record.plan.objectives.rto
    is_on_axis = target is not None and begin + target <= scale.begin + scale.length
    return Bracket(
        x=percent(left),
        width=percent(max(right - left, 0.002)),
        y=bottom + 10,
        text_y=bottom + 17,
        text=rta_text(record),
        target_x=percent(scale.at(begin + target)) if target and is_on_axis else None,
        target_text=f"RTO {span_text(target)}" if target else "",
    )


def _finding(steps: Sequence[Step], work: Sequence[Step]) -> str:
    if not steps:
        return _("No step was recorded: no data.")
    running = [step for step in steps if step.ended_at is None]
    if running:
        return _("{step} is not over yet.").format(
            step=_(words.STEPS[running[-1].name]).capitalize()
        )
    spans = [(step.ended_at - step.began_at, step) for step in work if step.ended_at is not None]
    if not spans:
        return _("No step was recorded: no data.")
    longest, step = max(spans, key=lambda one: one[0])
    return _("{longest} took longest: {duration} of {total} at work.").format(
        longest=_(words.STEPS[step.name]).capitalize(),
        duration=span_text(longest),
        total=span_text(sum((span for span, _ in spans), timedelta(0))),
    )
