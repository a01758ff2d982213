"""The sums of each night, so that a report draws how windows went without reading them all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from drill.store import dialects

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def span(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(f"{name}_microseconds", sa.BigInteger(), nullable=optional)


def holds(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_nightly_sums_{name}"))


def upgrade() -> None:
    op.create_table(
        "nightly_sums",
        sa.Column("cloud", AutoString(), nullable=False),
        sa.Column("taken_at", UTCDateTime(), nullable=False),
        span("proven"),
        span("advertised"),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("with_window", "measured", "promised", "late")
        ),
        sa.Column("worst_source_id", AutoString(), nullable=True),
        span("worst_lag", optional=True),
        span("worst_target", optional=True),
        sa.PrimaryKeyConstraint("cloud", "taken_at", name=op.f("pk_nightly_sums")),
        holds("counts", "late <= promised AND promised <= measured"),
        holds("worst", "(worst_source_id IS NULL) = (measured = 0)"),
    )
    for statement in dialects.never_again(
        op.get_bind().dialect.name,
        "nightly_sums",
        message="the sums of a night never change",
        keys=("cloud, taken_at",),
    ):
        op.execute(statement)
