"""Find what was left behind: abandoned drills, and scratch instances that outlived their drill.

A leak is found by the journal, by tag, by name and by age. Only what the journal of this store
knows is sent back to teardown; there the guard asks for the double match of journal and tag again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.costs import NO_COST, Cost, cost_of
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, State, Teardown
from drill.engine.remains import Bins, find_remains
from drill.errors import ProviderError
from drill.guard.facts import DRILL_TAG, drill_id_in_name
from drill.plan.model import NewTarget
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
    found_by: tuple[str, ...]
    """Of ``journal``, ``tag``, ``name`` and ``age``: every one that says so."""
    cost: Cost = NO_COST
    can_be_torn_down: bool
    """True only where the journal knows the drill that made it; the guard then decides."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a look at every cloud found, and which clouds could not be asked."""

    leaks: tuple[Leak, ...]
    unasked: tuple[tuple[str, ProviderError], ...]
    """Where nothing is known: "no leak" must not be said without looking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found, and what it did or would do about it."""

    applied: bool
    abandoned: tuple[DrillRecord, ...]
    search: Search
    bins: Bins
    drill_ids: tuple[str, ...]
    """Drills that were sent to teardown, or would be; somebody has to work on them then."""


def sweep(
    parts: Parts,
    *,
    is_dead: Callable[[str], bool],
    lives_at_most: timedelta,
    apply: bool,
) -> Swept:
    """Look for everything that was left behind; with ``apply`` send what this store knows back to
    teardown.

    Without ``apply`` nothing is written, in the store or in a cloud. With it the drills are due
    when this returns: the caller, or whoever works on due drills, takes them on. Clouds that
    cannot be asked are named, never raised.
    """
    now = parts.clock.now()
    abandoned = abandoned_drills(parts, is_dead=is_dead, now=now, end_leases=apply)
    search = find_leaks(parts, now=now, lives_at_most=lives_at_most)
    bins = find_remains(parts)
    drill_ids = [record.id for record in abandoned]
    if apply:
        parts.journal.request_abort(drill_ids)
        _release_finished(parts)
        drill_ids += reopen_teardowns(parts, search.leaks, now=now)
    else:
        drill_ids += _to_reopen(search.leaks)
    return Swept(
        applied=apply,
        abandoned=tuple(abandoned),
        search=search,
        bins=bins,
        drill_ids=tuple(drill_ids),
    )


def abandoned_drills(
    parts: Parts, *, is_dead: Callable[[str], bool], now: datetime, end_leases: bool = True
) -> list[DrillRecord]:
    """Return unfinished drills that nobody works on any more.

    That is: the worker that had it last is known to be dead, or nobody has touched it for longer
    than a lease although it was due. Ends the leases of dead workers first, if it may.
    """
    if end_leases:
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


def find_leaks(parts: Parts, *, now: datetime, lives_at_most: timedelta) -> Search:
    """Look on every cloud for new instances without a drill, and for targets left unclean."""
    leaks: list[Leak] = []
    unasked = []
    leaked = parts.journal.leaked()
    for name, cloud in parts.clouds.items():
        leaks.extend(_unclean_targets(parts, cloud))
        try:
            instances = {one.id: one for one in cloud.provider.list_instances()}
        except ProviderError as error:
            unasked.append((name, error))
            continue
        by_journal = _leaked_instances(leaked, name)
        for instance in instances.values():
            found = _leak_of(
                instance, parts, cloud, by_journal.get(instance.id), now, lives_at_most
            )
            if found is not None:
                leaks.append(found)
        leaks.extend(
            _gone(record, name) for one, record in by_journal.items() if one not in instances
        )
    return Search(tuple(leaks), tuple(unasked))


def _leaked_instances(leaked: Sequence[DrillRecord], cloud: str) -> Mapping[str, DrillRecord]:
    """Return the new instances that drills have left in a cloud, by their ids in the journal."""
    return {
        record.target_id: record
        for record in leaked
        if record.target_id is not None
        and record.plan.source.cloud == cloud
        and isinstance(record.plan.target, NewTarget)
    }


