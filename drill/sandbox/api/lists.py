"""Smaller lists: recycle bin, scheduled tasks, short instances, templates, collations."""

from __future__ import annotations

from drill.sandbox import catalogue, instances, jobs, recycle
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import parameter_error
from drill.sandbox.instances import Instance, Status
from drill.sandbox.recycle import Recycled
from drill.sandbox.times import now, to_wire
from drill.sandbox.views import Json

_TASK_STATUSES = (
    "Initing",
    "Pending",
    "Running",
    "Completed",
    "Failed",
    "Unauthorized",
    "Canceled",
)
_COLLATIONS = (
    "Chinese_PRC_CI_AS",
    "Chinese_PRC_CS_AS",
    "French_CI_AS",
    "Japanese_CI_AS",
    "Latin1_General_CI_AS",
    "Latin1_General_CS_AS",
    "SQL_Latin1_General_CP1_CI_AS",
    "SQL_Latin1_General_CP1_CS_AS",
)
"""Names that every SQL Server knows; which of them a cloud offers is not in the reference."""
_SHORT_STATUS = {Status.BUILD: "creating", Status.FAILED: "abnormal"}
_ACTIONS = {
    Status.BACKING_UP: "BACKING_UP",
    Status.RESTORING: "RESTORING",
    Status.MODIFYING: "MODIFYING",
    Status.REBOOTING: "REBOOTING",
}
_MOST_INSTANCES = 100
_TEMPLATE_ID = "5a9d0000000040008000000000000001pr03"


def list_recycled(context: Context, call: Call) -> Answer:
    """Return one page of the recycle bin; both paging parameters are required (10.2)."""
    call.query.required("offset")
    call.query.required("limit")
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=50, low=1, high=50)
    with context.state.transaction() as connection:
        everything = recycle.every(connection, now())
    page = [_recycled_view(each) for each in everything[offset : offset + limit]]
    return Answer(200, {"total_count": len(everything), "instances": page})


def _recycled_view(entry: Recycled) -> Json:
    return {
        "id": entry.id,
        "name": entry.name,
        "ha_mode": "Single",
        "engine_name": entry.engine.lower(),
        "engine_version": entry.version,
        "pay_model": "0",
        "created_at": to_wire(entry.created_at),
        "deleted_at": to_wire(entry.deleted_at),
        "volume_type": entry.volume_type,
        "volume_size": entry.volume_size,
        "data_vip": "",
        "data_vip_v6": "",
        "enterprise_project_id": "0",
        "retained_until": to_wire(entry.retained_until),
        "recycle_backup_id": "",
        "recycle_status": "COMPLETED",
        "is_serverless": False,
    }


def list_scheduled_tasks(context: Context, call: Call) -> Answer:
    """Return no tasks: nothing can be scheduled in the sandbox."""
    query = call.query
    query.integer("offset", default=0, low=0, high=10**9)
    query.integer("limit", default=10, low=1, high=50)
    query.choice("status", _TASK_STATUSES)
    if (query.milliseconds("start_time") is None) != (query.milliseconds("end_time") is None):
        raise parameter_error("start_time and end_time go together")
    return Answer(200, {"schedule_tasks": [], "total_count": 0})


def list_simplified(context: Context, call: Call) -> Answer:
    """Return the asked instances in a few words; an unknown id is left out."""
    ids = call.json().texts("instance_ids")
    if not 1 <= len(ids) <= _MOST_INSTANCES:
        raise parameter_error(f"instance_ids must be 1 to {_MOST_INSTANCES} ids")
    with context.state.transaction() as connection:
        found = [instances.find(connection, each) for each in ids]
        busy = {job.instance_id for job in jobs.running(connection) if job.public}
    views = [_simplified_view(each, each.id in busy) for each in found if each is not None]
    return Answer(200, {"instances": views})


def _simplified_view(instance: Instance, is_busy: bool) -> Json:
    action = _ACTIONS.get(instance.status)
    if action is None and is_busy:
        action = "DELETING" if instance.status is not Status.BUILD else "CREATING"
    return {
        "id": instance.id,
        "name": instance.name,
        "engine_name": instance.engine.lower(),
        "engine_version": instance.version,
        "instance_status": _SHORT_STATUS.get(instance.status, "normal"),
        "frozen": False,
        "type": "Single",
        "pay_model": "0",
        "spec_code": instance.flavor,
        "availability_zone_ids": [instance.availability_zone],
        "read_only_instances": [],
        "current_actions": [action] if action else [],
        "volume_type": instance.volume_type,
        "volume_size": instance.volume_size,
        "enterprise_project_id": "0",
    }


def list_configurations(context: Context, call: Call) -> Answer:
    """Return the one parameter template, that of the engine's defaults."""
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=100, low=1, high=100)
    version = context.servers.version
    templates = [
        {
            "id": _TEMPLATE_ID,
            "name": f"Default-{catalogue.ENGINE}-{version}",
            "description": f"Default parameters of {catalogue.ENGINE} {version}",
            "datastore_version_name": version,
            "datastore_name": catalogue.ENGINE.lower(),
            "created": "2026-01-01T00:00:00+0000",
            "updated": "2026-01-01T00:00:00+0000",
            "user_defined": False,
        }
    ]
    page = templates[offset : offset + limit]
    return Answer(200, {"configurations": page, "count": len(templates)})


def list_collations(context: Context, call: Call) -> Answer:
    """Return collations of SQL Server."""
    return Answer(200, {"charSets": list(_COLLATIONS)})
