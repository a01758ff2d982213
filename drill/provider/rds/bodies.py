"""The bodies of the writes, exactly as the API documents them (reference 1.2, 5.1, 5.2, 7.4)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from pydantic import SecretStr

from drill.clock import to_milliseconds
from drill.guard.admission import (
    AdmittedBackup,
    AdmittedCreate,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.recovery.values import Engine, RecoveryPoint, TimePoint

Body = dict[str, object]

_REPLICATION = {
    Engine.MYSQL: "async",
    Engine.MARIADB: "async",
    Engine.POSTGRESQL: "async",
    Engine.SQLSERVER: "sync",
}

_TOKEN_NAMESPACE = uuid.UUID("5d0a1f0e-6f3b-5b7c-9a55-0d6f9f6d7c11")


def restore_body(admitted: AdmittedRestore, *, recovery_version: str) -> Body:
    """Return the body of a restore onto an existing scratch instance."""
    source = _point(admitted.source_id, admitted.point)
    if admitted.engine is Engine.SQLSERVER:
        source |= _databases(admitted.database_map)
        if admitted.restore_all_databases and recovery_version == "v3.1":
            # v3 has no such field: leaving the map out restores all there.
            source["restore_all_database"] = True
    return {"source": source, "target": {"instance_id": admitted.target_id}}


def reset_body(admitted: AdmittedReset, *, recovery_version: str) -> Body:
    """Return the body of the restore of a scratch instance to its baseline."""
    source: Body = {
        "instance_id": admitted.source_id,
        "type": "backup",
        "backup_id": admitted.baseline.id,
    }
    if admitted.engine is Engine.SQLSERVER and recovery_version == "v3.1":
        source["restore_all_database"] = True
    return {"source": source, "target": {"instance_id": admitted.target_id}}


def create_body(
    admitted: AdmittedCreate, *, password: SecretStr, region: str, tags_in_create: bool
) -> Body:
    """Return the body of the creation of a scratch instance.

    The password stays wrapped until the body is written as JSON.
    """
    body: Body = {
        "name": admitted.instance_name,
        "datastore": {"type": admitted.engine.value, "version": admitted.version},
        "flavor_ref": admitted.flavor,
        "volume": {"type": admitted.volume_type, "size": admitted.volume_gb},
        "region": region,
        "availability_zone": admitted.availability_zone,
        "vpc_id": admitted.vpc_id,
        "subnet_id": admitted.subnet_id,
        "password": password,
        "charge_info": {"charge_mode": "postPaid"},
        "restore_point": _point(admitted.source_id, admitted.point),
    }
    if "," in admitted.availability_zone:
        # One zone per node: two zones are a primary with its standby.
        body["ha"] = {"mode": "Ha", "replication_mode": _REPLICATION[admitted.engine]}
    if admitted.security_group_id is not None:
        body["security_group_id"] = admitted.security_group_id
    if admitted.time_zone is not None:
        body["time_zone"] = admitted.time_zone
    if tags_in_create:
        body["tags"] = _tags(admitted.tags)
    if admitted.engine is Engine.SQLSERVER:
        body["restore_point"] = _point(admitted.source_id, admitted.point) | _databases(
            admitted.database_map
        )
    return body


def tag_body(admitted: AdmittedCreate | AdmittedTagging | AdmittedSettingAside) -> Body:
    """Return the body that puts the admitted tags on an instance."""
    return {"action": "create", "tags": _tags(admitted.tags)}


def backup_body(admitted: AdmittedBackup) -> Body:
    """Return the body of a manual backup (reference 3.2)."""
    return {"instance_id": admitted.instance_id, "name": admitted.backup_name}


def client_token(drill_id: str) -> str:
    """Return the idempotency token of the create call of a drill: a UUID derived from its id."""
    return str(uuid.uuid5(_TOKEN_NAMESPACE, drill_id))


def _point(source_id: str, point: RecoveryPoint) -> Body:
    if isinstance(point, TimePoint):
        return {
            "instance_id": source_id,
            "type": "timestamp",
            "restore_time": to_milliseconds(point.restore_time),
        }
    return {"instance_id": source_id, "type": "backup", "backup_id": point.backup.id}


def _databases(database_map: Mapping[str, str] | None) -> Body:
    return {} if not database_map else {"database_name": dict(database_map)}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
