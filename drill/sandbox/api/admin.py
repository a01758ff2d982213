"""The admin calls of the sandbox: not part of any cloud, protected by a token of their own."""

from __future__ import annotations

import re
from datetime import timedelta

from drill.sandbox import backups, instances, jobs, rules
from drill.sandbox.backups import BackupType
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.faults import Fault, FaultKind
from drill.sandbox.fields import Members
from drill.sandbox.instances import Instance
from drill.sandbox.planting import Seedling, back_up_and_wait, plant
from drill.sandbox.servers import ServerFault
from drill.sandbox.times import now, to_wire
from drill.sandbox.views import backup_view, instance_view

_PATIENCE = timedelta(seconds=120)
_ID = re.compile(r"[0-9a-f]{32}in\d\d", re.ASCII)


def show_state(context: Context, call: Call) -> Answer:
    """Return everything that a test wants to know about the whole sandbox."""
    at = now()
    with context.state.transaction() as connection:
        everyone = instances.every(connection)
        everything = jobs.every(connection)
        accepted = jobs.accepted(connection)
        kept = {each.id: backups.of_instance(connection, each.id) for each in everyone}
    names = {job.instance_id: job.instance_name for job in everything}
    return Answer(
        200,
        {
            "time": to_wire(at),
            "instances": [
                {
                    **instance_view(each, _port(context, each)),
                    "simulated": each.simulated,
                    "writer": each.writer,
                    "backups": [backup_view(backup, at) for backup in kept[each.id]],
                }
                for each in everyone
            ],
            "jobs_running": [
                {
                    "id": job.id,
                    "kind": job.kind.value,
                    "instance_id": job.instance_id,
                    "source_id": job.source_id,
                }
                for job in everything
                if job.status is jobs.JobStatus.RUNNING
            ],
            "accepted": accepted,
            "names": names | {each.id: each.name for each in everyone},
            "faults": [
                {"kind": each.kind.value, "times": each.times} for each in context.faults.waiting()
            ],
        },
    )


def _port(context: Context, instance: Instance) -> int | None:
    return context.engines.port_of(instance)


def create_instance(context: Context, call: Call) -> Answer:
    """Make an empty or a simulated instance with a chosen name, id, size and tags; wait for it."""
    seedling = _read_seedling(context, call.json())
    try:
        instance = plant(context, seedling, within=_PATIENCE)
    except ServerFault as error:
        raise ApiError(500, "SANDBOX.0500", str(error)) from error
    return Answer(201, {"instance": instance_view(instance, _port(context, instance))})


def _read_seedling(context: Context, body: Members) -> Seedling:
    simulated = body.flag("simulated")
    password = body.optional_text("password")
    if not simulated:
        password = rules.checked_password(password or "")
    instance_id = body.optional_text("id")
    if instance_id is not None and _ID.fullmatch(instance_id) is None:
        raise parameter_error("id must be 32 hexadecimal digits and a suffix such as in03")
    plain = Seedling(name=rules.checked_name(body.text("name")))
    size = body.optional_integer("volume_size")
    return Seedling(
        name=plain.name,
        id=instance_id,
        password=password,
        volume_size=rules.checked_volume_size(plain.volume_size if size is None else size),
        tags=rules.read_tags(body, quota=context.personality.quota_of_tags),
        keep_days=rules.checked_keep_days(body.optional_integer("keep_days") or 0),
        engine=body.optional_text("engine") or plain.engine,
        version=body.optional_text("version") if simulated else None,
        simulated=simulated,
    )


def back_up(context: Context, call: Call) -> Answer:
    """Take a backup of either type and wait for it."""
    body = call.json() if call.body.strip() else Members({})
    name = rules.checked_name(body.optional_text("name") or f"backup-{now():%Y%m%d%H%M%S%f}")
    text = body.optional_text("type") or BackupType.AUTO.value
    if text not in [each.value for each in BackupType]:
        raise parameter_error("type must be auto or manual")
    try:
        backup = back_up_and_wait(
            context,
            call.parameters["instance_id"],
            name=name,
            backup_type=BackupType(text),
            within=_PATIENCE,
        )
    except ServerFault as error:
        raise ApiError(500, "SANDBOX.0500", str(error)) from error
    return Answer(201, {"backup": backup_view(backup, now())})


def add_fault(context: Context, call: Call) -> Answer:
    """Order a fault for the requests to come."""
    body = call.json()
    kind = body.text("kind")
    if kind not in [each.value for each in FaultKind]:
        raise parameter_error(f"kind must be one of {', '.join(FaultKind)}")
    pattern = body.optional_text("path")
    try:
        path = re.compile(pattern) if pattern else None
    except re.error as error:
        raise parameter_error("path is not a regular expression") from error
    times = body.optional_integer("times")
    seconds = body.optional_number("seconds")
    if not 1 <= (1 if times is None else times) <= 1000 or not 0 <= (seconds or 0) <= 3600:
        raise parameter_error("times must be from 1 to 1000, seconds from 0 to 3600")
    plain = Fault(kind=FaultKind(kind))
    context.faults.add(
        Fault(
            kind=FaultKind(kind),
            path=path,
            method=body.optional_text("method"),
            times=plain.times if times is None else times,
            seconds=plain.seconds if seconds is None else seconds,
            reason=body.optional_text("reason") or plain.reason,
        )
    )
    return Answer(201, {})


def clear_faults(context: Context, call: Call) -> Answer:
    """Forget the faults that have not happened yet."""
    context.faults.clear()
    return Answer(200, {})


def shift_clock(context: Context, call: Call) -> Answer:
    """Set the clock wrong that signatures are checked against."""
    seconds = call.json().optional_number("seconds") or 0.0
    if abs(seconds) > 10**8:
        raise parameter_error("seconds is out of range")
    context.clock.shift(timedelta(seconds=seconds))
    return Answer(200, {})


def forget_tokens(context: Context, call: Call) -> Answer:
    """Make every IAM token invalid, as if all had expired."""
    context.tokens.forget_all()
    return Answer(200, {})
