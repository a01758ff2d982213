"""How drills of schema 0001 get their line in 0003: the rules as they were then.

They do not look at ``drill.engine.summary``, which goes on; a test holds the two together.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

AT_ONCE = 200

Document = dict[str, Any]
Lists = defaultdict[str, list[Any]]

COPIED = (
    *("plan_name", "plan_digest", "cloud", "source_id", "target_kind", "trigger", "scheduled_for"),
    *("enlisted_at", "tool_version", "target_id", "target_name", "started_at"),
    *("restore_accepted_at", "checked_at", "finished_at", "state", "outcome", "reason", "hint"),
    *("teardown", "teardown_reason", "level", "is_simulated", "rta_microseconds"),
    *("rpa_microseconds", "rpa_claimed_microseconds", "restore_job_id"),
)

SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def microseconds_of(text: str | None) -> int | None:
    match = SPAN.fullmatch(text) if text else None
    if match is None:
        return None
    days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    found = timedelta(
        days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
    )
    return found // timedelta(microseconds=1)


def older_drills(connection: sa.Connection) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the drills that are there, some at a time: each holds an inventory."""
    drill = sa.table(
        "drill",
        sa.column("id", AutoString()),
        *(sa.column(name, sa.Text()) for name in ("plan", "inventory", "choice", "copy")),
        *(
            sa.column(name, UTCDateTime()) if name.endswith(("_at", "_for")) else sa.column(name)
            for name in COPIED
        ),
    )
    last = ""
    while True:
        statement = sa.select(drill).where(drill.c.id > last).order_by(drill.c.id).limit(AT_ONCE)
        rows: list[Mapping[str, Any]] = [*connection.execute(statement).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def answers_of(connection: sa.Connection, ids: list[str]) -> tuple[Lists, Lists]:
    """Return the checks and the failed steps of some drills, by drill, in order."""
    checks: Lists = defaultdict(list)
    failed: Lists = defaultdict(list)
    result = sa.table("check_result", *map(sa.column, ("drill_id", "position", "name", "answer")))
    for drill_id, name, answer in connection.execute(
        sa.select(result.c.drill_id, result.c.name, result.c.answer)
        .where(result.c.drill_id.in_(ids))
        .order_by(result.c.position)
    ):
        checks[drill_id].append([name, answer])
    step = sa.table("step", *map(sa.column, ("drill_id", "position", "name", "result")))
    for drill_id, name in connection.execute(
        sa.select(step.c.drill_id, step.c.name)
        .where(step.c.drill_id.in_(ids), step.c.result == "failed")
        .order_by(step.c.position)
    ):
        failed[drill_id].append(name)
    return checks, failed


def base_of(choice: Document, inventory: Document) -> Document:
    """Return the backup that a restore began with: the latest usable one before an instant."""
    point = choice.get("point") or {}
    if "backup" in point:
        backup = point["backup"]
        if backup["ended_at"] is None:
            return {}
        at = instant_of(backup["ended_at"])
        return {"point_at": at, "base_at": at, "base_id": backup["id"], "base_how": "reported"}
    if "restore_time" not in point:
        return {}
    point_at = instant_of(point["restore_time"])
    usable = sorted(
        (instant_of(one["ended_at"]), one["id"])
        for one in inventory.get("backups", ())
        if one["instance_id"] == inventory["source"]["id"]
        and one["status"] == "COMPLETED"
        and one["kind"] in ("auto", "manual")
        and one["ended_at"] is not None
        and instant_of(one["ended_at"]) <= point_at
    )
    if not usable:
        return {"point_at": point_at}
    base_at, base_id = usable[-1]
    return {
        "point_at": point_at,
        "base_at": base_at,
        "base_id": base_id,
        "base_how": "inferred",
    }


def disk_of(plan: Document, inventory: Document, copy: Document) -> Document:
    """Return what the target is: as it was seen, or else as the plan orders a new one."""
    target = plan["target"]
    volume = target.get("volume") or {}
    seen = copy or inventory.get("target") or {}
    size = seen.get("volume_gb")
    return {
        "volume_gb": volume.get("size_gb") if size is None else size,
        "volume_type": seen.get("volume_type") or volume.get("type"),
        "flavor": seen.get("flavor") or target.get("flavor"),
    }


def line_of(row: Mapping[str, Any], checks: list[Any], failed: list[Any]) -> Document:
    plan, inventory, choice, copy = (
        json.loads(row[name] or "{}") for name in ("plan", "inventory", "choice", "copy")
    )
    source, objectives = inventory.get("source") or {}, plan["objectives"]
    taken_at, reference_at = inventory.get("taken_at"), choice.get("reference_at")
    failing = [name for name, answer in checks if answer != "passed"] or failed
    nothing = dict.fromkeys(("point_at", "base_at", "base_id", "base_how"))
    return {
        "drill_id": row["id"],
        **{name: row[name] for name in COPIED},
        "plan_group": plan.get("group"),
        "tier": plan.get("tier"),
        "mode": plan["restore"]["mode"],
        "initiated_by": None,
        "rto_target_microseconds": microseconds_of(objectives.get("rto")),
        "rpo_target_microseconds": microseconds_of(objectives.get("rpo")),
        "source_name": source.get("name"),
        "engine": source.get("engine"),
        "policy": choice.get("policy"),
        "seed": choice.get("seed"),
        "observed_at": instant_of(taken_at) if taken_at else None,
        "reference_at": instant_of(reference_at) if reference_at else None,
        "failing": json.dumps(failing, ensure_ascii=False, separators=(",", ":")),
        "checks": json.dumps(checks, ensure_ascii=False, separators=(",", ":")),
        **nothing,
        **base_of(choice, inventory),
        **disk_of(plan, inventory, copy),
    }


def fill(connection: sa.Connection, line: sa.Table) -> None:
    """Give every drill its line, except one that was changed by hand so that nobody can read it."""
    for rows in older_drills(connection):
        checks, failed = answers_of(connection, [row["id"] for row in rows])
        for row in rows:
            try:
                values = line_of(row, checks[row["id"]], failed[row["id"]])
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            connection.execute(sa.insert(line).values(**values))
