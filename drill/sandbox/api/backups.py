"""List, take and delete backups; show the policy of automatic ones (reference, section 3)."""

from __future__ import annotations

from datetime import datetime

from drill.sandbox import backup_pages, rules, simulated_names
from drill.sandbox.api.restore_faults import mishap_of
from drill.sandbox.backup_pages import BackupFilter
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import parameter_error
from drill.sandbox.fields import Query
from drill.sandbox.times import from_wire, now, to_wire
from drill.sandbox.views import backup_view, marked


def list_backups(context: Context, call: Call) -> Answer:
    """Return one page of the backups of an instance; those of a deleted one stay listed."""
    query = call.query
    instance_id = query.required("instance_id")
    offset = query.integer("offset", default=0, low=0, high=10**9)
    limit = query.integer("limit", default=100, low=1, high=100)
    wanted = read_filter(query)
    at = now()
    with context.state.transaction() as connection:
        total, page = backup_pages.read_page(
            connection, instance_id, wanted, at=at, offset=offset, limit=limit
        )
        views = [
            backup_view(each, at, simulated_names.names_of(connection, each.id)) for each in page
        ]
    return Answer(200, {"backups": views, "total_count": total})


def read_filter(query: Query) -> BackupFilter:
    """Read what narrows a list of backups. Raise ApiError (400)."""
    begin, end = _time_filter(query)
    return BackupFilter(
        backup_id=query.text("backup_id"),
        backup_type=query.choice("backup_type", ("auto", "manual", "fragment", "incremental")),
        status=query.choice("status", ("BUILDING", "COMPLETED", "FAILED")),
        begin=begin,
        end=end,
    )


def _time_filter(query: Query) -> tuple[datetime | None, datetime | None]:
    texts = query.text("begin_time"), query.text("end_time")
    if texts == (None, None):
        return None, None
    try:
        begin, end = (from_wire(text or "") for text in texts)
    except ValueError as error:
        message = "begin_time and end_time go together and look like 2026-01-15T08:30:00+0000"
        raise parameter_error(message) from error
    if end <= begin:
        raise parameter_error("end_time must be later than begin_time")
    return begin, end


def create_backup(context: Context, call: Call) -> Answer:
    """Accept a manual backup. There is no job: clients ask for the backup."""
    body = call.json()
    instance_id = body.text("instance_id")
    name = rules.checked_name(body.text("name"))
    description = rules.checked_description(body.optional_text("description") or "")
    databases = [each.text("name") for each in body.items("databases")]
    with mishap_of(context, call, restores=False) as mishap:
        backup = context.operations.back_up(
            instance_id, name=name, description=description, databases=databases, mishap=mishap
        )
    view: dict[str, object] = {
        "id": backup.id,
        "instance_id": backup.instance_id,
        "name": backup.name,
        "description": backup.description,
        "databases": [{"name": name} for name in databases] if backup.simulated else [],
        "begin_time": to_wire(backup.began_at),
        "status": backup.status.value,
        "type": backup.type.value,
    }
    return Answer(200, {"backup": view | marked(backup.simulated)})


def delete_backup(context: Context, call: Call) -> Answer:
    """Delete a manual backup."""
    context.operations.delete_backup(call.parameters["backup_id"])
    return Answer(200, {})


def show_policy(context: Context, call: Call) -> Answer:
    """Return the policy of automatic backups."""
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
    policy: dict[str, object] = {"keep_days": instance.keep_days}
    if instance.keep_days:
        policy |= {"start_time": instance.backup_start_time, "period": instance.backup_period}
    return Answer(200, {"backup_policy": policy} | marked(instance.simulated))
