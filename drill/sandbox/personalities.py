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
        ),
    )
}
