"""What one account of a cloud can be asked: instances, backups, restore windows, jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from drill.clock import Clock, to_milliseconds
from drill.errors import AnswerUnreadable, ProviderError
from drill.provider.clouds import CloudKind
from drill.provider.port import Job, JobStatus, RecycledInstance, Sighting
from drill.provider.rds.codes import JOB_UNKNOWN
from drill.provider.rds.http import Query, RdsHttp
from drill.provider.rds.paging import (
    Item,
    ReadPage,
    Take,
    TooManyItems,
    read_all,
    read_as_it_comes,
    whole,
)
from drill.provider.rds.records import (
    Odd,
    parse_backup,
    parse_instance,
    parse_job,
    parse_recycled,
    parse_sighting,
    parse_tags,
    parse_window,
)
from drill.provider.rds.text import clean_text
from drill.provider.rds.wire import parse_id
from drill.recovery.values import Backup, BackupKind, Instance, Window
from drill.recovery.windows import merge_windows

_LOG = logging.getLogger(__name__)

INSTANCES_PER_PAGE = 100
TASKS_PER_PAGE = 50
DATABASES_PER_PAGE = 100
RECYCLED_PER_PAGE = 50
LONG_RETENTION_DAYS = 7
"""Beyond this the windows are asked for day by day (reference 2.1)."""

_FULL_BACKUPS = (BackupKind.AUTO, BackupKind.MANUAL, BackupKind.FRAGMENT)


class RdsReads:
    """The reading half of ``drill.provider.port.Provider``."""

    def __init__(
        self,
        *,
        cloud: str,
        kind: CloudKind,
        http: RdsHttp,
        clock: Clock,
    ) -> None:
        self._cloud = cloud
        self._kind = kind
        self._http = http
        self._clock = clock
        self._odd_objects = 0

    @property
    def cloud(self) -> str:
        """Return the name of the cloud in config.toml."""
        return self._cloud

    @property
    def kind(self) -> CloudKind:
        """Return the kind of the cloud, with its rules."""
        return self._kind

    @property
    def clock_skew_milliseconds(self) -> int | None:
        """Return how far our clock is ahead of the cloud's; None before the first answer."""
        return self._http.clock_skew_milliseconds

    @property
    def odd_objects(self) -> int:
        """Return how many objects were left out of lists because they could not be understood."""
        return self._odd_objects

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return the instance with its tags, or None if the cloud does not list it.

        Raise AnswerUnreadable if it is listed but cannot be understood: that is not "gone".
        """
        asked = f"find instance {instance_id}"
        for raw in self._instances([("id", instance_id)], asked=asked, take=whole):
            if raw.get("id") == instance_id:
                return self._instance(raw, asked=asked, read_tags=True)
        return None

    def list_instances(
        self, *, name: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Sequence[Instance]:
        """Return all instances of the account, or those with exactly this name or these tags.

        Without a filter, an instance that cannot be understood (an engine that is none of ours)
        is left out and counted; one that the filter is about raises AnswerUnreadable. Tags that
        the list lacks are read one by one where a filter needs them.
        """
        asked = "list instances"
        if name is None and not tags:
            return self._all_instances(asked)
        query = [] if name is None else [("name", name)]
        if tags and self._kind.tags_filter:
            pairs = ",".join(f"{key}={value}" for key, value in tags.items())
            query.append(("tags", pairs))
        found = []
        for raw in self._instances(query, asked=asked, take=whole):
            if name is not None and raw.get("name") != name:
                continue
            own = self._tags_of(raw, read=bool(tags))
            if tags and not tags.items() <= own.items():
                continue
            try:
                found.append(parse_instance(raw, cloud=self._cloud, tags=own))
            except Odd as error:
                raise AnswerUnreadable(f"{asked}: {error}") from error
        return found

    def list_sightings(self) -> Sequence[Sighting]:
        """Return the status of all instances of the account, by one reading of the list."""
        asked = "list instances"
        found = read_as_it_comes(
            self._instance_pages((), asked=asked),
            key="instances",
            page_size=INSTANCES_PER_PAGE,
            asked=asked,
            take=parse_sighting,
        )
        return [one for one in found if one is not None]

    def list_backups(self, instance_id: str) -> Sequence[Backup]:
        """Return all backups of an instance, oldest first.

        Where log backups make the list longer than can be read, they are left out: no restore
        starts from one.
        """
        try:
            raws = self._raw_backups(instance_id, ())
        except TooManyItems:
            raws = [
                raw
                for kind in _FULL_BACKUPS
                for raw in self._raw_backups(instance_id, [("backup_type", kind.value)])
            ]
        backups: dict[str, Backup] = {}
        for raw in raws:
            try:
                backup = parse_backup(raw)
            except Odd as error:
                self._leave_out(error)
                continue
            if backup.instance_id == instance_id:
                backups[backup.id] = backup
        return sorted(backups.values(), key=lambda backup: (backup.began_at, backup.id))

    def list_windows(
        self, instance_id: str, *, retention_days: int, now: datetime
    ) -> Sequence[Window]:
        """Return the restore windows, merged and sorted; asked day by day if retention is long."""
        queries: list[Query] = [()]
        if retention_days > LONG_RETENTION_DAYS:
            today = now.astimezone(UTC).date()
            days = (today - timedelta(days=back) for back in range(retention_days))
            queries += [[("date", day.isoformat())] for day in days]
        windows: list[Window] = []
        for query in queries:
            windows += self._windows(instance_id, query)
        if not windows:
            return ()
        # Ends are not cut at now: what the cloud said is kept as it said it.
        return merge_windows(windows, now=max(window.ends_at for window in windows)).windows

    def list_databases(self, instance_id: str) -> Sequence[str]:
        """Return the names of the databases of an instance (reference 7.2: pages from 1)."""
        asked = f"list databases of {instance_id}"

        def read_page(offset: int, limit: int) -> dict[str, Any]:
            query = [("page", str(offset // limit + 1)), ("limit", str(limit))]
            data = self._http.read(
                "instances", instance_id, "database", "detail", query=query, asked=asked
            )
            page = data.get("databases")
            if not isinstance(page, list):
                return data
            # A database has no id: its name tells whether a page came twice.
            named = [{"id": one.get("name")} for one in page if isinstance(one, dict)]
            return {**data, "databases": named}

        raws = read_all(
            read_page, key="databases", page_size=DATABASES_PER_PAGE, asked=asked, take=whole
        )
        names = [clean_text(raw["id"], longest=128) for raw in raws]
        if not all(names):
            raise AnswerUnreadable(f"{asked}: a database has no name")
        return sorted(names)

    def find_job(self, job_id: str) -> Job:
        """Return the job; its status is UNKNOWN where the cloud does not know the id."""
        asked = f"find job {clean_text(job_id, longest=128)}"
        try:
            data = self._http.read("jobs", query=[("id", job_id)], asked=asked)
        except ProviderError as error:
            if error.code in JOB_UNKNOWN:
                return Job(id=job_id, status=JobStatus.UNKNOWN)
            raise
        raw = data.get("job")
        try:
            return parse_job(raw if isinstance(raw, dict) else {})
        except Odd as error:
            raise AnswerUnreadable(f"{asked}: {error}") from error

    def list_jobs_of(self, instance_id: str, *, since: datetime) -> Sequence[Job]:
        """Return the tasks of one instance that began at or after an instant (tasklist).

        ``since`` is an instant of our clock, and the cloud compares it with its own: the known
        difference is taken into account, to its resolution of one second.
        """
        skew = timedelta(milliseconds=self.clock_skew_milliseconds or 0)
        starts_at = since - skew - timedelta(seconds=1)
        ends_at = max(self._clock.now(), since) - skew + timedelta(minutes=1)
        fixed = [
            ("instance_id", instance_id),
            ("start_time", str(to_milliseconds(starts_at))),
            ("end_time", str(to_milliseconds(ends_at))),
        ]
        asked = f"list jobs of {instance_id}"
        raws = read_all(
            lambda offset, limit: self._http.read(
                "tasklist",
                query=[*fixed, ("offset", str(offset)), ("limit", str(limit))],
                asked=asked,
            ),
            key="tasks",
            page_size=TASKS_PER_PAGE,
            asked=asked,
            take=whole,
        )
        jobs = []
        for raw in raws:
            try:
                job = parse_job(raw)
            except Odd as error:
                self._leave_out(error)
                continue
            began = job.created_at is None or job.created_at >= starts_at
            if began and job.instance_id in {None, instance_id}:
                jobs.append(job)
        return jobs

    def list_recycled(self) -> Sequence[RecycledInstance] | None:
        """Return what the recycle bin of the account holds; None where the cloud has none."""
        if not self._kind.recycle_bin:
            return None
        asked = "list the recycle bin"
        raws = read_all(
            lambda offset, limit: self._http.read(
                "recycle-instances",
                query=[("offset", str(offset)), ("limit", str(limit))],
                asked=asked,
            ),
            key="instances",
            page_size=RECYCLED_PER_PAGE,
            asked=asked,
            take=whole,
        )
        found = []
        for raw in raws:
            try:
                found.append(parse_recycled(raw))
            except Odd as error:
                self._leave_out(error)
        return found

    def _all_instances(self, asked: str) -> Sequence[Instance]:
        found = []
        for one in self._instances((), asked=asked, take=self._understood):
            if isinstance(one, Odd):
                self._leave_out(one)
            else:
                found.append(one)
        return found

    def _understood(self, raw: dict[str, Any]) -> Instance | Odd:
        try:
            return parse_instance(raw, cloud=self._cloud, tags=self._tags_of(raw, read=False))
        except Odd as error:
            return error

    def _instances(self, query: Query, *, asked: str, take: Take[Item]) -> Sequence[Item]:
        return read_all(
            self._instance_pages(query, asked=asked),
            key="instances",
            page_size=INSTANCES_PER_PAGE,
            asked=asked,
            take=take,
        )

    def _instance_pages(self, query: Query, *, asked: str) -> ReadPage:
        return lambda offset, limit: self._http.read(
            "instances",
            query=[*query, ("offset", str(offset)), ("limit", str(limit))],
            asked=asked,
        )

    def _raw_backups(self, instance_id: str, query: Query) -> Sequence[dict[str, Any]]:
        asked = f"list backups of {instance_id}"
        fixed = [("instance_id", instance_id), *query]
        return read_all(
            lambda offset, limit: self._http.read(
                "backups",
                query=[*fixed, ("offset", str(offset)), ("limit", str(limit))],
                asked=asked,
            ),
            key="backups",
            page_size=INSTANCES_PER_PAGE,
            asked=asked,
            take=whole,
        )

    def _windows(self, instance_id: str, query: Query) -> list[Window]:
        asked = f"list restore windows of {instance_id}"
        data = self._http.read("instances", instance_id, "restore-time", query=query, asked=asked)
        entries = data.get("restore_time")
        if not isinstance(entries, list):
            raise AnswerUnreadable(f"{asked}: the answer has no list of restore windows")
        try:
            return [parse_window(entry if isinstance(entry, dict) else {}) for entry in entries]
        except Odd as error:
            raise AnswerUnreadable(f"{asked}: {error}") from error

    def _instance(self, raw: Mapping[str, Any], *, asked: str, read_tags: bool) -> Instance:
        try:
            tags = self._tags_of(raw, read=read_tags)
            return parse_instance(raw, cloud=self._cloud, tags=tags)
        except Odd as error:
            raise AnswerUnreadable(f"{asked}: {error}") from error

    def _tags_of(self, raw: Mapping[str, Any], *, read: bool) -> Mapping[str, str]:
        listed = parse_tags(raw.get("tags"))
        instance_id = parse_id(raw.get("id"))
        if listed is not None or not read or instance_id is None:
            return listed or {}
        asked = f"list tags of {instance_id}"
        data = self._http.read("instances", instance_id, "tags", asked=asked)
        return parse_tags(data.get("tags")) or {}

    def _leave_out(self, error: Odd) -> None:
        self._odd_objects += 1
        _LOG.warning("left out of a list of cloud %s: %s", self._cloud, error)
