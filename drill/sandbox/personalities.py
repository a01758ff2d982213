"""What differs between the clouds that the sandbox can imitate (reference, sections 1 and 12).

``huawei`` and ``otc`` are the clouds of today. The dated ones after them are older or regional
pages of Huawei Cloud, for their tables and limits. ``sandbox`` is nobody's: it can do all that the
servers behind it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

ENGINES = frozenset({"MySQL", "MariaDB", "PostgreSQL", "SQLServer"})
_BOTH_PATHS = MappingProxyType({"v3": 200, "v3.1": 202})
_ONLY_V3 = MappingProxyType({"v3": 200})
_EVERY_VERSION = tuple(
    f"{year}_{edition}"
    for year in ("2008R2", "2012", "2014", "2016", "2017", "2019", "2022")
    for edition in ("WEB", "SE", "EE")
)
_OTC_VERSIONS = tuple(
    f"{year}_{edition}" for year in (2017, 2019, 2022) for edition in ("SE", "EE")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One cloud's habits, as data."""

    name: str
    filters_by_tags: bool = True
    """The list of instances knows ``tags``; a cloud without it ignores the parameter."""
    takes_tags_on_create: bool = True
    numbers_as_text: bool = False
    """``volume.size`` and ``keep_days`` are strings in the answer to a create call."""
    recovery_status: Mapping[str, int] = field(default_factory=lambda: _BOTH_PATHS)
    """Version of the recovery path -> status of success. Those of Huawei Cloud are a guess: its
    pages were not seen to say (reference, 14.3, question 7)."""
    restores_to_existing: frozenset[str] = ENGINES
    """Engines that can be restored onto another existing instance."""
    restores_to_current: frozenset[str] = ENGINES
    """Engines whose instances can be restored to themselves."""
    database_map_paths: frozenset[str] = frozenset({"v3", "v3.1"})
    """Versions of the recovery path that know ``database_name``."""
    database_map_on_create: bool = True
    """``restore_point`` knows ``database_name``."""
    database_name_pattern: str = "[A-Za-z0-9_-]{1,64}"
    database_name_lists: bool = False
    """A database may be restored under several new names, separated by commas."""
    crosses_versions_on_create: bool = True
    """A new SQL Server instance may have another version than its source, within the table."""
    sqlserver_table: str | None = None
    """Name of a table in sqlserver_versions.json; without one nothing lower is a target."""
    sqlserver_versions: tuple[str, ...] = _EVERY_VERSION
    volume_types: tuple[str, ...] = ("CLOUDSSD", "ESSD")
    subscribes: bool = False
    """``charge_mode`` prePaid is taken: as an order, which nobody ever pays here."""
    reads_client_token: bool = True
    """The form of ``X-Client-Token`` is checked; a cloud without it ignores the header."""
    status_of_failed_creation: str = "FAILED"
    always_backed_up: frozenset[str] = frozenset()
    """Engines whose automatic backups cannot be switched off."""
    quota_of_tags: int = 20
    has_offsite_backups: bool = True
    """Backups are copied to another region on demand (reference, section 3.6)."""
    region_aliases: tuple[str, ...] = ()
    """Names of the region, and of its project, beside the sandbox's own: for clients that know
    the regions of their cloud by heart."""
    job_ids_lag: bool = True
    """A job is unknown for a moment after its call (reference, 6.1)."""
    tag_lengths: tuple[int, int] = (128, 255)
    """How long the key and the value of a tag may be."""


_HUAWEI = Personality(
    name="huawei",
    restores_to_current=frozenset({"MySQL", "SQLServer"}),
    sqlserver_table="sup_2026_partial",
    volume_types=("COMMON", "HIGH", "ULTRAHIGH", "ULTRAHIGHPRO", "CLOUDSSD", "LOCALSSD", "ESSD"),
    subscribes=True,
)

PERSONALITIES = {
    each.name: each
    for each in (
        Personality(name="sandbox"),
        _HUAWEI,
        Personality(
            name="otc",
            filters_by_tags=False,
            takes_tags_on_create=False,
            numbers_as_text=True,
            has_offsite_backups=False,
            region_aliases=("eu-de",),
            # The reference says that they lag on both clouds, but this cloud's own client asks for
            # the job at once and takes the 400 for a failure: docs/api-notes.md.
            job_ids_lag=False,
            restores_to_current=frozenset({"MySQL", "SQLServer"}),
            database_map_paths=frozenset({"v3.1"}),
            database_map_on_create=False,
            database_name_lists=True,
            crosses_versions_on_create=False,
            sqlserver_table="otc_2026",
            sqlserver_versions=_OTC_VERSIONS,
            reads_client_token=False,
            status_of_failed_creation="CREATE FAIL",
            always_backed_up=frozenset({"MySQL", "SQLServer"}),
            tag_lengths=(36, 43),
        ),
        replace(
            _HUAWEI,
            name="huawei-2019",
            recovery_status=_ONLY_V3,
            restores_to_current=ENGINES,
            sqlserver_table="doc_2019",
            database_name_pattern="[A-Za-z0-9_]{1,128}",
        ),
        replace(
            _HUAWEI,
            name="huawei-2020",
            recovery_status=_ONLY_V3,
            restores_to_existing=frozenset({"MySQL", "SQLServer"}),
            restores_to_current=frozenset({"SQLServer"}),
            sqlserver_table="hwdoc_2020",
        ),
        replace(
            _HUAWEI,
            name="huawei-my-2022",
            recovery_status=_ONLY_V3,
            restores_to_existing=frozenset({"MySQL", "SQLServer"}),
            restores_to_current=frozenset({"SQLServer"}),
            sqlserver_table="my_kualalumpur_1_2022",
            sqlserver_versions=("2008_SE", *_EVERY_VERSION),
        ),
    )
}
