"""Made-up histories that try to confuse the counting: every outcome, border and trick, by a seed.

Nothing in them ever happened. Instants are whole milliseconds, as data files say them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from drill.engine.reviewing import reviewed
from drill.plan.model import Objectives
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    FleetSums,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
    WorstLag,
)
from drill.recovery.values import Window
from drill.recovery.verdict import Outcome
from tests.report import made_up

NOW = datetime(2026, 3, 8, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

_UNEXECUTED = (Outcome.REFUSED, Outcome.MISSED, Outcome.SKIPPED)


@dataclass
class Confused(made_up.History):
    """A history with everything that people and clouds said beside it."""

    listed: list[Population] = field(default_factory=list)
    signed: list[Review] = field(default_factory=list)
    promises: dict[SourceKey, Objectives] = field(default_factory=dict)

    def populations(self, **_: object) -> Sequence[Population]:
        """Return the lists of the clouds."""
        return self.listed

    def reviews(self) -> Sequence[Review]:
        """Return the reviews."""
        return self.signed


def confused(seed: int) -> Confused:
    """Return the history of a seed."""
    draw = random.Random(seed)
    keys = [(draw.choice(("frankfurt", "madrid")), f"src-{number}") for number in range(7)]
    promises = {key: _promise(draw) for key in keys if draw.random() < 0.8}
    drills = [one for key in keys[:-1] for one in _drills(key, draw)]
    drills.sort(key=lambda one: (one.scheduled_for, one.id))
    seen = {key: _observation(key, draw) for key in keys[:-1] if draw.random() < 0.8}
    return Confused(
        drills=drills,
        observations=seen,
        notes=list(_notes(keys, draw)),
        listed=list(_lists(keys, draw)),
        signed=list(_reviews(drills, draw)),
        promises=promises,
        sums=sorted(_sums(keys, random.Random(seed)), key=lambda one: (one.taken_at, one.cloud)),
    )


def _promise(draw: random.Random) -> Objectives:
    cadence = draw.choice((None, DAY, 7 * DAY, 30 * DAY))
    validity = draw.choice((None, 2 * DAY, 90 * DAY))
    return Objectives(cadence=cadence, proof_validity=validity)


def _drills(key: SourceKey, draw: random.Random) -> Iterator[DrillFacts]:
    is_simulated = draw.random() < 0.15
    for number in range(draw.randrange(0, 14)):
        at_border = draw.choice((None, None, None, 0, 30, 60))
        slot = NOW - (
            at_border * DAY if at_border is not None else draw.randrange(-60, 90_000) * MINUTE
        )
        drill_id = f"d-{key[0]}-{key[1]}-{number}"
        yield _drill(key, drill_id, slot, draw, is_simulated or draw.random() < 0.05)


def _drill(
    key: SourceKey, drill_id: str, slot: datetime, draw: random.Random, is_simulated: bool
) -> DrillFacts:
    outcome: Outcome | None = draw.choice((*[Outcome.PASSED] * 6, *Outcome))
    took = draw.randrange(1, 7_200_000) * timedelta(milliseconds=1)
    if draw.random() < 0.2:  # a pass that runs out in this very instant
        slot = NOW - draw.choice((1, 2, 7, 30, 90)) * DAY - took
    if slot + took > NOW or draw.random() < 0.05:
        outcome = None
    is_executed = outcome not in _UNEXECUTED and draw.random() < 0.85
    is_conclusive = outcome in {
        Outcome.PASSED, Outcome.PASSED_LATE, Outcome.FAILED_RESTORE, Outcome.FAILED_CHECK,
    }  # fmt: skip
    has_passed = outcome in {Outcome.PASSED, Outcome.PASSED_LATE}
    target = draw.choice((None, 45 * MINUTE, 2 * 60 * MINUTE))
    return DrillFacts(
        id=drill_id, plan_name=f"plan-{key[1]}", plan_digest="sha256:00", cloud=key[0],
        source_id=key[1], source_name=f"{key[1]}-prod", mode="pitr", target_kind="new",
        tier=draw.choice((None, 1, 2)), engine=draw.choice(("PostgreSQL", "MySQL", None)),
        trigger="schedule", initiated_by=draw.choice(("schedule", "ada", None)),
        scheduled_for=slot, enlisted_at=slot + draw.choice((0, 0, 1)) * MINUTE
        if slot + MINUTE <= NOW else min(slot, NOW - DAY),
        restore_accepted_at=slot + MINUTE / 60 if is_executed else None,
        finished_at=slot + took if outcome is not None else None, outcome=outcome,
        state="finished" if outcome is not None else "restoring",
        teardown=draw.choice(("clean", "leaked", "not_needed")),
        level=draw.choice((1, 2, 3, 4, 5)) if has_passed else 0, is_simulated=is_simulated,
        rta=took if is_conclusive and has_passed and draw.random() < 0.8 else None,
        rto_target=target,
        rpa=draw.choice((None, MINUTE, 30 * MINUTE)) if has_passed else None,
        rpo_target=draw.choice((None, 15 * MINUTE)), tool_version="0.1.0",
        policy=draw.choice(("random", "random", "latest")),
        seed=draw.choice((f"{draw.getrandbits(256):064x}", "chosen", None)),
    )  # fmt: skip


def _observation(key: SourceKey, draw: random.Random) -> Observation:
    taken_at = NOW - draw.randrange(0, 2000) * MINUTE
    windows = (Window(taken_at - 7 * DAY, taken_at - draw.randrange(1, 60) * MINUTE),)
    return Observation(
        cloud=key[0], source_id=key[1], taken_at=taken_at, source_name=f"{key[1]}-prod",
        windows=windows if draw.random() < 0.8 else (), volume_gb=draw.choice((None, 40, 400)),
        retention_days=7, is_simulated=draw.random() < 0.1,
    )  # fmt: skip


def _notes(keys: Sequence[SourceKey], draw: random.Random) -> Iterator[ExceptionNote]:
    for number in range(draw.randrange(0, 8)):
        cloud, source_id = draw.choice(keys)
        if draw.random() < 0.2:
            source_id = f"nobody-{draw.randrange(3)}"
        opened = NOW - draw.randrange(0, 60) * DAY
        expires = draw.choice((None, NOW, NOW + DAY, opened + DAY, NOW + 90 * DAY))
        closed = draw.choice((None, None, NOW, NOW - DAY, NOW + DAY))
        is_closed = closed is not None and closed >= opened
        yield ExceptionNote(
            id=f"E-{number}", kind=draw.choice(("finding", "exclusion")), cloud=cloud,
            source_id=source_id, reason="made up", owner="ada", opened_by="ada",
            approver=draw.choice(("grace", "grace", "Ada", None)), opened_at=opened,
            expires_at=expires, closed_at=closed if is_closed else None,
            closed_by="ada" if is_closed else None, closing_reason="over" if is_closed else None,
            retest_drill_id=draw.choice((None, "d-x")) if is_closed else None,
        )  # fmt: skip


def _lists(keys: Sequence[SourceKey], draw: random.Random) -> Iterator[Population]:
    for cloud in ("frankfurt", "madrid"):
        for back in range(draw.randrange(0, 3)):
            own = [one for where, one in keys if where == cloud and draw.random() < 0.9]
            more = [f"nobody-{number}" for number in range(draw.randrange(0, 3))]
            yield Population(
                cloud=cloud, taken_at=NOW - back * DAY,
                instances=tuple((one, one) for one in sorted([*own, *more])),
                in_scope=tuple(sorted(one for where, one in keys if where == cloud)),
                fault="timed out" if draw.random() < 0.2 else None,
            )  # fmt: skip


def _sums(keys: Sequence[SourceKey], draw: random.Random) -> Iterator[NightlySums]:
    """Yield what was kept of nights: some twice, some of one cloud, some of none, some empty."""
    share = draw.choice((0.0, 0.5, 0.9))
    for cloud, source_id in {key[0]: key for key in keys}.values():
        for back in range(0, 120 * 24 * 60, 12 * 60):
            if draw.random() > share:
                continue
            measured = draw.choice((0, 1, 5))
            promised = draw.randrange(measured + 1)
            late = draw.randrange(promised + 1)
            target = 15 * MINUTE if promised else None
            lag = draw.choice((math.inf, draw.randrange(901_000, 9_000_000)))
            if not late:
                lag = draw.randrange(900_000) if promised else lag
            advertised = draw.choice((0, draw.randrange(1, 10**11)))
            yield NightlySums(
                cloud=cloud,
                taken_at=NOW - (back + draw.choice((0, 1, 360, 719))) * MINUTE,
                sums=FleetSums(
                    advertised=advertised, proven=draw.randrange(advertised + 1),
                    with_window=draw.randrange(1, 9) if advertised else 0,
                    measured=measured, promised=promised, late=late,
                    worst=WorstLag(source=(cloud, source_id), milliseconds=lag, target=target)
                    if measured
                    else None,
                ),
            )  # fmt: skip


def _reviews(drills: Sequence[DrillFacts], draw: random.Random) -> Iterator[Review]:
    for number in range(draw.randrange(0, 6)):
        end = NOW - draw.randrange(0, 10) * DAY
        begin = end - draw.randrange(1, 60) * DAY
        signed_at = end + draw.choice((0, 1)) * MINUTE
        inside = [one for one in drills if begin <= one.scheduled_for < end]
        if draw.random() < 0.3 and inside:  # as it was before one of them finished
            inside[-1] = replace(inside[-1], outcome=None)
        about: dict[str, object] = {"period_from": begin, "period_to": end}
        if draw.random() < 0.3 and drills:
            inside = [draw.choice(drills)]
            about = {"drill_id": inside[0].id}
        if signed_at > NOW:
            continue
        summed = reviewed(inside)
        yield Review(
            id=f"R-{number}", reviewer=draw.choice(("grace", "Ada", "linus")),
            initiator=summed.initiator, verdict=draw.choice(("accepted", "accepted", "rejected")),
            signed_at=signed_at, facts=summed.facts, **about,  # type: ignore[arg-type]
        )  # fmt: skip
