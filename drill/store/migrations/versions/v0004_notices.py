"""The book of notices: what was told, when, through which channel, and how it went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def one_of(column: str, *allowed: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in allowed)
    return sa.CheckConstraint(f'"{column}" IN ({listed})', name=op.f(f"ck_notice_{column}"))


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("severity", AutoString(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("plan_name", AutoString(), nullable=True),
        sa.Column("drill_id", AutoString(), nullable=True),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            *("subject", "kind", "since", "number", "channel"), name=op.f("pk_notice")
        ),
        one_of(
            *("kind", "failed", "still_failing", "recovered", "not_operated", "overdue"),
            *("leaked", "stale_proof", "proof_ending", "crashed", "test"),
        ),
        one_of("severity", "info", "warning", "critical"),
        one_of("state", "sending", "sent", "failed", "given_up"),
        sa.CheckConstraint("number >= 0", name=op.f("ck_notice_number")),
        sa.CheckConstraint("attempts >= 1", name=op.f("ck_notice_attempts")),
    )
    op.create_index(op.f("ix_notice_first_at"), "notice", ["first_at"])
    op.create_index(op.f("ix_notice_next_at"), "notice", ["next_at"])
