"""What is looked back on: one line a drill, observations, populations, exceptions and reviews.

What a migration says never changes: the rules by which older drills get their line stand here as
they were, and do not look at ``drill.engine.summary``, which goes on.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from drill.store import dialects

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

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


def words(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, AutoString(), nullable=optional)


def document(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def packed(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=True)


def instant(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UTCDateTime(), nullable=optional)


def whole(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=optional)


def span(name: str) -> sa.Column[Any]:
    return sa.Column(f"{name}_microseconds", sa.BigInteger(), nullable=True)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def refers(table: str, column: str, to: str, to_column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.{to_column}"], name=name)


def holds(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def fixed_part_of_line() -> list[sa.Column[Any]]:
    return [
        words("drill_id"),
        words("plan_name"),
        words("plan_digest"),
        words("plan_group", optional=True),
        whole("tier", optional=True),
        words("cloud"),
        words("source_id"),
        words("mode"),
        words("target_kind"),
        words("trigger"),
        words("initiated_by", optional=True),
        instant("scheduled_for"),
        instant("enlisted_at"),
        span("rto_target"),
        span("rpo_target"),
        words("tool_version"),
    ]


def changing_part_of_line() -> list[sa.Column[Any]]:
    return [
        *(words(name, optional=True) for name in ("source_name", "engine", "policy", "seed")),
        *(words(name, optional=True) for name in ("target_id", "target_name")),
        *(instant(name, optional=True) for name in ("started_at", "observed_at")),
        *(instant(name, optional=True) for name in ("restore_accepted_at", "checked_at")),
        instant("finished_at", optional=True),
        words("state"),
        *(words(name, optional=True) for name in ("outcome", "reason", "hint")),
        document("failing"),
        document("checks"),
        words("teardown"),
        words("teardown_reason", optional=True),
        whole("level"),
        sa.Column("is_simulated", sa.Boolean(), nullable=False),
        *(instant(name, optional=True) for name in ("point_at", "reference_at", "base_at")),
        *(words(name, optional=True) for name in ("base_id", "base_how")),
        *(span(name) for name in ("rta", "rpa", "rpa_claimed")),
        whole("volume_gb", optional=True),
        *(words(name, optional=True) for name in ("volume_type", "flavor", "restore_job_id")),
    ]


def create_drill_line() -> sa.Table:
    table = op.create_table(
        "drill_line",
        *fixed_part_of_line(),
        *changing_part_of_line(),
        key("drill_line", "drill_id"),
        refers("drill_line", "drill_id", "drill", "id"),
    )
    op.create_index(
        op.f("ix_drill_line_scheduled_for_drill_id"), "drill_line", ["scheduled_for", "drill_id"]
    )
    op.create_index(
        op.f("ix_drill_line_cloud_source_id_observed_at"),
        "drill_line",
        ["cloud", "source_id", "observed_at"],
    )
    return table


def create_observations() -> None:
    op.create_table(
        "observed_source",
        whole("number"),
        words("cloud"),
        words("source_id"),
        key("observed_source", "number"),
        sa.UniqueConstraint("cloud", "source_id", name=op.f("uq_observed_source_cloud_source_id")),
    )
    op.create_table(
        "observation",
        sa.Column("source_number", sa.Integer(), nullable=False, autoincrement=False),
        instant("taken_at"),
        instant("rests_on", optional=True),
        words("fault", optional=True),
        packed("document"),
        key("observation", "source_number", "taken_at"),
        refers("observation", "source_number", "observed_source", "number"),
        holds("observation", "fault", "(fault IS NULL) = (document IS NOT NULL)"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "population",
        words("cloud"),
        instant("taken_at"),
        words("fault", optional=True),
        packed("document"),
        key("population", "cloud", "taken_at"),
        holds("population", "fault", "(fault IS NULL) = (document IS NOT NULL)"),
    )


def create_exceptions() -> None:
    op.create_table(
        "exception",
        words("id"),
        words("kind"),
        words("cloud"),
        *(words(name, optional=True) for name in ("source_id", "plan_name", "drill_id")),
        words("reason"),
        words("owner"),
        words("approver", optional=True),
        words("ticket", optional=True),
        instant("opened_at"),
        words("opened_by"),
        instant("expires_at", optional=True),
        key("exception", "id"),
        holds("exception", "kind", "kind IN ('finding', 'exclusion')"),
        holds("exception", "approver", "kind <> 'exclusion' OR approver IS NOT NULL"),
    )
    op.create_table(
        "exception_closing",
        words("exception_id"),
        instant("closed_at"),
        words("closed_by"),
        words("reason"),
        words("retest_drill_id", optional=True),
        key("exception_closing", "exception_id"),
        refers("exception_closing", "exception_id", "exception", "id"),
    )


def create_review() -> None:
    op.create_table(
        "review",
        words("id"),
        words("reviewer"),
        words("initiator", optional=True),
        words("drill_id", optional=True),
        instant("period_from", optional=True),
        instant("period_to", optional=True),
        words("verdict"),
        words("comment"),
        instant("signed_at"),
        document("facts"),
        key("review", "id"),
        holds("review", "verdict", "verdict IN ('accepted', 'rejected')"),
        holds("review", "reviewer", "initiator IS NULL OR initiator <> reviewer"),
    )


def create_triggers(dialect: str) -> None:
    statements = dialects.never_again(
        dialect,
        "drill_line",
        message="the line of a finished drill never changes but with its drill",
        keys=("drill_id",),
        fixed="drill_id, plan_name, plan_digest, plan_group, tier, cloud, source_id, mode,"
        " target_kind, initiated_by, scheduled_for, enlisted_at, rto_target_microseconds,"
        " rpo_target_microseconds, tool_version",
        once="OLD.state = 'finished' AND NEW.state <> 'tearing_down'"
        " OR OLD.outcome IS NOT NULL AND COALESCE(NEW.outcome, '') <> OLD.outcome",
    )
    for table, message, keys in (
        ("observed_source", "the number of a source never changes", ("number", "cloud, source_id")),
        ("observation", "what was observed never changes", ("source_number, taken_at",)),
        ("population", "what was observed never changes", ("cloud, taken_at",)),
        ("exception", "an exception never changes: close it", ("id",)),
        ("exception_closing", "the end of an exception never changes", ("exception_id",)),
        ("review", "a review never changes", ("id",)),
    ):
        statements += dialects.never_again(dialect, table, message=message, keys=keys)
    for statement in statements:
        op.execute(statement)


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
        rows = list(connection.execute(statement).mappings())
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


def upgrade() -> None:
    op.add_column("drill", words("initiated_by", optional=True))
    line = create_drill_line()
    fill(op.get_bind(), line)
    create_observations()
    create_exceptions()
    create_review()
    create_triggers(op.get_bind().dialect.name)
