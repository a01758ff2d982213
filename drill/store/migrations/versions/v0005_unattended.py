"""What nobody looked at: how much of an RTA that is, and what a daemon has trouble with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("daemon", sa.Column("trouble", sa.Text(), nullable=True))
    op.add_column("drill", sa.Column("looked_at", UTCDateTime(), nullable=True))
    for table in ("drill", "drill_line"):  # older drills: nobody noted it, which is no data
        column = sa.Column("unattended_microseconds", sa.BigInteger(), nullable=True)
        op.add_column(table, column)
