"""What is looked back on: one line a drill, observations, populations, exceptions and reviews.

What a migration says never changes: it does not look at ``drill.store.tables``, which goes on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from drill.store import dialects
from drill.store.migrations.older_drills import fill

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


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


def upgrade() -> None:
    op.add_column("drill", words("initiated_by", optional=True))
    line = create_drill_line()
    fill(op.get_bind(), line)
    create_observations()
    create_exceptions()
    create_review()
    create_triggers(op.get_bind().dialect.name)
