"""Find what was left behind: abandoned drills, and scratch instances that outlived their drill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, State, Teardown
from drill.errors import ProviderError
from drill.guard.facts import DRILL_TAG, drill_id_in_name
from drill.recovery.values import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A scratch instance that still exists, or still holds data, after its drill."""

    cloud: str
    instance_id: str
    instance_name: str
    drill_id: str | None
    created_at: datetime | None
    reason: str
    can_be_torn_down: bool
    """True only where the journal knows the drill that made it; the guard then decides."""


def abandoned_drills(
    parts: Parts, *, is_dead: Callable[[str], bool], now: datetime
) -> list[DrillRecord]:
    """Return unfinished drills that nobody works on any more.

    That is: the worker that had it last is known to be dead, or nobody has touched it for longer
    than a lease although it was due. Ends the leases of dead workers first.
    """
    parts.journal.expire_leases(is_dead)
    return [
        record
        for record in parts.journal.unfinished()
        if _is_abandoned(record, is_dead=is_dead, now=now, lease=parts.lease)
    ]


def _is_abandoned(
    record: DrillRecord, *, is_dead: Callable[[str], bool], now: datetime, lease: timedelta
) -> bool:
    if record.leased_by is not None and is_dead(record.leased_by):
        return True
    overdue = now - record.next_at > lease
    return overdue and (record.leased_until is None or record.leased_until <= now)


@dataclass(frozen=True, slots=True)
class Search:
    """What a look at every cloud found, and which clouds could not be asked."""

    leaks: tuple[Leak, ...]
    unasked: tuple[tuple[str, ProviderError], ...]
    """Where nothing is known: "no leak" must not be said without looking."""


def find_leaks(parts: Parts, *, now: datetime, lives_at_most: timedelta) -> Search:
    """Look on every cloud for new instances without a drill, and for targets left unclean."""
    leaks: list[Leak] = []
    unasked = []
    for name, cloud in parts.clouds.items():
        leaks.extend(_unclean_targets(parts, cloud))
        try:
            instances = cloud.provider.list_instances()
        except ProviderError as error:
            unasked.append((name, error))
            continue
        found = (_leak_of(instance, parts, now, lives_at_most) for instance in instances)
        leaks.extend(leak for leak in found if leak is not None)
    return Search(tuple(leaks), tuple(unasked))


def drill_id_of(instance: Instance) -> str | None:
    """Return the drill that an instance says it belongs to, by tag or else by name."""
    return instance.tags.get(DRILL_TAG) or drill_id_in_name(instance.name)


def _leak_of(
    instance: Instance, parts: Parts, now: datetime, lives_at_most: timedelta
) -> Leak | None:
    drill_id = drill_id_of(instance)
    if drill_id is None:
        return None
    record = parts.journal.find(drill_id)
    age = now - instance.created_at if instance.created_at else None
    if record is None:
        reason = "its drill is not in this store; another installation may be using it"
    elif record.state is State.FINISHED:
        reason = f"its drill finished {record.outcome or ''}"
    elif age is not None and age > lives_at_most:
        reason = f"it is older than {lives_at_most}, and its drill is still {record.state.value}"
    else:
        return None
    return Leak(
        cloud=instance.cloud,
        instance_id=instance.id,
        instance_name=instance.name,
        drill_id=drill_id,
        created_at=instance.created_at,
        reason=reason,
        can_be_torn_down=record is not None and record.state is State.FINISHED,
    )


def _unclean_targets(parts: Parts, cloud: CloudSettings) -> list[Leak]:
    found = []
    name = cloud.provider.cloud
    for target_id in cloud.scratch:
        holder_id = parts.journal.holder_of(name, target_id)
        holder = parts.journal.find(holder_id) if holder_id else None
        if holder is None or holder.state is not State.FINISHED:
            continue
        if holder.teardown is not Teardown.LEAKED:
            parts.journal.release_target(name, target_id, drill_id=holder.id)
            continue
        found.append(
            Leak(
                cloud=name,
                instance_id=target_id,
                instance_name=holder.target_name or target_id,
                drill_id=holder.id,
                created_at=None,
                reason=f"left unclean: {holder.teardown_reason}",
                can_be_torn_down=True,
            )
        )
    return found


def reopen_teardowns(parts: Parts, leaks: Sequence[Leak], *, now: datetime) -> list[str]:
    """Send the drills of these leaks back to teardown; return their ids.

    Their outcome stays as it is. Every deletion and every reset passes the guard again.
    """
    drill_ids = {leak.drill_id for leak in leaks if leak.can_be_torn_down and leak.drill_id}
    reopened = (parts.journal.reopen_teardown(drill_id, now=now) for drill_id in drill_ids)
    return sorted(record.id for record in reopened if record is not None)
