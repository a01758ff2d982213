"""What differs between the clouds that the sandbox can imitate (reference, section 12)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One cloud's habits, as data."""

    name: str
    filters_by_tags: bool = True
    """The list of instances knows ``tags``; a cloud without it ignores the parameter."""
    takes_tags_on_create: bool = True
    numbers_as_text: bool = False
    """``volume.size`` and ``keep_days`` are strings in the answer to a create call."""
    recovery_paths: frozenset[str] = frozenset({"v3", "v3.1"})
    restores_to_current: bool = True
    """A PostgreSQL instance may be restored to itself."""
    quota_of_tags: int = 20
    has_offsite_backups: bool = True
    """Backups are copied to another region on demand (reference, section 3.6)."""

    region_aliases: tuple[str, ...] = ()
    """Names of the region, and of its project, beside the sandbox's own: for clients that know
    the regions of their cloud by heart."""
    job_ids_lag: bool = True
    """A job is unknown for a moment after its call (reference, 6.1)."""


PERSONALITIES = {
    each.name: each
    for each in (
        Personality(name="sandbox"),
        Personality(name="huawei", restores_to_current=False),
        Personality(
            name="otc",
            filters_by_tags=False,
            takes_tags_on_create=False,
            numbers_as_text=True,
            has_offsite_backups=False,
            restores_to_current=False,
            region_aliases=("eu-de",),
            # The reference says that they lag on both clouds, but this cloud's own client asks for
            # the job at once and takes the 400 for a failure: docs/api-notes.md.
            job_ids_lag=False,
        ),
    )
}
