"""The journal of a drill, line by line, with compact facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.engine.record import Event
from drill.report.view.formats import Moment, moment
from drill.report.view.text import capped, shown, shown_fact

LINES_AT_MOST = 300
CHARACTERS_AT_MOST = 1200
"""Characters of the facts of one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One line; ``gap`` counts the lines that are left out before it."""

    number: str
    at: Moment
    kind: str
    act: str
    facts: tuple[tuple[str, str], ...]
    gap: int = 0


def journal_lines(events: Sequence[Event]) -> tuple[JournalLine, ...]:
    """Return the lines in order; of a very long journal the beginning and the end."""
    if len(events) <= LINES_AT_MOST:
        return tuple(_line(event, place) for place, event in enumerate(events, start=1))
    half = LINES_AT_MOST // 2
    left_out = len(events) - 2 * half
    head = tuple(_line(event, place) for place, event in enumerate(events[:half], start=1))
    tail = tuple(
        _line(event, place, left_out if index == 0 else 0)
        for index, (place, event) in enumerate(
            enumerate(events[-half:], start=len(events) - half + 1)
        )
    )
    return (*head, *tail)


def _line(event: Event, place: int, gap: int = 0) -> JournalLine:
    known = [(key, value) for key, value in event.facts.items() if value not in (None, "", (), [])]
    facts: list[tuple[str, str]] = []
    left = CHARACTERS_AT_MOST
    for key, value in known:
        name, text = capped(shown(str(key)), 60), shown_fact(str(key), value)
        left -= len(name) + len(text)
        if left < 0:
            facts.append(("…", f"+{len(known) - len(facts)}"))
            break
        facts.append((name, text))
    return JournalLine(
        number=str(event.sequence if event.sequence is not None else place),
        at=moment(event.at, milliseconds=True),
        kind=event.kind.value,
        act=shown(event.act, 80),
        facts=tuple(facts),
        gap=gap,
    )
