"""Off-site backups, simulated: see ``drill.sandbox.offsite`` (reference, sections 2.2 and 3.6)."""

from __future__ import annotations

from drill.sandbox import backups, catalogue, instances, offsite
from drill.sandbox.api.backups import read_filter
from drill.sandbox.backups import Backup, BackupStatus
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import no_such_api, parameter_error
from drill.sandbox.servers import Span
from drill.sandbox.times import day_of, now
from drill.sandbox.views import Json, backup_view, window_view


def ensure_offered(context: Context) -> None:
    """Raise ApiError (404) on a cloud that has no off-site backups."""
    if not context.personality.has_offsite_backups:
        raise no_such_api()


def list_restore_times(context: Context, call: Call) -> Answer:
    """Return what of the windows would be in the other region: from the policy's first day on."""
    ensure_offered(context)
    instance_id = call.parameters["instance_id"]
    day = call.query.text("date")
    try:
        borders = day_of(day) if day else None
    except ValueError as error:
        raise parameter_error("date must look like 2026-01-15") from error
    with context.state.transaction() as connection:
        instance = target_of(connection, instance_id)
        policy = offsite.of_instance(connection, instance.id).get("incremental")
    if policy is None or policy.keep_days == 0:
        return Answer(200, {"restore_time": []})
    low, high = policy.since, None
    if borders is not None:
        low, high = max(low, borders[0]), borders[1]
    cut = [
        Span(max(each.starts_at, low), min(each.ends_at, high or each.ends_at))
        for each in context.operations.windows(instance_id)
    ]
    shown = [window_view(each) for each in cut if each.starts_at <= each.ends_at]
    return Answer(200, {"restore_time": shown})


def list_backups(context: Context, call: Call) -> Answer:
    """Return one page of the simulated copies of backups of an instance."""
    ensure_offered(context)
    query = call.query
    instance_id = query.required("instance_id")
    offset = query.integer("offset", default=0, low=0, high=10**9)
    limit = query.integer("limit", default=100, low=1, high=100)
    query.choice("backup_type", ("auto", "incremental"))
    backup_filter = read_filter(query)
    wanted_id = query.text("backup_id")
    at = now()
    with context.state.transaction() as connection:
        policies = offsite.of_instance(connection, instance_id)
        everything = backups.of_instance(connection, instance_id)
    copied = [
        each
        for each in everything
        if each.type.value in policies
        and policies[each.type.value].keep_days > 0
        and each.began_at >= policies[each.type.value].since
        and each.status_at(at) is BackupStatus.COMPLETED
        and backup_filter.backup_type in (None, each.type.value)
        and wanted_id in (None, offsite.copy_id(each.id))
        and (backup_filter.begin is None or backup_filter.begin <= each.began_at)
        and (backup_filter.end is None or each.began_at <= backup_filter.end)
    ]
    views = []
    for each in copied[offset : offset + limit]:
        view = backup_view(each, at)
        del view["min_data_volume_capacity_for_restore"], view["description"]
        views.append(view | _marks(each))
    return Answer(200, {"backups": views, "total_count": len(copied)})


def _marks(backup: Backup) -> Json:
    return {"id": offsite.copy_id(backup.id), "name": f"simulated-{backup.name}"}


def list_instances(context: Context, call: Call) -> Answer:
    """Return one page of the instances whose backups are copied."""
    ensure_offered(context)
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=100, low=1, high=100)
    with context.state.transaction() as connection:
        by_id = {each.id: each for each in instances.every(connection)}
        policies = {
            each.instance_id: each
            for each in offsite.every(connection)
            if each.instance_id in by_id
        }
    views = [
        {
            "id": each.instance_id,
            "name": by_id[each.instance_id].name,
            "source_region": catalogue.REGION,
            "source_project_id": context.project_id,
            "datastore": {
                "type": by_id[each.instance_id].engine,
                "version": by_id[each.instance_id].version,
            },
            "destination_region": each.destination_region,
            "destination_project_id": each.destination_project_id,
            "keep_days": each.keep_days,
        }
        for each in policies.values()
    ]
    page = views[offset : offset + limit]
    return Answer(200, {"offsite_backup_instances": page, "total_count": len(views)})
