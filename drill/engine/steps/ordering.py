"""Admit and order the restore: read all again, ask the guard, write the intent, call once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from drill.engine.desk import Desk
from drill.engine.faults import begin_teardown, conclude, span_since, tries_until
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, EventKind, Outcome, State, StepName
from drill.engine.steps.reading import InstanceUnknown, read_blank, read_inventory
from drill.engine.taxonomy import row_of
from drill.errors import AnswerLost, ProviderError
from drill.guard.admission import AdmittedCreate, AdmittedRestore, Refusals
from drill.guard.facts import (
    Blank,
    CreateFacts,
    RestoreFacts,
    drill_id_in_name,
    new_instance_name,
)
from drill.guard.rules import admit_create, admit_restore
from drill.plan.model import NewTarget
from drill.provider.port import Accepted
from drill.recovery.values import Choice, Inventory

WORKING = frozenset({"BACKING UP", "RESTORING", "REBOOTING", "MODIFYING", "BUILD", "SWITCHOVER"})
"""Statuses of an existing target that pass by themselves: waited for, not refused."""


def order_restore(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Order the restore of the chosen recovery point.

    1. Read source, target, windows, backups and the list of instances again.
    2. Wait while an existing target is busy with something that passes.
    3. Ask the guard; all refusals end the drill.
    4. Write the intent, with the name the instance will have and the instances that exist now.
    5. Call, once. A lost answer is resolved by looking (``restoring``), never by calling again.
    """
    record = desk.record
    choice = record.choice
    if choice is None:
        raise RuntimeError("a drill is admitted before its recovery point was chosen")
    inventory = read_inventory(record, cloud, desk.clock)
    if isinstance(inventory, InstanceUnknown):
        _end(desk, Outcome.INCONCLUSIVE, inventory.message(), inventory.hint())
        return
    ensure_secrets(record, parts, cloud)
    if inventory.target is not None and inventory.target.status in WORKING:
        _wait_for_target(desk, parts, cloud, inventory.target.status)
        return
    holder = parts.journal.holder_of(record.plan.source.cloud, record.target_id or "")
    blank = read_blank(cloud, record.target_id or "")
    admission = admit_order(
        record, cloud, inventory, choice, now=desk.now(), target_held_by=holder, blank=blank
    )
    if isinstance(admission, Refusals):
        refusals = tuple(
            {"rule": one.rule, "message": one.message, "hint": one.hint}
            for one in admission.refusals
        )
        desk.note(EventKind.OBSERVATION, "refused", {"refusals": list(refusals)})
        first = admission.refusals[0]
        more = len(admission.refusals) - 1
        reason = first.message + (f" (and {more} more)" if more else "")
        _end(desk, Outcome.REFUSED, reason, first.hint, refusals=refusals)
        return
    _write_intent(desk, admission, inventory)
    _call(desk, parts, cloud, admission)


def ensure_secrets(record: DrillRecord, parts: Parts, cloud: CloudSettings) -> None:
    """Raise SecretUnavailable now, before anything is ordered, rather than after."""
    if record.plan.login is not None:
        parts.secret(record.plan.login.password)
    if isinstance(record.plan.target, NewTarget):
        parts.passwords.of(record)
    elif (login := cloud.scratch.get(record.plan.target.instance_id)) is not None:
        login.password()


def admit_order(
    record: DrillRecord,
    cloud: CloudSettings,
    inventory: Inventory,
    choice: Choice,
    *,
    now: datetime,
    target_held_by: str | None,
    blank: Blank | None,
) -> AdmittedRestore | AdmittedCreate | Refusals:
    """Ask the guard about the order that this drill would give; orders nothing."""
    databases = record.plan.sqlserver.databases if record.plan.sqlserver else None
    target = record.plan.target
    if isinstance(target, NewTarget):
        volume_gb = target.volume.size_gb or _volume_for(inventory, choice)
        return admit_create(
            CreateFacts(
                now=now,
                drill_id=record.id,
                inventory=inventory,
                choice=choice,
                site=cloud.site,
                cloud=cloud.rules,
                flavor=target.flavor,
                volume_type=target.volume.type,
                volume_gb=volume_gb,
                availability_zone=target.availability_zone,
                vpc_id=target.vpc_id,
                subnet_id=target.subnet_id,
                security_group_id=target.security_group_id,
                new_instances_now=sum(
                    1 for name in inventory.instance_names if drill_id_in_name(name)
                ),
                database_map=databases,
                source_databases=inventory.source_databases,
            )
        )
    login = cloud.scratch.get(target.instance_id)
    return admit_restore(
        RestoreFacts(
            now=now,
            drill_id=record.id,
            inventory=inventory,
            choice=choice,
            site=cloud.site,
            cloud=cloud.rules,
            target_held_by=target_held_by,
            database_map=databases,
            restore_all_databases=databases is None,
            source_databases=inventory.source_databases,
            target_databases=inventory.target_databases,
            baseline_name=login.baseline if login else None,
            blank=blank,
        )
    )


