"""Where everything stands: what is due, what is late, how old the proofs are. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.control import Daemon, Pause, PlanSeen, pause_of
from drill.engine.fates import blackouts_of
from drill.engine.keeping import FORSAKEN_AFTER
from drill.engine.ports import Summary
from drill.engine.record import State
from drill.plan.blackouts import SiteBlackout
from drill.plan.model import Plan
from drill.plan.slots import Slot, next_slot, placed
from drill.recovery.coverage.reading import validity_of

LATE_AFTER = timedelta(minutes=5)
"""A slot that could have begun this long ago, and did not, is late."""
BEATS_WITHIN = timedelta(minutes=2)
"""A daemon that has not shown a sign of life for so long (four beats) is not said to work."""
PROOF_LEVEL = 3
"""From this level on a drill proves that the objects of the source are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows, read at one moment."""

    now: datetime
    last: Mapping[str, Summary]
    """Plan -> its newest drill."""
    passed: Mapping[str, Summary]
    """Plan -> its newest drill that passed on a real database."""
    proofs: Mapping[tuple[str, str], Summary]
    """(cloud, source) -> the newest drill that proves something about it."""
    in_hand: Sequence[Summary]
    seen: Mapping[str, PlanSeen]
    pauses: Sequence[Pause]
    daemons: Sequence[Daemon]
    looked_at: datetime | None
    dead: frozenset[str] = frozenset()
    """Workers that are gone for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStanding:
    """One plan: what comes next, and what came last."""

    plan: Plan
    next_slot: Slot | None
    """The next slot that can still begin; None without a schedule."""
    is_late: bool
    """True if a slot should have begun, or if a drill of the schedule waits for too long."""
    pause: Pause | None
    last: Summary | None
    passed: Summary | None
    under_way: tuple[Summary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProof:
    """How long the newest proof of one source still counts."""

    cloud: str
    source_id: str
    proof: Summary | None
    validity: timedelta
    left: timedelta | None
    """Negative once it is over; None if there never was a proof."""


def standings_of(
    plans: Sequence[Plan], known: Known, blackouts: Sequence[SiteBlackout] = ()
) -> list[PlanStanding]:
    """Return where every plan stands."""
    under_way: dict[str, list[Summary]] = defaultdict(list)
    for one in known.in_hand:
        if one.state is not State.FINISHED:
            under_way[one.plan_name].append(one)
    return [_standing(plan, known, blackouts, under_way[plan.name]) for plan in plans]


def _standing(
    plan: Plan, known: Known, blackouts: Sequence[SiteBlackout], under_way: Sequence[Summary]
) -> PlanStanding:
    pause = pause_of(plan, known.pauses, at=known.now)
    unsettled, to_come = _slots_ahead(plan, known, blackouts)
    waits_long = any(
        one.state is State.QUEUED and one.scheduled_for + LATE_AFTER < known.now
        for one in under_way
    )
    is_overdue = unsettled is not None and unsettled.starts_at + LATE_AFTER < known.now
    return PlanStanding(
        plan=plan,
        next_slot=to_come,
        is_late=pause is None and (waits_long or is_overdue),
        pause=pause,
        last=known.last.get(plan.name),
        passed=known.passed.get(plan.name),
        under_way=tuple(under_way),
    )


def proofs_of(plans: Sequence[Plan], known: Known) -> list[SourceProof]:
    """Return the proof of every source of these plans; of two promises the shorter one counts."""
    validities: dict[tuple[str, str], timedelta] = {}
    for plan in plans:
        source = (plan.source.cloud, plan.source.instance_id)
        promised = validity_of(plan.objectives)
        validities[source] = min(promised, validities.get(source, promised))
    return [
        _proof(source, validity, known.proofs.get(source), known.now)
        for source, validity in sorted(validities.items())
    ]


def without_fresh_pass(
    standings: Sequence[PlanStanding], *, max_age: timedelta, now: datetime
) -> list[PlanStanding]:
    """Return the plans with a schedule whose newest pass is older than this, or that have none."""
    return [
        one
        for one in standings
        if one.plan.schedule is not None
        and (one.passed is None or now - _finished_at(one.passed) > max_age)
    ]


def last_sign_of_life(known: Known) -> datetime | None:
    """Return when anybody kept the schedule last: a daemon's beat, or a look at the schedule."""
    beats = [one.beat_at for one in known.daemons]
    return max([*beats, *([known.looked_at] if known.looked_at else [])], default=None)


def daemons_at_work(known: Known) -> list[Daemon]:
    """Return the daemons that have not ended and have just beaten, last started first."""
    return [
        one
        for one in known.daemons
        if one.stopped_at is None and known.now - one.beat_at <= BEATS_WITHIN
    ]


def abandoned(known: Known) -> list[Summary]:
    """Return the drills that have begun and that nobody goes on with: their process is gone.

    Either it is known to be dead and no daemon is there to take them over, or nobody came to look
    at them for long. One that waits for its restore is held by nobody between two looks; its
    process is then the one that looked at it last.
    """
    has_daemon = bool(daemons_at_work(known))
    found = []
    for one in known.in_hand:
        if one.state in (State.QUEUED, State.FINISHED):
            continue
        due_at = max(one.next_at, one.leased_until or one.next_at)
        is_orphan = one.leased_by in known.dead and not has_daemon
        if is_orphan or known.now - due_at > FORSAKEN_AFTER:
            found.append(one)
    return found


def counts_in_hand(known: Known) -> Mapping[str, int]:
    """Return how many drills wait, run, were abandoned, and leaked."""
    waiting = sum(1 for one in known.in_hand if one.state is State.QUEUED)
    leaked = sum(1 for one in known.in_hand if one.state is State.FINISHED)
    left = len(abandoned(known))
    running = len(known.in_hand) - waiting - leaked - left
    return {"waiting": waiting, "running": running, "abandoned": left, "leaked": leaked}


def _slots_ahead(
    plan: Plan, known: Known, blackouts: Sequence[SiteBlackout]
) -> tuple[Slot | None, Slot | None]:
    """Return the first slot that is not in the journal, and the first that can still begin."""
    if plan.schedule is None:
        return None, None
    seen = known.seen.get(plan.name)
    settled_until = seen.settled_until if seen else known.now
    can_begin_after = max(settled_until, known.now - plan.schedule.start_window)
    first, second = (next_slot(plan, after=after) for after in (settled_until, can_begin_after))
    own = blackouts_of(plan, blackouts)
    return placed(first, own).slot if first else None, placed(second, own).slot if second else None


def _proof(
    source: tuple[str, str], validity: timedelta, proof: Summary | None, now: datetime
) -> SourceProof:
    return SourceProof(
        cloud=source[0],
        source_id=source[1],
        proof=proof,
        validity=validity,
        left=_finished_at(proof) + validity - now if proof else None,
    )


def _finished_at(one: Summary) -> datetime:
    return one.finished_at or one.scheduled_for
