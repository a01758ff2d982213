"""The objects of the API - instances, backups, windows, jobs - as values of this project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from drill.provider.port import Job, JobStatus, RecycledInstance, Sighting
from drill.provider.rds.reasons import cause_of
from drill.provider.rds.text import clean_text
from drill.provider.rds.wire import (
    find_instant,
    find_text,
    parse_id,
    parse_instant,
    parse_integer,
    parse_kilobytes,
    parse_percent,
)
from drill.recovery.values import Backup, BackupKind, Engine, Instance, Window

Raw = Mapping[str, Any]

_ENGINES = {engine.value.lower(): engine for engine in Engine}
SIMULATED_ALIAS = "simulated, no data"
"""How the sandbox marks an instance that has no server behind it."""

_COMPLETED = {"completed", "complete", "success"}
_FAILED = {"failed", "fail", "error", "canceled", "cancelled", "unauthorized"}


class Odd(ValueError):
    """an object of the API lacks what makes it usable here; the text says what"""


def parse_engine(value: object) -> Engine | None:
    """Return the engine, whatever its letter case, or None if it is not one of ours."""
    return _ENGINES.get(value.strip().lower()) if isinstance(value, str) else None


def parse_instance(raw: Raw, *, cloud: str, tags: Mapping[str, str]) -> Instance:
    """Return the instance. Raise Odd if id, status or engine is missing or unknown."""
    instance_id = parse_id(raw.get("id"))
    status = clean_text(raw.get("status"), longest=64)
    datastore = _mapping(raw.get("datastore"))
    engine = parse_engine(datastore.get("type"))
    if instance_id is None or not status:
        raise Odd("an instance has no usable id or no status")
    if engine is None:
        raise Odd(f"instance {instance_id} has an engine that is not known here")
    volume = _mapping(raw.get("volume"))
    return Instance(
        cloud=cloud,
        id=instance_id,
        name=clean_text(raw.get("name"), longest=128),
        engine=engine,
        version=clean_text(datastore.get("version"), longest=64),
        complete_version=find_text(datastore.get("complete_version")),
        status=status,
        created_at=find_instant(raw.get("created")),
        volume_gb=parse_integer(volume.get("size")),
        volume_type=find_text(volume.get("type")),
        flavor=find_text(raw.get("flavor_ref")),
        availability_zone=_availability_zone(raw),
        vpc_id=parse_id(raw.get("vpc_id")),
        subnet_id=parse_id(raw.get("subnet_id")),
        security_group_id=parse_id(raw.get("security_group_id")),
        host=_first_text(raw.get("private_ips")),
        port=_port(raw.get("port")),
        admin_user=find_text(raw.get("db_user_name")),
        time_zone=find_text(raw.get("time_zone")),
        retention_days=max(
            0, parse_integer(_mapping(raw.get("backup_strategy")).get("keep_days")) or 0
        ),
        tags=tags,
        replica_of=_replica_of(raw),
        charge_mode=find_text(_mapping(raw.get("charge_info")).get("charge_mode")),
        simulated=_is_simulated(raw),
    )


def parse_sighting(raw: Raw) -> Sighting | None:
    """Return the status of the instance; None without a usable id or status, as if unlisted."""
    instance_id = parse_id(raw.get("id"))
    status = clean_text(raw.get("status"), longest=64)
    if instance_id is None or not status:
        return None
    return Sighting(id=instance_id, status=status, tags=parse_tags(raw.get("tags")))


def _is_simulated(raw: Raw) -> bool:
    """Believe the member where there is one; the alias is for those that lack it."""
    told = raw.get("simulated")
    return told if isinstance(told, bool) else raw.get("alias") == SIMULATED_ALIAS


def parse_tags(value: object) -> dict[str, str] | None:
    """Return tags from a list of keys and values, or None if there is no such list."""
    if not isinstance(value, list):
        return None
    pairs = [entry for entry in value if isinstance(entry, Mapping) and entry.get("key")]
    return {
        clean_text(pair["key"], longest=128): clean_text(pair.get("value"), longest=255)
        for pair in pairs
    }


def parse_backup(raw: Raw) -> Backup:
    """Return the backup. Raise Odd if id, instance, type or begin is missing or unknown."""
    backup_id, instance_id = parse_id(raw.get("id")), parse_id(raw.get("instance_id"))
    began_at = find_instant(raw.get("begin_time"))
    kind_text = clean_text(raw.get("type"), longest=64).lower()
    if backup_id is None or instance_id is None or began_at is None:
        raise Odd("a backup has no usable id, instance or begin")
    if kind_text not in set(BackupKind):
        raise Odd(f"backup {backup_id} has a type that is not known here")
    datastore = _mapping(raw.get("datastore"))
    databases = raw.get("databases")
    named = databases if isinstance(databases, list) else []
    names = (clean_text(_mapping(entry).get("name"), longest=128) for entry in named)
    return Backup(
        id=backup_id,
        instance_id=instance_id,
        name=clean_text(raw.get("name"), longest=128),
        kind=BackupKind(kind_text),
        status=clean_text(raw.get("status"), longest=64).upper(),
        began_at=began_at,
        ended_at=find_instant(raw.get("end_time")),
        size_bytes=parse_kilobytes(raw.get("size")),
        engine=parse_engine(datastore.get("type")),
        version=find_text(datastore.get("version")),
        databases=tuple(name for name in names if name),
        min_volume_gb=parse_integer(raw.get("min_data_volume_capacity_for_restore")),
    )


def parse_recycled(raw: Raw) -> RecycledInstance:
    """Return what the recycle bin holds of an instance. Raise Odd if it has no usable id."""
    instance_id = parse_id(raw.get("id"))
    if instance_id is None:
        raise Odd("an entry of the recycle bin has no usable id")
    return RecycledInstance(
        id=instance_id,
        name=clean_text(raw.get("name"), longest=128),
        deleted_at=find_instant(raw.get("deleted_at")),
        kept_until=find_instant(raw.get("retained_until")),
        volume_gb=parse_integer(raw.get("volume_size")),
    )


def parse_window(raw: Raw) -> Window:
    """Return one restore window as the cloud gives it. Raise Odd if it has no two instants."""
    try:
        return Window(parse_instant(raw.get("start_time")), parse_instant(raw.get("end_time")))
    except ValueError as error:
        raise Odd("a restore window has no usable start or end") from error


def parse_job(raw: Raw) -> Job:
    """Return a job of ``/jobs`` or a task of ``/tasklist``. Raise Odd if it has no id."""
    job_id = clean_text(raw.get("id"), longest=128)
    if not job_id:
        raise Odd("a job has no id")
    word = clean_text(raw.get("status"), longest=64)
    status = job_status(word)
    fail_reason = find_text(raw.get("fail_reason"))
    instance = _mapping(raw.get("instance"))
    return Job(
        id=job_id,
        status=status,
        name=find_text(raw.get("name")),
        instance_id=parse_id(instance.get("id")) or parse_id(raw.get("instance_id")),
        progress_percent=parse_percent(raw.get("process")),
        created_at=_first_instant(raw.get("created"), raw.get("create_time")),
        ended_at=_first_instant(raw.get("ended"), raw.get("end_time")),
        fail_reason=fail_reason,
        cause=cause_of(fail_reason, status=word) if status is JobStatus.FAILED else None,
    )


def job_status(value: object) -> JobStatus:
    """Return the state of a job that the cloud knows.

    A word that is not in the documentation means "watch it further", for that ends by itself at
    the deadline of the drill, whereas a wrong end would be believed.
    """
    word = clean_text(value, longest=64).lower()
    if word in _COMPLETED:
        return JobStatus.COMPLETED
    return JobStatus.FAILED if word in _FAILED else JobStatus.RUNNING


def _mapping(value: object) -> Raw:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Iterable[Raw]:
    entries = value if isinstance(value, list) else []
    return (entry for entry in entries if isinstance(entry, Mapping))


def _first_text(value: object) -> str | None:
    entries = value if isinstance(value, list) else []
    return next((text for text in map(find_text, entries) if text is not None), None)


def _first_instant(*values: object) -> datetime | None:
    return next((found for found in map(find_instant, values) if found is not None), None)


def _port(value: object) -> int | None:
    number = parse_integer(value)
    return number if number is not None and 0 < number < 65536 else None


def _availability_zone(raw: Raw) -> str | None:
    nodes = sorted(_mappings(raw.get("nodes")), key=lambda node: node.get("role") != "master")
    zones = (find_text(node.get("availability_zone")) for node in nodes)
    return next((zone for zone in zones if zone is not None), None)


def _replica_of(raw: Raw) -> str | None:
    related = _mappings(raw.get("related_instance"))
    owners = (parse_id(one.get("id")) for one in related if one.get("type") == "replica_of")
    return next(owners, None)