def _gone(record: DrillRecord, cloud: str) -> Leak:
    return Leak(
        cloud=cloud,
        instance_id=record.target_id or "",
        instance_name=record.target_name or "",
        drill_id=record.id,
        created_at=None,
        reason="its drill says leaked, and the cloud does not list it any more",
        found_by=("journal",),
        can_be_torn_down=True,
    )


def drill_id_of(instance: Instance) -> str | None:
    """Return the drill that an instance says it belongs to, by tag or else by name."""
    return instance.tags.get(DRILL_TAG) or drill_id_in_name(instance.name)


def _leak_of(
    instance: Instance,
    parts: Parts,
    cloud: CloudSettings,
    leaked: DrillRecord | None,
    now: datetime,
    lives_at_most: timedelta,
) -> Leak | None:
    """Return the leak that an instance is; ``leaked`` is the drill whose journal names its id."""
    drill_id = leaked.id if leaked is not None else drill_id_of(instance)
    if drill_id is None:
        return None
    record = leaked or parts.journal.find(drill_id)
    age = now - instance.created_at if instance.created_at else None
    is_old = age is not None and age > lives_at_most
    if record is None:
        reason = "its drill is not in this store; another installation may be using it"
    elif record.state is State.FINISHED:
        reason = f"its drill finished {record.outcome or ''}"
    elif is_old:
        reason = f"it is older than {lives_at_most}, and its drill is still {record.state.value}"
    else:
        return None
    signs = {
        "journal": record is not None and record.target_id == instance.id,
        "tag": instance.tags.get(DRILL_TAG) == drill_id,
        "name": drill_id_in_name(instance.name) == drill_id,
        "age": is_old,
    }
    return Leak(
        cloud=instance.cloud,
        instance_id=instance.id,
        instance_name=instance.name,
        drill_id=drill_id,
        created_at=instance.created_at,
        reason=reason,
        found_by=tuple(sign for sign, says_so in signs.items() if says_so),
        cost=cost_of(instance, cloud.prices, now=now),
        can_be_torn_down=record is not None and record.state is State.FINISHED,
    )


def _unclean_targets(parts: Parts, cloud: CloudSettings) -> list[Leak]:
    return [
        Leak(
            cloud=cloud.provider.cloud,
            instance_id=target_id,
            instance_name=holder.target_name or target_id,
            drill_id=holder.id,
            created_at=None,
            reason=f"left unclean: {holder.teardown_reason}",
            found_by=("journal",),
            can_be_torn_down=True,
        )
        for target_id, holder in _finished_holders(parts, cloud)
        if holder.teardown is Teardown.LEAKED
    ]


def _finished_holders(parts: Parts, cloud: CloudSettings) -> Iterator[tuple[str, DrillRecord]]:
    for target_id in cloud.scratch:
        holder_id = parts.journal.holder_of(cloud.provider.cloud, target_id)
        holder = parts.journal.find(holder_id) if holder_id else None
        if holder is not None and holder.state is State.FINISHED:
            yield target_id, holder


def _release_finished(parts: Parts) -> None:
    """Give free what drills that ended clean still hold: their workers died in between."""
    for cloud in parts.clouds.values():
        for target_id, holder in list(_finished_holders(parts, cloud)):
            if holder.teardown is not Teardown.LEAKED:
                parts.journal.release_target(cloud.provider.cloud, target_id, drill_id=holder.id)


def _to_reopen(leaks: Sequence[Leak]) -> list[str]:
    return sorted({leak.drill_id for leak in leaks if leak.can_be_torn_down and leak.drill_id})


def reopen_teardowns(parts: Parts, leaks: Sequence[Leak], *, now: datetime) -> list[str]:
    """Send the drills of these leaks back to teardown; return their ids.

    Their outcome stays as it is. Every deletion and every reset passes the guard again.
    """
    reopened = (parts.journal.reopen_teardown(drill_id, now=now) for drill_id in _to_reopen(leaks))
    return sorted(record.id for record in reopened if record is not None)
