"""How instances, backups and jobs look in answers (reference, sections 3.1, 4.2, 5.4, 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drill.sandbox import sqlserver
from drill.sandbox.backups import Backup
from drill.sandbox.catalogue import find_flavor
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import Job, JobKind, JobStatus
from drill.sandbox.personalities import Personality
from drill.sandbox.servers import Span
from drill.sandbox.times import to_milliseconds, to_wire

LOOPBACK = "127.0.0.1"
SIMULATED = "simulated, no data"
Json = dict[str, object]


def instance_view(instance: Instance, port: int | None) -> Json:
    """Return an entry of the list of instances. ``port`` is None while no server listens."""
    flavor = find_flavor(instance.flavor) or sqlserver.find_flavor(instance.flavor)
    reachable = port is not None and instance.status is not Status.BUILD
    return {
        "id": instance.id,
        "name": instance.name,
        "alias": SIMULATED if instance.simulated else "",
        **marked(instance.simulated),
        "status": instance.status.value,
        "type": "Single",
        "created": to_wire(instance.created_at),
        "updated": to_wire(instance.updated_at) if instance.updated_at else "",
        "datastore": {
            "type": instance.engine,
            "version": instance.version,
            "complete_version": instance.complete_version,
        },
        "region": instance.region,
        "flavor_ref": instance.flavor,
        "cpu": str(flavor.vcpus) if flavor else "",
        "mem": str(flavor.memory_gb) if flavor else "",
        "volume": {"type": instance.volume_type, "size": instance.volume_size},
        "private_ips": [LOOPBACK] if reachable else [],
        "private_dns_names": [],
        "public_ips": [],
        "public_dns_names": [],
        "port": port if reachable else instance.port_asked,
        "db_user_name": instance.admin_user,
        "enable_ssl": False,
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "nodes": [_node_view(instance)],
        "related_instance": [],
        "backup_strategy": {
            "start_time": instance.backup_start_time,
            "keep_days": instance.keep_days,
        },
        "maintenance_window": "02:00-06:00",
        "switch_strategy": "reliability",
        "read_only_by_user": False,
        "disk_encryption_id": "",
        "enterprise_project_id": "0",
        "time_zone": instance.time_zone,
        "charge_info": {"charge_mode": "postPaid"},
        "tags": [{"key": key, "value": value} for key, value in instance.tags.items()],
        "expiration_time": None,
        "max_iops": 0,
        "order_id": None,
        "associated_with_ddm": False,
        "backup_used_space": 0.0,
        "storage_used_space": 0.0,
        "serverless_info": None,
    }


def marked(simulated: bool) -> Json:
    """Return what says that nothing real stands behind an answer; nothing where it does."""
    return {"simulated": True} if simulated else {}


def _node_view(instance: Instance) -> Json:
    return {
        "id": f"{instance.id[:-4]}no{instance.id[-2:]}",
        "name": f"{instance.name}_node0",
        "role": "master",
        "status": instance.status.value,
        "availability_zone": instance.availability_zone,
    }


def created_view(
    instance: Instance, personality: Personality, *, charge_mode: str = "postPaid"
) -> Json:
    """Return the ``instance`` member of the answer to a create call: the port is a string."""

    def number(value: int) -> int | str:
        return str(value) if personality.numbers_as_text else value

    return marked(instance.simulated) | {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status.value,
        "datastore": {"type": instance.engine, "version": instance.version},
        "port": str(instance.port_asked),
        "backup_strategy": {
            "start_time": instance.backup_start_time,
            "keep_days": number(instance.keep_days),
        },
        "flavor_ref": instance.flavor,
        "volume": {"type": instance.volume_type, "size": number(instance.volume_size)},
        "region": instance.region,
        "availability_zone": instance.availability_zone,
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "charge_info": {"charge_mode": charge_mode},
    }


def backup_view(backup: Backup, now: datetime, names: Sequence[str] = ()) -> Json:
    """Return an entry of the list of backups; ``names`` are the databases of a simulated one."""
    return marked(backup.simulated) | {
        "id": backup.id,
        "instance_id": backup.instance_id,
        "name": backup.name,
        "type": backup.type.value,
        "status": backup.status_at(now).value,
        "begin_time": to_wire(backup.began_at),
        "end_time": to_wire(backup.ended_at) if backup.ended_at else "",
        "size": backup.size_kb,
        "datastore": {"type": backup.engine, "version": backup.version},
        "databases": [{"name": name} for name in names],
        "associated_with_ddm": False,
        "min_data_volume_capacity_for_restore": backup.volume_size,
        "description": backup.description,
    }


def window_view(window: Span) -> Json:
    """Return an entry of the list of windows."""
    return {
        "start_time": to_milliseconds(window.starts_at),
        "end_time": to_milliseconds(window.ends_at),
    }


def job_view(job: Job, instance: Instance | None, port: int | None, now: datetime) -> Json:
    """Return the ``job`` member of the answer about one job."""
    running = job.status is JobStatus.RUNNING
    view: Json = marked(job.simulated) | {
        "id": job.id,
        "name": job.name,
        "status": job.status.value,
        "created": to_wire(job.created_at),
        "process": f"{job.percent(now)}%" if running else "",
        "instance": {"id": job.instance_id, "name": job.instance_name},
        "entities": {},
    }
    if job.ended_at is not None:
        view["ended"] = to_wire(job.ended_at)
    if job.fail_reason is not None:
        view["fail_reason"] = job.fail_reason
    if job.kind is JobKind.CREATE and instance is not None:
        entity: Json = {
            "type": "Single",
            "datastore": {"type": instance.engine.lower(), "version": instance.version},
        }
        if port is not None:
            entity["endpoint"] = f"{LOOPBACK}:{port}"
        view["entities"] = {"instance": entity, "resource_ids": [instance.id]}
    return view


def task_view(job: Job, instance: Instance | None, now: datetime) -> Json:
    """Return an entry of the list of tasks."""
    return marked(job.simulated) | {
        "id": job.id,
        "name": job.name,
        "instance_id": job.instance_id,
        "instance_name": job.instance_name,
        "instance_status": instance.status.value if instance else "",
        "order_id": "",
        "process": f"{job.percent(now)}%" if job.status is JobStatus.RUNNING else "",
        "fail_reason": job.fail_reason or "",
        "create_time": to_wire(job.created_at),
        "end_time": to_wire(job.ended_at) if job.ended_at else "",
        "status": job.status.value,
    }