def _volume_for(inventory: Inventory, choice: Choice) -> int:
    """Return the volume of the source, or more if the backup asks for it, in steps of 10 GB."""
    backup = getattr(choice.point, "backup", None)
    needed = max(inventory.source.volume_gb or 0, (backup.min_volume_gb or 0) if backup else 0, 40)
    return -(-needed // 10) * 10


def _write_intent(
    desk: Desk, admission: AdmittedRestore | AdmittedCreate, inventory: Inventory
) -> None:
    if isinstance(admission, AdmittedCreate):
        act = "create"
        facts: dict[str, Any] = {
            "instance_name": admission.instance_name,
            "volume_gb": admission.volume_gb,
        }
        target_name: str | None = admission.instance_name
    else:
        act = "restore"
        facts = {"target_id": admission.target_id}
        target_name = desk.record.target_name
    desk.note(
        EventKind.INTENT,
        act,
        {
            "source_id": admission.source_id,
            "point_at": admission.point.at.isoformat(),
            "instances_before": len(inventory.instance_ids),
            **facts,
        },
    )
    changes: dict[str, Any] = {
        "inventory": inventory,
        "target_name": target_name,
        "restore_intent_at": desk.now(),
        "restore_accepted_at": None,
    }
    if desk.record.state is State.ADMITTING:
        desk.go(State.RESTORING, steps=desk.steps_then(StepName.RESTORE), **changes)
    else:
        desk.save(**changes)


def _call(
    desk: Desk, parts: Parts, cloud: CloudSettings, admission: AdmittedRestore | AdmittedCreate
) -> None:
    act = "create" if isinstance(admission, AdmittedCreate) else "restore"
    try:
        if isinstance(admission, AdmittedCreate):
            password = parts.passwords.for_new_instance(desk.record)
            desk.hold()
            accepted = cloud.provider.create(admission, password=password)
        else:
            desk.hold()
            accepted = cloud.provider.restore(admission)
    except AnswerLost as error:
        desk.note(EventKind.RESULT, act, {"answer": "lost", "message": error.message})
        desk.look_again_in(cloud.poll_every)
        return
    except ProviderError as error:
        _not_accepted(desk, act, error)
        return
    _note_accepted(desk, act, accepted)
    if isinstance(admission, AdmittedCreate) and not cloud.rules.tags_in_create:
        cloud.provider.tag(admission, accepted.instance_id or "")
    desk.look_again_in(cloud.poll_every)


def _note_accepted(desk: Desk, act: str, accepted: Accepted) -> None:
    desk.note(
        EventKind.RESULT,
        act,
        {
            "answer": "accepted",
            "job_id": accepted.job_id,
            "instance_id": accepted.instance_id,
            "request_id": accepted.request_id,
        },
    )
    record = desk.record
    ids = record.request_ids + ((accepted.request_id,) if accepted.request_id else ())
    desk.save(
        look_failures=0,
        failing_since=None,
        restore_accepted_at=accepted.accepted_at,
        restore_job_id=accepted.job_id,
        target_id=accepted.instance_id or record.target_id,
        request_ids=ids,
    )


def _not_accepted(desk: Desk, act: str, error: ProviderError) -> None:
    """The cloud did not take the order: try later what may pass, and end what will not."""
    desk.note(
        EventKind.RESULT,
        act,
        {
            "answer": "not accepted",
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
        },
    )
    desk.record = replace(desk.record, restore_intent_at=None)
    if row_of(error).retried:
        desk.save(restore_intent_at=None)
        raise error
    begin_teardown(desk, Outcome.INCONCLUSIVE, error.message, error.hint, restore_intent_at=None)


def _wait_for_target(desk: Desk, parts: Parts, cloud: CloudSettings, status: str) -> None:
    since = desk.record.failing_since or desk.now()
    if desk.now() >= tries_until(desk.record, parts, since):
        _end(
            desk,
            Outcome.INCONCLUSIVE,
            f"the target stayed {status} for {span_since(since, desk.now())}",
            "See in the console what the target is busy with, then run the plan again.",
        )
        return
    desk.look_again_in(cloud.poll_every, failing_since=since)


def _end(desk: Desk, outcome: Outcome, reason: str, hint: str | None, **changes: Any) -> None:
    """End before anything was accepted: directly, or by teardown once an intent was written."""
    if desk.record.state is State.ADMITTING:
        conclude(desk, outcome, reason, hint, **changes)
    else:
        begin_teardown(desk, outcome, reason, hint, **changes)


def instance_name_of(record: DrillRecord) -> str:
    """Return the name that a new instance of this drill has, if there is one."""
    return record.target_name or new_instance_name(record.id)
