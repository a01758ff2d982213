"""What a report of tonight would count of windows, kept: nobody reads the windows of 90 nights."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from drill.engine.archive import Archive
from drill.plan.model import Objectives, Plan
from drill.recovery.coverage.fleet import excluded_sources
from drill.recovery.coverage.ground import ground_of
from drill.recovery.coverage.promises import promises_of
from drill.recovery.coverage.totals import fleet_sums, rpo_target_of
from drill.recovery.facts import DrillFacts, NightlySums, SourceKey
from drill.recovery.ordering import newest_first


def sums_at(
    archive: Archive,
    plans: Iterable[Plan],
    clouds: Collection[str],
    *,
    at: datetime,
    read_since: datetime,
) -> list[NightlySums]:
    """Return the sums of each cloud at an instant, by cloud: those of the report of that instant.

    A cloud of whose sources none was read since has none: nothing new is known of it. Of the
    others, a source that could not be asked counts as it was read last. Raise StoreError.
    """
    if not clouds:
        return []
    promises, default = promises_of(plans), Objectives()
    out = excluded_sources(archive.exceptions(), at=at)
    newest = archive.newest_observations(at=at)
    seen = {key: one for key, one in newest.items() if not one.is_simulated and key not in out}
    read = {cloud for (cloud, _), one in newest.items() if one.taken_at >= read_since}
    unread = {cloud for cloud, _ in newest} - read
    return [
        NightlySums(
            cloud=cloud,
            taken_at=at,
            sums=fleet_sums(
                (
                    key,
                    ground_of(one, drills, promises.get(key, default), at=at),
                    rpo_target_of(drills),
                )
                for key, one in seen.items()
                if key[0] == cloud
                for drills in [_drills_of(archive, key, at)]
            ),
        )
        for cloud in sorted(set(clouds) - unread)
    ]


def _drills_of(archive: Archive, source: SourceKey, at: datetime) -> tuple[DrillFacts, ...]:
    """Return what was known of one source, newest slot first. One after the other: all drills of a
    big fleet at once would be more than everything else that a daemon holds."""
    return newest_first(one for one in archive.drill_facts(source=source) if one.enlisted_at <= at)
