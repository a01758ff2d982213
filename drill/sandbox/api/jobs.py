"""Ask for jobs and tasks (reference, section 6)."""

from __future__ import annotations

import json

from drill.sandbox import instances, job_details, jobs, sqlserver
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.times import now, to_milliseconds
from drill.sandbox.views import job_view, marked, task_view


def show_job(context: Context, call: Call) -> Answer:
    """Return one job. For the first moment its id is unknown, as in the cloud."""
    at = now()
    with context.state.transaction() as connection:
        job = jobs.find(connection, call.query.required("id"))
        if job is None or not job.public or at < job.visible_at:
            raise ApiError(400, "DBS.200543", "The job does not exist.")
        instance = instances.find(connection, job.instance_id)
        details = job_details.of_job(connection, job.id)
    view = job_view(job, instance, context.engines.port_of(instance), at)
    if details:
        view["entities"] = details
    return Answer(200, {"job": view})


def list_tasks(context: Context, call: Call) -> Answer:
    """Return one page of the tasks that match, newest first."""
    query = call.query
    offset = query.integer("offset", default=0, low=0, high=10**9)
    limit = query.integer("limit", default=10, low=1, high=50)
    status = query.choice("status", [each.value for each in jobs.JobStatus])
    start, end = query.milliseconds("start_time"), query.milliseconds("end_time")
    if (start is None) != (end is None):
        raise parameter_error("start_time and end_time go together")
    wanted = {name: query.text(name) for name in ("id", "instance_id", "name")}
    at = now()
    with context.state.transaction() as connection:
        everything = jobs.every(connection)
        by_id = {each.id: each for each in instances.every(connection)}
    shown = [each for each in everything if each.public and each.visible_at <= at]
    found = [
        each
        for each in shown
        if wanted["id"] in (None, each.id)
        and wanted["instance_id"] in (None, each.instance_id)
        and wanted["name"] in (None, each.name)
        and status in (None, each.status.value)
        and (start is None or end is None or start <= to_milliseconds(each.created_at) <= end)
    ]
    if query.text("order_id"):
        found = []  # Nothing here is ever ordered as a subscription.
    page = [
        task_view(each, by_id.get(each.instance_id), at) for each in found[offset : offset + limit]
    ]
    actions = sorted({each.name for each in shown})
    return Answer(200, {"total_count": len(found), "actions": actions, "tasks": page})


def list_task_details(context: Context, call: Call) -> Answer:
    """Return the tasks of a SQL Server instance with what each was ordered with, newest first.

    That other engines are refused is a guess: the call is documented for SQL Server alone.
    """
    start, end = call.query.milliseconds("start_time"), call.query.milliseconds("end_time")
    if start is None:
        raise parameter_error("start_time is required")
    at = now()
    last = to_milliseconds(at) if end is None else end
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        if instance.engine != sqlserver.ENGINE:
            raise ApiError(400, "DBS.280238", "This DB engine has no detailed list of tasks.")
        found = [
            (each, job_details.of_task(connection, each.id))
            for each in jobs.every(connection)
            if each.instance_id == instance.id
            and each.public
            and each.visible_at <= at
            and start <= to_milliseconds(each.created_at) <= last
        ]
    views = [
        {**job_view(job, instance, None, at), "task_detail": json.dumps(details)}
        for job, details in found
    ]
    return Answer(200, {"jobs": views, "count": len(views)} | marked(instance.simulated))
