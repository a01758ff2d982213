"""The admin calls of the sandbox: not part of any cloud, protected by a token of their own."""

from __future__ import annotations

import re
from datetime import timedelta

from drill.sandbox import backups, instances, jobs, rules, simulated_names, sqlserver
from drill.sandbox.api.simulated_creation import read_collation, read_time_zone
from drill.sandbox.backups import BackupType
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.instances import Instance
from drill.sandbox.ordered_answers import KIND
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
        databases = simulated_names.every(connection)
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
                    "backups": [
                        backup_view(backup, at, databases.get(backup.id, ()))
                        for backup in kept[each.id]
                    ],
                    "databases": databases.get(each.id, ()),
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
            ]
            + [{"kind": KIND, "times": each.times} for each in context.ordered.waiting()],
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
    is_sqlserver = simulated and body.optional_text("engine") == sqlserver.ENGINE
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
        time_zone=read_time_zone(body),
        collation=read_collation(body) if is_sqlserver else "",
        databases=body.texts("databases") if simulated else (),
        backups=_read_past(body) if simulated else 0,
        flavor=sqlserver.FLAVORS[0].spec_code if is_sqlserver else plain.flavor,
    )


def _read_past(body: Members) -> int:
    number = body.optional_integer("backups") or 0
    if not 0 <= number <= 5000:
        raise parameter_error("backups must be from 0 to 5000")
    return number


def set_databases(context: Context, call: Call) -> Answer:
    """Let a simulated instance have these databases and no others: names, no data."""
    names = call.json().texts("databases")
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        if not instance.simulated:
            raise parameter_error("the databases of a real instance are made in it")
        there = simulated_names.names_of(connection, instance.id)
        simulated_names.replace_names(connection, instance.id, names, now())
    return Answer(200, {"before": there, "databases": sorted(set(names)), "simulated": True})


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
