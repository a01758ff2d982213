"""Restore windows and the restore onto an existing instance (reference, sections 1 and 2)."""

from __future__ import annotations

from drill.sandbox import instances
from drill.sandbox.api.restore_faults import mishap_of
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, instance_unknown, no_such_api, parameter_error
from drill.sandbox.points import read_point
from drill.sandbox.servers import Span
from drill.sandbox.times import day_of
from drill.sandbox.views import window_view


def list_restore_times(context: Context, call: Call) -> Answer:
    """Return the windows, or what of them lies in one UTC day."""
    instance_id = call.parameters["instance_id"]
    day = call.query.text("date")
    try:
        borders = day_of(day) if day else None
    except ValueError as error:
        raise parameter_error("date must look like 2026-01-15") from error
    with context.state.transaction() as connection:
        if instances.find(connection, instance_id) is None:
            raise instance_unknown()
    windows = context.operations.windows(instance_id)
    if borders is not None:
        cut = (
            Span(max(each.starts_at, borders[0]), min(each.ends_at, borders[1])) for each in windows
        )
        windows = [each for each in cut if each.starts_at <= each.ends_at]
    return Answer(200, {"restore_time": [window_view(each) for each in windows]})


def restore_to_existing(context: Context, call: Call) -> Answer:
    """Accept a restore that overwrites the target: 200 on v3, 202 on v3.1 (reference, 1.3)."""
    if call.version not in context.personality.recovery_paths:
        raise no_such_api()
    body = call.json()
    point = read_point(body.members("source"))
    target_id = body.members("target").text("instance_id")
    if point.source_id == target_id and not context.personality.restores_to_current:
        # The code is a guess: the reference knows none (section 14.2).
        message = "Restoring to the original DB instance is not supported."
        raise ApiError(400, "DBS.280238", message)
    with mishap_of(context, call) as mishap:
        job = context.operations.restore(target_id, point, mishap=mishap)
    return Answer(200 if call.version == "v3" else 202, {"job_id": job.id})
