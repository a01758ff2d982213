"""Look at every source and every cloud, also when no drill runs, and keep what was seen.

A drill looks at its own source and keeps that in its inventory, which is an observation, too
(``drill.engine.summary``). This is for the other nights, and for what no plan speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.archive import Archive
from drill.engine.nightly import sums_at
from drill.engine.ports import CloudSettings, Parts
from drill.engine.steps.reading import InstanceUnknown
from drill.engine.summary import observed
from drill.engine.sweeping import drill_id_of
from drill.errors import ProviderError, StoreError
from drill.guard.facts import SCRATCH_TAG
from drill.plan.model import Plan
from drill.recovery.facts import Observation, Population, SourceKey
from drill.recovery.values import Instance

NOT_AGAIN_FOR = timedelta(hours=12)
"""How long a look at a source will do, where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one look at everything found."""

    observations: tuple[Observation, ...]
    populations: tuple[Population, ...]
    not_summed: str | None = None
    """Why the sums of the night could not be kept; None if they were, or were not due."""


def observe(parts: Parts, plans: Sequence[Plan], *, now: datetime) -> Observed:
    """Look at every source of every plan, and list the instances of every cloud.

    What could not be asked is there with its fault: no data, never an empty window.
    """
    looks = list(_looks(parts, sources_by_cloud(parts, plans), plans, now=now))
    return Observed(
        observations=tuple(one for one in looks if isinstance(one, Observation)),
        populations=tuple(one for one in looks if isinstance(one, Population)),
    )


def keep_observing(
    parts: Parts,
    archive: Archive,
    plans: Sequence[Plan],
    *,
    now: datetime,
    not_again_for: timedelta = NOT_AGAIN_FOR,
    said: Callable[[Observation | Population], None] | None = None,
) -> Observed:
    """Look at what nobody has looked at for a while, and keep each look as soon as it is there.

    A look counts whether or not it met a fault, and so does that of a drill: called again and
    again, this asks for a source once in that span. After the looks the sums of each cloud are
    kept, as often; where that fails, the looks are kept all the same. Raise StoreError.
    """
    since = now - not_again_for
    due = {
        cloud: [
            source_id
            for source_id in source_ids
            if not archive.observations_of((cloud, source_id), since=since)
        ]
        for cloud, source_ids in sources_by_cloud(parts, plans).items()
    }
    earlier = archive.populations(since=since)
    listed = {one.cloud for one in earlier}
    due = {cloud: ids for cloud, ids in due.items() if ids or cloud not in listed}
    observations, populations = [], []
    for one in _looks(parts, due, plans, now=now):
        if isinstance(one, Observation):
            archive.observe(one)
            observations.append(one)
        else:
            archive.record_population(one)
            populations.append(one)
        if said is not None:
            said(one)
    answered = {one.cloud for one in (*earlier, *populations) if one.fault is None}
    return Observed(
        observations=tuple(observations),
        populations=tuple(populations),
        not_summed=_keep_sums(parts, archive, plans, answered, since=since),
    )


def _keep_sums(
    parts: Parts, archive: Archive, plans: Sequence[Plan], answered: set[str], *, since: datetime
) -> str | None:
    """Keep the sums of each cloud that has answered and has none since; return why that failed.

    A cloud that could not be asked gets none: what it said earlier is not what is so tonight.
    """
    try:
        due = answered - {one.cloud for one in archive.nightly_sums(since=since)}
        at = parts.clock.now()
        for sums in sums_at(archive, plans, due, at=at, read_since=since):
            archive.keep_sums(sums)
    except StoreError as error:
        return error.message
    return None


def sources_by_cloud(parts: Parts, plans: Sequence[Plan]) -> Mapping[str, list[str]]:
    """Return the ids of all sources, each once, by cloud; a cloud without any is there as well."""
    found: dict[str, set[str]] = {name: set() for name in parts.clouds}
    for plan in plans:
        if plan.source.cloud in found:
            found[plan.source.cloud].add(plan.source.instance_id)
    return {name: sorted(ids) for name, ids in found.items()}


def is_scratch_of_ours(instance: Instance, cloud: CloudSettings) -> bool:
    """Tell whether an instance is scratch: made by a drill, set aside for drills, or tagged so."""
    return (
        drill_id_of(instance) is not None
        or instance.id in cloud.scratch
        or (instance.cloud, instance.id) in cloud.site.allow_list
        or instance.tags.get(SCRATCH_TAG) == "yes"
    )


def _looks(
    parts: Parts, sources: Mapping[str, Sequence[str]], plans: Sequence[Plan], *, now: datetime
) -> Iterator[Observation | Population]:
    in_scope = {(plan.source.cloud, plan.source.instance_id) for plan in plans}
    for name, source_ids in sources.items():
        cloud = parts.clouds[name]
        try:
            instances = {one.id: one for one in cloud.provider.list_instances()}
        except ProviderError as error:
            yield Population(cloud=name, taken_at=now, fault=error.message)
            for source_id in source_ids:
                yield _fault((name, source_id), error.message, now)
            continue
        yield _population(name, cloud, instances, in_scope, now)
        for source_id in source_ids:
            yield _look(parts, (name, source_id), instances.get(source_id))


def _population(
    name: str,
    cloud: CloudSettings,
    instances: Mapping[str, Instance],
    in_scope: set[SourceKey],
    now: datetime,
) -> Population:
    own = (
        one
        for one in instances.values()
        if (name, one.id) in in_scope or not is_scratch_of_ours(one, cloud)
    )
    return Population(
        cloud=name,
        taken_at=now,
        instances=tuple(sorted((one.id, one.name) for one in own)),
        in_scope=tuple(sorted(source_id for where, source_id in in_scope if where == name)),
    )


def _look(parts: Parts, source: SourceKey, instance: Instance | None) -> Observation:
    """Read windows and backups; the instant is the one after them, so that no lag is too small."""
    name, source_id = source
    provider = parts.clouds[name].provider
    if instance is None:
        unknown = InstanceUnknown("source", name, source_id)
        return _fault(source, unknown.message(), parts.clock.now())
    try:
        windows = provider.list_windows(
            source_id, retention_days=instance.retention_days, now=parts.clock.now()
        )
        backups = provider.list_backups(source_id)
    except ProviderError as error:
        return _fault(source, error.message, parts.clock.now())
    return observed(instance, windows, backups, taken_at=parts.clock.now())


def _fault(source: SourceKey, message: str, at: datetime) -> Observation:
    return Observation(cloud=source[0], source_id=source[1], taken_at=at, fault=message)
