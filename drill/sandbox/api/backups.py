"""List, take and delete backups; the policy of automatic ones (reference, section 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from drill.sandbox import backups, catalogue, instances, rules, simulated_names
from drill.sandbox.api.creation_parts import ensure_backed_up
from drill.sandbox.backups import Backup
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
    at = now()
    is_wanted = _filter(query, at)
    with context.state.transaction() as connection:
        found = [each for each in backups.of_instance(connection, instance_id) if is_wanted(each)]
        page = [
            backup_view(each, at, simulated_names.names_of(connection, each.id))
            for each in found[offset : offset + limit]
        ]
    return Answer(200, {"backups": page, "total_count": len(found)})


def _filter(query: Query, at: datetime) -> Callable[[Backup], bool]:
    backup_id = query.text("backup_id")
    backup_type = query.choice("backup_type", ("auto", "manual", "fragment", "incremental"))
    status = query.choice("status", ("BUILDING", "COMPLETED", "FAILED"))
    begin, end = _time_filter(query)

    def is_wanted(backup: Backup) -> bool:
        return (
            (backup_id is None or backup.id == backup_id)
            and (backup_type is None or backup.type.value == backup_type)
            and (status is None or backup.status_at(at).value == status)
            and (begin is None or end is None or begin <= backup.began_at <= end)
        )

    return is_wanted


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
    backup = context.operations.back_up(
        instance_id, name=name, description=description, databases=databases
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


def set_policy(context: Context, call: Call) -> Answer:
    """Change the policy of automatic backups."""
    policy = call.json().members("backup_policy")
    keep_days = rules.checked_keep_days(policy.integer("keep_days"))
    start_time = rules.checked_backup_window(
        policy.text("start_time") if keep_days else catalogue.BACKUP_WINDOW
    )
    period = rules.checked_backup_period(
        policy.text("period") if keep_days else catalogue.BACKUP_PERIOD
    )
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        ensure_backed_up(keep_days, instance.engine, context.personality)
        instances.set_backup_policy(
            connection, instance.id, keep_days=keep_days, start_time=start_time, period=period
        )
    return Answer(200)
