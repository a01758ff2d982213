"""The last gate before the wire: every write must be exactly what the guard admitted (threat 1).

Whatever is not listed here is refused, so restores of tables and databases, or anything that
somebody adds to the client without thinking, never leaves this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drill.clock import to_milliseconds
from drill.errors import Refused
from drill.guard.admission import (
    Admitted,
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.recovery.values import RecoveryPoint, TimePoint

Body = Mapping[str, object]


def ensure_admitted(
    method: str,
    path: Sequence[str],
    body: Body | None,
    admitted: Admitted,
    *,
    cloud: str,
) -> None:
    """Return only if this very write was admitted; ``path`` is what follows the project id.

    Raise Refused otherwise; nothing has been sent then.
    """
    if getattr(admitted, "cloud", None) != cloud:
        raise _refused("the admission is for another cloud")
    match method, list(path):
        case "POST", ["instances", "recovery"]:
            _ensure_restore(body or {}, admitted)
        case "POST", ["instances"]:
            _ensure_create(body or {}, admitted)
        case "POST", ["instances", instance_id, "tags", "action"]:
            _ensure_tag(body or {}, admitted, instance_id)
        case "POST", ["backups"]:
            _ensure_backup(body or {}, admitted)
        case "DELETE", ["instances", instance_id]:
            if not isinstance(admitted, AdmittedDeletion) or body is not None:
                raise _refused("a deletion needs the admission of a deletion")
            if admitted.instance_id != instance_id:
                raise _refused("the path names another instance than the admission")
        case _:
            raise _refused("this tool makes no such call")


def _ensure_restore(body: Body, admitted: Admitted) -> None:
    if isinstance(admitted, AdmittedReset):
        source_id, target_id = admitted.source_id, admitted.target_id
        named: dict[str, object] = {"type": "backup", "backup_id": admitted.baseline.id}
    elif isinstance(admitted, AdmittedRestore):
        source_id, target_id = admitted.source_id, admitted.target_id
        named = _named(admitted.point)
    else:
        raise _refused("a restore needs the admission of a restore or of a reset")
    if body.get("target") != {"instance_id": target_id}:
        raise _refused("the body names another target than the admission")
    _ensure_point(body.get("source"), source_id, named)


def _ensure_create(body: Body, admitted: Admitted) -> None:
    if not isinstance(admitted, AdmittedCreate):
        raise _refused("a creation needs the admission of a creation")
    if body.get("name") != admitted.instance_name:
        raise _refused("the body names another instance than the admission")
    if body.get("charge_info") != {"charge_mode": "postPaid"}:
        raise _refused("a scratch instance is paid by the hour")
    _ensure_point(body.get("restore_point"), admitted.source_id, _named(admitted.point))


def _ensure_tag(body: Body, admitted: Admitted, instance_id: str) -> None:
    if not isinstance(admitted, AdmittedCreate | AdmittedTagging | AdmittedSettingAside):
        raise _refused("tags need the admission of a creation or of a tagging")
    if not isinstance(admitted, AdmittedCreate) and admitted.instance_id != instance_id:
        raise _refused("the path names another instance than the admission")
    tags = [{"key": key, "value": value} for key, value in admitted.tags.items()]
    if body != {"action": "create", "tags": tags}:
        raise _refused("the body has other tags than the admission")


def _ensure_backup(body: Body, admitted: Admitted) -> None:
    if not isinstance(admitted, AdmittedBackup):
        raise _refused("a backup needs the admission of a backup")
    if body != {"instance_id": admitted.instance_id, "name": admitted.backup_name}:
        raise _refused("the body names another instance or backup than the admission")


def _ensure_point(point: object, source_id: str, named: Mapping[str, object]) -> None:
    if not isinstance(point, Mapping) or point.get("instance_id") != source_id:
        raise _refused("the body names another source than the admission")
    keys = ("type", "backup_id", "restore_time")
    if {key: point[key] for key in keys if key in point} != named:
        raise _refused("the body names another recovery point than the admission")


def _named(point: RecoveryPoint) -> dict[str, object]:
    if isinstance(point, TimePoint):
        return {"type": "timestamp", "restore_time": to_milliseconds(point.restore_time)}
    return {"type": "backup", "backup_id": point.backup.id}


def _refused(reason: str) -> Refused:
    return Refused(
        f"a write was held back: {reason}",
        hint="Nothing was sent. This is a mistake in the program: please report it.",
    )
