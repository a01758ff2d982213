"""Policies of automatic, off-site and deleted things (reference, sections 3.4, 3.6 and 5.7)."""

from __future__ import annotations

import re

from drill.sandbox import catalogue, instances, offsite, recycle, rules
from drill.sandbox.api.creation_parts import ensure_backed_up
from drill.sandbox.api.offsite import ensure_offered
from drill.sandbox.backups import BackupType
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import ensure_free, target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.offsite import OffsitePolicy
from drill.sandbox.times import now

_KINDS = {
    "auto": ("auto",),
    "incremental": ("incremental",),
    "manual": ("manual",),
    "all": ("auto", "incremental"),
}
"""``all`` is what a client sends; that it means these two is a guess."""


def set_backup_policy(context: Context, call: Call) -> Answer:
    """Change the policy of automatic backups.

    Turned on, it takes a full backup at once. Turned off, it leaves the backups that are there,
    unless ``reserve_backups`` is false.
    """
    body = call.json()
    reserve = not body.has("reserve_backups") or body.flag("reserve_backups")
    policy = body.members("backup_policy")
    keep_days = rules.checked_keep_days(policy.integer("keep_days"))
    start_time = rules.checked_backup_window(
        policy.text("start_time") if keep_days else catalogue.BACKUP_WINDOW
    )
    period = rules.checked_backup_period(
        policy.text("period") if keep_days else catalogue.BACKUP_PERIOD
    )
    instance_id = call.parameters["instance_id"]
    with context.state.transaction() as connection:
        instance = target_of(connection, instance_id)
        ensure_backed_up(keep_days, instance.engine, context.personality)
        turned_on = keep_days > 0 and instance.keep_days == 0
        if turned_on:
            ensure_free(connection, instance)
    if keep_days == 0 and not reserve:
        context.changes.drop_automatic_backups(instance_id)
    if turned_on:
        name = f"auto-{instance.name}-{now():%Y%m%d%H%M%S%f}"[-64:]
        context.operations.back_up(instance_id, name=name, backup_type=BackupType.AUTO)
    with context.state.transaction() as connection:
        target_of(connection, instance_id)
        instances.set_backup_policy(
            connection, instance_id, keep_days=keep_days, start_time=start_time, period=period
        )
    return Answer(200)


def show_offsite_policy(context: Context, call: Call) -> Answer:
    """Return what is copied to another region; empty where nothing is."""
    ensure_offered(context)
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        policies = offsite.of_instance(connection, instance.id).values()
    shown = [
        {
            "backup_type": each.backup_type,
            "keep_days": each.keep_days,
            "destination_region": each.destination_region,
            "destination_project_id": each.destination_project_id,
        }
        for each in policies
        if each.keep_days
    ]
    return Answer(200, {"policy_para": shown})


def set_offsite_policy(context: Context, call: Call) -> Answer:
    """Change what is copied to another region; 0 days turn it off."""
    ensure_offered(context)
    policy = call.json().members("policy_para")
    kinds = _KINDS.get(policy.text("backup_type"))
    if kinds is None:
        raise parameter_error(f"policy_para.backup_type must be one of {', '.join(_KINDS)}")
    keep_days = rules.checked_keep_days(policy.integer("keep_days"))
    region = policy.text("destination_region")
    if region != offsite.REGION:
        raise parameter_error(f"policy_para.destination_region must be {offsite.REGION}")
    project_id = rules.checked_network_id(
        policy.text("destination_project_id"), "destination_project_id"
    )
    at = now()
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        earlier = offsite.of_instance(connection, instance.id)
        for kind in kinds:
            before = earlier.get(kind)
            goes_on = before is not None and before.keep_days > 0
            policy_of_kind = OffsitePolicy(
                instance_id=instance.id,
                backup_type=kind,
                keep_days=keep_days,
                destination_region=region,
                destination_project_id=project_id,
                since=before.since if before and goes_on else at,
            )
            offsite.insert(connection, policy_of_kind)
    return Answer(200)


def show_recycle_policy(context: Context, call: Call) -> Answer:
    """Return for how many days a deleted instance stays in the recycle bin."""
    with context.state.transaction() as connection:
        return Answer(200, {"retention_period_in_days": recycle.days(connection)})


def set_recycle_policy(context: Context, call: Call) -> Answer:
    """Change it for what is deleted from now on. The bin cannot be turned off."""
    policy = call.json().members("recycle_policy")
    days = _read_days(policy)
    if not 1 <= days <= recycle.LONGEST_DAYS:
        raise parameter_error("retention_period_in_days must be from 1 to 7")
    with context.state.transaction() as connection:
        recycle.set_days(connection, days)
    return Answer(200)


def _read_days(policy: Members) -> int:
    """Read days, a string in the reference; a number is taken too."""
    name = "retention_period_in_days"
    if policy.is_text(name):
        text = policy.text(name)
        return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else -1
    return policy.integer(name)
