"""What the schedule has to remember: pause, daemon, look, plan_seen; group and hold of a drill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def create_pause() -> None:
    op.create_table(
        "pause",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("scope", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=True),
        sa.Column("is_drain", sa.Boolean(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
        sa.CheckConstraint(
            "\"scope\" IN ('all', 'plan', 'group', 'cloud')", name=op.f("ck_pause_scope")
        ),
        sa.CheckConstraint("(scope = 'all') = (name IS NULL)", name=op.f("ck_pause_name")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_pause_end")),
    )
    op.create_index(op.f("ix_pause_ended_at"), "pause", ["ended_at"])


def create_daemon() -> None:
    op.create_table(
        "daemon",
        sa.Column("worker", AutoString(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("beat_at", UTCDateTime(), nullable=False),
        sa.Column("stopped_at", UTCDateTime(), nullable=True),
        sa.Column("how", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_daemon")),
        sa.CheckConstraint("how IN ('clean', 'crash')", name=op.f("ck_daemon_how")),
        sa.CheckConstraint("(stopped_at IS NULL) = (how IS NULL)", name=op.f("ck_daemon_stop")),
    )
    op.create_index(op.f("ix_daemon_started_at"), "daemon", ["started_at"])


def create_look() -> None:
    op.create_table(
        "look",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look")),
        sa.CheckConstraint("id = 1", name=op.f("ck_look_only_one")),
    )


def create_plan_seen() -> None:
    op.create_table(
        "plan_seen",
        sa.Column("plan_name", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.Column("settled_until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("plan_name", name=op.f("pk_plan_seen")),
    )


def add_to_drill(dialect: str) -> None:
    """Only what is not finished is ever seated; a finished drill never changes."""
    op.add_column("drill", sa.Column("plan_group", AutoString(), nullable=True))
    op.add_column("drill", sa.Column("held_until", UTCDateTime(), nullable=True))
    group = "plan::json ->> 'group'"
    if dialect == "sqlite":  # a plan that was changed by hand must not stop the migration
        group = "CASE WHEN json_valid(plan) THEN json_extract(plan, '$.group') END"
    op.execute(f"UPDATE drill SET plan_group = {group} WHERE state <> 'finished'")  # noqa: S608


def upgrade() -> None:
    add_to_drill(op.get_bind().dialect.name)
    create_pause()
    create_daemon()
    create_look()
    create_plan_seen()
