"""Restore windows and the restore onto an existing instance (reference, sections 1 and 2)."""

from __future__ import annotations

from drill.sandbox import instances
from drill.sandbox.api.restore_faults import mishap_of
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, instance_unknown, no_such_api, parameter_error
from drill.sandbox.points import Point, read_point
from drill.sandbox.servers import Span
from drill.sandbox.times import day_of
from drill.sandbox.views import marked, window_view


def list_restore_times(context: Context, call: Call) -> Answer:
    """Return the windows, or what of them lies in one UTC day."""
    instance_id = call.parameters["instance_id"]
    day = call.query.text("date")
    try:
        borders = day_of(day) if day else None
    except ValueError as error:
        raise parameter_error("date must look like 2026-01-15") from error
    with context.state.transaction() as connection:
        instance = instances.find(connection, instance_id)
        if instance is None:
            raise instance_unknown()
    windows = context.operations.windows(instance_id)
    if borders is not None:
        cut = (
            Span(max(each.starts_at, borders[0]), min(each.ends_at, borders[1])) for each in windows
        )
        windows = [each for each in cut if each.starts_at <= each.ends_at]
    return Answer(
        200, {"restore_time": [window_view(each) for each in windows]} | marked(instance.simulated)
    )


def restore_to_existing(context: Context, call: Call) -> Answer:
    """Accept a restore that overwrites the target: 200 on v3, 202 on v3.1 (reference, 1.3)."""
    if call.version not in context.personality.recovery_status:
        raise no_such_api()
    body = call.json()
    point = read_point(body.members("source"))
    target_id = body.members("target").text("instance_id")
    _ensure_offered(context, call, point, target_id)
    with mishap_of(context, call) as mishap:
        job = context.operations.restore(target_id, point, mishap=mishap)
    return Answer(
        context.personality.recovery_status[call.version],
        {"job_id": job.id} | marked(job.simulated),
    )


def _ensure_offered(context: Context, call: Call, point: Point, target_id: str) -> None:
    """Raise ApiError (400) for what this cloud does not do for the engine (reference, 1.4, 1.5).

    The code is a guess: the reference knows none (section 14.2).
    """
    personality = context.personality
    with context.state.transaction() as connection:
        source = instances.find(connection, point.source_id)
    if source is None:
        return  # What is not there is told by the rest.
    to_itself = point.source_id == target_id
    offered = personality.restores_to_current if to_itself else personality.restores_to_existing
    if source.engine not in offered:
        where = "the original DB instance" if to_itself else "an existing DB instance"
        raise ApiError(400, "DBS.280238", f"Restoring to {where} is not supported.")
    if point.databases and call.version not in personality.database_map_paths:
        # An error is a guess: it keeps a client from believing that the map was heeded.
        raise parameter_error(f"{call.version} has no database_name on this cloud")
