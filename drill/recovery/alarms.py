"""What is wrong with the recoverability of a source now, as far as looking at it can tell.

An alarm is about the newest look that met no fault. Where the source cannot be asked any more, that
is an alarm of its own, and what was wrong when it was last seen stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from drill.plan.model import Plan
from drill.recovery.alarm import Alarm, AlarmKind, Limits, Promise
from drill.recovery.alarm_rules import RULES
from drill.recovery.facts import Observation, Population, SourceKey
from drill.recovery.instants import shown


def promise_of(plans: Iterable[Plan]) -> Promise:
    """Return what all plans of one source promise together: of each objective the strictest."""
    objectives = [plan.objectives for plan in plans]
    return Promise(
        rpo=min((one.rpo for one in objectives if one.rpo), default=None),
        retention=max((one.retention for one in objectives if one.retention), default=None),
    )


def alarms_of(
    source: SourceKey,
    looks: Sequence[Observation],
    *,
    promise: Promise,
    population: Population | None,
    now: datetime,
    limits: Limits | None = None,
) -> tuple[Alarm, ...]:
    """Return what is wrong with one source, in the order of ``AlarmKind``.

    ``looks`` are its observations of the last weeks, oldest first, faults included;
    ``population`` is the newest one of its cloud without a fault.
    """
    limits = limits or Limits()
    known = [one for one in looks if one.fault is None and one.taken_at <= now]
    faults = [one for one in looks if one.fault is not None and one.taken_at <= now]
    missing = _missing(source, known, faults, population)
    if missing is not None:
        return (missing,)
    silent = _no_data(source, known, faults, limits, now)
    found = [silent] if silent is not None else []
    if known:
        found += [alarm for rule in RULES if (alarm := rule(known, promise, limits)) is not None]
    return tuple(found)


def _missing(
    source: SourceKey,
    known: Sequence[Observation],
    faults: Sequence[Observation],
    population: Population | None,
) -> Alarm | None:
    """Return an alarm where the newest list of the cloud is without the source."""
    if population is None or any(one_id == source[1] for one_id, _ in population.instances):
        return None
    last = known[-1] if known else None
    if last is not None and last.taken_at > population.taken_at:
        return None
    later = (one.taken_at for one in faults if last is None or one.taken_at > last.taken_at)
    since = min(later, default=population.taken_at)
    if last is None:
        return _alarm(
            source,
            None,
            AlarmKind.SOURCE_UNKNOWN,
            since=since,
            seen_at=population.taken_at,
            message=f"instance {source[1]} is not listed by cloud {source[0]}",
            hint="Check the id in the plan, and the project and region of the cloud in "
            "config.toml.",
        )
    return _alarm(
        source,
        last,
        AlarmKind.SOURCE_VANISHED,
        since=since,
        seen_at=population.taken_at,
        message=f"instance {source[1]} was last seen at {shown(last.taken_at)} and is not listed "
        "any more",
        hint="If it was deleted on purpose, take it out of the plans or open an exclusion.",
    )


def _no_data(
    source: SourceKey,
    known: Sequence[Observation],
    faults: Sequence[Observation],
    limits: Limits,
    now: datetime,
) -> Alarm | None:
    last = known[-1] if known else None
    later = [one for one in faults if last is None or one.taken_at > last.taken_at]
    silent_for = now - last.taken_at if last else None
    if last is not None and not later and now - last.taken_at <= limits.no_look_for:
        return None
    since = later[0].taken_at if later else (last.taken_at if last else now)
    why = later[-1].fault if later else None
    return _alarm(
        source,
        last,
        AlarmKind.NO_DATA,
        since=since,
        seen_at=later[-1].taken_at if later else now,
        message=f"it could not be asked: {why}" if why else "nobody has looked at it",
        hint="Look again: drill observe. Until then nothing is known about its windows and "
        "backups.",
        actual=silent_for,
        limit=limits.no_look_for,
    )


def _alarm(source: SourceKey, last: Observation | None, kind: AlarmKind, **said: Any) -> Alarm:
    return Alarm(
        kind=kind,
        cloud=source[0],
        source_id=source[1],
        source_name=last.source_name if last else None,
        **said,
    )
