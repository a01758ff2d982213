"""The words of a notice: short, plain, without any secret, one line a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.engine.notices import Telling
from drill.notify.conditions import Condition
from drill.notify.transitions import Notice
from drill.plan.redacted import redacted
from drill.plan.telling import NoticeKind, Severity
from drill.plan.visible import shortened, visible
from drill.report.view.fleet import page_name

HEADS = {
    NoticeKind.FAILED: "FAILED",
    NoticeKind.STILL_FAILING: "STILL FAILING",
    NoticeKind.RECOVERED: "recovered",
    NoticeKind.NOT_OPERATED: "NO ANSWER",
    NoticeKind.OVERDUE: "OVERDUE",
    NoticeKind.LEAKED: "LEAKED",
    NoticeKind.STALE_PROOF: "PROOF ENDED",
    NoticeKind.PROOF_ENDING: "proof ends soon",
    NoticeKind.CRASHED: "started after a crash",
    NoticeKind.TEST: "test",
}
LONGEST_FACT = 600
LONGEST_TITLE = 160
SINGLY_AT_MOST = 5
"""So many notices of one look go out one by one; more become one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel sends."""

    title: str
    body: str
    severity: Severity


def words_of(notice: Notice, *, now: datetime, pages: str) -> Message:
    """Return the message of a notice. ``pages`` is the URL or the path of the folder of reports."""
    condition = notice.condition
    lines = [
        _line(None, condition.what),
        *_about(condition),
        _line("Since", _since(condition.since, now)),
        *([_line("Why", condition.why)] if condition.why else []),
        *([_line("Now", condition.hint)] if condition.hint else []),
    ]
    if condition.drill_id is not None:
        lines.append(_line("Drill", condition.drill_id))
        lines.append(_line("Report", f"{pages}/d/{page_name(condition.drill_id)}"))
    return Message(
        title=_title(notice.kind, condition), body="\n".join(lines), severity=condition.severity
    )


def message_of_test(channel: str, *, now: datetime) -> Message:
    """Return the message that ``drill notify test`` sends."""
    return Message(
        title=f"[drill] {HEADS[NoticeKind.TEST]}: {channel}",
        body=f"This is a test of the channel {channel}, sent at {_instant(now)}.\n"
        "Nothing has happened. Notices about drills will come this way.",
        severity=Severity.INFO,
    )


def messages_of(tellings: Sequence[Telling]) -> list[tuple[Message, tuple[Telling, ...]]]:
    """Return what is sent for these tellings of one channel: one by one, or all in one."""
    if len(tellings) <= SINGLY_AT_MOST:
        return [(_message(one), (one,)) for one in tellings]
    return [(_digest(tellings), tuple(tellings))]


def _message(telling: Telling) -> Message:
    return Message(title=telling.title, body=telling.body, severity=telling.severity)


def _digest(tellings: Sequence[Telling]) -> Message:
    worst = max((one.severity for one in tellings), key=lambda one: one.rank)
    ordered = sorted(tellings, key=lambda one: (-one.severity.rank, one.title))
    lines = []
    for one in ordered:
        first = one.body.partition("\n")[0]
        lines.append(f"{one.title.removeprefix('[drill] ')}: {first}")
    return Message(title=f"[drill] {len(tellings)} notices", body="\n".join(lines), severity=worst)


def _title(kind: NoticeKind, condition: Condition) -> str:
    about = condition.subject.partition(":")[2]
    if condition.plan_name is not None and not condition.subject.startswith("source:"):
        about = condition.plan_name
    return _plain(f"[drill] {HEADS[kind]}: {about}", LONGEST_TITLE)


def _about(condition: Condition) -> list[str]:
    lines = []
    if condition.plan_name is not None:
        lines.append(_line("Plan", condition.plan_name))
    if condition.source is not None:
        cloud, source_id = condition.source
        name, place = condition.source_name, f"{cloud}/{source_id}"
        lines.append(_line("Source", f"{name} ({place})" if name else place))
    return lines


def _line(name: str | None, text: str) -> str:
    plain = _plain(text, LONGEST_FACT)
    return f"{name}: {plain}" if name else plain[:1].upper() + plain[1:]


def _plain(text: str, at_most: int) -> str:
    """Return what may leave the house: no secret, and every control character made visible."""
    return shortened(visible(redacted(text)), at_most)


def _since(since: datetime, now: datetime) -> str:
    minutes = max(now - since, timedelta(0)) // timedelta(minutes=1)
    hours = minutes // 60
    age = f"{hours // 24} days" if hours >= 48 else f"{hours} h" if hours >= 2 else f"{minutes} min"
    return f"{_instant(since)} ({age} ago)"


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%MZ}"
