"""What a review is about: who had the drills run, how many there were, and which exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome

NO_INITIATOR = "no_initiator"
"""Fact of a review: how many of its drills did not note who had them run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """The drills of a review, summed up."""

    initiator: str | None
    """Names of all who had a drill run, sorted, with commas; None if no drill knows."""
    facts: Mapping[str, str]
    """Numbers, and a digest over every drill: another set of drills has another one."""


def reviewed(drills: Iterable[DrillFacts]) -> Reviewed:
    """Sum drills up for their review. The digest is SHA-256 over a line "id outcome level" each."""
    names: set[str] = set()
    nameless = 0
    outcomes: dict[str, int] = {}
    lines: list[tuple[str, Outcome | None, int]] = []
    first = last = None
    for one in drills:
        if one.initiated_by:
            names.add(one.initiated_by)
        else:
            nameless += 1
        word = _WORDS[one.outcome]
        outcomes[word] = outcomes.get(word, 0) + 1
        lines.append((one.id, one.outcome, one.level))
        first, last = first or one, one
    facts = {"drills": str(len(lines)), "sha256": drills_digest(lines)}
    facts |= {name: str(count) for name, count in sorted(outcomes.items())}
    if nameless:
        facts[NO_INITIATOR] = str(nameless)
    if first is not None and last is not None:
        facts |= {"first": first.id, "last": last.id}
    return Reviewed(initiator=", ".join(sorted(names)) or None, facts=facts)


def drills_digest(drills: Iterable[tuple[str, Outcome | None, int]]) -> str:
    """Return the SHA-256 over a line "id outcome level" of each drill, in this order."""
    lines = [f"{drill_id} {_WORDS[outcome]} {level}\n" for drill_id, outcome, level in drills]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


_WORDS: Mapping[Outcome | None, str] = {None: "unfinished"} | {one: one.value for one in Outcome}
