"""Which alarms there are now: the rules of ``drill.recovery.alarms`` on what the archive holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from drill.engine.archive import Archive
from drill.plan.model import Plan
from drill.recovery.alarm import Alarm, Limits
from drill.recovery.alarms import alarms_of, promise_of
from drill.recovery.coverage.fleet import excluded_sources
from drill.recovery.facts import Population, SourceKey

REMEMBERED = timedelta(days=30)
"""How far back looks are compared: what shrank or vanished earlier is not an alarm any more."""


def current_alarms(
    archive: Archive, plans: Sequence[Plan], *, now: datetime, limits: Limits | None = None
) -> list[Alarm]:
    """Return what is wrong with the sources of these plans, by (cloud, source, kind).

    A source with an open and approved exclusion is left out. Raise StoreError.
    """
    excluded = excluded_sources(archive.exceptions(), at=now)
    by_source: dict[SourceKey, list[Plan]] = defaultdict(list)
    for plan in plans:
        source = (plan.source.cloud, plan.source.instance_id)
        if source not in excluded:
            by_source[source].append(plan)
    listed: dict[str, Population] = {
        one.cloud: one
        for one in archive.populations(since=now - REMEMBERED)
        if one.fault is None and one.taken_at <= now
    }
    found: list[Alarm] = []
    for source, its_plans in sorted(by_source.items()):
        looks = archive.observations_of(source, since=now - REMEMBERED)
        found += alarms_of(
            source,
            looks,
            promise=promise_of(its_plans),
            population=listed.get(source[0]),
            now=now,
            limits=limits,
        )
    return found
